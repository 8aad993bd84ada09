//go:build interop

package interop

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"
	"testing"

	"gables/hdf5"
	"gables/hdf5/dataspace"
	"gables/hdf5/datatype"
)

// cells are elements to be written, and what must be read back. want has for
// each element its stored bytes or, for variable-length data and references,
// its canonical ones.
type cells struct {
	want  [][]byte
	write func(d *hdf5.Dataset, sel ...dataspace.Selection) error
	set   func(o hdf5.Object, name string, t *datatype.Datatype, shape []uint64) error
}

// kind is a datatype of the matrix and how its elements are made.
type kind struct {
	name   string
	family string // row of the tables
	t      *datatype.Datatype
	linked bool // elements lead out of the dataset: into a heap, or to objects
	numpy  any  // how PyTables has it, as a dtype of numpy; nil: not at all
	draw   func(r *rand.Rand, n int, x targets) cells
}

// seeded makes the same numbers for a name each time.
func seeded(name string) *rand.Rand {
	return rand.New(rand.NewPCG(uint64(crc32.ChecksumIEEE([]byte(name))), 7))
}

// stored are elements that are written as bytes.
func stored(want [][]byte) cells {
	data := bytes.Join(want, nil)
	return cells{want,
		func(d *hdf5.Dataset, sel ...dataspace.Selection) error {
			return d.WriteRaw(context.Background(), data, sel...)
		},
		func(o hdf5.Object, name string, t *datatype.Datatype, shape []uint64) error {
			return setRaw(o, name, t, spaceOf(shape), data)
		}}
}

func setRaw(o hdf5.Object, name string, t *datatype.Datatype, s *dataspace.Dataspace, data []byte) error {
	return o.(interface {
		SetAttributeRaw(string, *datatype.Datatype, *dataspace.Dataspace, []byte) error
	}).SetAttributeRaw(name, t, s, data)
}

// typed are elements that are written as values of Go.
func typed[T any](values []T, want [][]byte) cells {
	return cells{want,
		func(d *hdf5.Dataset, sel ...dataspace.Selection) error {
			return hdf5.Write(context.Background(), d, values, sel...)
		},
		func(o hdf5.Object, name string, t *datatype.Datatype, shape []uint64) error {
			return hdf5.SetAttributeAs(o, name, t, values, shape)
		}}
}

// spaceOf is a dataspace: nullShape for one without elements, nil for a scalar.
func spaceOf(shape []uint64) *dataspace.Dataspace {
	switch {
	case isNull(shape):
		return &dataspace.Dataspace{Kind: dataspace.Null}
	case shape == nil:
		return &dataspace.Dataspace{Kind: dataspace.Scalar}
	}
	return &dataspace.Dataspace{Kind: dataspace.Simple, Dims: shape}
}

// nullShape stands for a dataspace of kind Null.
var nullShape = []uint64{dataspace.Unlimited}

func isNull(shape []uint64) bool { return len(shape) == 1 && shape[0] == dataspace.Unlimited }

func count(shape []uint64) int {
	if isNull(shape) {
		return 0
	}
	n := 1
	for _, d := range shape {
		n *= int(d)
	}
	return n
}

// text is a string's canonical form, and that of a reference's target.
func lengthText(s string) []byte { return append(le(uint32(len(s))), s...) }

// le is a number or an array of numbers in little-endian bytes.
func le(v any) []byte { return ordered(binary.LittleEndian, v) }

func ordered(o binary.ByteOrder, v any) []byte {
	var b bytes.Buffer
	if err := binary.Write(&b, o, v); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// each makes n elements.
func each[T any](n int, element func(i int) (T, []byte)) ([]T, [][]byte) {
	values, want := make([]T, n), make([][]byte, n)
	for i := range values {
		values[i], want[i] = element(i)
	}
	return values, want
}

// noise is random bits; the first half of the elements walks slowly, so that
// compressors find something.
func noise(r *rand.Rand, n, size int, big bool) [][]byte {
	list, walk := make([][]byte, n), int64(0)
	for i := range list {
		b := make([]byte, 8*((size+7)/8))
		for k := 0; k < len(b); k += 8 {
			binary.LittleEndian.PutUint64(b[k:], r.Uint64())
		}
		b = b[:size]
		if i < n/2 {
			walk += int64(r.IntN(4)) - 1
			for k := range b {
				at := k
				if big {
					at = size - 1 - k
				}
				b[at] = byte(walk >> min(8*k, 63))
			}
		}
		list[i] = b
	}
	return list
}

// must ends the test on an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

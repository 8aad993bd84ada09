package blosc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"gables/hdf5/filter"
	"gables/hdf5/h5err"
	"gables/internal/testkit"
)

// witnesses are chunks that the library wrote (testdata/make.py).
func witnesses(t testing.TB) []testkit.Stored {
	t.Helper()
	return testkit.Manifest(t, "testdata")
}

func get(t testing.TB, name string) testkit.Stored {
	t.Helper()
	return testkit.Named(t, witnesses(t), name)
}

func TestFilterKeepsItsContract(t *testing.T) {
	testkit.Contract{Filter: New(), ID: filter.Blosc, Name: "blosc", Stored: witnesses(t), Damaged: 1000}.Run(t)
}

func TestDecodeRefusesEveryTruncation(t *testing.T) {
	for _, name := range []string{"blosclz_s0.b1", "lz4_s1.b1", "snappy_s2.b1", "zlib_s1.b1", "zstd_s0.b1"} {
		testkit.RefusesEveryCut(t, New(), get(t, name))
	}
}

// with gives a copy of b in which the bytes at i are those given.
func with(b []byte, i int, v ...byte) []byte {
	c := bytes.Clone(b)
	copy(c[i:], v)
	return c
}

func TestDecodeNamesWhatIsWrong(t *testing.T) {
	w := get(t, "blocks_split.b1")
	zlib := get(t, "zlib_s1.b1")
	for _, c := range []struct {
		name string
		src  []byte
		want error
	}{
		{"version of the future", with(w.Raw, 0, 9), h5err.ErrUnsupported},
		{"version 0", with(w.Raw, 0, 0), h5err.ErrCorrupt},
		{"codec format of the future", with(w.Raw, 1, 2), h5err.ErrUnsupported},
		{"codec 5", with(w.Raw, 2, w.Raw[2]&31|5<<5), h5err.ErrUnsupported},
		{"codec 7", with(w.Raw, 2, w.Raw[2]|7<<5), h5err.ErrUnsupported},
		{"long header in Blosc1", with(w.Raw, 2, w.Raw[2]|5), h5err.ErrCorrupt},
		{"element of 0 bytes", with(w.Raw, 3, 0), h5err.ErrCorrupt},
		{"blocks of 0 bytes", with(w.Raw, 8, 0, 0, 0, 0), h5err.ErrCorrupt},
		{"blocks of negative length", with(w.Raw, 8, 0, 0, 0, 0x80), h5err.ErrCorrupt},
		{"blocks of 1 byte", with(w.Raw, 8, 1, 0, 0, 0), h5err.ErrCorrupt},
		{"stored as is at another length", with(w.Raw, 2, w.Raw[2]|2), h5err.ErrCorrupt},
		{"first block in the header", with(w.Raw, 16, 4, 0, 0, 0), h5err.ErrCorrupt},
		{"first block behind the end", with(w.Raw, 16, 0, 0, 0, 0x7f), h5err.ErrCorrupt},
		{"checksum of zlib", with(zlib.Raw, len(zlib.Raw)-1, zlib.Raw[len(zlib.Raw)-1]^1), h5err.ErrChecksum},
	} {
		_, err := New().Decode(nil, c.src, filter.Chunk{Size: int(binary.LittleEndian.Uint32(c.src[4:])), Limit: 1 << 20})
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func TestDecodeRefusesBlocksThatOverlap(t *testing.T) {
	raw := append([]byte{16, 0, 0, 0}, "0123456789abcdef"...) // a block stored as is
	run := []byte{5, 0, 0, 0, 1 << 5, 'a', 7 << 5, 6, 0}      // BloscLZ: one literal, 15 times again
	head := []byte{2, 1, flagNoSplit, 1, 48, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 28, 0, 0, 0, 48, 0, 0, 0, 57, 0, 0, 0}
	src := append(append(append(head, raw...), run...), run...)
	src[12] = byte(len(src))
	chunk := filter.Chunk{Size: 48, Limit: 48}
	got, err := New().Decode(nil, src, chunk)
	if want := "0123456789abcdef" + strings.Repeat("a", 32); err != nil || string(got) != want {
		t.Fatalf("%q, %v", got, err)
	}
	src[20], src[24] = 28, 28 // all three at the long block
	if _, err := New().Decode(nil, src, chunk); !errors.Is(err, h5err.ErrCorrupt) {
		t.Errorf("%v", err)
	}
}

const flagNoSplit = 1 << 4

func TestDecodeOfAnEmptyChunkIsEmpty(t *testing.T) {
	src := []byte{2, 1, 0, 4, 0, 0, 0, 0, 0, 1, 0, 0, 16, 0, 0, 0}
	got, err := New().Decode(nil, src, filter.Chunk{Size: 0, Limit: 1})
	if err != nil || len(got) != 0 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestDecodeTakesNoMemoryForEachBlock(t *testing.T) {
	testkit.Allocates(t, New(), get(t, "blocks_split.b1"), 0)
}

func FuzzDecode(f *testing.F) {
	testkit.Fuzz(f, New(), witnesses(f))
}

func BenchmarkDecode(b *testing.B) {
	for _, name := range []string{"blocks_split.b1", "blocks.b1", "blocks_bits.b1", "bytes16.b1"} {
		b.Run(name, func(b *testing.B) { testkit.Bench(b, New(), get(b, name)) })
	}
}

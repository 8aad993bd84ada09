package nbit

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"os"
	"testing"

	"gables/hdf5/filter"
	"gables/hdf5/h5err"
)

// witness is one chunk that libhdf5 wrote, with what it decodes into.
type witness struct {
	Name   string
	Values []uint32
	Size   int
	Src    []byte
	Want   []byte
}

func (w *witness) chunk() filter.Chunk {
	return filter.Chunk{Values: w.Values, Size: len(w.Want), Limit: len(w.Want) + 1, ElementSize: w.Size}
}

// witnesses reads the committed cases and those of the file named by
// GABLES_NBIT_WITNESS, if any.
func witnesses(t testing.TB) []witness {
	t.Helper()
	var all []witness
	for _, name := range []string{"testdata/witness.jsonl.gz", os.Getenv("GABLES_NBIT_WITNESS")} {
		if name == "" {
			continue
		}
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		dec := json.NewDecoder(z)
		for {
			var w witness
			if err := dec.Decode(&w); err == io.EOF {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			all = append(all, w)
		}
	}
	if len(all) < 200 {
		t.Fatalf("only %d witnesses", len(all))
	}
	return all
}

func TestDecodesWhatLibhdf5Wrote(t *testing.T) {
	bad := 0
	for i, w := range witnesses(t) {
		got, err := New().Decode(nil, w.Src, w.chunk())
		if err != nil || !bytes.Equal(got, w.Want) {
			t.Errorf("case %d %s %v: %v, equal %t", i, w.Name, w.Values, err, bytes.Equal(got, w.Want))
			if bad++; bad > 10 {
				t.FailNow()
			}
		}
	}
}

func TestUsesTheMemoryGivenAndLeavesTheSourceAlone(t *testing.T) {
	w := witnesses(t)[0]
	src := bytes.Clone(w.Src)
	dst := make([]byte, 0, len(w.Want))
	got, err := New().Decode(dst, src, w.chunk())
	if err != nil || !bytes.Equal(got, w.Want) {
		t.Fatal(err)
	}
	if &got[0] != &dst[:1][0] {
		t.Error("took new memory although dst suffices")
	}
	if !bytes.Equal(src, w.Src) {
		t.Error("changed src")
	}
}

func TestStaleMemoryDoesNotShowThrough(t *testing.T) {
	for _, w := range witnesses(t)[:100] {
		dst := bytes.Repeat([]byte{0xa5}, len(w.Want))
		if got, err := New().Decode(dst, w.Src, w.chunk()); err != nil || !bytes.Equal(got, w.Want) {
			t.Fatalf("%s: %v", w.Name, err)
		}
	}
}

func TestAStreamWithoutItsLastBytesIsCorrupt(t *testing.T) {
	for _, w := range witnesses(t) {
		if w.Values[1] != 0 {
			continue
		}
		// libhdf5 may store one byte more than the bits need.
		for n := range len(w.Src) - 1 {
			if _, err := New().Decode(nil, w.Src[:n], w.chunk()); !errors.Is(err, h5err.ErrCorrupt) {
				t.Fatalf("%s cut to %d of %d: %v", w.Name, n, len(w.Src), err)
			}
		}
	}
}

func TestChunkThatWasNotPackedIsTheSource(t *testing.T) {
	src := []byte("as it is")
	c := filter.Chunk{Values: []uint32{3, 1, 8}, Size: 8, Limit: 8}
	got, err := New().Decode(nil, src, c)
	if err != nil || &got[0] != &src[0] || len(got) != 8 {
		t.Fatal(got, err)
	}
	c.Size = 7
	if _, err := New().Decode(nil, src, c); !errors.Is(err, h5err.ErrCorrupt) {
		t.Error(err)
	}
	c.Size, c.Limit = -1, 7
	if _, err := New().Decode(nil, src, c); !errors.Is(err, h5err.ErrLimit) {
		t.Error(err)
	}
}

func TestRefusesBadDescriptions(t *testing.T) {
	deep := []uint32{}
	for range 60 {
		deep = append(deep, 2, 4)
	}
	deep = append(deep, 1, 4, 0, 3, 0)
	for _, c := range []struct {
		name string
		desc []uint32
		want error
	}{
		{"none", nil, h5err.ErrCorrupt},
		{"class 0", []uint32{0, 4, 0, 3, 0}, h5err.ErrCorrupt},
		{"class 5", []uint32{5, 4, 0, 3, 0}, h5err.ErrCorrupt},
		{"only bytes", []uint32{4, 4}, h5err.ErrCorrupt},
		{"array of bytes", []uint32{2, 4, 4, 2}, h5err.ErrCorrupt},
		{"size 0", []uint32{1, 0, 0, 3, 0}, h5err.ErrCorrupt},
		{"huge size", []uint32{1, 1 << 31, 0, 3, 0}, h5err.ErrLimit},
		{"order 2", []uint32{1, 4, 2, 3, 0}, h5err.ErrCorrupt},
		{"precision 0", []uint32{1, 4, 0, 0, 0}, h5err.ErrCorrupt},
		{"precision too wide", []uint32{1, 4, 0, 30, 3}, h5err.ErrCorrupt},
		{"sum wraps", []uint32{1, 4, 0, 3, 1<<32 - 2}, h5err.ErrCorrupt},
		{"cut number", []uint32{1, 4, 0, 3}, h5err.ErrCorrupt},
		{"trailing value", []uint32{1, 4, 0, 3, 0, 0}, h5err.ErrCorrupt},
		{"array without base", []uint32{2, 4}, h5err.ErrCorrupt},
		{"array of uneven size", []uint32{2, 6, 1, 4, 0, 3, 0}, h5err.ErrCorrupt},
		{"no members", []uint32{3, 4, 0}, h5err.ErrCorrupt},
		{"many members", []uint32{3, 4, 1 << 31, 0, 1, 4, 0, 3, 0}, h5err.ErrCorrupt},
		{"member outside", []uint32{3, 4, 1, 1, 1, 4, 0, 3, 0}, h5err.ErrCorrupt},
		{"member far outside", []uint32{3, 4, 1, 1<<32 - 1, 1, 4, 0, 3, 0}, h5err.ErrCorrupt},
		{"members overlap", []uint32{3, 4, 2, 0, 1, 2, 0, 3, 0, 1, 1, 2, 0, 3, 0}, h5err.ErrCorrupt},
		{"members overlap backwards", []uint32{3, 4, 2, 1, 1, 2, 0, 3, 0, 0, 1, 2, 0, 3, 0}, h5err.ErrCorrupt},
		{"too deep", deep, h5err.ErrLimit},
		{"member that libhdf5 loses", []uint32{3, 8, 2, 0, 2, 4, 3, 4, 1, 0, 1, 4, 0, 3, 0, 4, 1, 4, 0, 3, 0}, h5err.ErrUnsupported},
	} {
		values := append([]uint32{uint32(len(c.desc)) + 3, 0, 1}, c.desc...)
		_, err := New().Decode(nil, make([]byte, 64), filter.Chunk{Values: values, Size: -1, Limit: 64})
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func TestRefusesACountThatIsNotTheChunks(t *testing.T) {
	values := []uint32{8, 0, 3, 1, 4, 0, 3, 0}
	src := make([]byte, 64)
	if _, err := New().Decode(nil, src, filter.Chunk{Values: values, Size: 8, Limit: 64}); !errors.Is(err, h5err.ErrCorrupt) {
		t.Error(err)
	}
	if _, err := New().Decode(nil, src, filter.Chunk{Values: values, Size: -1, Limit: 11}); !errors.Is(err, h5err.ErrLimit) {
		t.Error(err)
	}
	values[0] = 7
	if _, err := New().Decode(nil, src, filter.Chunk{Values: values, Size: 12, Limit: 64}); !errors.Is(err, h5err.ErrCorrupt) {
		t.Error(err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, w := range witnesses(f) {
		var cd []byte
		for _, v := range w.Values {
			cd = binary.LittleEndian.AppendUint32(cd, v)
		}
		f.Add(cd, len(w.Want), w.Src)
	}
	f.Fuzz(func(t *testing.T, cd []byte, size int, src []byte) {
		const limit = 1 << 18
		c := filter.Chunk{Size: size, Limit: limit}
		for ; len(cd) >= 4; cd = cd[4:] {
			c.Values = append(c.Values, binary.LittleEndian.Uint32(cd))
		}
		if len(c.Values) > 0 {
			c.Values[0] = uint32(len(c.Values)) // else most inputs stop there
		}
		got, err := New().Decode(nil, src, c)
		if err == nil && (len(got) > limit || size >= 0 && len(got) != size) {
			t.Fatalf("%d bytes, asked for %d", len(got), size)
		}
		if err != nil && !errors.Is(err, h5err.ErrCorrupt) && !errors.Is(err, h5err.ErrUnsupported) && !errors.Is(err, h5err.ErrLimit) {
			t.Fatal(err)
		}
	})
}

package nbit

import (
	"errors"
	"testing"

	"gables/hdf5/filter"
	"gables/hdf5/h5err"
	"gables/internal/testkit"
)

// witnesses are chunks that libhdf5 wrote (testdata/make_witness.py).
func witnesses(t testing.TB) []testkit.Stored {
	t.Helper()
	return testkit.Lines(t, "testdata/witness.jsonl.gz", 200)
}

func TestFilterKeepsItsContract(t *testing.T) {
	testkit.Contract{Filter: New(), ID: filter.NBit, Name: "nbit", Stored: witnesses(t), Padded: true, Damaged: 3000}.Run(t)
}

func TestAStreamWithoutItsLastBytesIsCorrupt(t *testing.T) {
	for _, w := range witnesses(t) {
		if w.Values[1] != 0 {
			continue
		}
		// libhdf5 may store one byte more than the bits need.
		for n := range len(w.Raw) - 1 {
			if _, err := New().Decode(nil, w.Raw[:n], w.Chunk()); !errors.Is(err, h5err.ErrCorrupt) {
				t.Fatalf("%s cut to %d of %d: %v", w.Name, n, len(w.Raw), err)
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
	testkit.FuzzValues(f, New(), witnesses(f), func(values []uint32) {
		if len(values) > 0 {
			values[0] = uint32(len(values)) // else most inputs stop there
		}
	})
}

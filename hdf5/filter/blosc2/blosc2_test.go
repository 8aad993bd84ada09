package blosc2

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
	testkit.Contract{Filter: New(), ID: filter.Blosc2, Name: "blosc2", Stored: witnesses(t), Damaged: 1000}.Run(t)
}

func TestDecodeRefusesEveryTruncation(t *testing.T) {
	for _, name := range []string{"zstd_shuffle.b2", "nd_edges.b2", "special_nans.b2", "chunk.b2"} {
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
	w, nd := get(t, "zstd_shuffle.b2"), get(t, "nd_edges.b2")
	head := int(binary.BigEndian.Uint32(w.Raw[posHeaderLen:])) // where the first chunk begins
	ndHead := int(binary.BigEndian.Uint32(nd.Raw[posHeaderLen:]))
	name := bytes.Index(nd.Raw, []byte("b2nd"))
	meta := int(binary.BigEndian.Uint32(nd.Raw[name+5:])) + 5 // past mark and length
	for _, c := range []struct {
		name string
		src  []byte
		want error
	}{
		{"frame of the future", with(w.Raw, posFlags, w.Raw[posFlags]|15), h5err.ErrUnsupported},
		{"offsets of 32 bits", with(w.Raw, posFlags, w.Raw[posFlags]&15), h5err.ErrUnsupported},
		{"directory of files", with(w.Raw, posType, 1), h5err.ErrUnsupported},
		{"header past the frame", with(w.Raw, posHeaderLen, 0x7f), h5err.ErrCorrupt},
		{"header too short", with(w.Raw, posHeaderLen, 0, 0, 0, 80), h5err.ErrCorrupt},
		{"frame past the bytes", with(w.Raw, posFrameLen+4, 0x7f), h5err.ErrCorrupt},
		{"chunks past the frame", with(w.Raw, posCBytes, 0xff), h5err.ErrCorrupt},
		{"one chunk too many", with(w.Raw, posChunkSize, 0, 0, 0, 100), h5err.ErrCorrupt},
		{"element of 0 bytes", with(w.Raw, posTypeSize, 0, 0, 0, 0), h5err.ErrCorrupt},
		{"chunk of the future", with(w.Raw, head, 77), h5err.ErrUnsupported},
		{"registered codec", with(w.Raw, head+2, w.Raw[head+2]&31|6<<5), h5err.ErrUnsupported},
		{"filter without a name", with(w.Raw, head+16, 200), h5err.ErrUnsupported},
		{"first byte delta", with(w.Raw, head+16, 34), h5err.ErrUnsupported},
		{"delta behind a filter", with(w.Raw, head+16, 1, 3), h5err.ErrUnsupported},
		{"cells without an array", with(w.Raw, head+16, 32), h5err.ErrCorrupt},
		{"lazy chunk", with(w.Raw, head+31, 8), h5err.ErrCorrupt},
		{"instrumented chunk", with(w.Raw, head+31, 128), h5err.ErrUnsupported},
		{"special kind 6", with(w.Raw, head+31, 6<<4), h5err.ErrUnsupported},
		{"second flags", with(w.Raw, head+30, 2), h5err.ErrUnsupported},
		{"varying blocks", with(w.Raw, head+30, 1), h5err.ErrCorrupt},
		{"array of the future", with(nd.Raw, meta+1, 3), h5err.ErrUnsupported},
		{"rank 1", with(nd.Raw, meta+2, 1), h5err.ErrCorrupt},
		{"rank 100", with(nd.Raw, meta+2, 100), h5err.ErrUnsupported},
		{"larger array", with(nd.Raw, meta+4+7, 1), h5err.ErrCorrupt},
		{"huge array", with(nd.Raw, meta+5, 0x7f), h5err.ErrCorrupt},
		{"metalayer past the header", with(nd.Raw, name+5, 0x7f), h5err.ErrCorrupt},
		{"metalayer begins elsewhere", with(nd.Raw, name+8, nd.Raw[name+8]+1), h5err.ErrCorrupt},
		{"cells of edge 0", with(nd.Raw, ndHead+16, 32), h5err.ErrCorrupt},
	} {
		size := int(binary.BigEndian.Uint32(c.src[posNBytes+4:]))
		if c.src[meta] == nd.Raw[meta] {
			size = -1
		}
		_, err := New().Decode(nil, c.src, filter.Chunk{Size: size, Limit: 1 << 20})
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func TestDecodeTellsThePluginsName(t *testing.T) {
	w := get(t, "zstd_shuffle.b2")
	head := int(binary.BigEndian.Uint32(w.Raw[posHeaderLen:]))
	src := with(with(w.Raw, head+2, w.Raw[head+2]|6<<5), head+22, 35)
	_, err := New().Decode(nil, src, filter.Chunk{Size: w.Size, Limit: w.Size})
	if !errors.Is(err, h5err.ErrUnsupported) || !strings.Contains(err.Error(), "zfp_rate") {
		t.Errorf("%v", err)
	}
}

func TestDecodeRefusesChunksThatOverlap(t *testing.T) {
	w := get(t, "level0.b2") // two chunks, of 200 and 100 elements
	f, err := parseFrame(w.Raw)
	if err != nil {
		t.Fatal(err)
	}
	index := make([]byte, 2*offsetSize) // both at the front
	dst := make([]byte, w.Size)
	if _, err := f.decodeChunk(dst, index, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := f.decodeChunk(dst, index, 1); !errors.Is(err, h5err.ErrCorrupt) {
		t.Errorf("%v", err)
	}
}

func TestDecodeTakesNoMemoryForEachBlock(t *testing.T) {
	testkit.Allocates(t, New(), get(t, "lz4_shuffle.b2"), 1) // the frame
}

func FuzzDecode(f *testing.F) {
	testkit.Fuzz(f, New(), witnesses(f))
}

func BenchmarkDecode(b *testing.B) {
	for _, name := range []string{"dict_lz4.b2", "lz4_shuffle.b2", "nd_chunks.b2", "nd_cells.b2"} {
		b.Run(name, func(b *testing.B) { testkit.Bench(b, New(), get(b, name)) })
	}
}

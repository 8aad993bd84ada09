package blosc2

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gables/hdf5/filter"
	"gables/hdf5/h5err"
)

// witness is a chunk that the library wrote, and what it reads back.
type witness struct {
	name   string
	src    []byte
	size   int
	sha256 string
}

func witnesses(t testing.TB) []witness {
	list, err := os.ReadFile("testdata/manifest.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []witness
	for line := range strings.Lines(string(list)) {
		var w witness
		if _, err := fmt.Sscan(line, &w.name, &w.size, &w.sha256); err != nil {
			t.Fatal(err)
		}
		if w.src, err = os.ReadFile(filepath.Join("testdata", w.name)); err != nil {
			t.Fatal(err)
		}
		all = append(all, w)
	}
	if len(all) == 0 {
		t.Fatal("no witnesses")
	}
	return all
}

func get(t testing.TB, name string) witness {
	for _, w := range witnesses(t) {
		if w.name == name {
			return w
		}
	}
	t.Fatalf("no witness %s", name)
	return witness{}
}

func TestDecodeGivesWhatTheLibraryReads(t *testing.T) {
	f := New()
	if f.ID() != 32026 || f.Name() != "blosc2" {
		t.Errorf("filter %d, %q", f.ID(), f.Name())
	}
	for _, w := range witnesses(t) {
		dst := bytes.Repeat([]byte{0xAA}, w.size) // what was there must not shine through
		src := bytes.Clone(w.src)
		got, err := f.Decode(dst[:0], src, filter.Chunk{Size: w.size, Limit: w.size})
		if err != nil {
			t.Errorf("%s: %v", w.name, err)
			continue
		}
		if sum := sha256.Sum256(got); hex.EncodeToString(sum[:]) != w.sha256 {
			t.Errorf("%s: other bytes than the library's", w.name)
		}
		if &got[0] != &dst[0] {
			t.Errorf("%s: the memory given was not used", w.name)
		}
		if !bytes.Equal(src, w.src) {
			t.Errorf("%s: the source was written to", w.name)
		}
	}
}

func TestDecodeTakesNoMoreThanItShould(t *testing.T) {
	w := get(t, "lz4_shuffle.b2")
	for _, c := range []struct {
		chunk filter.Chunk
		want  error
	}{
		{filter.Chunk{Size: w.size, Limit: w.size}, nil},
		{filter.Chunk{Size: -1, Limit: w.size}, nil},
		{filter.Chunk{Size: w.size - 1, Limit: w.size}, h5err.ErrCorrupt},
		{filter.Chunk{Size: w.size + 1, Limit: 1 << 30}, h5err.ErrCorrupt},
		{filter.Chunk{Size: -1, Limit: w.size - 1}, h5err.ErrLimit},
		{filter.Chunk{Size: w.size, Limit: w.size - 1}, h5err.ErrLimit},
	} {
		if _, err := New().Decode(nil, w.src, c.chunk); !errors.Is(err, c.want) {
			t.Errorf("size %d, limit %d: %v, want %v", c.chunk.Size, c.chunk.Limit, err, c.want)
		}
	}
}

func TestDecodeRefusesEveryTruncation(t *testing.T) {
	for _, name := range []string{"zstd_shuffle.b2", "nd_edges.b2", "special_nans.b2", "chunk.b2"} {
		w := get(t, name)
		for n := range len(w.src) {
			_, err := New().Decode(nil, w.src[:n], filter.Chunk{Size: w.size, Limit: w.size})
			if !errors.Is(err, h5err.ErrCorrupt) {
				t.Fatalf("%s, %d of %d bytes: %v", name, n, len(w.src), err)
			}
		}
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
	head := int(binary.BigEndian.Uint32(w.src[posHeaderLen:])) // where the first chunk begins
	ndHead := int(binary.BigEndian.Uint32(nd.src[posHeaderLen:]))
	name := bytes.Index(nd.src, []byte("b2nd"))
	meta := int(binary.BigEndian.Uint32(nd.src[name+5:])) + 5 // past mark and length
	for _, c := range []struct {
		name string
		src  []byte
		want error
	}{
		{"frame of the future", with(w.src, posFlags, w.src[posFlags]|15), h5err.ErrUnsupported},
		{"offsets of 32 bits", with(w.src, posFlags, w.src[posFlags]&15), h5err.ErrUnsupported},
		{"directory of files", with(w.src, posType, 1), h5err.ErrUnsupported},
		{"header past the frame", with(w.src, posHeaderLen, 0x7f), h5err.ErrCorrupt},
		{"header too short", with(w.src, posHeaderLen, 0, 0, 0, 80), h5err.ErrCorrupt},
		{"frame past the bytes", with(w.src, posFrameLen+4, 0x7f), h5err.ErrCorrupt},
		{"chunks past the frame", with(w.src, posCBytes, 0xff), h5err.ErrCorrupt},
		{"one chunk too many", with(w.src, posChunkSize, 0, 0, 0, 100), h5err.ErrCorrupt},
		{"element of 0 bytes", with(w.src, posTypeSize, 0, 0, 0, 0), h5err.ErrCorrupt},
		{"chunk of the future", with(w.src, head, 77), h5err.ErrUnsupported},
		{"registered codec", with(w.src, head+2, w.src[head+2]&31|6<<5), h5err.ErrUnsupported},
		{"filter without a name", with(w.src, head+16, 200), h5err.ErrUnsupported},
		{"first byte delta", with(w.src, head+16, 34), h5err.ErrUnsupported},
		{"delta behind a filter", with(w.src, head+16, 1, 3), h5err.ErrUnsupported},
		{"cells without an array", with(w.src, head+16, 32), h5err.ErrCorrupt},
		{"lazy chunk", with(w.src, head+31, 8), h5err.ErrCorrupt},
		{"instrumented chunk", with(w.src, head+31, 128), h5err.ErrUnsupported},
		{"special kind 6", with(w.src, head+31, 6<<4), h5err.ErrUnsupported},
		{"second flags", with(w.src, head+30, 2), h5err.ErrUnsupported},
		{"varying blocks", with(w.src, head+30, 1), h5err.ErrCorrupt},
		{"array of the future", with(nd.src, meta+1, 3), h5err.ErrUnsupported},
		{"rank 1", with(nd.src, meta+2, 1), h5err.ErrCorrupt},
		{"rank 100", with(nd.src, meta+2, 100), h5err.ErrUnsupported},
		{"larger array", with(nd.src, meta+4+7, 1), h5err.ErrCorrupt},
		{"huge array", with(nd.src, meta+5, 0x7f), h5err.ErrCorrupt},
		{"metalayer past the header", with(nd.src, name+5, 0x7f), h5err.ErrCorrupt},
		{"metalayer begins elsewhere", with(nd.src, name+8, nd.src[name+8]+1), h5err.ErrCorrupt},
		{"cells of edge 0", with(nd.src, ndHead+16, 32), h5err.ErrCorrupt},
	} {
		size := int(binary.BigEndian.Uint32(c.src[posNBytes+4:]))
		if c.src[meta] == nd.src[meta] {
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
	head := int(binary.BigEndian.Uint32(w.src[posHeaderLen:]))
	src := with(with(w.src, head+2, w.src[head+2]|6<<5), head+22, 35)
	_, err := New().Decode(nil, src, filter.Chunk{Size: w.size, Limit: w.size})
	if !errors.Is(err, h5err.ErrUnsupported) || !strings.Contains(err.Error(), "zfp_rate") {
		t.Errorf("%v", err)
	}
}

func TestDecodeRefusesChunksThatOverlap(t *testing.T) {
	w := get(t, "level0.b2") // two chunks, of 200 and 100 elements
	f, err := parseFrame(w.src)
	if err != nil {
		t.Fatal(err)
	}
	index := make([]byte, 2*offsetSize) // both at the front
	dst := make([]byte, w.size)
	if _, err := f.decodeChunk(dst, index, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := f.decodeChunk(dst, index, 1); !errors.Is(err, h5err.ErrCorrupt) {
		t.Errorf("%v", err)
	}
}

func TestDecodeTakesNoMemoryForEachBlock(t *testing.T) {
	w := get(t, "lz4_shuffle.b2")
	dst := make([]byte, 0, w.size)
	n := testing.AllocsPerRun(20, func() {
		if _, err := New().Decode(dst, w.src, filter.Chunk{Size: w.size, Limit: w.size}); err != nil {
			t.Fatal(err)
		}
	})
	if n > 1 { // the pool may be emptied in between
		t.Errorf("%v allocations", n)
	}
}

func FuzzDecode(f *testing.F) {
	for _, w := range witnesses(f) {
		if len(w.src) < 8000 {
			f.Add(w.src)
		}
	}
	const limit = 1 << 18
	f.Fuzz(func(t *testing.T, src []byte) {
		got, err := New().Decode(nil, src, filter.Chunk{Size: -1, Limit: limit})
		if err != nil {
			if !errors.Is(err, h5err.ErrCorrupt) && !errors.Is(err, h5err.ErrUnsupported) &&
				!errors.Is(err, h5err.ErrLimit) && !errors.Is(err, h5err.ErrChecksum) {
				t.Fatalf("error without a sentinel: %v", err)
			}
			return
		}
		dirty := bytes.Repeat([]byte{0xAA}, len(got))
		again, err := New().Decode(dirty[:0], src, filter.Chunk{Size: len(got), Limit: limit})
		if err != nil || !bytes.Equal(got, again) {
			t.Fatalf("the second decoding differs: %v", err)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	for _, name := range []string{"dict_lz4.b2", "lz4_shuffle.b2", "nd_chunks.b2", "nd_cells.b2"} {
		w := get(b, name)
		b.Run(name, func(b *testing.B) {
			dst := make([]byte, 0, w.size)
			b.SetBytes(int64(w.size))
			for b.Loop() {
				if _, err := New().Decode(dst, w.src, filter.Chunk{Size: w.size, Limit: w.size}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

package blosc

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
	if f.ID() != 32001 || f.Name() != "blosc" {
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
	w := get(t, "lz4_s1.b1")
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
	for _, name := range []string{"blosclz_s0.b1", "lz4_s1.b1", "snappy_s2.b1", "zlib_s1.b1", "zstd_s0.b1"} {
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
	w := get(t, "blocks_split.b1")
	zlib := get(t, "zlib_s1.b1")
	for _, c := range []struct {
		name string
		src  []byte
		want error
	}{
		{"version of the future", with(w.src, 0, 9), h5err.ErrUnsupported},
		{"version 0", with(w.src, 0, 0), h5err.ErrCorrupt},
		{"codec format of the future", with(w.src, 1, 2), h5err.ErrUnsupported},
		{"codec 5", with(w.src, 2, w.src[2]&31|5<<5), h5err.ErrUnsupported},
		{"codec 7", with(w.src, 2, w.src[2]|7<<5), h5err.ErrUnsupported},
		{"long header in Blosc1", with(w.src, 2, w.src[2]|5), h5err.ErrCorrupt},
		{"element of 0 bytes", with(w.src, 3, 0), h5err.ErrCorrupt},
		{"blocks of 0 bytes", with(w.src, 8, 0, 0, 0, 0), h5err.ErrCorrupt},
		{"blocks of negative length", with(w.src, 8, 0, 0, 0, 0x80), h5err.ErrCorrupt},
		{"blocks of 1 byte", with(w.src, 8, 1, 0, 0, 0), h5err.ErrCorrupt},
		{"stored as is at another length", with(w.src, 2, w.src[2]|2), h5err.ErrCorrupt},
		{"first block in the header", with(w.src, 16, 4, 0, 0, 0), h5err.ErrCorrupt},
		{"first block behind the end", with(w.src, 16, 0, 0, 0, 0x7f), h5err.ErrCorrupt},
		{"checksum of zlib", with(zlib.src, len(zlib.src)-1, zlib.src[len(zlib.src)-1]^1), h5err.ErrChecksum},
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
	w := get(t, "blocks_split.b1")
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
	for _, name := range []string{"blocks_split.b1", "blocks.b1", "blocks_bits.b1", "bytes16.b1"} {
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

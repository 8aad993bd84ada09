package bitshuffle

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"gables/hdf5/filter"
	"gables/hdf5/h5err"
)

// header is that of a compressed chunk.
func header(size uint64, block uint32) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(nil, size), block)
}

func TestBadParametersGiveTheirSentinel(t *testing.T) {
	for _, c := range []struct {
		name   string
		src    []byte
		values []uint32
		size   int
		want   error
	}{
		{"no element size", make([]byte, 16), []uint32{0, 4}, 16, h5err.ErrCorrupt},
		{"element size 0", make([]byte, 16), []uint32{0, 4, 0}, 16, h5err.ErrCorrupt},
		{"part of an element", make([]byte, 17), []uint32{0, 4, 2}, 17, h5err.ErrCorrupt},
		{"block of 12 elements", make([]byte, 32), []uint32{0, 4, 2, 12}, 32, h5err.ErrCorrupt},
		{"other size", make([]byte, 16), []uint32{0, 4, 2}, 18, h5err.ErrCorrupt},
		{"above the limit", make([]byte, 2048), []uint32{0, 4, 2}, -1, h5err.ErrLimit},
		{"compression 1", make([]byte, 16), []uint32{0, 4, 2, 0, 1}, 16, h5err.ErrUnsupported},
		{"compression 4", make([]byte, 16), []uint32{0, 4, 2, 0, 4}, 16, h5err.ErrUnsupported},
		{"header cut off", make([]byte, 11), []uint32{0, 4, 2, 0, 2}, 16, h5err.ErrCorrupt},
		{"declared above the limit", header(1<<63, 8192), []uint32{0, 4, 2, 0, 3}, -1, h5err.ErrLimit},
		{"declared more than bytes hold", header(1000, 8192), []uint32{0, 4, 2, 0, 2}, -1, h5err.ErrCorrupt},
		{"block of 12 declared", append(header(32, 24), make([]byte, 40)...), []uint32{0, 4, 2, 0, 2}, 32, h5err.ErrCorrupt},
		{"last elements cut off", append(header(6, 8192), 1, 2, 3, 4, 5), []uint32{0, 4, 2, 0, 2}, 6, h5err.ErrCorrupt},
	} {
		_, err := New().Decode(nil, c.src, filter.Chunk{Values: c.values, Size: c.size, Limit: 1024})
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func TestFewerThan8ElementsAreAsTheyAre(t *testing.T) {
	want := []byte("abcdefgh12345678ABCDEF")
	c := filter.Chunk{Values: []uint32{0, 3, 11}, Size: 22, Limit: 22}
	if got, err := New().Decode(nil, want, c); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("%q, %v", got, err)
	}
	c.Values = []uint32{0, 3, 11, 0, 2}
	if got, err := New().Decode(nil, append(header(22, 8192), want...), c); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("%q, %v", got, err)
	}
}

func TestBlockSizeZeroInTheHeaderIsTheDefault(t *testing.T) {
	tried := 0
	for _, s := range witnesses(t) {
		if Compression(s.Values[4]) == None || s.Values[3] != 0 {
			continue
		}
		raw := bytes.Clone(s.Raw)
		if got := int(binary.BigEndian.Uint32(raw[8:])); got != DefaultBlockSize(s.ElementSize)*s.ElementSize {
			t.Fatalf("the writer's default is %d bytes for elements of %d", got, s.ElementSize)
		}
		clear(raw[8:12])
		if got, err := New().Decode(nil, raw, s.Chunk()); err != nil || !s.Gives(got) {
			t.Fatalf("%d bytes, %v", len(got), err)
		}
		tried++
	}
	if tried == 0 {
		t.Fatal("no witness has the default")
	}
}

func TestWitnessesHoldEveryCompression(t *testing.T) {
	seen := map[Compression]int{}
	for _, s := range witnesses(t) {
		seen[Compression(s.Values[4])]++
	}
	if seen[None] == 0 || seen[LZ4] == 0 || seen[Zstd] == 0 {
		t.Fatalf("%v", seen)
	}
}

func TestDefaultBlockSize(t *testing.T) {
	for elementSize, want := range map[int]int{1: 8192, 2: 4096, 3: 2728, 8: 1024, 64: 128, 65: 128, 1000: 128} {
		if got := DefaultBlockSize(elementSize); got != want {
			t.Errorf("element size %d: got %d, want %d", elementSize, got, want)
		}
	}
}

package testkit

import (
	"bytes"
	"encoding/binary"
	"testing"

	"gables/hdf5/filter"
)

// fuzzLimit is the most bytes that a fuzzed chunk may give, and seedMost the
// largest stored chunk to begin with.
const (
	fuzzLimit = 1 << 20
	seedMost  = 1500
)

// Fuzz fuzzes a filter that does without client data, from stored chunks.
func Fuzz(f *testing.F, codec filter.Filter, stored []Stored) {
	for _, s := range stored {
		if len(s.Raw) < seedMost {
			f.Add(s.Raw, int32(s.Size))
		}
	}
	f.Fuzz(func(t *testing.T, src []byte, size int32) {
		agree(t, codec, src, filter.Chunk{Size: int(size), Limit: fuzzLimit})
	})
}

// FuzzValues is Fuzz for a filter that goes by its client data. mend, which may
// be nil, puts right what would stop most inputs at once.
func FuzzValues(f *testing.F, codec filter.Filter, stored []Stored, mend func(values []uint32)) {
	for _, s := range stored {
		if len(s.Raw) < seedMost {
			var words []byte
			for _, v := range s.Values {
				words = binary.LittleEndian.AppendUint32(words, v)
			}
			f.Add(s.Raw, int32(s.Size), words)
		}
	}
	f.Fuzz(func(t *testing.T, src []byte, size int32, words []byte) {
		c := filter.Chunk{Size: int(size), Limit: fuzzLimit}
		for ; len(words) >= 4; words = words[4:] {
			c.Values = append(c.Values, binary.LittleEndian.Uint32(words))
		}
		if mend != nil {
			mend(c.Values)
		}
		agree(t, codec, src, c)
	})
}

// agree tries that bytes that decode do so with and without their size told,
// into no memory, into little, and over old bytes, and stay as they are.
func agree(t *testing.T, codec filter.Filter, src []byte, c filter.Chunk) {
	t.Helper()
	before := bytes.Clone(src)
	got, ok := check(t, codec, src, c)
	if !ok {
		return
	}
	for _, size := range []int{-1, len(got)} {
		for _, dst := range [][]byte{make([]byte, 0, 100), bytes.Repeat([]byte{0xaa}, len(got))} {
			c.Size = size
			again, err := codec.Decode(dst[:0], src, c)
			if err != nil || !bytes.Equal(got, again) {
				t.Fatalf("size told %d: %d bytes, then %d, %v", size, len(got), len(again), err)
			}
		}
	}
	if !bytes.Equal(src, before) {
		t.Fatal("the source was written to")
	}
}

package lzo

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gables/hdf5/filter"
)

// stored is a chunk as a real writer stored it; lzf/testdata/make_chunks.py
// made them.
type stored struct {
	Values      []uint32
	ElementSize int `json:"element_size"`
	Size        int
	At          int
	Stored      int
	SHA256      string
	raw         []byte
}

func (s stored) chunk() filter.Chunk {
	return filter.Chunk{Values: s.Values, Size: s.Size, Limit: 1 << 28, ElementSize: s.ElementSize}
}

// witnesses gives the chunks of every list in testdata.
func witnesses(t testing.TB) []stored {
	t.Helper()
	lists, err := filepath.Glob("testdata/*.json")
	if err != nil || len(lists) == 0 {
		t.Fatalf("no lists in testdata: %v", err)
	}
	var all []stored
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if err != nil {
			t.Fatal(err)
		}
		var some []stored
		if err := json.Unmarshal(text, &some); err != nil {
			t.Fatal(err)
		}
		blob, err := os.ReadFile(strings.TrimSuffix(list, ".json") + ".bin")
		if err != nil {
			t.Fatal(err)
		}
		for i := range some {
			some[i].raw = blob[some[i].At:][:some[i].Stored]
		}
		all = append(all, some...)
	}
	return all
}

// sum is the SHA-256 in hexadecimal.
func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

func TestDecodeGivesWhatTheWriterWasGiven(t *testing.T) {
	for i, s := range witnesses(t) {
		before := sum(s.raw)
		for _, size := range []int{s.Size, -1} {
			c := s.chunk()
			c.Size = size
			for _, dst := range [][]byte{nil, make([]byte, s.Size), make([]byte, 0, s.Size+100)} {
				got, err := New().Decode(dst, s.raw, c)
				if err != nil {
					t.Fatalf("case %d, %d bytes, size told %d: %v", i, s.Size, size, err)
				}
				if len(got) != s.Size || sum(got) != s.SHA256 {
					t.Fatalf("case %d: %d bytes that differ from the %d written", i, len(got), s.Size)
				}
			}
		}
		if sum(s.raw) != before {
			t.Fatalf("case %d: the source was written to", i)
		}
	}
}

// BenchmarkDecode decodes the chunks of testdata, warm, into one buffer.
func BenchmarkDecode(b *testing.B) {
	all := witnesses(b)
	total, most := 0, 0
	for _, s := range all {
		total += s.Size
		most = max(most, s.Size)
	}
	dst := make([]byte, most)
	b.SetBytes(int64(total))
	b.ReportAllocs()
	for b.Loop() {
		for _, s := range all {
			if _, err := New().Decode(dst, s.raw, s.chunk()); err != nil {
				b.Fatal(err)
			}
		}
	}
}

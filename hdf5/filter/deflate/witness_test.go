package deflate_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"gables/hdf5/filter"
	"gables/hdf5/filter/deflate"
	"gables/hdf5/filter/fletcher32"
	"gables/hdf5/filter/shuffle"
)

var witnessDir = flag.String("witness", "testdata", "folder made by witness.py")

type witness struct {
	Offset, Length, Size, ElementSize int
	SHA256                            string
	Filters                           []struct {
		ID     filter.ID
		Values []uint32
	}
}

func witnesses(t testing.TB) ([]byte, []witness) {
	chunks, err := os.ReadFile(filepath.Join(*witnessDir, "chunks.bin"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(*witnessDir, "witness.json"))
	if err != nil {
		t.Fatal(err)
	}
	var ws []witness
	if err := json.Unmarshal(text, &ws); err != nil {
		t.Fatal(err)
	}
	if len(ws) < 40 {
		t.Fatalf("only %d witnesses", len(ws))
	}
	return chunks, ws
}

// decode undoes all filters of w, each told as much as a pipeline knows.
func (w witness) decode(chunk []byte) ([]byte, error) {
	known := filter.NewRegistry(deflate.New(), shuffle.New(), fletcher32.New())
	for i := len(w.Filters) - 1; i >= 0; i-- {
		f, err := known.Lookup(w.Filters[i].ID, "")
		if err != nil {
			return nil, err
		}
		c := filter.Chunk{Values: w.Filters[i].Values, Size: w.Size, Limit: w.Size + 1000, ElementSize: w.ElementSize}
		for _, before := range w.Filters[:i] {
			if before.ID != filter.Shuffle {
				c.Size = -1
			}
		}
		if chunk, err = f.Decode(nil, chunk, c); err != nil {
			return nil, err
		}
	}
	return chunk, nil
}

func TestChunksOfLibhdf5DecodeToWhatItReads(t *testing.T) {
	chunks, ws := witnesses(t)
	for i, w := range ws {
		got, err := w.decode(chunks[w.Offset : w.Offset+w.Length])
		if err != nil {
			t.Errorf("chunk %d: %v", i, err)
			continue
		}
		if sum := sha256.Sum256(got); len(got) != w.Size || hex.EncodeToString(sum[:]) != w.SHA256 {
			t.Errorf("chunk %d: wrong bytes", i)
		}
	}
}

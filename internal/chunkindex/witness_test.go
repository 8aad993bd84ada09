package chunkindex

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gables/hdf5/driver"
	"gables/internal/metacache"
	"gables/internal/wire"
)

// witness is what testdata/make.py wrote about a file.
type witness struct {
	Kind                   string
	OffsetSize, LengthSize int
	Base                   int64
	Params                 struct {
		Kind                     Kind
		Address                  int64
		Dims, MaxDims, ChunkDims []int64
		ChunkBytes               uint64
		Filtered                 bool
		LayoutVersion            uint8
		FilteredSize             uint64
		FilterMask               uint32
		PageBits, MaxBits        uint8
		IndexElements            uint8
		MinPointers, MinElements uint8
		NodeSize                 uint32
		Split, Merge             uint8
	}
	Chunks [][]int64 // scaled..., size, mask, address or -1, CRC-32
	Absent [][]uint64
	file   []byte
}

// unsigned turns -1 into all ones.
func unsigned(v []int64) []uint64 {
	out := make([]uint64, len(v))
	for i := range v {
		out[i] = uint64(v[i])
	}
	return out
}

func (w *witness) params() Params {
	p := &w.Params
	return Params{Kind: p.Kind, Address: wire.Address(p.Address), Dims: unsigned(p.Dims), MaxDims: unsigned(p.MaxDims),
		ChunkDims: unsigned(p.ChunkDims), ChunkBytes: p.ChunkBytes, Filtered: p.Filtered, LayoutVersion: p.LayoutVersion,
		FilteredSize: p.FilteredSize, FilterMask: p.FilterMask, PageBits: p.PageBits, MaxBits: p.MaxBits,
		IndexElements: p.IndexElements, MinPointers: p.MinPointers, MinElements: p.MinElements,
		NodeSize: p.NodeSize, Split: p.Split, Merge: p.Merge}
}

func (w *witness) cache(file []byte) *metacache.Cache {
	return metacache.New(driver.Memory(file), wire.Sizes{Offset: w.OffsetSize, Length: w.LengthSize}, wire.DefaultLimits())
}

func slurp(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(name, ".gz") {
		return b
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func loadWitness(t testing.TB, jsonName string) *witness {
	t.Helper()
	w := &witness{}
	if err := json.Unmarshal(slurp(t, jsonName), w); err != nil {
		t.Fatal(jsonName, err)
	}
	w.file = slurp(t, strings.Replace(jsonName, ".json", ".h5", 1))[w.Base:]
	return w
}

// witnessNames lists testdata, or WITNESS, a folder of make.py bulk.
func witnessNames(t testing.TB) []string {
	t.Helper()
	names, _ := filepath.Glob("testdata/*.json.gz")
	if dir := os.Getenv("WITNESS"); dir != "" {
		names, _ = filepath.Glob(filepath.Join(dir, "*.json"))
	}
	if len(names) == 0 {
		t.Fatal("no witness files")
	}
	return names
}

func TestChunksAreThoseOfLibhdf5(t *testing.T) {
	for _, name := range witnessNames(t) {
		t.Run(filepath.Base(name), func(t *testing.T) {
			w := loadWitness(t, name)
			x, err := Open(w.cache(w.file), w.params())
			if err != nil {
				t.Fatal(err)
			}
			if x.Kind() != w.Kind {
				t.Fatalf("kind %s, want %s", x.Kind(), w.Kind)
			}
			checkAll(t, w, x)
			checkFind(t, w, x)
		})
	}
}

func checkAll(t *testing.T, w *witness, x Index) {
	t.Helper()
	rank := len(w.Params.Dims)
	want := map[string][]int64{}
	for _, c := range w.Chunks {
		want[coordKey(unsigned(c[:rank]))] = c
	}
	n := 0
	for c, err := range x.All() {
		if err != nil {
			t.Fatal(err)
		}
		n++
		row := want[coordKey(c.Scaled)]
		if row == nil {
			t.Fatalf("All gives %v, which is not allocated or was given before", c.Scaled)
		}
		delete(want, coordKey(c.Scaled))
		checkChunk(t, w, c, row)
	}
	if n != len(w.Chunks) {
		t.Fatalf("All gives %d chunks, want %d", n, len(w.Chunks))
	}
}

func coordKey(scaled []uint64) string {
	var b []byte
	for _, s := range scaled {
		b = append(b, byte(s), byte(s>>8), byte(s>>16), byte(s>>24))
	}
	return string(b)
}

// checkChunk compares a chunk and the bytes it points to with a witness's row.
func checkChunk(t *testing.T, w *witness, c Chunk, row []int64) {
	t.Helper()
	rank := len(w.Params.Dims)
	size, mask, addr, crc := uint64(row[rank]), uint32(row[rank+1]), row[rank+2], uint32(row[rank+3])
	if c.Size != size || c.Mask != mask || addr >= 0 && c.Address != wire.Address(addr) {
		t.Fatalf("chunk %v: got size %d mask %x at 0x%x, want %d %x at 0x%x", row[:rank], c.Size, c.Mask, uint64(c.Address), size, mask, addr)
	}
	if end := uint64(c.Address) + c.Size; end > uint64(len(w.file)) {
		t.Fatalf("chunk %v ends at 0x%x, file at 0x%x", row[:rank], end, len(w.file))
	}
	if got := crc32.ChecksumIEEE(w.file[c.Address : uint64(c.Address)+c.Size]); got != crc {
		t.Fatalf("chunk %v at 0x%x has other bytes than libhdf5 reads", row[:rank], uint64(c.Address))
	}
}

func checkFind(t *testing.T, w *witness, x Index) {
	t.Helper()
	rank := len(w.Params.Dims)
	for _, row := range w.Chunks {
		c, ok, err := x.Find(unsigned(row[:rank]))
		if err != nil || !ok {
			t.Fatalf("chunk %v: %v %v", row[:rank], ok, err)
		}
		checkChunk(t, w, c, row)
	}
	for _, scaled := range w.Absent {
		if c, ok, err := x.Find(scaled); ok || err != nil {
			t.Fatalf("chunk %v is not allocated, got %+v %v", scaled, c, err)
		}
	}
	far := make([]uint64, rank)
	for u := range rank {
		for _, v := range []uint64{1 << 31, 1 << 62, ^uint64(0)} {
			far[u] = v
			if c, ok, err := x.Find(far); ok || err != nil {
				t.Fatalf("chunk %v lies outside, got %+v %v", far, c, err)
			}
		}
		far[u] = 0
	}
	if _, _, err := x.Find(make([]uint64, rank+1)); err == nil {
		t.Fatal("wrong rank gives no error")
	}
}

func TestNeighbouringCoordinatesDoNotAlias(t *testing.T) {
	for _, name := range witnessNames(t) {
		w := loadWitness(t, name)
		x, err := Open(w.cache(w.file), w.params())
		if err != nil {
			t.Fatal(name, err)
		}
		rank := len(w.Params.Dims)
		for _, row := range w.Chunks[:min(len(w.Chunks), 50)] {
			for u := range rank {
				at := unsigned(row[:rank])
				at[u] = (uint64(w.Params.Dims[u])-1)/uint64(w.Params.ChunkDims[u]) + 1
				known := slices.ContainsFunc(w.Chunks, func(r []int64) bool { return slices.Equal(unsigned(r[:rank]), at) })
				if c, ok, err := x.Find(at); ok != known || err != nil {
					t.Fatalf("%s: chunk %v behind the last: %+v %v", name, at, c, err)
				}
			}
		}
	}
}

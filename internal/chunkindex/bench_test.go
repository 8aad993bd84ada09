package chunkindex

import (
	"sync"
	"testing"
)

// benchFind looks up each chunk of a witness in order, with a warm cache.
func benchFind(b *testing.B, name string) {
	w := loadWitness(b, "testdata/"+name+".json.gz")
	x, err := Open(w.cache(w.file), w.params())
	if err != nil {
		b.Fatal(err)
	}
	rank := len(w.Params.Dims)
	var coords [][]uint64
	for _, row := range w.Chunks {
		coords = append(coords, unsigned(row[:rank]))
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, ok, err := x.Find(coords[i%len(coords)]); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}

func BenchmarkFindBTreeV1(b *testing.B)         { benchFind(b, "btree1") }
func BenchmarkFindFixedArrayPaged(b *testing.B) { benchFind(b, "fixed_paged") }
func BenchmarkFindExtensibleArray(b *testing.B) { benchFind(b, "extensible_axis1") }
func BenchmarkFindExtensiblePaged(b *testing.B) { benchFind(b, "extensible_paged") }
func BenchmarkFindBTreeV2(b *testing.B)         { benchFind(b, "btree2") }
func BenchmarkFindBTreeV2Filtered(b *testing.B) { benchFind(b, "btree2_gzip") }

func TestFindInOneRunTakesNoMemory(t *testing.T) {
	for _, name := range []string{"btree1", "btree2", "extensible_axis1", "fixed_paged", "implicit", "single"} {
		w := loadWitness(t, "testdata/"+name+".json.gz")
		x, err := Open(w.cache(w.file), w.params())
		if err != nil {
			t.Fatal(err)
		}
		at := unsigned(w.Chunks[len(w.Chunks)-1][:len(w.Params.Dims)])
		n := testing.AllocsPerRun(100, func() {
			if _, ok, err := x.Find(at); !ok || err != nil {
				t.Fatal(ok, err)
			}
		})
		if n != 0 {
			t.Errorf("%s: %v allocations for each chunk", name, n)
		}
	}
}

func TestEachRecordIsReadOnce(t *testing.T) {
	for _, name := range witnessNames(t) {
		w := loadWitness(t, name)
		c := w.cache(w.file)
		for range 2 {
			if err := exercise(c, w.params(), len(w.file)); err != nil {
				t.Fatal(name, err)
			}
		}
		if got, want := c.Reads(), int64(len(w.records(t))); got != want {
			t.Errorf("%s: %d reads in two walks, %d in one", name, got, want)
		}
	}
}

func TestReadersInParallelAgree(t *testing.T) {
	for _, name := range []string{"btree1", "btree2", "extensible_paged", "fixed_paged"} {
		w := loadWitness(t, "testdata/"+name+".json.gz")
		x, err := Open(w.cache(w.file), w.params())
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for g := range 4 {
			wg.Go(func() {
				rank := len(w.Params.Dims)
				for i := range w.Chunks {
					row := w.Chunks[(i*7+g*31)%len(w.Chunks)]
					c, ok, err := x.Find(unsigned(row[:rank]))
					if !ok || err != nil || int64(c.Address) != row[rank+2] {
						t.Errorf("%s %v: %+v %v %v", name, row, c, ok, err)
						return
					}
				}
			})
		}
		wg.Wait()
	}
}

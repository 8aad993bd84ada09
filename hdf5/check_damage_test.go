package hdf5_test

import (
	"context"
	"os"
	"testing"

	"gables/hdf5"
)

// flip damages a byte of a copy of image, and tells whether that was found, and
// whether the finding names a place in the extent.
func flip(t *testing.T, image []byte, at uint64, bit byte, e hdf5.Extent) (found, located bool) {
	t.Helper()
	b := append([]byte(nil), image...)
	b[at] ^= bit
	f, err := hdf5.OpenBytes(b)
	if err != nil {
		return true, true
	}
	defer f.Close()
	r, err := hdf5.Check(context.Background(), f, hdf5.CheckOptions{})
	fatal(t, err)
	if r.Live+r.Free+r.Unaccounted != r.Size {
		t.Fatalf("byte 0x%x: %d + %d + %d are not %d", at, r.Live, r.Free, r.Unaccounted, r.Size)
	}
	for _, x := range r.Findings {
		found = found || x.Severity > hdf5.Note
		located = located || x.Severity > hdf5.Note && x.Located && (x.Address >= e.Address && x.Address < e.Address+e.Size || x.Path == e.Path)
	}
	return found, located
}

func TestDamagedStructuresAreFoundAndLocated(t *testing.T) {
	// Least percentage of flipped bytes that must be found: everything where there
	// are checksums, but for bytes that nothing is stored in.
	least := map[string]map[string]int{
		"check_new.h5": {"superblock": 100, "object header": 100, "B-tree v2": 30, "fractal heap": 99, "fixed array": 100,
			"extensible array": 100, "free-space manager": 60, "chunk": 40},
		"check_old.h5": {"superblock": 50, "object header": 35, "local heap": 20, "group B-tree": 1, "symbol table node": 15, "chunk B-tree": 15, "chunk": 40},
	}
	// Without checksums a wrong address is often seen where it leads to.
	near := map[string]int{"check_new.h5": 95, "check_old.h5": 50}
	for name, kinds := range least {
		t.Run(name, func(t *testing.T) {
			image, err := os.ReadFile("testdata/" + name)
			fatal(t, err)
			f, err := hdf5.OpenBytes(image)
			fatal(t, err)
			r, err := hdf5.Check(context.Background(), f, hdf5.CheckOptions{Map: true})
			fatal(t, err)
			fatal(t, f.Close())
			hit, located, all := map[string]int{}, map[string]int{}, map[string]int{}
			for i, e := range r.Map {
				for at := e.Address + uint64(i)%11; at < e.Address+e.Size; at += 11 {
					found, there := flip(t, image, at, 1<<(at%8), e)
					all[e.Kind]++
					if found {
						hit[e.Kind]++
					}
					if there {
						located[e.Kind]++
					}
				}
			}
			for kind, want := range kinds {
				got := 100 * hit[kind] / max(all[kind], 1)
				t.Logf("%s: %d of %d found, %d located", kind, hit[kind], all[kind], located[kind])
				if got < want {
					t.Errorf("%s: %d%% of the damage found, want %d%%", kind, got, want)
				}
				if located[kind]*100 < hit[kind]*near[name] {
					t.Errorf("%s: only %d of %d located", kind, located[kind], hit[kind])
				}
			}
		})
	}
}

// FuzzCheck holds the check of any bytes to its promises: it ends, and its sums
// agree.
func FuzzCheck(f *testing.F) {
	for _, name := range []string{"check_old.h5", "check_new.h5"} {
		image, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(image)
	}
	limits := hdf5.DefaultLimits()
	limits.Chunk, limits.Metadata = 1<<20, 1<<20
	f.Fuzz(func(t *testing.T, image []byte) {
		file, err := hdf5.OpenBytes(image, hdf5.WithLimits(limits))
		if err != nil {
			return
		}
		defer file.Close()
		r, err := hdf5.Check(context.Background(), file, hdf5.CheckOptions{Map: true})
		if err != nil {
			t.Fatal(err)
		}
		if r.Live+r.Free+r.Unaccounted != r.Size || r.Size != uint64(len(image)) {
			t.Errorf("%d + %d + %d are not %d", r.Live, r.Free, r.Unaccounted, r.Size)
		}
	})
}

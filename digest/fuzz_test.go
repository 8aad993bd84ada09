package digest

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"gables/hdf5"
)

// FuzzManifest: whatever the bytes, a manifest or an error comes soon.
func FuzzManifest(f *testing.F) {
	seeds, err := filepath.Glob("testdata/*.h5")
	if err != nil || len(seeds) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, name := range seeds {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	limits := hdf5.DefaultLimits()
	limits.Alloc, limits.Chunk, limits.VLBytes, limits.Metadata, limits.Objects = 16<<20, 4<<20, 4<<20, 4<<20, 1000
	f.Fuzz(func(t *testing.T, image []byte) {
		file, err := hdf5.OpenBytes(image, hdf5.WithLimits(limits), hdf5.WithWorkers(1))
		if err != nil {
			return
		}
		defer file.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		m, err := File(ctx, file, Options{Limit: 4 << 20})
		if ctx.Err() != nil {
			t.Fatal("no end")
		}
		if err != nil {
			return
		}
		if len(m.Objects) == 0 {
			t.Fatal("no objects")
		}
		if err := m.WriteText(io.Discard); err != nil {
			t.Fatal(err)
		}
	})
}

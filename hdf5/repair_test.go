package hdf5_test

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"gables/hdf5"
	"gables/hdf5/h5err"
	"gables/internal/checksum"
	"gables/internal/testkit/sound"
)

// placed puts an image into a file of its own.
func placed(t *testing.T, image []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.h5")
	fatal(t, os.WriteFile(path, image, 0o600))
	return path
}

// withFlags sets the flags of a superblock.
func withFlags(image []byte, flags byte) []byte {
	b := append([]byte(nil), image...)
	if b[8] < 2 {
		b[20] |= flags
		return b
	}
	b[11] |= flags
	binary.LittleEndian.PutUint32(b[44:], checksum.Lookup3(b[:44]))
	return b
}

func TestTheMarkOfACrashedWriterGoesAfterACheck(t *testing.T) {
	for name, flags := range map[string][]byte{"check_new.h5": {1, 5}, "check_old.h5": {8, 9}} {
		image, err := os.ReadFile("testdata/" + name)
		fatal(t, err)
		for _, flag := range flags {
			path := placed(t, withFlags(image, flag))
			r, err := hdf5.Repair(context.Background(), path, hdf5.CheckOptions{})
			fatal(t, err)
			if !r.Marked || !r.Cleared || r.Replayed || r.End != 0 {
				t.Errorf("%s, flags %d: %+v", name, flag, r)
			}
			b, err := os.ReadFile(path)
			fatal(t, err)
			if string(b) != string(image) {
				t.Errorf("%s, flags %d: more than the mark has changed", name, flag)
			}
			r, err = hdf5.Repair(context.Background(), path, hdf5.CheckOptions{})
			if err != nil || r.Marked || r.Cleared {
				t.Errorf("%s, flags %d, again: %+v, %v", name, flag, r, err)
			}
		}
	}
}

func TestADamagedFileIsNotRepairedInPlace(t *testing.T) {
	image, err := os.ReadFile("testdata/check_new.h5")
	fatal(t, err)
	image = withFlags(image, 1)
	broken := chunkOf(t, image, "/gzip")
	image[broken] ^= 0x55
	path := placed(t, image)
	r, err := hdf5.Repair(context.Background(), path, hdf5.CheckOptions{})
	if !errors.Is(err, h5err.ErrCorrupt) || r.Report == nil || !r.Report.Damaged() || r.Cleared {
		t.Errorf("%+v, %v", r, err)
	}
	b, err := os.ReadFile(path)
	fatal(t, err)
	if string(b) != string(image) {
		t.Error("the file was changed")
	}
}

// chunkOf is the place of a byte in the first chunk of a dataset.
func chunkOf(t *testing.T, image []byte, path string) uint64 {
	t.Helper()
	f, err := hdf5.OpenBytes(image)
	fatal(t, err)
	defer f.Close()
	d, err := f.Dataset(path)
	fatal(t, err)
	at := uint64(0)
	fatal(t, d.Chunks(context.Background(), func(c hdf5.Chunk) error {
		if at == 0 {
			at = c.Address + 12
		}
		return nil
	}))
	return at
}

func TestSalvageBringsOverWhatIsReadable(t *testing.T) {
	ctx := context.Background()
	for _, name := range []string{"check_new.h5", "check_old.h5"} {
		whole, err := os.ReadFile("testdata/" + name)
		fatal(t, err)
		image := append([]byte(nil), whole...)
		image[chunkOf(t, whole, "/gzip")] ^= 0x55
		src, err := hdf5.OpenBytes(image)
		fatal(t, err)
		dst, err := hdf5.CreateMemory()
		fatal(t, err)
		lost, err := hdf5.Salvage(ctx, src, dst, hdf5.SalvageOptions{})
		fatal(t, err)
		gzip := 0
		for _, l := range lost {
			if l.Path != "/gzip" {
				t.Errorf("%s: lost %s: %v", name, l.Path, l.Err)
			}
			gzip++
		}
		if gzip != 1 {
			t.Errorf("%s: %d losses, want the one chunk", name, gzip)
		}
		a, err := src.Dataset("/gzip")
		fatal(t, err)
		b, err := dst.Dataset("/gzip")
		fatal(t, err)
		want, err := hdf5.Read[int64](ctx, a, hdf5.Sel("5:, :"))
		fatal(t, err)
		got, err := hdf5.Read[int64](ctx, b, hdf5.Sel("5:, :"))
		fatal(t, err)
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("%s: element %d is %d, want %d", name, i, got[i], want[i])
			}
		}
		sound.File(t, dst, sound.Whole)
		fatal(t, dst.Close())
		fatal(t, src.Close())
	}
}

func TestALeftLogIsApplied(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "a.h5")
	f, err := hdf5.Create(path)
	fatal(t, err)
	d := growing(t, f, "/x", 5)
	fatal(t, f.Flush(ctx))
	// Somebody who reads keeps the second flush in the log.
	r, err := hdf5.Open(path)
	fatal(t, err)
	_, err = hdf5.Append(ctx, d, []float64{1, 2, 3})
	fatal(t, err)
	fatal(t, f.Flush(ctx))
	image, err := os.ReadFile(path)
	fatal(t, err)
	log, err := os.ReadFile(path + ".h5wal")
	fatal(t, err)
	fatal(t, r.Close())
	fatal(t, f.Close())
	left := placed(t, image)
	fatal(t, os.WriteFile(left+".h5wal", log, 0o600))
	if _, err := hdf5.Repair(ctx, left, hdf5.CheckOptions{}); err != nil {
		t.Fatal(err)
	}
	g, err := hdf5.Open(left)
	fatal(t, err)
	defer g.Close()
	x, err := g.Dataset("/x")
	fatal(t, err)
	if n := x.Shape()[0]; n != 3 {
		t.Errorf("%d elements after the repair, want 3", n)
	}
}

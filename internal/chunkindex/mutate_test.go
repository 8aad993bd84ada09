package chunkindex

import (
	"encoding/binary"
	"errors"
	"slices"
	"sync"
	"testing"

	"gables/hdf5/driver"
	"gables/hdf5/h5err"
	"gables/internal/checksum"
	"gables/internal/metacache"
	"gables/internal/wire"
)

// span is a record of the index that was read; sealed when its last four bytes
// are the checksum of the others.
type span struct {
	off, len int
	sealed   bool
}

// recorder notes which records a walk reads.
type recorder struct {
	driver.Memory
	mu    sync.Mutex // guards spans
	spans []span
}

func (r *recorder) ReadAt(p []byte, off uint64) (int, error) {
	n, err := r.Memory.ReadAt(p, off)
	s := span{off: int(off), len: n}
	if n >= 8 {
		s.sealed = checksum.Lookup3(p[:n-4]) == binary.LittleEndian.Uint32(p[n-4:])
	}
	r.mu.Lock()
	r.spans = append(r.spans, s)
	r.mu.Unlock()
	return n, err
}

// records lists the index's records in the file, in reading order.
func (w *witness) records(t testing.TB) []span {
	t.Helper()
	r := &recorder{Memory: w.file}
	c := metacache.New(r, wire.Sizes{Offset: w.OffsetSize, Length: w.LengthSize}, wire.DefaultLimits())
	if err := exercise(c, w.params(), len(w.file)); err != nil {
		t.Fatal(err)
	}
	return r.spans
}

var errTooMany = errors.New("more chunks than bytes in the file")

// exercise opens the index, walks it and finds each chunk that it gave.
func exercise(c *metacache.Cache, p Params, most int) error {
	x, err := Open(c, p)
	if err != nil {
		return err
	}
	var some [][]uint64
	n := 0
	for c, err := range x.All() {
		if err != nil {
			return err
		}
		if n++; n > most {
			return errTooMany
		}
		if len(some) < 200 {
			some = append(some, slices.Clone(c.Scaled))
		}
	}
	for _, s := range some {
		if _, _, err := x.Find(s); err != nil {
			return err
		}
	}
	return nil
}

// sentinel tells whether err is one that files may cause.
func sentinel(err error) bool {
	for _, s := range []error{h5err.ErrCorrupt, h5err.ErrChecksum, h5err.ErrTruncated, h5err.ErrLimit, h5err.ErrUnsupported} {
		if errors.Is(err, s) {
			return true
		}
	}
	return false
}

func TestEveryFlippedByteUnderAChecksumIsNoticed(t *testing.T) {
	for _, name := range witnessNames(t) {
		w := loadWitness(t, name)
		for _, s := range w.records(t) {
			if !s.sealed {
				if w.Kind != "btree_v1" {
					t.Fatalf("%s: record at 0x%x has no checksum", name, s.off)
				}
				continue
			}
			step := max(1, s.len/12)
			for i := 0; i < s.len; i += step {
				file := slices.Clone(w.file)
				file[s.off+i] ^= 0x10
				if err := exercise(w.cache(file), w.params(), len(file)); !sentinel(err) {
					t.Fatalf("%s: byte %d of the record at 0x%x: %v", name, i, s.off, err)
				}
			}
		}
	}
}

func TestTruncatedFilesAreNoticed(t *testing.T) {
	for _, name := range witnessNames(t) {
		w := loadWitness(t, name)
		for _, s := range w.records(t) {
			err := exercise(w.cache(w.file[:s.off+1]), w.params(), len(w.file))
			if !errors.Is(err, h5err.ErrTruncated) && !errors.Is(err, h5err.ErrCorrupt) {
				t.Fatalf("%s cut behind 0x%x: %v", name, s.off, err)
			}
		}
	}
}

// mutate applies edits, 6 bytes each: which record 1, offset in it 2, how 1,
// value 2; and seals the records again, so that edits get past the checksums.
func mutate(w *witness, spans []span, edits []byte) []byte {
	file := slices.Clone(w.file)
	for ; len(edits) >= 6 && len(spans) > 0; edits = edits[6:] {
		s := spans[int(edits[0])%len(spans)]
		at := file[s.off : s.off+s.len]
		i := int(binary.LittleEndian.Uint16(edits[1:])) % len(at)
		switch edits[3] % 4 {
		case 0:
			at[i] = edits[4]
		case 1:
			at[i] += edits[4]
		case 2: // an address: that of another record
			other := spans[int(edits[4])%len(spans)]
			var b [8]byte
			binary.LittleEndian.PutUint64(b[:], uint64(other.off))
			copy(at[i:], b[:w.OffsetSize])
		case 3:
			copy(at[i:], edits[4:6])
		}
	}
	for _, s := range spans {
		if s.sealed {
			end := s.off + s.len - 4
			binary.LittleEndian.PutUint32(file[end:], checksum.Lookup3(file[s.off:end]))
		}
	}
	return file
}

// fuzzKind mutates the witnesses of one kind.
func fuzzKind(f *testing.F, kind string) {
	var ws []*witness
	var spans [][]span
	for _, name := range witnessNames(f) {
		if w := loadWitness(f, name); w.Kind == kind {
			ws = append(ws, w)
			spans = append(spans, w.records(f))
		}
	}
	if len(ws) == 0 {
		f.Fatal("no witness")
	}
	for i := range ws {
		f.Add(uint8(i), []byte{})
		f.Add(uint8(i), []byte{1, 20, 0, 2, 0, 0, 2, 30, 0, 1, 1, 0})
		f.Add(uint8(i), []byte{0, 7, 0, 0, 200, 0})
	}
	f.Fuzz(func(t *testing.T, which uint8, edits []byte) {
		w := ws[int(which)%len(ws)]
		file := mutate(w, spans[int(which)%len(ws)], edits)
		if err := exercise(w.cache(file), w.params(), len(file)); err != nil && !sentinel(err) {
			t.Fatal(err)
		}
	})
}

func FuzzFixedArray(f *testing.F)      { fuzzKind(f, "fixed_array") }
func FuzzExtensibleArray(f *testing.F) { fuzzKind(f, "extensible_array") }
func FuzzBTreeV1Chunks(f *testing.F)   { fuzzKind(f, "btree_v1") }
func FuzzBTreeV2Chunks(f *testing.F)   { fuzzKind(f, "btree_v2") }

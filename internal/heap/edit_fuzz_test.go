package heap

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"gables/hdf5/h5err"
	"gables/internal/checksum"
	"gables/internal/draft"
	"gables/internal/format"
	"gables/internal/freespace"
	"gables/internal/wire"
)

// tight are limits that a fuzzed file can't make a test slow with.
func tight() wire.Limits {
	l := wire.DefaultLimits()
	l.Metadata, l.Alloc = 1<<18, 1<<18
	return l
}

func fuzzPaper(t *testing.T, b []byte, s wire.Sizes) *paper {
	p := &paper{t: t, b: bytes.Clone(b), s: s}
	p.d = draft.New(p, p, freespace.New(uint64(len(b))), s, tight())
	return p
}

// knownEdit is known, with those that only editors give.
func knownEdit(t *testing.T, err error) {
	t.Helper()
	if err != nil && !errors.Is(err, h5err.ErrNotFound) && !errors.Is(err, h5err.ErrExists) {
		known(t, err)
	}
}

func FuzzLocalEdit(f *testing.F) {
	p := newPaper(f, nil, widths[0])
	addr, _ := NewLocal(p.d, 88)
	e, _ := EditLocal(p.d, addr)
	for _, n := range []string{"one", "twotwotwo", "three", "a longer name than those"} {
		_, _ = e.Insert([]byte(n))
	}
	_ = e.Remove(16, []byte("twotwotwo"))
	p.commit()
	f.Add(p.b, uint8(0), uint16(32), []byte("name"))
	f.Fuzz(func(t *testing.T, b []byte, w uint8, offset uint16, name []byte) {
		p := fuzzPaper(t, b, widths[int(w)%len(widths)])
		e, err := EditLocal(p.d, 0)
		if err != nil {
			known(t, err)
			return
		}
		if n, err := e.Name(uint64(offset)); err == nil {
			knownEdit(t, e.Remove(uint64(offset), bytes.Clone(n)))
		}
		name = bytes.ReplaceAll(name, []byte{0}, []byte{1})
		for range 3 {
			at, err := e.Insert(name)
			if err != nil {
				known(t, err)
				continue
			}
			if got, err := e.Name(at); err != nil || !bytes.Equal(got, name) {
				t.Fatalf("inserted %q, have %q, %v", name, got, err)
			}
		}
		knownEdit(t, e.Free())
	})
}

func FuzzGlobalEdit(f *testing.F) {
	f.Add(global(widths[0], 24, object{1, "one"}, object{2, "three"}), uint8(0), uint16(1))
	f.Add(global(widths[2], 0, object{9, "nine"}), uint8(2), uint16(9))
	f.Fuzz(func(t *testing.T, b []byte, w uint8, index uint16) {
		p := fuzzPaper(t, b, widths[int(w)%len(widths)])
		e := EditGlobal(p.d)
		if _, err := e.Link(0, index, 1); err != nil {
			known(t, err)
		}
		if err := e.Remove(0, index); err != nil {
			known(t, err)
		}
		for _, n := range []int{0, 5, 100, 9} {
			data := bytes.Repeat([]byte{'v'}, n)
			addr, i, err := e.Insert(data)
			if err != nil {
				known(t, err)
				continue
			}
			if got, err := e.Object(addr, i); err != nil || !bytes.Equal(got, data) {
				t.Fatalf("%d bytes inserted, have %d, %v", n, len(got), err)
			}
		}
	})
}

// FuzzFractalEdit changes the header of a heap of ours, and a byte anywhere,
// with checksums made right.
func FuzzFractalEdit(f *testing.F) {
	p := newPaper(f, nil, widths[0])
	addr, _ := NewFractal(p.d, smallHeap)
	e, _ := EditFractal(p.d, addr)
	var ids [][]byte
	for i := range 40 {
		id, err := e.Insert(bytes.Repeat([]byte{byte(i)}, 10+i*3))
		if err != nil {
			f.Fatal(err)
		}
		if ids = append(ids, id); i%3 == 0 {
			_ = e.Remove(ids[i/2])
		}
	}
	p.commit()
	whole := p.b
	size := int(format.FractalHeapSize(nil, p.s))
	f.Add(ids[30], uint16(110), uint8(0), uint16(0), uint8(0))
	f.Add(ids[38], uint16(60), uint8(3), uint16(900), uint8(4))
	f.Add([]byte("\x10\x01\x00\x00\x00\x00\x00"), uint16(14), uint8(1), uint16(300), uint8(1))
	f.Fuzz(func(t *testing.T, id []byte, where uint16, change uint8, other uint16, by uint8) {
		b := bytes.Clone(whole)
		b[int(other)%len(b)] ^= by
		b[5+int(where)%(size-9)] ^= change
		binary.LittleEndian.PutUint32(b[size-4:], checksum.Lookup3(b[:size-4]))
		p := fuzzPaper(t, b, widths[0])
		e, err := EditFractal(p.d, addr)
		if err != nil {
			known(t, err)
			return
		}
		if _, err := e.Object(id); err != nil {
			knownEdit(t, err)
		}
		knownEdit(t, e.Remove(id))
		for _, n := range []int{1, 30, 190, 500} {
			data := bytes.Repeat([]byte{'w'}, n)
			id, err := e.Insert(data)
			if err != nil {
				knownEdit(t, err)
				continue
			}
			if got, err := e.Object(id); err != nil || !bytes.Equal(got, data) {
				t.Fatalf("%d bytes inserted, have %d, %v", n, len(got), err)
			}
		}
		knownEdit(t, e.Free())
	})
}

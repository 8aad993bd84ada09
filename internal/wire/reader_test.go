package wire

import (
	"errors"
	"math"
	"testing"

	"gables/hdf5/h5err"
)

func TestFieldsAreLittleEndianAndInOrder(t *testing.T) {
	b := []byte{0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 'x', 'y', 0, 0xaa, 0xbb, 0xcc}
	r := NewReader(b, Sizes{Offset: 4, Length: 8})
	for _, c := range []struct{ got, want uint64 }{
		{uint64(r.U8()), 0x01}, {uint64(r.U16()), 0x0302}, {uint64(r.U32()), 0x07060504}, {r.U64(), 0x0f0e0d0c0b0a0908},
	} {
		if c.got != c.want {
			t.Errorf("got 0x%x, want 0x%x", c.got, c.want)
		}
	}
	if s := r.CString(); s != "xy" || r.Pos() != 18 || r.Len() != 3 {
		t.Errorf("string %q, then position %d with %d left", s, r.Pos(), r.Len())
	}
	if v := r.Uint(3); v != 0xccbbaa || r.Err() != nil || r.Len() != 0 {
		t.Errorf("got 0x%x, %v", v, r.Err())
	}
	if r.Sizes() != (Sizes{4, 8}) {
		t.Errorf("sizes %v", r.Sizes())
	}
}

// Swapped widths hide behind 8/8: here every combination is read.
func TestAddressesAndLengthsHaveTheirOwnWidths(t *testing.T) {
	for _, o := range []int{2, 4, 8} {
		for _, l := range []int{2, 4, 8} {
			b := make([]byte, o+l)
			for i := range b {
				b[i] = byte(i + 1)
			}
			r := NewReader(b, Sizes{Offset: o, Length: l})
			if a := r.Address(); uint64(a) != Uint(b[:o]) || r.Pos() != o {
				t.Errorf("%d/%d: address 0x%x, position %d", o, l, uint64(a), r.Pos())
			}
			if n := r.Length(); n != Uint(b[o:]) || r.Len() != 0 {
				t.Errorf("%d/%d: length 0x%x, %d left", o, l, n, r.Len())
			}
		}
	}
}

func TestAllOnesIsUndefinedInEveryWidth(t *testing.T) {
	for _, n := range []int{2, 4, 8} {
		b := make([]byte, 2*n)
		for i := range b {
			b[i] = 0xff
		}
		r := NewReader(b, Sizes{Offset: n, Length: n})
		if a := r.Address(); a.Defined() || a != Undefined {
			t.Errorf("width %d: address 0x%x", n, uint64(a))
		}
		if l := r.Length(); l != math.MaxUint64 {
			t.Errorf("width %d: length 0x%x", n, l)
		}
		b[0] = 0xfe
		if a := NewReader(b, Sizes{Offset: n}).Address(); !a.Defined() {
			t.Errorf("width %d: 0x%x is an address", n, uint64(a))
		}
	}
	if !Address(0).Defined() {
		t.Error("address 0 is a place")
	}
}

func TestNothingIsReadBehindTheEnd(t *testing.T) {
	reads := map[string]func(*Reader){
		"U16":       func(r *Reader) { r.U16() },
		"U32":       func(r *Reader) { r.U32() },
		"U64":       func(r *Reader) { r.U64() },
		"Uint":      func(r *Reader) { r.Uint(3) },
		"Bytes":     func(r *Reader) { r.Bytes(2) },
		"negative":  func(r *Reader) { r.Bytes(-1) },
		"most":      func(r *Reader) { r.Bytes(math.MaxInt) },
		"Skip":      func(r *Reader) { r.Skip(2) },
		"Address":   func(r *Reader) { r.Address() },
		"Length":    func(r *Reader) { r.Length() },
		"CString":   func(r *Reader) { r.CString() },
		"Signature": func(r *Reader) { r.Signature("OHDR") },
		"wide":      func(r *Reader) { r.Uint(9) },
	}
	for name, read := range reads {
		r := NewReader([]byte{7}, Sizes{Offset: 4, Length: 4})
		read(r)
		if !errors.Is(r.Err(), h5err.ErrCorrupt) {
			t.Errorf("%s: got %v, want ErrCorrupt", name, r.Err())
		}
		// The first failure stays, and what follows reads as zero.
		first := r.Err()
		if v := r.U8(); v != 0 || r.Rest() != nil || r.CString() != "" || r.Err() != first {
			t.Errorf("%s: reading went on after the failure", name)
		}
		r.Fail(errors.New("later"))
		if r.Err() != first {
			t.Errorf("%s: a later error took the place of the first", name)
		}
	}
}

func TestBytesCanNotBeAppendedTo(t *testing.T) {
	b := []byte{1, 2, 3, 4}
	r := NewReader(b, Sizes{})
	_ = append(r.Bytes(2), 9)
	if b[2] != 3 {
		t.Error("appending to a field changed the next one")
	}
	if rest := r.Rest(); len(rest) != 2 || r.Err() != nil || len(r.Rest()) != 0 {
		t.Errorf("rest % x, %v", rest, r.Err())
	}
}

func TestASignatureMustBeThere(t *testing.T) {
	if r := NewReader([]byte("SNOD"), Sizes{}); true {
		if r.Signature("SNOD"); r.Err() != nil || r.Len() != 0 {
			t.Error(r.Err())
		}
	}
	r := NewReader([]byte("SNOX"), Sizes{})
	if r.Signature("SNOD"); !errors.Is(r.Err(), h5err.ErrCorrupt) {
		t.Errorf("got %v, want ErrCorrupt", r.Err())
	}
}

func TestArithmeticTellsOverflow(t *testing.T) {
	const most = math.MaxUint64
	for _, c := range []struct {
		got, want uint64
		ok, fits  bool
	}{
		first(Mul(1<<32, 1<<31))(1<<63, true), first(Mul(1<<32, 1<<32))(0, false),
		first(Add(most, 0))(most, true), first(Add(most, 1))(0, false),
		first(Product(nil))(1, true), first(Product([]uint64{3, 5, 7}))(105, true),
		first(Product([]uint64{1 << 40, 1 << 40, 0}))(0, true), first(Product([]uint64{0, most, most}))(0, true),
		first(Product([]uint64{1 << 32, 1 << 31, 2}))(0, false),
	} {
		if c.ok != c.fits || (c.fits && c.got != c.want) {
			t.Errorf("got %d, %v; want %d, %v", c.got, c.ok, c.want, c.fits)
		}
	}
}

// first pairs a result with what is wanted.
func first(got uint64, ok bool) func(uint64, bool) struct {
	got, want uint64
	ok, fits  bool
} {
	return func(want uint64, fits bool) struct {
		got, want uint64
		ok, fits  bool
	} {
		return struct {
			got, want uint64
			ok, fits  bool
		}{got, want, ok, fits}
	}
}

func TestUintWidthIsAtLeastOne(t *testing.T) {
	for v, want := range map[uint64]int{0: 1, 1: 1, 255: 1, 256: 2, 65535: 2, 65536: 3, 1<<32 - 1: 4, 1 << 32: 5, math.MaxUint64: 8} {
		if got := UintWidth(v); got != want {
			t.Errorf("%d: got %d, want %d", v, got, want)
		}
	}
}

func TestDefaultLimitsArePositive(t *testing.T) {
	l := DefaultLimits()
	if l.Alloc <= 0 || l.Chunk <= 0 || l.VLBytes <= 0 || l.Metadata <= 0 || l.Objects <= 0 || l.Depth <= 0 || l.Links <= 0 || l.Cache <= 0 {
		t.Errorf("%+v", l)
	}
}

func FuzzReader(f *testing.F) {
	f.Add([]byte("OHDR\x02\x00\x01"), []byte{3, 7, 0, 1, 2, 9}, uint8(4), uint8(8))
	f.Add([]byte("name\x00\xff\xff\xff\xff\xff\xff\xff\xff"), []byte{8, 5, 6, 4, 10}, uint8(8), uint8(2))
	f.Fuzz(func(t *testing.T, b, program []byte, o, l uint8) {
		widths := [...]int{2, 4, 8}
		r := NewReader(b, Sizes{Offset: widths[o%3], Length: widths[l%3]})
		for _, op := range program {
			before := r.Pos()
			switch op % 11 {
			case 0:
				r.U8()
			case 1:
				r.U16()
			case 2:
				r.U32()
			case 3:
				r.U64()
			case 4:
				r.Uint(int(op / 11))
			case 5:
				r.Address()
			case 6:
				r.Length()
			case 7:
				r.Skip(int(int8(op)))
			case 8:
				r.CString()
			case 9:
				r.Signature("OHDR")
			case 10:
				r.Bytes(int(op))
			}
			if r.Pos() < before || r.Pos() > len(b) || r.Len() != len(b)-r.Pos() {
				t.Fatalf("operation %d moved from %d to %d of %d", op, before, r.Pos(), len(b))
			}
		}
	})
}

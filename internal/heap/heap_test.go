package heap

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"

	"gables/hdf5/driver"
	"gables/hdf5/h5err"
	"gables/internal/metacache"
	"gables/internal/testkit"
	"gables/internal/wire"
)

var widths = []wire.Sizes{{Offset: 8, Length: 8}, {Offset: 4, Length: 8}, {Offset: 8, Length: 4}, {Offset: 4, Length: 2}}

func memory(b []byte, s wire.Sizes) *metacache.Cache {
	return metacache.New(driver.Memory(b), s, wire.DefaultLimits())
}

// real gives a file that libhdf5 wrote; see hdf5/testdata/traps/make.py.
func real(t testing.TB, name string) []byte {
	t.Helper()
	return testkit.Gunzip(t, "../../hdf5/testdata/traps/"+name+".h5.gz")
}

// places gives the positions of a signature.
func places(b []byte, sig string) []wire.Address {
	var list []wire.Address
	for at := 0; ; at++ {
		i := bytes.Index(b[at:], []byte(sig))
		if i < 0 {
			return list
		}
		at += i
		list = append(list, wire.Address(at))
	}
}

func number(v uint64, n int) []byte { return binary.LittleEndian.AppendUint64(nil, v)[:n] }

// object is one object of a global heap collection.
type object struct {
	index uint16
	data  string
}

// global builds a collection; headers and data are padded to 8.
func global(s wire.Sizes, free int, objects ...object) []byte {
	pad := func(b []byte) []byte { return append(b, make([]byte, (8-len(b)%8)%8)...) }
	b := append([]byte("GCOL\x01\x00\x00\x00"), make([]byte, s.Length)...)
	b = pad(b)
	for _, o := range objects {
		b = append(b, number(uint64(o.index), 2)...)
		b = append(b, 1, 0, 0, 0, 0, 0)
		b = pad(append(b, number(uint64(len(o.data)), s.Length)...))
		b = pad(append(b, o.data...))
	}
	if free > 0 {
		b = append(b, make([]byte, free)...)
		copy(b[len(b)-free+8:], number(uint64(free), s.Length))
	}
	copy(b[8:], number(uint64(len(b)), s.Length))
	return b
}

func TestGlobalObjectsAreFoundByIndex(t *testing.T) {
	objects := []object{{1, "one"}, {7, ""}, {3, "12345678"}, {65535, "123456789"}}
	for _, s := range widths {
		for _, free := range []int{0, 16, 40} {
			c := memory(append([]byte("before"), global(s, free, objects...)...), s)
			for _, o := range objects {
				b, err := GlobalObject(c, 6, uint32(o.index))
				if err != nil || string(b) != o.data {
					t.Errorf("%v, %d free, object %d: %q, %v", s, free, o.index, b, err)
				}
			}
			for _, absent := range []uint32{0, 2, 65536 + 1, 1 << 31} {
				if _, err := GlobalObject(c, 6, absent); !errors.Is(err, h5err.ErrCorrupt) {
					t.Errorf("%v: object %d: %v", s, absent, err)
				}
			}
		}
	}
}

// Collections have no checksum: all that guards them is that sizes must fit.
func TestDamagedCollectionsAreTold(t *testing.T) {
	s := widths[0]
	good := global(s, 0, object{1, "one"}, object{2, "two"})
	change := func(at int, v byte) []byte {
		b := bytes.Clone(good)
		b[at] = v
		return b
	}
	for name, c := range map[string]struct {
		b    []byte
		want error
	}{
		"signature":       {change(0, 'X'), h5err.ErrCorrupt},
		"version":         {change(4, 2), h5err.ErrUnsupported},
		"size below head": {change(8, 15), h5err.ErrCorrupt},
		"size":            {change(8, 200), h5err.ErrTruncated},
		"huge size":       {change(15, 0x7f), h5err.ErrTruncated},
		"object size":     {change(16+8, 200), h5err.ErrCorrupt},
		"twice":           {change(16+24, 1), h5err.ErrCorrupt},
		"cut head":        {good[:15], h5err.ErrTruncated},
		"cut":             {good[:len(good)-1], h5err.ErrTruncated},
	} {
		if _, err := GlobalObject(memory(c.b, s), 0, 1); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	if _, err := GlobalObject(memory(good, s), wire.Undefined, 1); !errors.Is(err, h5err.ErrCorrupt) {
		t.Errorf("undefined address: %v", err)
	}
	limits := wire.DefaultLimits()
	limits.Metadata = 40
	if _, err := GlobalObject(metacache.New(driver.Memory(good), s, limits), 0, 1); !errors.Is(err, h5err.ErrLimit) {
		t.Errorf("limit: %v", err)
	}
}

func TestCollectionsOfLibhdf5(t *testing.T) {
	for _, name := range []string{"masks_latest", "masks_earliest"} {
		b := real(t, name)
		found := map[string]bool{}
		for _, at := range places(b, "GCOL") {
			for i := range uint32(20) {
				if o, err := GlobalObject(memory(b, widths[0]), at, i); err == nil {
					found[string(o)] = true
				}
			}
		}
		if !found["one"] || !found["threethreethreethreethreethreethreethreethree"] {
			t.Errorf("%s: %v", name, found)
		}
	}
}

// local builds a header at 0 and the data at 0x100.
func local(s wire.Sizes, data string) []byte {
	b := append([]byte("HEAP\x00\x00\x00\x00"), number(uint64(len(data)), s.Length)...)
	b = append(append(b, number(1, s.Length)...), number(0x100, s.Offset)...)
	return append(append(b, make([]byte, 0x100-len(b))...), data...)
}

func TestNamesOfALocalHeapEndInNUL(t *testing.T) {
	for _, s := range widths {
		l, err := OpenLocal(memory(local(s, "\x00one\x00\xff\xfe\x00unended"), s), 0)
		if err != nil {
			t.Errorf("%v: %v", s, err)
			continue
		}
		for at, want := range map[uint64]string{0: "", 1: "one", 2: "ne", 4: "", 5: "\xff\xfe"} {
			if b, err := l.Name(at); err != nil || string(b) != want || cap(b) != len(b) {
				t.Errorf("%v, offset %d: %q, %v", s, at, b, err)
			}
		}
		for _, at := range []uint64{8, 14, 15, 1 << 40, ^uint64(0)} {
			if _, err := l.Name(at); !errors.Is(err, h5err.ErrCorrupt) {
				t.Errorf("%v, offset %d: %v", s, at, err)
			}
		}
	}
	s := widths[0]
	if l, err := OpenLocal(memory(local(s, ""), s), 0); err != nil {
		t.Error(err)
	} else if _, err := l.Name(0); !errors.Is(err, h5err.ErrCorrupt) {
		t.Errorf("a heap without data has no names: %v", err)
	}
	b := local(s, "abc")
	if _, err := OpenLocal(memory(b[:len(b)-1], s), 0); !errors.Is(err, h5err.ErrTruncated) {
		t.Errorf("cut data: %v", err)
	}
	if _, err := OpenLocal(memory(b[:20], s), 0); !errors.Is(err, h5err.ErrTruncated) {
		t.Errorf("cut header: %v", err)
	}
	if _, err := OpenLocal(memory(b, s), 1); !errors.Is(err, h5err.ErrCorrupt) {
		t.Errorf("signature: %v", err)
	}
}

func FuzzGlobal(f *testing.F) {
	f.Add(global(widths[0], 24, object{1, "one"}, object{2, "three"}), uint8(0))
	f.Add(global(widths[2], 0, object{9, "nine"}), uint8(2))
	b := real(f, "masks_latest")
	f.Add(b[places(b, "GCOL")[0]:], uint8(0))
	f.Fuzz(func(t *testing.T, b []byte, w uint8) {
		s := widths[int(w)%len(widths)]
		c := memory(b, s)
		total := 0
		for i := range uint32(12) {
			o, err := GlobalObject(c, 0, i)
			if err != nil {
				known(t, err)
			}
			total += len(o)
		}
		if total > len(b) {
			t.Errorf("%d bytes out of %d", total, len(b))
		}
		if l, err := OpenLocal(c, 0); err != nil {
			known(t, err)
		} else if n, err := l.Name(uint64(w)); err == nil && len(n) >= len(b) {
			t.Errorf("a name of %d bytes out of %d", len(n), len(b))
		}
	})
}

func known(t *testing.T, err error) {
	t.Helper()
	for _, s := range []error{h5err.ErrCorrupt, h5err.ErrUnsupported, h5err.ErrChecksum, h5err.ErrLimit, h5err.ErrTruncated} {
		if errors.Is(err, s) {
			return
		}
	}
	t.Fatal(fmt.Errorf("an error without a sentinel: %w", err))
}

package lz4

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"gables/hdf5/filter"
	"gables/hdf5/h5err"
)

func TestBlockSequencesAreThoseOfTheDescription(t *testing.T) {
	for _, c := range []struct {
		name, src, want string
	}{
		{"nothing", "\x00", ""},
		{"literals", "\x30abc", "abc"},
		{"15 literals", "\xf0\x00" + strings.Repeat("x", 15), strings.Repeat("x", 15)},
		{"270 literals", "\xf0\xff\x00" + strings.Repeat("x", 270), strings.Repeat("x", 270)},
		{"match", "\x31ab,\x03\x00\x10z", "ab,ab,abz"},
		{"match that overlaps itself", "\x1fa\x01\x00\x00\x10z", strings.Repeat("a", 20) + "z"},
		{"match of 274", "\x1fa\x01\x00\xff\x00\x10z", strings.Repeat("a", 275) + "z"},
	} {
		got := make([]byte, len(c.want))
		if err := DecodeBlock(got, []byte(c.src)); err != nil || string(got) != c.want {
			t.Errorf("%s: got %q, %v; want %q", c.name, got, err, c.want)
		}
	}
}

func TestBrokenBlockIsCorrupt(t *testing.T) {
	for name, src := range map[string]string{
		"empty":                 "",
		"distance 0":            "\x31abc\x00\x00\x10z",
		"from before the start": "\x31abc\x04\x00\x10z",
		"ends with a match":     "\x31abc\x03\x00",
		"literals cut off":      "\x90abc",
		"distance cut off":      "\x31abc\x03",
		"length cut off":        "\xf0\xff",
		"bytes behind the end":  "\x90abcdefghi\x00",
	} {
		if err := DecodeBlock(make([]byte, 9), []byte(src)); !errors.Is(err, h5err.ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// framed puts the plugin's header before blocks.
func framed(size uint64, block uint32, blocks ...string) []byte {
	b := binary.BigEndian.AppendUint64(nil, size)
	b = binary.BigEndian.AppendUint32(b, block)
	for _, s := range blocks {
		b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
		b = append(b, s...)
	}
	return b
}

func TestBlocksOfFullSizeAreStored(t *testing.T) {
	src := framed(7, 4, "\x11\x11\x11\x11", "hij")
	got, err := New().Decode(nil, append(src, "behind"...), filter.Chunk{Size: 7, Limit: 100})
	if err != nil || !bytes.Equal(got, []byte("\x11\x11\x11\x11hij")) {
		t.Fatalf("%q, %v", got, err)
	}
}

func TestDeclaredSizesAreCheckedBeforeMemoryIsTaken(t *testing.T) {
	for _, c := range []struct {
		name        string
		src         []byte
		size, limit int
		want        error
	}{
		{"above the limit", framed(1<<40, 1<<20), -1, 1 << 20, h5err.ErrLimit},
		{"negative as an int", framed(1<<63, 1<<20), -1, 1 << 20, h5err.ErrLimit},
		{"more than the bytes can hold", framed(1<<20, 1<<20), -1, 1 << 20, h5err.ErrCorrupt},
		{"other than the chunk", framed(3, 3, "abc"), 4, 1 << 20, h5err.ErrCorrupt},
		{"blocks of nothing", framed(3, 0, "abc"), 3, 1 << 20, h5err.ErrCorrupt},
		{"stored size beyond the end", framed(3, 3, "abc")[:18], 3, 1 << 20, h5err.ErrCorrupt},
	} {
		if _, err := New().Decode(nil, c.src, filter.Chunk{Size: c.size, Limit: c.limit}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func TestDecodeIntoRoomTakesNoMemory(t *testing.T) {
	s := witnesses(t)[0]
	dst, c, f := make([]byte, s.Size), s.chunk(), New()
	n := testing.AllocsPerRun(20, func() {
		if _, err := f.Decode(dst, s.raw, c); err != nil {
			t.Fatal(err)
		}
	})
	if n != 0 {
		t.Fatalf("%v allocations", n)
	}
}

// plainDecode is the description once more, byte by byte; false where the block
// breaks a rule or passes limit.
func plainDecode(src []byte, limit int) (out []byte, ok bool) {
	next := func() (b int) {
		if ok = len(src) > 0; ok {
			b, src = int(src[0]), src[1:]
		}
		return b
	}
	length := func(n int) int {
		for b := 255; n >= 15 && b == 255 && n <= limit; n += b {
			if b = next(); !ok {
				return 0
			}
		}
		return n
	}
	for {
		token := next()
		if !ok {
			return nil, false
		}
		n := length(token >> 4)
		if !ok || n > len(src) || len(out)+n > limit {
			return nil, false
		}
		out, src = append(out, src[:n]...), src[n:]
		if len(src) == 0 {
			return out, true
		}
		back := next()
		back |= next() << 8
		if !ok || back == 0 || back > len(out) {
			return nil, false
		}
		n = length(token&15) + 4
		if !ok || len(out)+n > limit {
			return nil, false
		}
		for range n {
			out = append(out, out[len(out)-back])
		}
	}
}

func FuzzDecodeBlock(f *testing.F) {
	for _, s := range witnesses(f) {
		if len(s.raw) > 16 && len(s.raw) < 1500 {
			f.Add(s.raw[16:])
		}
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		const limit = 1 << 16
		want, ok := plainDecode(src, limit)
		if !ok {
			for _, size := range []int{0, 20, limit} {
				if err := DecodeBlock(make([]byte, size), src); !errors.Is(err, h5err.ErrCorrupt) {
					t.Fatalf("broken block into %d bytes: %v", size, err)
				}
			}
			return
		}
		got := make([]byte, len(want))
		if err := DecodeBlock(got, src); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%d bytes differ, %v", len(want), err)
		}
		if err := DecodeBlock(make([]byte, len(want)+1), src); !errors.Is(err, h5err.ErrCorrupt) {
			t.Fatalf("one byte more: %v", err)
		}
	})
}

package lzo

import (
	"encoding/binary"
	"errors"
	"hash/adler32"
	"strings"
	"testing"

	"gables/hdf5/filter"
	"gables/hdf5/h5err"
	"gables/internal/testkit"
)

const end = "\x11\x00\x00"

func TestInstructionsAreThoseOfTheDescription(t *testing.T) {
	run := func(n int) string { return strings.Repeat("0123456789", n/10+1)[:n] }
	far := run(17000)
	long := "\x00" + strings.Repeat("\x00", (17000-18)/255) + string([]byte{(17000 - 18) % 255}) + far
	for _, c := range []struct {
		name, src, want string
	}{
		{"nothing", end, ""},
		{"first byte 3 literals", "\x14abc" + end, "abc"},
		{"first byte 5 literals", "\x16abcde" + end, "abcde"},
		{"literal run of 4", "\x01abcd" + end, "abcd"},
		{"literal run of 18", "\x0f" + run(18) + end, run(18)},
		{"literal run of 19", "\x00\x01" + run(19) + end, run(19)},
		{"literal run of 300", "\x00\x00\x1b" + run(300) + end, run(300)},
		{"copy 2 after 3 literals", "\x14abc\x08\x00" + end, "abcab"},
		{"copy 2 and 2 literals", "\x14abc\x0a\x00xy" + end, "abcabxy"},
		{"copy 3 from 2049", "\x00" + strings.Repeat("\x00", 8) + "\x01" + run(2059) + "\x08\x02" + end, run(2059) + run(2059)[:3]},
		{"copy 3", "\x16abcde\x50\x00" + end, "abcdeabc"},
		{"copy 4", "\x16abcde\x70\x00" + end, "abcdeabcd"},
		{"copy 5", "\x16abcde\x90\x00" + end, "abcdeabcde"},
		{"copy 8 that overlaps itself", "\x16abcde\xe3\x00xyz" + end, "abcde" + strings.Repeat("e", 8) + "xyz"},
		{"copy 3 within 16 kB", "\x16abcde\x21\x10\x00" + end, "abcdeabc"},
		{"copy 34 within 16 kB", "\x16abcde\x20\x01\x12\x00uv" + end, "abcdeabcdeabcdeabcdeabcdeabcdeabcdeabcduv"[:39] + "uv"},
		{"copy 3 from 16386", long + "\x11\x08\x00" + end, far + far[614:617]},
		{"copy 10 from 16386", long + "\x10\x01\x08\x00" + end, far + far[614:624]},
	} {
		got, err := New().Decode(nil, []byte(c.src), filter.Chunk{Size: -1, Limit: 1 << 20})
		if err != nil || string(got) != c.want {
			t.Errorf("%s: got %.80q (%d bytes), %v; want %d bytes", c.name, got, len(got), err, len(c.want))
		}
	}
}

func TestBrokenStreamIsCorrupt(t *testing.T) {
	for name, src := range map[string]string{
		"empty":                      "",
		"no end marker":              "\x16abcde",
		"end marker cut off":         "\x16abcde\x11\x00",
		"literals cut off":           "\x16abcd",
		"length cut off":             "\x00\x00\x00",
		"copy from before the start": "\x16abcde\x54\x00" + end,
		"copy at the start":          "\x40\x00" + end,
		"3 bytes behind the end":     "\x16abcde" + end + "xyz",
		"trailer of another size":    "\x16abcde" + end + "\x00\x00\x00\x00\x06\x00\x00\x00",
	} {
		for _, size := range []int{-1, 5, 8} {
			_, err := New().Decode(nil, []byte(src), filter.Chunk{Size: size, Limit: 1000})
			if !errors.Is(err, h5err.ErrCorrupt) {
				t.Errorf("%s, size %d: %v", name, size, err)
			}
		}
	}
}

func TestChecksumBehindTheStreamIsCompared(t *testing.T) {
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		src := []byte("\x16abcde" + end)
		src = order.AppendUint32(src, adler32.Checksum([]byte("abcde")))
		src = order.AppendUint32(src, 5)
		c := filter.Chunk{Size: 5, Limit: 100, Values: []uint32{1, 20, 0}}
		if got, err := New().Decode(nil, src, c); err != nil || string(got) != "abcde" {
			t.Fatalf("%v: %q, %v", order, got, err)
		}
		src[3] ^= 1
		if _, err := New().Decode(nil, src, c); !errors.Is(err, h5err.ErrChecksum) {
			t.Fatalf("%v: %v", order, err)
		}
	}
}

func TestDecodeIntoRoomTakesNoMemory(t *testing.T) {
	testkit.Allocates(t, New(), witnesses(t)[0], 0)
}

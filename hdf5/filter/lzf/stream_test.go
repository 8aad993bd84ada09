package lzf

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"gables/hdf5/filter"
	"gables/hdf5/h5err"
	"gables/internal/testkit"
)

func TestInstructionsAreThoseOfTheDescription(t *testing.T) {
	for _, c := range []struct {
		name, src, want string
	}{
		{"nothing", "", ""},
		{"literals", "\x02abc", "abc"},
		{"32 literals", "\x1f" + strings.Repeat("xy", 16), strings.Repeat("xy", 16)},
		{"shortest copy", "\x02abc\x20\x02", "abcabc"},
		{"copy that overlaps itself", "\x00a\xc0\x00", strings.Repeat("a", 9)},
		{"long copy", "\x01ab\xe0\x05\x01", "ab" + strings.Repeat("ab", 7)},
		{"longest copy", "\x00z\xe0\xff\x00", strings.Repeat("z", 265)},
	} {
		got, err := New().Decode(nil, []byte(c.src), filter.Chunk{Size: -1, Limit: 1000})
		if err != nil || string(got) != c.want {
			t.Errorf("%s: got %q, %v; want %q", c.name, got, err, c.want)
		}
	}
}

func TestFarthestCopyReaches8192Back(t *testing.T) {
	var src []byte
	want := make([]byte, 0, 8195)
	for i := range 256 {
		block := bytes.Repeat([]byte{byte(i)}, 32)
		src = append(append(src, 31), block...)
		want = append(want, block...)
	}
	src = append(src, 0x20|0x1f, 0xff)
	want = append(want, 0, 0, 0)
	got, err := New().Decode(nil, src, filter.Chunk{Size: len(want), Limit: len(want)})
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
}

func TestBrokenStreamIsCorrupt(t *testing.T) {
	for name, src := range map[string]string{
		"copy from before the start": "\x02abc\x20\x03",
		"copy at the start":          "\x20\x00",
		"literals cut off":           "\x03abc",
		"distance missing":           "\x02abc\x20",
		"length missing":             "\x02abc\xe0",
		"long copy without distance": "\x02abc\xe0\x01",
	} {
		for _, size := range []int{-1, 6, 13} {
			_, err := New().Decode(nil, []byte(src), filter.Chunk{Size: size, Limit: 1000})
			if !errors.Is(err, h5err.ErrCorrupt) {
				t.Errorf("%s, size %d: %v", name, size, err)
			}
		}
	}
}

func TestDecodeIntoRoomTakesNoMemory(t *testing.T) {
	testkit.Allocates(t, New(), witnesses(t)[0], 0)
}

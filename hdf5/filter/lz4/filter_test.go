package lz4

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"gables/hdf5/filter"
	"gables/hdf5/h5err"
	"gables/internal/testkit"
)

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
	testkit.Allocates(t, New(), witnesses(t)[0], 0)
}

package heap

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"gables/internal/checksum"
	"gables/internal/draft"
	"gables/internal/format"
	"gables/internal/freespace"
	"gables/internal/wire"
)

// spaceMessage finds the file space info message in a superblock's extension,
// and gives its place and the range of the chunk that it is in; hi is 0 where
// that has no checksum.
func spaceMessage(t *testing.T, b []byte) (at, lo, hi int) {
	t.Helper()
	sb, err := format.DecodeSuperblock(b)
	if err != nil {
		t.Fatal(err)
	}
	lo = int(sb.Extension)
	if string(b[lo:lo+4]) != "OHDR" {
		i := lo + bytes.Index(b[lo:], []byte{0x10, 0, 0x10, 0, 0, 0, 0, 0})
		lo = int(binary.LittleEndian.Uint64(b[i+8:]))
		return lo + 8 + bytes.Index(b[lo:], []byte{0x17, 0, 0x80, 0}), lo, 0
	}
	hi = lo + 23 + int(b[lo+22]) + 4
	if i := bytes.Index(b[lo:hi], []byte{0x17, 0x7d, 0}); i >= 0 {
		return lo + i + 4, lo, hi
	}
	i := lo + bytes.Index(b[lo:hi], []byte{0x10, 0x10, 0, 0})
	lo = int(binary.LittleEndian.Uint64(b[i+4:]))
	hi = lo + int(binary.LittleEndian.Uint64(b[i+12:]))
	return lo + 4 + bytes.Index(b[lo:hi], []byte{0x17, 0x7d, 0}), lo, hi
}

// reopen makes a paper of a file with persistent free space.
func reopen(t *testing.T, name string) (*paper, *format.FileSpaceInfo, func()) {
	t.Helper()
	b := readFile(t, name)
	at, lo, hi := spaceMessage(t, b)
	info, err := format.DecodeFileSpaceInfo(b[at:at+0x7d], widths[0])
	if err != nil {
		t.Fatal(err)
	}
	o := freespace.Usual()
	if info.Strategy == "page" {
		o.Page = info.PageSize
	}
	p := newPaper(t, b, widths[0])
	p.d = draft.New(p, p, freespace.NewWith(uint64(len(b)), o), p.s, wire.DefaultLimits())
	return p, info, func() {
		n := max(hi-lo, at-lo+0x7d)
		chunk, err := p.d.Block(wire.Address(lo), n)
		if err != nil {
			t.Fatal(err)
		}
		c := chunk.Edit(0, n)
		if _, err := format.AppendFileSpaceInfo(c[at-lo:at-lo], info, p.s); err != nil {
			t.Fatal(err)
		}
		if hi != 0 {
			binary.LittleEndian.PutUint32(c[n-4:], checksum.Lookup3(c[:n-4]))
		}
	}
}

func TestLibhdf5UsesTheFreeSpaceThatWeLeave(t *testing.T) {
	for _, strategy := range []string{"fsm", "page"} {
		for _, version := range []string{"latest", "v110"} {
			name := filepath.Join(t.TempDir(), "space.h5")
			out := witness(t, "space-make", name, strategy, version)
			rnd := rand.New(rand.NewPCG(3, 4))
			for round := range 5 {
				p, info, store := reopen(t, name)
				n, err := LoadFreeSpace(p.d, info)
				if err != nil {
					t.Fatal(err)
				}
				if want, _ := strconv.Atoi(strings.TrimSpace(out)); n != uint64(want) {
					t.Fatalf("%s, round %d: %d bytes are free, libhdf5 has %d", strategy, round, n, want)
				}
				if err := ClearFreeSpace(p.d, info); err != nil {
					t.Fatal(err)
				}
				scribble(t, rnd, p)
				if err := StoreFreeSpace(p.d, info); err != nil {
					t.Fatal(err)
				}
				store()
				p.save(name)
				out = witness(t, "space-edit", name, fmt.Sprint(p.d.Space.FreeSpace()), fmt.Sprint(round))
			}
		}
	}
}

// scribble takes free space, writes over it, and gives it back.
func scribble(t *testing.T, rnd *rand.Rand, p *paper) {
	t.Helper()
	var at []wire.Address
	var size []uint64
	for range 40 {
		n := 1 + rnd.Uint64N(6000)>>rnd.IntN(6)
		a := p.d.Alloc(freespace.Raw, n)
		if err := p.d.WriteRaw(bytes.Repeat([]byte{0xdb}, int(n)), a); err != nil {
			t.Fatal(err)
		}
		b, err := p.d.New(1 + rnd.IntN(300))
		if err != nil {
			t.Fatal(err)
		}
		b.Put(0, bytes.Repeat([]byte{0xdc}, b.Len()))
		p.d.Free(freespace.Metadata, b.Address(), uint64(b.Len()))
		at, size = append(at, a), append(size, n)
	}
	for i := range at {
		p.d.Free(freespace.Raw, at[i], size[i])
	}
}

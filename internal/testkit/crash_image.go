package testkit

import (
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
)

// sector is what a medium writes in one piece.
const sector = 512

// disk is what may be on the medium after a number of operations.
type disk struct {
	names map[string]int // on the medium
	moves []Op           // of names, since the last sync of the folder
	files map[int]*diskFile
}

// diskFile is one file: what the program sees, and what the medium may hold.
type diskFile struct {
	data     []byte
	versions map[uint64][][]byte // of sectors: the durable one first, the present one last
	dirty    map[uint64]bool     // sectors that the next sync makes durable
	sizes    []uint64            // the durable one first, the present one last
}

// replay applies the first n operations.
func (c *CrashFS) replay(n int) *disk {
	d := &disk{names: map[string]int{}, files: map[int]*diskFile{}}
	for i, name := range slices.Sorted(maps.Keys(c.base)) {
		d.names[name] = i
		d.files[i] = newDiskFile(slices.Clone(c.base[name]))
	}
	for _, o := range c.ops[:n] {
		d.apply(o)
	}
	return d
}

func newDiskFile(data []byte) *diskFile {
	return &diskFile{data: data, versions: map[uint64][][]byte{}, dirty: map[uint64]bool{}, sizes: []uint64{uint64(len(data))}}
}

func (d *disk) apply(o Op) {
	f := d.files[o.File]
	switch o.Kind {
	case OpWrite:
		f.write(o.Data, o.Off)
	case OpTruncate:
		f.truncate(o.Size)
	case OpSync:
		for s := range f.dirty {
			delete(f.versions, s)
		}
		clear(f.dirty)
		f.sizes = []uint64{uint64(len(f.data))}
	case OpSyncFailed:
		clear(f.dirty)
	case OpCreate:
		d.files[o.File] = newDiskFile(nil)
		d.moves = append(d.moves, o)
	case OpRename, OpRemove:
		d.moves = append(d.moves, o)
	case OpDirSync:
		for _, m := range d.moves {
			move(d.names, m)
		}
		d.moves = nil
	}
}

// move changes names as an operation says. One whose file is not there, as an
// earlier move was lost, has no effect.
func move(names map[string]int, o Op) {
	id, ok := names[o.Name]
	switch {
	case o.Kind == OpCreate:
		names[o.Name] = o.File
	case !ok || id != o.File:
	case o.Kind == OpRemove:
		delete(names, o.Name)
	default:
		delete(names, o.Name)
		names[o.To] = id
	}
}

// sector gives a copy of a sector as the program sees it.
func (f *diskFile) sector(s uint64) []byte {
	b := make([]byte, sector)
	if at := s * sector; at < uint64(len(f.data)) {
		copy(b, f.data[at:])
	}
	return b
}

// change remembers the sectors from lo up to, without, hi before and after do.
func (f *diskFile) change(lo, hi uint64, do func()) {
	if lo >= hi {
		do()
		return
	}
	for s := lo / sector; s <= (hi-1)/sector; s++ {
		if f.versions[s] == nil {
			f.versions[s] = [][]byte{f.sector(s)}
		}
	}
	do()
	for s := lo / sector; s <= (hi-1)/sector; s++ {
		f.versions[s] = append(f.versions[s], f.sector(s))
		f.dirty[s] = true
	}
	if last := f.sizes[len(f.sizes)-1]; last != uint64(len(f.data)) {
		f.sizes = append(f.sizes, uint64(len(f.data)))
	}
}

func (f *diskFile) write(p []byte, off uint64) {
	f.change(off, off+uint64(len(p)), func() {
		f.data = resized(f.data, max(uint64(len(f.data)), off+uint64(len(p))))
		copy(f.data[off:], p)
	})
}

func (f *diskFile) truncate(size uint64) {
	f.change(size, uint64(len(f.data)), func() { f.data = resized(f.data, size) })
	if last := f.sizes[len(f.sizes)-1]; last != size {
		f.sizes = append(f.sizes, size)
	}
}

// choice tells which version of n is on the medium, the durable one being 0.
type choice func(n int) int

func first(int) int  { return 0 }
func last(n int) int { return n - 1 }

func anyOf(r *rand.Rand) choice { return func(n int) int { return r.IntN(n) } }

// content is a file as the medium has it.
func (f *diskFile) content(sectors, sizes choice, tear *rand.Rand) []byte {
	data := resized(slices.Clone(f.data), slices.Max(f.sizes))
	for _, s := range slices.Sorted(maps.Keys(f.versions)) {
		v := f.versions[s]
		b := slices.Clone(v[sectors(len(v))])
		if tear != nil && tear.IntN(8) == 0 {
			n := tear.IntN(sector)
			copy(b[n:], v[tear.IntN(len(v))][n:])
		}
		if at := s * sector; at < uint64(len(data)) {
			copy(data[at:], b)
		}
	}
	return resized(data, f.sizes[sizes(len(f.sizes))])
}

// image builds a folder. moves tells which of the unsynced changes of names are
// on the medium.
func (d *disk) image(sectors, sizes choice, tear *rand.Rand, moves func(i int) bool) *CrashFS {
	names := maps.Clone(d.names)
	for i, o := range d.moves {
		if moves(i) {
			move(names, o)
		}
	}
	files := map[string][]byte{}
	for name, id := range names {
		files[name] = d.files[id].content(sectors, sizes, tear)
	}
	return NewCrashFS(files)
}

func all(int) bool  { return true }
func none(int) bool { return false }

// Images gives states in which a crash after the first n operations may leave
// the folder, each with its name: all that was done; nothing but what was
// synced; the last write torn; sizes or names lost; and for random ones, any
// subset of the unsynced sectors, sizes and changes of names, in any order.
// An image is a folder of its own, on which recovery can be tried, recorded and
// crashed again.
func (c *CrashFS) Images(r *rand.Rand, n, random int) iter.Seq2[string, *CrashFS] {
	return func(yield func(string, *CrashFS) bool) {
		d := c.replay(n)
		fixed := []struct {
			name           string
			sectors, sizes choice
			moves          func(int) bool
		}{
			{"all", last, last, all},
			{"nothing unsynced", first, first, none},
			{"names lost", last, last, none},
			{"names only", first, first, all},
			{"sizes lost", last, first, all},
			{"sizes only", first, last, all},
		}
		for _, f := range fixed {
			if !yield(f.name, d.image(f.sectors, f.sizes, nil, f.moves)) {
				return
			}
		}
		if n > 0 && c.ops[n-1].Kind == OpWrite && !c.torn(r, n, yield) {
			return
		}
		for i := range random {
			if !yield(randomImage(d, r, i)) {
				return
			}
		}
	}
}

// randomImage keeps anything; each second one keeps the names' order, each
// third one tears sectors.
func randomImage(d *disk, r *rand.Rand, i int) (string, *CrashFS) {
	kept := r.IntN(len(d.moves) + 1)
	moves := func(i int) bool { return i < kept }
	name := "random, names in order"
	if i%2 == 1 {
		name = "random, names in any order"
		moves = func(int) bool { return r.IntN(2) == 0 }
	}
	var tear *rand.Rand
	if i%3 == 2 {
		name += ", torn"
		tear = r
	}
	sectors := anyOf(r)
	if bias := r.IntN(3); bias > 0 {
		// Nearly everything, or nearly nothing, is on the medium.
		sectors = func(n int) int {
			if r.IntN(6) == 0 {
				return r.IntN(n)
			}
			return (n - 1) * (bias - 1)
		}
	}
	return name, d.image(sectors, anyOf(r), tear, moves)
}

// torn gives images in which the last write was cut, at a sector and anywhere.
func (c *CrashFS) torn(r *rand.Rand, n int, yield func(string, *CrashFS) bool) bool {
	o := c.ops[n-1]
	if len(o.Data) == 0 {
		return true
	}
	cuts := map[string]int{"torn at a byte": r.IntN(len(o.Data))}
	if sectors := (len(o.Data) + sector - 1) / sector; sectors > 1 {
		cuts["torn at a sector"] = min(len(o.Data), max(0, (1+r.IntN(sectors-1))*sector-int(o.Off%sector)))
	}
	for _, name := range slices.Sorted(maps.Keys(cuts)) {
		d := c.replay(n - 1)
		o.Data = c.ops[n-1].Data[:cuts[name]]
		d.apply(o)
		if !yield(name, d.image(last, last, nil, all)) {
			return false
		}
	}
	return true
}

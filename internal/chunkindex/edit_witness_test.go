package chunkindex

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gables/internal/checksum"
	"gables/internal/draft"
	"gables/internal/format"
	"gables/internal/freespace"
	"gables/internal/wire"
)

// whole gives a witness's file with its user block, and what it wants.
func (w *witness) whole(t *testing.T, jsonName string) []byte {
	t.Helper()
	return slurp(t, strings.Replace(jsonName, ".json", ".h5", 1))
}

// rewritten is an edit of a witness file, whose raw data is written here.
type rewritten struct {
	w    *witness
	d    *draft.Draft
	raw  map[wire.Address][]byte
	want map[[4]uint64][]byte // the bytes of each chunk
	mask map[[4]uint64]uint32
}

func rewrite(t *testing.T, w *witness) (*rewritten, Editor) {
	t.Helper()
	r := &rewritten{w: w, d: draftOver(w.file, wire.Sizes{Offset: w.OffsetSize, Length: w.LengthSize}),
		raw: map[wire.Address][]byte{}, want: map[[4]uint64][]byte{}, mask: map[[4]uint64]uint32{}}
	e, err := NewEditor(r.d, w.params())
	if err != nil {
		t.Fatal(err)
	}
	for c, err := range e.All() {
		if err != nil {
			t.Fatal(err)
		}
		r.want[spot(c.Scaled)] = w.file[c.Address : uint64(c.Address)+c.Size]
		r.mask[spot(c.Scaled)] = c.Mask
	}
	return r, e
}

// put writes the bytes of a chunk to a new place.
func (r *rewritten) put(t *testing.T, e Editor, k [4]uint64, data []byte, mask uint32) {
	t.Helper()
	at := r.d.Alloc(freespace.Raw, uint64(len(data)))
	r.raw[at] = data
	c := Chunk{Scaled: slices.Clone(k[:len(r.w.Params.Dims)]), Address: at, Size: uint64(len(data)), Mask: mask}
	if err := e.Put(c); err != nil {
		t.Fatal(err)
	}
	r.want[k], r.mask[k] = data, mask
}

// file is the edited file with its user block.
func (r *rewritten) file(t *testing.T, block []byte) []byte {
	t.Helper()
	out := append(bytes.Clone(r.w.file), make([]byte, r.d.Size()-uint64(len(r.w.file)))...)
	fresh, over := r.d.Changes()
	for _, e := range append(fresh, over...) {
		copy(out[e.At:], e.Data)
	}
	for at, data := range r.raw {
		copy(out[at:], data)
	}
	s, err := format.DecodeSuperblock(out)
	if err != nil {
		t.Fatal(err)
	}
	s.EndOfFile += wire.Address(len(out) - len(r.w.file))
	b, err := format.AppendSuperblock(nil, s)
	if err != nil {
		t.Fatal(err)
	}
	copy(out, b)
	return append(bytes.Clone(block), out...)
}

// expected is the list that edit_chunks.py compares with.
func (r *rewritten) expected() (list [][]uint64) {
	for k, data := range r.want {
		row := append(slices.Clone(k[:len(r.w.Params.Dims)]), uint64(len(data)), uint64(r.mask[k]), uint64(crcOf(data, Chunk{Size: uint64(len(data))})))
		list = append(list, row)
	}
	return list
}

// shake moves, removes and adds chunks at random.
func (r *rewritten) shake(t *testing.T, e Editor) {
	t.Helper()
	rng := rand.New(rand.NewPCG(11, uint64(len(r.want))))
	var all [][4]uint64
	for k := range r.want {
		all = append(all, k)
	}
	slices.SortFunc(all, func(a, b [4]uint64) int { return slices.Compare(a[:], b[:]) })
	for _, k := range all {
		data, mask := r.want[k], r.mask[k]
		switch n := rng.IntN(4); {
		case n == 0:
			r.put(t, e, k, data, mask)
		case n == 1:
			if err := e.Remove(k[:len(r.w.Params.Dims)]); err != nil {
				t.Fatal(err)
			}
			delete(r.want, k)
			delete(r.mask, k)
		}
	}
	if len(all) == 0 {
		return
	}
	first := all[0]
	data, mask := r.w.chunkBytes(t, first)
	for range 300 {
		var k [4]uint64
		for u := range r.w.Params.Dims {
			k[u] = rng.Uint64N((uint64(r.w.Params.Dims[u])-1)/uint64(r.w.Params.ChunkDims[u]) + 1)
		}
		r.put(t, e, k, data, mask)
	}
}

// chunkBytes gives a chunk as the file had it.
func (w *witness) chunkBytes(t *testing.T, k [4]uint64) ([]byte, uint32) {
	t.Helper()
	x, err := Open(w.cache(w.file), w.params())
	if err != nil {
		t.Fatal(err)
	}
	c, ok, err := x.Find(k[:len(w.Params.Dims)])
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	return w.file[c.Address : uint64(c.Address)+c.Size], c.Mask
}

// canShake tells whether the chunks of a witness can be moved: those of the
// layout message are not in an index.
func canShake(w *witness) bool {
	return w.Params.Kind != Single && w.Params.Kind != Implicit && w.Params.Address >= 0
}

func TestIndexesOfLibhdf5AreEdited(t *testing.T) {
	for _, name := range witnessNames(t) {
		w := loadWitness(t, name)
		if !canShake(w) {
			continue
		}
		t.Run(filepath.Base(name), func(t *testing.T) {
			r, e := rewrite(t, w)
			r.shake(t, e)
			checkRewritten(t, r, e)
			python(t, "edit_chunks.py", r.file(t, w.whole(t, name)[:w.Base]), r.expected())
		})
	}
}

// checkRewritten compares the coordinates of all chunks, which is enough as the
// witness compares the bytes.
func checkRewritten(t *testing.T, r *rewritten, e Editor) {
	t.Helper()
	n := 0
	for c, err := range e.All() {
		if err != nil {
			t.Fatal(err)
		}
		if data, ok := r.want[spot(c.Scaled)]; !ok || uint64(len(data)) != c.Size {
			t.Fatalf("chunk %v: %+v", c.Scaled, c)
		}
		n++
	}
	if n != len(r.want) {
		t.Fatalf("%d chunks, want %d", n, len(r.want))
	}
}

func TestNewIndexesTakeThePlaceOfLibhdf5s(t *testing.T) {
	for _, name := range witnessNames(t) {
		w := loadWitness(t, name)
		if !canShake(w) {
			continue
		}
		t.Run(filepath.Base(name), func(t *testing.T) {
			r, old := rewrite(t, w)
			p := w.params()
			if err := old.Free(); err != nil {
				t.Fatal(err)
			}
			p.Address = wire.Undefined
			e, err := NewEditor(r.d, p)
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range w.Chunks {
				k := spot(unsigned(row[:len(p.Dims)]))
				r.put(t, e, k, r.want[k], r.mask[k])
			}
			if p.Kind == ExtensibleArray && len(w.Chunks) > 0 {
				sameStatistics(t, r, e)
			}
			checkRewritten(t, r, e)
			file := r.file(t, w.whole(t, name)[:w.Base])
			patchAddress(t, file[w.Base:], wire.Address(w.Params.Address), e.Address(), w.OffsetSize)
			python(t, "edit_chunks.py", file, r.expected())
		})
	}
}

// sameStatistics compares the header with that of libhdf5 for the same chunks.
func sameStatistics(t *testing.T, r *rewritten, e Editor) {
	t.Helper()
	p := e.Params()
	s := r.d.Sizes()
	shape := elementShape(s, &p)
	n := format.ExtensibleArrayHeaderSize(s)
	at := wire.Address(r.w.Params.Address)
	want, err := format.DecodeExtensibleArrayHeader(r.w.file[at:uint64(at)+n], s, at, shape)
	if err != nil {
		t.Fatal(err)
	}
	again, err := format.AppendExtensibleArrayHeader(nil, want, s)
	if err != nil || !bytes.Equal(again, r.w.file[at:uint64(at)+n]) {
		t.Fatalf("header is not repeated byte for byte: %v", err)
	}
	b := make([]byte, n)
	if _, err := r.d.ReadAt(b, uint64(e.Address())); err != nil {
		t.Fatal(err)
	}
	got, err := format.DecodeExtensibleArrayHeader(b, s, e.Address(), shape)
	if err == nil && got.Used < want.Used {
		return // libhdf5 keeps the blocks of chunks that it removed
	}
	if err != nil || got.Stats != want.Stats || got.Used != want.Used {
		t.Fatalf("%+v %d, libhdf5 has %+v %d: %v", got.Stats, got.Used, want.Stats, want.Used, err)
	}
	sameOffsets(t, r, want, got)
}

// sameOffsets compares the places in the array that data blocks name, which the
// reading half does not look at.
func sameOffsets(t *testing.T, r *rewritten, want, got *format.ExtensibleArrayHeader) {
	t.Helper()
	now := make([]byte, r.d.Size())
	if _, err := r.d.ReadAt(now, 0); err != nil {
		t.Fatal(err)
	}
	block := func(file []byte, h *format.ExtensibleArrayHeader, i uint64) []byte {
		at := int(h.IndexBlock) + h.IndexDataAt(i)
		addr := wire.Uint(file[at : at+h.Shape.Address])
		if addr >= uint64(len(file)) {
			return nil
		}
		return file[addr+uint64(6+h.Shape.Address):][:4]
	}
	for i := range uint64(2 * (want.MinPointers - 1)) {
		if a, b := block(r.w.file, want, i), block(now, got, i); !bytes.Equal(a, b) {
			t.Fatalf("data block %d: offset % x, libhdf5 has % x", i, b, a)
		}
	}
}

// patchAddress changes the address in the layout message of a file's dataset.
func patchAddress(t *testing.T, file []byte, from, to wire.Address, width int) {
	t.Helper()
	var a, b [8]byte
	wire.PutUint(a[:width], uint64(from))
	wire.PutUint(b[:width], uint64(to))
	done := 0
	for i := range file {
		if i+4 <= len(file) && string(file[i:i+4]) == "OHDR" {
			end := headerEnd(file, i)
			if at := bytes.Index(file[i:end], a[:width]); at >= 0 {
				copy(file[i+at:], b[:width])
				binary.LittleEndian.PutUint32(file[end:], checksum.Lookup3(file[i:end]))
				done++
			}
		}
	}
	if done == 0 { // version 1 headers have no checksum
		if at := bytes.Index(file, append([]byte{3, 2, byte(0)}, a[:width]...)); at >= 0 {
			t.Fatal("layout of rank 0")
		}
		for rank := range byte(4) {
			if at := bytes.Index(file, append([]byte{3, 2, rank + 2}, a[:width]...)); at >= 0 {
				copy(file[at+3:], b[:width])
				done++
			}
		}
	}
	if done != 1 {
		t.Fatalf("%d layout messages found", done)
	}
}

// headerEnd is where the checksum of the version 2 object header at i stands.
func headerEnd(file []byte, i int) int {
	flags := file[i+5]
	at := i + 6
	if flags&0x20 != 0 {
		at += 16
	}
	if flags&0x10 != 0 {
		at += 4
	}
	n := 1 << (flags & 3)
	return at + n + int(wire.Uint(file[at:at+n]))
}

func TestEditedFilesAreLeftForOthers(t *testing.T) {
	dir := os.Getenv("GABLES_EDITED")
	if dir == "" {
		t.Skip("GABLES_EDITED names no folder")
	}
	for _, name := range witnessNames(t) {
		w := loadWitness(t, name)
		if canShake(w) {
			r, e := rewrite(t, w)
			r.shake(t, e)
			file := r.file(t, w.whole(t, name)[:w.Base])
			if err := os.WriteFile(filepath.Join(dir, strings.Replace(filepath.Base(name), ".json.gz", ".h5", 1)), file, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestFixedArrayHeadersOfLibhdf5AreRepeatedByteForByte(t *testing.T) {
	for _, name := range witnessNames(t) {
		w := loadWitness(t, name)
		if w.Params.Kind != FixedArray || w.Params.Address < 0 {
			continue
		}
		p := w.params()
		s := wire.Sizes{Offset: w.OffsetSize, Length: w.LengthSize}
		want := w.file[p.Address : uint64(p.Address)+format.FixedArrayHeaderSize(s)]
		h, err := format.DecodeFixedArrayHeader(want, s, p.Address, elementShape(s, &p))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := format.AppendFixedArrayHeader(nil, h, s); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%s: % x, want % x: %v", name, got, want, err)
		}
	}
}

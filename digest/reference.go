package digest

import (
	"encoding/binary"
	"fmt"
	"strings"

	"gables/hdf5"
	"gables/hdf5/dataspace"
	"gables/hdf5/datatype"
	"gables/hdf5/h5err"
)

// Paths that stand for targets without one.
const (
	dangling    = "@dangling"    // can't be opened
	unreachable = "@unreachable" // no hard link leads to it
	otherFile   = "@otherfile"
)

// Types of H5T_STD_REF (H5R_type_t), the first stored byte.
const (
	stdNull      = 0
	stdRegion    = 3
	stdAttribute = 4
)

// follower is the Source of one value. It is for one goroutine.
type follower struct {
	f     *hdf5.File
	paths map[uint64]string
	heap  datatype.Heap
	left  int64 // bytes of variable-length data that the value may still take
	refs  map[datatype.Ref][]byte
}

// maxRefs is how many references are remembered: columns of them repeat.
const maxRefs = 1 << 14

// newFollower bounds variable-length data in proportion to the file: one heap
// object may be referred to a billion times.
func newFollower(f *hdf5.File, paths map[uint64]string) *follower {
	const base, ratio = 1 << 30, 4
	return &follower{f: f, paths: paths, left: base + ratio*int64(min(f.Size(), 1<<50)), refs: map[datatype.Ref][]byte{}}
}

// nextBlock gives a fresh budget to the heap, which has one for each read.
func (w *follower) nextBlock() { w.heap = w.f.Heap() }

// Object gives a global heap object.
func (w *follower) Object(addr uint64, index uint32) ([]byte, error) {
	b, err := w.heap.Object(addr, index)
	if err != nil {
		return nil, err
	}
	if w.left -= int64(len(b)); w.left < 0 {
		return nil, fmt.Errorf("more variable-length data than four times the file: %w", h5err.ErrLimit)
	}
	return b, nil
}

// AppendReference appends the target's path and, for those kinds, what the
// reference says about a region or an attribute.
func (w *follower) AppendReference(dst []byte, r datatype.Ref) ([]byte, error) {
	if b, ok := w.refs[r]; ok {
		return append(dst, b...), nil
	}
	at := len(dst)
	dst, err := w.reference(dst, r)
	if err == nil && len(w.refs) < maxRefs {
		w.refs[r] = append([]byte(nil), dst[at:]...)
	}
	return dst, err
}

func (w *follower) reference(dst []byte, r datatype.Ref) ([]byte, error) {
	std := r.Kind >= datatype.ObjectReference2
	zero := strings.Trim(r.Raw, "\x00") == ""
	switch {
	case std && zero:
		return append(dst, stdNull), nil
	case std:
		dst = append(dst, r.Raw[0])
	case zero, r.Kind == datatype.ObjectReference && r.Null():
		return appendText(dst, ""), nil
	case r.Null():
		return appendText(dst, dangling), nil
	}
	t, err := w.f.Dereference(r)
	if err != nil {
		return dst, err
	}
	if t.Err != nil {
		return appendText(dst, dangling), nil
	}
	dst = appendText(dst, w.pathOf(t.Object))
	switch {
	case r.Kind == datatype.RegionReference, std && r.Raw[0] == stdRegion:
		return appendRegion(dst, t), nil
	case std && r.Raw[0] == stdAttribute:
		return appendText(dst, cText(t.Attribute)), nil
	}
	return dst, nil
}

func (w *follower) pathOf(o hdf5.Object) string {
	if !o.File().Same(w.f) {
		return otherFile
	}
	if p, ok := w.paths[o.Address()]; ok {
		return p
	}
	return unreachable
}

func appendText(dst []byte, s string) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(s)))
	return append(dst, s...)
}

// unreadable stands for a selection that can't be had.
const unreadable = 0xff

// appendRegion gives type, rank, count and bounding box of a selection.
func appendRegion(dst []byte, t *hdf5.Target) []byte {
	g := t.Region
	d, ok := t.Object.(*hdf5.Dataset)
	if !ok || g == nil || g.Err != nil {
		return append(dst, unreadable)
	}
	b, err := bindRegion(g.Selection, d.Shape())
	if err != nil {
		return append(dst, unreadable)
	}
	kind := map[string]byte{"none": 0, "points": 1, "hyperslab": 2, "all": 3}[g.Kind]
	dst = append(dst, kind)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(d.Space().Rank()))
	dst = binary.LittleEndian.AppendUint64(dst, b.Count())
	if lo, hi, any := b.Bounds(); any {
		for _, v := range append(lo, hi...) {
			dst = binary.LittleEndian.AppendUint64(dst, v)
		}
	}
	return dst
}

// bindRegion also takes a region of a dataset that has shrunk since.
func bindRegion(s dataspace.Selection, shape []uint64) (*dataspace.Bound, error) {
	b, err := s.Bind(shape)
	if err == nil {
		return b, nil
	}
	for i := range shape {
		shape[i] = dataspace.MaxExtent
	}
	return s.Bind(shape)
}

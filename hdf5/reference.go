package hdf5

import (
	"fmt"
	"slices"

	"gables/hdf5/dataspace"
	"gables/hdf5/datatype"
	"gables/hdf5/h5err"
	"gables/internal/format"
	"gables/internal/wire"
)

// Region is the part of a dataset that a region reference selects.
type Region struct {
	Kind      string // none, points, hyperslab or all
	Rank      int    // of the dataspace that was selected from
	Selection dataspace.Selection
	Err       error // why the selection can't be had; nil when it can
}

// Target is what a reference refers to.
type Target struct {
	Object    Object // nil when Err is set
	Err       error  // why the object can't be opened
	File      string // name of another file that the object is in; "" for this one
	Region    *Region
	Attribute string // name, for a reference to an attribute
}

// Encoding types of references (H5R_type_t).
const (
	refObject2 = 2
	refRegion2 = 3
	refAttr    = 4
)

// Dereference resolves a reference that was read from this file. A null
// reference gives nil and no error. A target that can't be opened is Err of
// the Target, so that what is known about it is not lost; a reference that
// can't be decoded is an error.
func (f *File) Dereference(r datatype.Ref) (*Target, error) {
	s, err := f.enter()
	if err != nil {
		return nil, err
	}
	defer f.leave(s)
	if r.Null() {
		return nil, nil
	}
	t, err := f.dereference(s, r)
	return t, h5err.In(err, f.name, "")
}

func (f *File) dereference(s *store, r datatype.Ref) (*Target, error) {
	rd := wire.NewReader([]byte(r.Raw), s.sb.Sizes)
	switch r.Kind {
	case datatype.ObjectReference:
		addr := rd.Address()
		if rd.Err() != nil {
			return nil, rd.Err()
		}
		return f.targetAt(s, addr), nil
	case datatype.RegionReference:
		return f.regionTarget(s, rd)
	case datatype.ObjectReference2, datatype.RegionReference2, datatype.AttributeReference:
		return f.stdTarget(s, rd)
	}
	return nil, h5err.Unsupported("reference", "type", "%d", r.Kind)
}

func (f *File) targetAt(s *store, addr wire.Address) *Target {
	o, err := f.open(s, addr, "")
	if err != nil {
		return &Target{Err: err}
	}
	return &Target{Object: o}
}

// regionTarget: the stored bytes name a global heap object, which holds the
// dataset's address and the selection. Spec: VII.C.
func (f *File) regionTarget(s *store, rd *wire.Reader) (*Target, error) {
	addr, index := rd.Address(), rd.U32()
	if rd.Err() != nil {
		return nil, rd.Err()
	}
	b, err := s.newHeap().Object(uint64(addr), index)
	if err != nil {
		return &Target{Err: err}, nil
	}
	rd = wire.NewReader(b, s.sb.Sizes)
	t := f.targetAt(s, rd.Address())
	t.Region = f.region(rd, t.Object)
	return t, nil
}

// region decodes a selection and holds it against the dataset it is of.
func (f *File) region(rd *wire.Reader, o Object) *Region {
	s, err := format.DecodeSelection(rd)
	if err != nil {
		return &Region{Err: err}
	}
	g := &Region{Kind: [...]string{"none", "points", "hyperslab", "all"}[s.Kind], Rank: s.Rank, Selection: s.Selection}
	if slices.Contains(s.Count, dataspace.Unlimited) || slices.Contains(s.Block, dataspace.Unlimited) {
		// What it means when the dataset has grown since is nowhere said;
		// libhdf5 can't read it back either.
		g.Err = h5err.Unsupported("dataspace selection", "count", "unlimited, in a reference")
		return g
	}
	if d, ok := o.(*Dataset); ok {
		if s.Rank != 0 && s.Rank != d.space.Rank() {
			g.Err = h5err.Corrupt("dataspace selection", "rank", "%d, the dataset has %d", s.Rank, d.space.Rank())
			return g
		}
		g.Rank = d.space.Rank()
	}
	return g
}

// stdTarget: type, flags, then for an object of the same file its token; for
// all others length 4 and the place in the global heap of token, [file],
// [region or attribute name]. Source: libhdf5's H5Rint.c and H5Tref.c.
func (f *File) stdTarget(s *store, rd *wire.Reader) (*Target, error) {
	kind, flags := rd.U8(), rd.U8()
	external := flags&1 != 0
	if kind != refObject2 || external {
		n, addr, index := rd.U32(), rd.Address(), rd.U32()
		if rd.Err() != nil {
			return nil, rd.Err()
		}
		b, err := s.newHeap().Object(uint64(addr), index)
		if err != nil {
			return nil, err
		}
		if uint64(n) > uint64(len(b)) {
			return nil, h5err.Corrupt("reference", "size", "%d bytes, the heap object has %d", n, len(b))
		}
		rd = wire.NewReader(b[:n], s.sb.Sizes)
	}
	size := int(rd.U8())
	token := rd.Bytes(size)
	if rd.Err() != nil {
		return nil, rd.Err()
	}
	if size == 0 || size > 8 {
		return nil, h5err.Unsupported("reference", "token", "%d bytes", size)
	}
	t := &Target{}
	if external {
		t.File = string(rd.Bytes(int(rd.U16())))
	}
	f.stdObject(s, t, wire.Address(wire.Uint(token)))
	switch kind {
	case refObject2:
	case refRegion2:
		n, rank := rd.U32(), int(rd.U32())
		if rd.Err() == nil && (int64(n) > int64(rd.Len()) || rank > 32) {
			return nil, h5err.Corrupt("reference", "region", "%d bytes of rank %d", n, rank)
		}
		t.Region = f.region(rd, t.Object)
		if t.Region.Rank == 0 {
			t.Region.Rank = rank
		}
	case refAttr:
		t.Attribute = string(rd.Bytes(int(rd.U16())))
	default:
		return nil, h5err.Unsupported("reference", "type", "%d", kind)
	}
	return t, rd.Err()
}

// stdObject opens the object of a reference, in another file if it names one.
func (f *File) stdObject(s *store, t *Target, addr wire.Address) {
	in := f
	if t.File != "" {
		if in, t.Err = f.link(t.File); t.Err != nil {
			if isAbsent(t.Err) {
				t.Err = fmt.Errorf("%w: %w", h5err.ErrNotFound, t.Err)
			}
			t.Err = fmt.Errorf("reference into %q: %w", t.File, t.Err)
			return
		}
	}
	if in != f {
		if s, t.Err = in.enter(); t.Err != nil {
			return
		}
		defer in.leave(s)
	}
	t.Object, t.Err = in.open(s, addr, "")
}

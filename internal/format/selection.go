package format

import (
	"gables/hdf5/dataspace"
	"gables/hdf5/h5err"
	"gables/internal/wire"
)

// Selection types as serialised. Spec: VII.C ("dataspace selection").
const (
	selectNone   = 0
	selectPoints = 1
	selectHyper  = 2
	selectAll    = 3
)

// Selection is a serialised dataspace selection, as region references and
// virtual datasets hold it.
type Selection struct {
	Kind      SelectionKind
	Rank      int // 0 for all and none, which store none
	Selection dataspace.Selection
	// A regular hyperslab; Count and Block may be dataspace.Unlimited.
	Start, Stride, Count, Block []uint64
	Blocks                      []dataspace.Block // hyperslab: a union of boxes
	Coords                      []uint64          // points, flat
}

// SelectionKind numbers the selections as H5S_sel_type does.
type SelectionKind uint8

// The selection kinds.
const (
	SelectionNone SelectionKind = iota
	SelectionPoints
	SelectionHyperslab
	SelectionAll
)

// DecodeSelection takes one serialised selection from r: type 4, version 4,
// then what that type and version store. Spec: VII.C.
func DecodeSelection(r *wire.Reader) (*Selection, error) {
	const name = "dataspace selection"
	kind, version := r.U32(), r.U32()
	if r.Err() != nil {
		return nil, inRecord(name, r.Err())
	}
	s := &Selection{}
	var err error
	switch kind {
	case selectNone, selectAll:
		if version != 1 {
			return nil, unknownVersion(name, uint8(min(version, 255)), "1")
		}
		r.Skip(8)
		s.Kind, s.Selection = SelectionAll, dataspace.All()
		if kind == selectNone {
			s.Kind, s.Selection = SelectionNone, dataspace.None()
		}
	case selectPoints:
		s.Kind = SelectionPoints
		err = s.decodePoints(r, version)
	case selectHyper:
		s.Kind = SelectionHyperslab
		err = s.decodeHyperslab(r, version)
	default:
		return nil, h5err.Corrupt(name, "type", "%d", kind)
	}
	if err == nil {
		err = r.Err()
	}
	return s, inRecord(name, err)
}

// decodePoints: version 1: reserved 4, length 4, rank 4, points 4, coordinates
// 4 each; version 2: width, rank 4, points, coordinates, each that wide.
func (s *Selection) decodePoints(r *wire.Reader, version uint32) error {
	width := 4
	switch version {
	case 1:
		r.Skip(8)
	case 2:
		width = int(r.U8())
	default:
		return unknownVersion("", uint8(min(version, 255)), "1 and 2")
	}
	s.Rank = int(r.U32())
	n := r.Uint(width)
	flat, err := s.coordinates(r, n, 1, width)
	if err != nil {
		return err
	}
	s.Coords = flat
	s.Selection = dataspace.Points(s.Rank, flat)
	return nil
}

// coordinates reads n groups of per·rank numbers, after checking that they
// can be there.
func (s *Selection) coordinates(r *wire.Reader, n, per uint64, width int) ([]uint64, error) {
	if r.Err() != nil {
		return nil, r.Err()
	}
	if s.Rank < 1 || s.Rank > 32 {
		return nil, h5err.Corrupt("", "rank", "%d", s.Rank)
	}
	if width != 2 && width != 4 && width != 8 {
		return nil, h5err.Corrupt("", "encode size", "%d", width)
	}
	total, ok := wire.Mul(n, per*uint64(s.Rank))
	if !ok || total > uint64(r.Len()/width) {
		return nil, h5err.Corrupt("", "number of points or blocks", "%d, %d bytes remain", n, r.Len())
	}
	flat := make([]uint64, total)
	for i := range flat {
		flat[i] = r.Uint(width)
	}
	return flat, r.Err()
}

// decodeHyperslab: version 1: reserved 4, length 4, rank 4, blocks 4, corners 4
// each; version 2: flags, length 4, rank 4, a regular slab in 8 each; version
// 3: flags, width, rank 4, a regular slab or blocks in that width.
func (s *Selection) decodeHyperslab(r *wire.Reader, version uint32) error {
	width, regular := 4, false
	switch version {
	case 1:
		r.Skip(8)
	case 2:
		regular, width = r.U8()&1 != 0, 8
		r.Skip(4)
	case 3:
		regular = r.U8()&1 != 0
		width = int(r.U8())
	default:
		return unknownVersion("", uint8(min(version, 255)), "1 to 3")
	}
	s.Rank = int(r.U32())
	if regular {
		return s.decodeRegular(r, width)
	}
	n := uint64(0)
	if version == 2 {
		n = uint64(r.U32())
	} else {
		n = r.Uint(width)
	}
	flat, err := s.coordinates(r, n, 2, width)
	if err != nil {
		return err
	}
	rank := s.Rank
	for len(flat) > 0 {
		s.Blocks = append(s.Blocks, dataspace.Block{Start: flat[:rank], End: flat[rank : 2*rank]})
		flat = flat[2*rank:]
	}
	s.Selection = dataspace.Union(rank, s.Blocks)
	return nil
}

// decodeRegular reads start, stride, count and block of each dimension.
func (s *Selection) decodeRegular(r *wire.Reader, width int) error {
	flat, err := s.coordinates(r, 1, 4, width)
	if err != nil {
		return err
	}
	for i := range s.Rank {
		d := flat[4*i:]
		for k := 2; k < 4; k++ {
			if width < 8 && d[k] == 1<<(8*width)-1 {
				d[k] = dataspace.Unlimited
			}
		}
		s.Start, s.Stride = append(s.Start, d[0]), append(s.Stride, d[1])
		s.Count, s.Block = append(s.Count, d[2]), append(s.Block, d[3])
	}
	s.Selection = dataspace.Hyperslab(s.Start, s.Stride, s.Count, s.Block)
	return nil
}

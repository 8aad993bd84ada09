package format

import (
	"reflect"
	"testing"

	"gables/hdf5/dataspace"
	"gables/hdf5/h5err"
	"gables/internal/wire"
)

func decodeSelection(b []byte) (*Selection, error) {
	r := wire.NewReader(b, unlike[0])
	return DecodeSelection(r)
}

func TestSelectionsOfAllVersionsHaveTheirFields(t *testing.T) {
	s := unlike[0]
	const all = dataspace.Unlimited
	for _, c := range []struct {
		name string
		b    *record
		want Selection
	}{
		{"none", rec(s).u32(0).u32(1).zero(8), Selection{Kind: SelectionNone}},
		{"all", rec(s).u32(3).u32(1).zero(8), Selection{Kind: SelectionAll}},
		{"points 1", rec(s).u32(1).u32(1).zero(8).u32(2).u32(2).u32(1).u32(2).u32(3).u32(0xffffffff),
			Selection{Kind: SelectionPoints, Rank: 2, Coords: []uint64{1, 2, 3, 0xffffffff}}},
		{"points 2", rec(s).u32(1).u32(2).raw(8).u32(1).u64(2).u64(1 << 40).u64(5), Selection{Kind: SelectionPoints, Rank: 1, Coords: []uint64{1 << 40, 5}}},
		{"points 2, narrow", rec(s).u32(1).u32(2).raw(2).u32(1).u16(2).u16(9).u16(0xffff), Selection{Kind: SelectionPoints, Rank: 1, Coords: []uint64{9, 0xffff}}},
		{"blocks 1", rec(s).u32(2).u32(1).zero(8).u32(1).u32(2).u32(1).u32(3).u32(7).u32(0xffffffff),
			Selection{Kind: SelectionHyperslab, Rank: 1, Blocks: []dataspace.Block{{Start: []uint64{1}, End: []uint64{3}}, {Start: []uint64{7}, End: []uint64{0xffffffff}}}}},
		{"regular 2", rec(s).u32(2).u32(2).raw(1).u32(0).u32(1).u64(1).u64(5).u64(all).u64(3),
			Selection{Kind: SelectionHyperslab, Rank: 1, Start: []uint64{1}, Stride: []uint64{5}, Count: []uint64{all}, Block: []uint64{3}}},
		{"regular 3", rec(s).u32(2).u32(3).raw(1, 2).u32(2).u16(1).u16(5).u16(0xffff).u16(3).u16(0xffff).u16(1).u16(2).u16(0xffff),
			Selection{Kind: SelectionHyperslab, Rank: 2, Start: []uint64{1, 0xffff}, Stride: []uint64{5, 1}, Count: []uint64{all, 2}, Block: []uint64{3, all}}},
		{"blocks 3", rec(s).u32(2).u32(3).raw(0, 4).u32(2).u32(1).u32(1).u32(2).u32(3).u32(4),
			Selection{Kind: SelectionHyperslab, Rank: 2, Blocks: []dataspace.Block{{Start: []uint64{1, 2}, End: []uint64{3, 4}}}}},
	} {
		r := wire.NewReader(c.b.b, s)
		got, err := DecodeSelection(r)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if r.Len() != 0 {
			t.Errorf("%s: %d bytes left", c.name, r.Len())
		}
		got.Selection = dataspace.Selection{}
		if !reflect.DeepEqual(*got, c.want) {
			t.Errorf("%s:\n got %+v\nwant %+v", c.name, *got, c.want)
		}
		mustFail(t, c.name, c.b.b, h5err.ErrCorrupt, func(b []byte) error { _, err := decodeSelection(b); return err })
	}
}

func TestSelectionsThatBreakARuleAreRefused(t *testing.T) {
	s := unlike[0]
	for _, c := range []struct {
		name string
		b    *record
		want error
	}{
		{"type", rec(s).u32(4).u32(1).zero(8), h5err.ErrCorrupt},
		{"all of version 2", rec(s).u32(3).u32(2).zero(8), h5err.ErrUnsupported},
		{"points of version 3", rec(s).u32(1).u32(3).zero(40), h5err.ErrUnsupported},
		{"hyperslab of version 0x100", rec(s).u32(2).u32(0x100).zero(40), h5err.ErrUnsupported},
		{"rank 0", rec(s).u32(1).u32(1).zero(8).u32(0).u32(1).zero(40), h5err.ErrCorrupt},
		{"rank 33", rec(s).u32(1).u32(1).zero(8).u32(33).u32(1).zero(400), h5err.ErrCorrupt},
		{"width 3", rec(s).u32(1).u32(2).raw(3).u32(1).uint(1, 3).zero(40), h5err.ErrCorrupt},
		{"width 200", rec(s).u32(1).u32(2).raw(200).u32(1).zero(40), h5err.ErrCorrupt},
		{"points that are not there", rec(s).u32(1).u32(2).raw(8).u32(32).u64(1 << 60).zero(40), h5err.ErrCorrupt},
		{"blocks that are not there", rec(s).u32(2).u32(1).zero(8).u32(2).u32(1 << 31).zero(40), h5err.ErrCorrupt},
	} {
		_, err := decodeSelection(c.b.b)
		wants(t, c.name, err, c.want)
	}
}

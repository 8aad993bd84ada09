package dataspace

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"gables/hdf5/h5err"
	"gables/internal/wire"
)

// Block is a box with inclusive ends, as region references and virtual
// datasets store it.
type Block struct{ Start, End []uint64 }

// unionRule is a list of blocks, [n][2][rank].
type unionRule struct {
	rank   int
	blocks int
	coords []uint64
	bad    int // a block of another rank, or -1
}

// Union selects what lies in any of the blocks, once each, in row-major order
// of the elements. The result has shape [n]. Bind takes ErrLimit for blocks that
// overlap in such a way that their union needs far more spans than blocks.
func Union(rank int, blocks []Block) Selection {
	u := &unionRule{rank: rank, blocks: len(blocks), bad: -1}
	for i, b := range blocks {
		if len(b.Start) != rank || len(b.End) != rank {
			u.bad = i
			break
		}
		u.coords = append(append(u.coords, b.Start...), b.End...)
	}
	return Selection{u}
}

// side gives the coordinates of block i on axis k: from … to-1.
func (u *unionRule) side(i int32, k int) (from, to uint64) {
	at := int(i)*2*u.rank + k
	return u.coords[at], u.coords[at+u.rank] + 1
}

func (u *unionRule) bind(dims []uint64) (*Bound, error) {
	if u.bad >= 0 {
		return nil, fmt.Errorf("block %d is not of rank %d: %w", u.bad, u.rank, h5err.ErrSelection)
	}
	if u.rank != len(dims) || u.rank == 0 {
		return nil, fmt.Errorf("blocks of rank %d for rank %d: %w", u.rank, len(dims), h5err.ErrSelection)
	}
	if u.blocks > math.MaxInt32 {
		return nil, fmt.Errorf("union of %d blocks: %w", u.blocks, h5err.ErrLimit)
	}
	all := make([]int32, u.blocks)
	for i := range all {
		all[i] = int32(i)
		for k, extent := range dims {
			start, end := u.coords[2*i*u.rank+k], u.coords[(2*i+1)*u.rank+k]
			if end >= extent {
				return nil, fmt.Errorf("block %d: %w", i, outside(k, "end", end, extent))
			}
			if start > end {
				return nil, fmt.Errorf("block %d: axis %d: start %d is behind end %d: %w", i, k, start, end, h5err.ErrSelection)
			}
		}
	}
	if u.blocks == 0 {
		return noneRule{}.bind(dims)
	}
	b := spanBuilder{union: u, known: map[string]*spanNode{}, made: map[string]*spanNode{}}
	b.spansLeft, b.workLeft = maxUnionSpans+(8+u.rank)*u.blocks, maxUnionWork+32*u.blocks
	root, err := b.build(all, 0)
	if err != nil {
		return nil, err
	}
	return &Bound{dims: dims, shape: []uint64{root.count}, count: root.count,
		form: &spanTree{rank: u.rank, root: root}}, nil
}

// maxUnionSpans and maxUnionWork bound a union's tree and the block visits
// that building it takes, besides a share for each block.
const (
	maxUnionSpans = 1 << 18
	maxUnionWork  = 1 << 24
)

// spanBuilder turns blocks into a spanNode for each axis. Equal nodes are made
// once, so that neighbours with equal content are seen to be one span.
type spanBuilder struct {
	union     *unionRule
	known     map[string]*spanNode // by axis and the blocks that make it up
	made      map[string]*spanNode // by content
	spansLeft int
	workLeft  int
	key       []byte
}

// build gives the node of what the blocks select on the axes k ….
func (b *spanBuilder) build(blocks []int32, k int) (*spanNode, error) {
	if b.workLeft -= len(blocks); b.workLeft < 0 {
		return nil, fmt.Errorf("union of %d blocks overlaps too much: %w", b.union.blocks, h5err.ErrLimit)
	}
	var spans []span
	var err error
	if k == b.union.rank-1 {
		spans = b.lastAxis(blocks, k)
	} else if spans, err = b.sweep(blocks, k); err != nil {
		return nil, err
	}
	return b.intern(spans, k)
}

// lastAxis joins the blocks' sides on the last axis.
func (b *spanBuilder) lastAxis(blocks []int32, k int) []span {
	spans := make([]span, 0, len(blocks))
	for _, i := range blocks {
		from, to := b.union.side(i, k)
		spans = append(spans, span{from: from, to: to})
	}
	slices.SortFunc(spans, func(x, y span) int { return cmp.Compare(x.from, y.from) })
	n := 0
	for _, s := range spans[1:] {
		if s.from <= spans[n].to {
			spans[n].to = max(spans[n].to, s.to)
		} else {
			n++
			spans[n] = s
		}
	}
	return slices.Clip(spans[:n+1])
}

// edge is where a block begins or ends on an axis.
type edge struct {
	at    uint64
	block int32
	begin bool
}

// sweep passes over the edges on axis k and builds what lies between them.
func (b *spanBuilder) sweep(blocks []int32, k int) ([]span, error) {
	edges := make([]edge, 0, 2*len(blocks))
	for _, i := range blocks {
		from, to := b.union.side(i, k)
		edges = append(edges, edge{from, i, true}, edge{to, i, false})
	}
	slices.SortFunc(edges, func(x, y edge) int {
		return cmp.Or(cmp.Compare(x.at, y.at), cmp.Compare(x.block, y.block))
	})
	var spans []span
	var active, spare []int32
	for i := 0; i < len(edges); {
		at, j := edges[i].at, i
		for j < len(edges) && edges[j].at == at {
			j++
		}
		active, spare = passEdges(spare[:0], active, edges[i:j]), active
		i = j
		if len(active) == 0 {
			continue
		}
		below, err := b.child(active, k+1)
		if err != nil {
			return nil, err
		}
		to := edges[i].at
		if n := len(spans); n > 0 && spans[n-1].to == at && spans[n-1].below == below {
			spans[n-1].to = to
		} else {
			spans = append(spans, span{from: at, to: to, below: below})
		}
	}
	return slices.Clip(spans), nil
}

// passEdges appends to out the blocks of active and those that begin at edges,
// without those that end there. All are rising in their block.
func passEdges(out, active []int32, edges []edge) []int32 {
	for _, e := range edges {
		for len(active) > 0 && active[0] < e.block {
			out = append(out, active[0])
			active = active[1:]
		}
		if e.begin {
			out = append(out, e.block)
		} else {
			active = active[1:]
		}
	}
	return append(out, active...)
}

// child is build, or what build gave for the same blocks and axis.
func (b *spanBuilder) child(blocks []int32, k int) (*spanNode, error) {
	if b.workLeft -= len(blocks); b.workLeft < 0 {
		return nil, fmt.Errorf("union of %d blocks overlaps too much: %w", b.union.blocks, h5err.ErrLimit)
	}
	key := append(b.key[:0], byte(k))
	for _, i := range blocks {
		key = binary.LittleEndian.AppendUint32(key, uint32(i))
	}
	b.key = key
	if n, ok := b.known[string(key)]; ok {
		return n, nil
	}
	name := string(key)
	n, err := b.build(blocks, k)
	if err == nil {
		b.known[name] = n
	}
	return n, err
}

// intern gives the node of the spans on axis k, the one made before if there is
// one.
func (b *spanBuilder) intern(spans []span, k int) (*spanNode, error) {
	key := append(b.key[:0], byte(k))
	for _, s := range spans {
		key = binary.LittleEndian.AppendUint64(key, s.from)
		key = binary.LittleEndian.AppendUint64(key, s.to)
		if s.below != nil {
			key = binary.LittleEndian.AppendUint64(key, s.below.id)
		}
	}
	b.key = key
	if n, ok := b.made[string(key)]; ok {
		return n, nil
	}
	if b.spansLeft -= len(spans); b.spansLeft < 0 {
		return nil, fmt.Errorf("union of %d blocks needs too many spans: %w", b.union.blocks, h5err.ErrLimit)
	}
	n, ok := newSpanNode(spans)
	if !ok {
		return nil, fmt.Errorf("a union of blocks exceeds 2^64-1 elements: %w", h5err.ErrLimit)
	}
	b.made[string(key)] = n
	return n, nil
}

// newSpanNode counts the spans' elements; ok is false if they exceed 64 bits.
func newSpanNode(spans []span) (n *spanNode, ok bool) {
	n = &spanNode{spans: spans, id: spanIDs.Add(1)}
	for i := range spans {
		s := &spans[i]
		s.before = n.count
		size, fits := wire.Mul(s.to-s.from, s.below.size())
		sum, sums := wire.Add(n.count, size)
		if !fits || !sums {
			return nil, false
		}
		n.count = sum
	}
	return n, true
}

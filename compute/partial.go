package compute

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"

	"gables/hdf5"
	"gables/hdf5/h5err"
)

// Partial is what Stats knows of some blocks of a dataset: a value that can be
// sent between machines as JSON. Partials that cover all blocks merge, in any
// order, into the Summary that Stats gives, bit for bit. It takes O(log blocks)
// memory. A Partial is not safe for concurrent use.
type Partial struct {
	class  class
	ddof   uint64
	blocks uint64 // of the whole dataset
	t      *tree[state]
}

// Partials does part i of n of the work of Stats. All parts must be asked for
// with the same dataset, selection, column and options.
func Partials(ctx context.Context, ds *hdf5.Dataset, i, n uint64, opts ...Option) (*Partial, error) {
	if i >= n || n > 1<<32 {
		return nil, fmt.Errorf("part %d of %d: %w", i, n, h5err.ErrSelection)
	}
	p, err := newPass(ds, opStats, newConfig(opts))
	if err != nil {
		return nil, err
	}
	blocks, err := ds.Blocks(p.conf.sel)
	if err != nil {
		return nil, err
	}
	out := &Partial{p.src.class(), p.conf.ddof, blocks, newTree(p.src.class(), opStats)}
	p.blocks.From, p.blocks.To = cut(blocks, i, n), cut(blocks, i+1, n)
	p.meter.total = 0
	if p.blocks.From < p.blocks.To {
		out.t, err = p.states(ctx)
	}
	return out, err
}

// cut is blocks·i/n, which fits as i ≤ n ≤ 2^32.
func cut(blocks, i, n uint64) uint64 { return blocks/n*i + blocks%n*i/n }

// Merge adds what q knows; q must not be used any more. ErrSelection when they
// share blocks or belong to different computations; p is unchanged then.
func (p *Partial) Merge(q *Partial) error {
	if p.class != q.class || p.ddof != q.ddof || p.blocks != q.blocks {
		return fmt.Errorf("partial results of different computations: %w", h5err.ErrSelection)
	}
	list := append(p.t.nodes(), q.t.nodes()...)
	fresh, err := treeOf(list, p.class, p.blocks)
	if err != nil {
		return err
	}
	p.t = fresh
	return nil
}

// treeOf checks that nodes lie within the blocks and do not overlap.
func treeOf(list []node[state], c class, blocks uint64) (*tree[state], error) {
	t := newTree(c, opStats)
	for _, n := range list {
		t.pending[n.level] = append(t.pending[n.level], n)
	}
	end := uint64(0)
	for _, n := range t.nodes() {
		first := n.index << n.level
		if first < end || first>>n.level != n.index || first >= blocks || blocks-first < 1<<n.level {
			return nil, fmt.Errorf("partial results with blocks %d and on twice, or of %d blocks: %w", first, blocks, h5err.ErrSelection)
		}
		end = first + 1<<n.level
	}
	t = newTree(c, opStats)
	for _, n := range list {
		t.add(n)
	}
	return t, nil
}

// Complete tells whether all blocks have come together.
func (p *Partial) Complete() bool {
	n := uint64(0)
	for _, x := range p.t.nodes() {
		n += 1 << x.level
	}
	return n == p.blocks
}

// Stats gives the summary; ErrSelection while blocks are missing.
func (p *Partial) Stats() (Summary, error) {
	if !p.Complete() {
		return Summary{}, fmt.Errorf("partial results do not cover all of %d blocks: %w", p.blocks, h5err.ErrSelection)
	}
	s, ok := p.t.total()
	if !ok {
		s = newState()
	}
	return s.summary(p.class, p.ddof), nil
}

// partialJSON is a Partial as it travels.
type partialJSON struct {
	Version int
	Class   class
	DDoF    uint64
	Blocks  uint64
	Nodes   []nodeJSON
}

// nodeJSON holds the state as bytes, as JSON has no infinities.
type nodeJSON struct {
	Level int
	Index uint64
	State []byte
}

// partialVersion changes when blocks are cut or summed in another way.
const partialVersion = 1

// MarshalJSON gives the Partial as JSON, exactly.
func (p *Partial) MarshalJSON() ([]byte, error) {
	j := partialJSON{Version: partialVersion, Class: p.class, DDoF: p.ddof, Blocks: p.blocks}
	for _, n := range p.t.nodes() {
		j.Nodes = append(j.Nodes, nodeJSON{n.level, n.index, n.s.append(nil)})
	}
	return json.Marshal(j)
}

// UnmarshalJSON takes what MarshalJSON gave: ErrUnsupported for another
// version's, ErrCorrupt for anything else.
func (p *Partial) UnmarshalJSON(b []byte) error {
	var j partialJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return fmt.Errorf("partial result: %w: %w", h5err.ErrCorrupt, err)
	}
	if j.Version != partialVersion {
		return fmt.Errorf("partial result of version %d: %w", j.Version, h5err.ErrUnsupported)
	}
	if j.Class > floating {
		return fmt.Errorf("partial result of class %d: %w", j.Class, h5err.ErrCorrupt)
	}
	list := make([]node[state], len(j.Nodes))
	for i, n := range j.Nodes {
		s, ok := stateOf(n.State)
		if !ok || n.Level < 0 || n.Level > 63 {
			return fmt.Errorf("partial result: node %d: %w", i, h5err.ErrCorrupt)
		}
		list[i] = node[state]{n.Level, n.Index, s}
	}
	t, err := treeOf(list, j.Class, j.Blocks)
	if err != nil {
		return fmt.Errorf("partial result: %w: %w", h5err.ErrCorrupt, err)
	}
	*p = Partial{j.Class, j.DDoF, j.Blocks, t}
	return nil
}

// words lists the fields of a state in a fixed order.
func (s *state) words() [13]uint64 {
	f := math.Float64bits
	return [13]uint64{s.n, s.nans, uint64(s.min), uint64(s.max), f(s.sum.hi), f(s.sum.lo), f(s.m2.hi), f(s.m2.lo),
		s.isum[0], s.isum[1], s.isq[0], s.isq[1], s.isq[2]}
}

func (s *state) append(b []byte) []byte {
	for _, w := range s.words() {
		b = binary.LittleEndian.AppendUint64(b, w)
	}
	return b
}

func stateOf(b []byte) (s state, ok bool) {
	var w [13]uint64
	if len(b) != 8*len(w) {
		return s, false
	}
	for i := range w {
		w[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	f := math.Float64frombits
	return state{n: w[0], nans: w[1], min: int64(w[2]), max: int64(w[3]), sum: double{f(w[4]), f(w[5])},
		m2: double{f(w[6]), f(w[7])}, isum: [2]uint64(w[8:10]), isq: [3]uint64(w[10:13])}, true
}

package compute

import (
	"context"
	"fmt"
	"sync"

	"gables/hdf5"
)

// pass is one look at the blocks of a dataset.
type pass struct {
	ds     *hdf5.Dataset
	conf   config
	src    source
	op     op
	count  uint64 // elements selected
	shape  []uint64
	hands  sync.Pool // of *hand
	meter  meter
	blocks hdf5.ScanOptions
}

// hand is what one goroutine works with.
type hand struct {
	folder
	s    state  // kept here as a state of its own would be allocated for each block
	imag folder // complex: of the imaginary part
	bins *bins
	buf  []byte
}

// newPass checks type and selection.
func newPass(ds *hdf5.Dataset, o op, conf config) (*pass, error) {
	src, err := newSource(ds.Type(), conf.column)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ds.Path(), err)
	}
	p := &pass{ds: ds, conf: conf, src: src, op: o}
	if err := p.bind(); err != nil {
		return nil, err
	}
	if _, err := newFolder(src, o, conf.skip); err != nil {
		return nil, fmt.Errorf("%s: %w", ds.Path(), err)
	}
	p.hands.New = func() any {
		f, _ := newFolder(src, o, conf.skip)
		return &hand{folder: f}
	}
	return p, nil
}

func (p *pass) bind() error {
	b, err := p.ds.Space().Bind(p.conf.sel)
	if err != nil {
		return fmt.Errorf("%s: %w", p.ds.Path(), err)
	}
	p.count, p.shape = b.Count(), b.Shape()
	p.meter = meter{f: p.conf.progress, total: p.count}
	p.blocks = hdf5.ScanOptions{Workers: p.conf.workers}
	return nil
}

// scan calls work for each block.
func (p *pass) scan(ctx context.Context, work func(h *hand, b hdf5.Block) error) error {
	return p.ds.ScanWith(ctx, p.conf.sel, p.blocks, func(b hdf5.Block) error {
		h := p.hands.Get().(*hand)
		defer p.hands.Put(h)
		if err := work(h, b); err != nil {
			return fmt.Errorf("%s: block %d: %w", p.ds.Path(), b.Seq, err)
		}
		p.meter.add(b.N)
		return nil
	})
}

// states folds each block into a state and the states into a tree.
func (p *pass) states(ctx context.Context) (*tree[state], error) {
	t := newTree(p.src.class(), p.op)
	var mu sync.Mutex // guards t
	err := p.scan(ctx, func(h *hand, b hdf5.Block) error {
		h.s = newState()
		if err := h.fold(&h.s, b.Data, 0, 1, int(b.N)); err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		t.add(node[state]{index: b.Seq, s: h.s})
		return nil
	})
	return t, err
}

// whole is the state of all elements.
func (p *pass) whole(ctx context.Context) (state, error) {
	t, err := p.states(ctx)
	if err != nil {
		return state{}, err
	}
	if s, ok := t.total(); ok {
		return s, nil
	}
	return newState(), nil
}

// newTree merges states.
func newTree(c class, o op) *tree[state] {
	return &tree[state]{merge: func(a, b state) state {
		a.merge(&b, c, o)
		return a
	}}
}

// meter reports progress.
type meter struct {
	f     func(done, total uint64)
	total uint64
	mu    sync.Mutex // guards done and serialises f
	done  uint64
}

func (m *meter) add(n uint64) {
	if m.f == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.done += n
	m.f(m.done, m.total)
}

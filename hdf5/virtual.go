package hdf5

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"gables/hdf5/dataspace"
	"gables/hdf5/datatype"
	"gables/hdf5/h5err"
	"gables/internal/chunkio"
	"gables/internal/format"
	"gables/internal/heap"
)

// virtualInfo is what a virtual dataset consists of.
type virtualInfo struct {
	list  []format.VirtualMapping // as stored
	parts []virtualPart           // limited to the sources' extents
	err   error                   // a source that the extents depend on could not be opened: reads give it

	mu    sync.Mutex                              // guards views
	views map[*datatype.Datatype]*chunkio.Dataset // readers that convert, by the datatype that they give
}

// virtualPart is a mapping whose selections are limited.
type virtualPart struct {
	m                *format.VirtualMapping
	file, name       string       // of the source
	grid, sourceGrid chunkio.Grid // instead of the selections, where those are unlimited
}

// names lists the sources as they are stored.
func (v *virtualInfo) names() []VirtualSource {
	list := make([]VirtualSource, len(v.list))
	for i, m := range v.list {
		list[i] = VirtualSource{File: m.File, Dataset: m.Dataset}
	}
	return list
}

// waiting is the chain of virtual datasets whose extents wait for those of
// their sources.
type waiting struct {
	home  *home
	addr  uint64
	above *waiting
	depth int
}

// wait adds d to the chain, unless it is there.
func (d *Dataset) wait(above *waiting) (*waiting, error) {
	w := &waiting{d.s.home, d.Address(), above, 1}
	if above != nil {
		w.depth = above.depth + 1
	}
	for o := above; o != nil; o = o.above {
		if o.home == w.home && o.addr == w.addr {
			return nil, h5err.Corrupt("virtual dataset mappings", "source", "the virtual dataset is a source of itself")
		}
	}
	if limit := d.s.conf.limits.Links; w.depth > limit {
		return nil, h5err.Limit("virtual dataset mappings", "source", "nested more than %d deep", limit)
	}
	return w, nil
}

// decodeVirtual reads the mappings and gives the dataset the extents that its
// sources have now. Sources are opened for that only where they must be; a fault of
// one leaves the extents as they are stored, and is the error of every read.
func (d *Dataset) decodeVirtual(above *waiting) error {
	v := &virtualInfo{}
	d.virtual = v
	if d.layout.HeapAddress.Defined() {
		b, err := heap.GlobalObject(d.s.graph.Cache, d.layout.HeapAddress, d.layout.HeapIndex)
		if err != nil {
			return err
		}
		if v.list, err = format.DecodeVirtual(b, d.s.graph.Cache.Sizes()); err != nil {
			return h5err.At(err, "global heap collection", uint64(d.layout.HeapAddress))
		}
	}
	if d.space.Kind == dataspace.Null {
		return nil
	}
	w, err := d.wait(above)
	if err != nil {
		return err
	}
	x := extender{d: d, waiting: w}
	if err := x.leastDims(); err != nil {
		return err
	}
	v.err = x.extend()
	return nil
}

// sourceDataset opens a source by the names in a mapping; nil when file or
// dataset is absent.
func (d *Dataset) sourceDataset(file, name string, w *waiting) (*Dataset, error) {
	f := d.f
	if file != "." {
		other, err := f.link(file)
		var missing *missingFile
		if errors.As(err, &missing) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		// A file that refers to itself by its name needs no second handle's caches.
		if other.home != f.home {
			f = other
		}
	}
	if f == d.f {
		return f.sourceAt(d.s, name, w)
	}
	s, err := f.enter()
	if err != nil {
		return nil, err
	}
	defer f.leave(s)
	return f.sourceAt(s, name, w)
}

// sourceAt opens the dataset at a path, once; nil when nothing is there.
func (f *File) sourceAt(s *store, name string, w *waiting) (*Dataset, error) {
	f.mu.Lock()
	known := f.source[name]
	f.mu.Unlock()
	if known != nil && known.within(f, s) {
		return known, nil
	}
	r := resolver{hops: s.conf.limits.Links}
	defer r.done()
	target, err := r.resolve(place{f, s, s.sb.Root}, name)
	if errors.Is(err, h5err.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, h5err.In(err, f.name, name)
	}
	d, err := datasetAt(target, name, w)
	if err != nil {
		return nil, h5err.In(err, target.f.name, name)
	}
	// Two that open it at once both succeed, as neither may wait for the other
	// while extents depend on each other.
	f.mu.Lock()
	defer f.mu.Unlock()
	if known := f.source[name]; known != nil && known.within(f, s) {
		return known, nil
	}
	if f.source == nil {
		f.source = map[string]*Dataset{}
	}
	f.source[name] = d
	return d, nil
}

// within tells whether d, which was found from f in an earlier call, is what
// would be found now, when f is in state s.
func (d *Dataset) within(f *File, s *store) bool {
	return d.s == s || d.f != f && d.f.home.settled(d.s)
}

// datasetAt opens the dataset whose header is at a place.
func datasetAt(at place, path string, w *waiting) (*Dataset, error) {
	h, err := at.s.graph.Open(at.addr)
	if err != nil {
		return nil, err
	}
	if h.Find(format.MsgLayout) == nil {
		return nil, fmt.Errorf("the source of a virtual dataset is no dataset: %w", h5err.ErrType)
	}
	s := &Dataset{node: &node{f: at.f, s: at.s, path: path, h: h}}
	return s, s.decode(w)
}

// mappings makes what reads the sources' elements as t.
func (d *Dataset) mappings(t *datatype.Datatype) (*chunkio.Virtual, error) {
	if d.virtual.err != nil {
		return nil, d.virtual.err
	}
	v := chunkio.NewVirtual(d, d.space.Dims)
	for i := range d.virtual.parts {
		p := &d.virtual.parts[i]
		m := &chunkio.Mapping{Selection: p.m.Virtual, Source: p.m.Source, Grid: p.grid, SourceGrid: p.sourceGrid,
			Open: func() (chunkio.VirtualSource, error) { return d.openSource(p, t) }}
		if err := v.Add(m); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// view gives a reader of a virtual dataset's elements as t. Like libhdf5, it
// converts the sources' elements to t at once, not by way of the datatypes of the
// virtual datasets in between.
func (d *Dataset) view(t *datatype.Datatype) (*chunkio.Dataset, error) {
	v := d.virtual
	v.mu.Lock()
	defer v.mu.Unlock()
	if r := v.views[t]; r != nil {
		return r, nil
	}
	r, err := d.chunkReader()
	if err != nil {
		return nil, err
	}
	r.ElementSize = t.Size
	if r.Fill, err = convertOne(t, d.dtype, d.fill.Value); err != nil {
		return nil, err
	}
	if r.Mappings, err = d.mappings(t); err != nil {
		return nil, err
	}
	if v.views == nil {
		v.views = map[*datatype.Datatype]*chunkio.Dataset{}
	}
	v.views[t] = r
	return r, nil
}

// openSource gives what reads the source of p as t; nil when it is absent.
func (d *Dataset) openSource(p *virtualPart, t *datatype.Datatype) (chunkio.VirtualSource, error) {
	s, err := d.sourceDataset(p.file, p.name, nil)
	if err == nil && s != nil {
		var r *sourceReader
		if r, err = d.sourceReader(s, t); err == nil {
			return r, nil
		}
	}
	return nil, inSource(err, p.file, p.name)
}

func inSource(err error, file, name string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("source %q in %q: %w", name, file, err)
}

// sourceReader reads a source's elements in the datatype that is wanted.
type sourceReader struct {
	s       *Dataset
	foreign bool // the source is in another file, which may have been closed
	raw     *chunkio.Dataset
	convert *elementConversion // nil: raw gives the right datatype
}

func (d *Dataset) sourceReader(s *Dataset, t *datatype.Datatype) (*sourceReader, error) {
	r := &sourceReader{s: s, foreign: s.f != d.f}
	if s.space.Kind == dataspace.Null {
		return nil, h5err.Unsupported("dataspace", "type", "a null dataspace as a source")
	}
	if s.s.home != d.s.home && pointsIntoFile(t) {
		return nil, h5err.Unsupported("datatype", "class", "%s refers to its own file and can't be taken from another", t)
	}
	same := datatype.Equal(t, s.dtype)
	var err error
	switch {
	case !same && s.virtual != nil:
		r.raw, err = s.view(t)
	case !same:
		if r.convert, err = newElementConversion(t, s.dtype); err != nil {
			return nil, err
		}
		fallthrough
	default:
		r.raw, err = s.reader()
	}
	return r, s.wrap(err)
}

func (r *sourceReader) Dims() []uint64 { return r.s.space.Dims }

func (r *sourceReader) Read(ctx context.Context, b *dataspace.Bound, s chunkio.Sink, workers int) error {
	if r.foreign {
		s, err := r.s.f.enter()
		if err != nil {
			return err
		}
		defer r.s.f.leave(s)
	}
	if r.convert != nil {
		s = &elementSink{s, r.convert}
	}
	return r.s.wrap(r.raw.Read(ctx, b, s, workers))
}

package chunkio

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"gables/hdf5/dataspace"
	"gables/hdf5/driver"
	"gables/hdf5/filter"
	"gables/hdf5/h5err"
	"gables/internal/chunkindex"
	"gables/internal/format"
	"gables/internal/metacache"
	"gables/internal/wire"
)

// mapIndex is a chunk index in memory.
type mapIndex map[string]chunkindex.Chunk

func (m mapIndex) Kind() string { return "map" }
func (m mapIndex) Find(scaled []uint64) (chunkindex.Chunk, bool, error) {
	c, ok := m[fmt.Sprint(scaled)]
	return c, ok, nil
}
func (m mapIndex) All() iter.Seq2[chunkindex.Chunk, error] { return nil }

// invert is a filter that flips all bits and puts a byte in front, so that
// filtered and unfiltered chunks can't be taken for each other.
type invert struct{}

func (invert) ID() filter.ID { return 400 }
func (invert) Name() string  { return "invert" }
func (invert) Decode(dst, src []byte, _ filter.Chunk) ([]byte, error) {
	if len(src) == 0 || src[0] != 0x5a {
		return nil, fmt.Errorf("no mark: %w", h5err.ErrCorrupt)
	}
	dst = dst[:0]
	for _, b := range src[1:] {
		dst = append(dst, ^b)
	}
	return dst, nil
}

var inverted = filter.NewPipeline(filter.NewRegistry(invert{}), []filter.Stage{{ID: 400}})

// collector takes elements by Put alone, as a conversion does.
type collector struct {
	es  int
	mu  sync.Mutex // guards out
	out []byte
}

func (c *collector) Direct(uint64, uint64) []byte { return nil }
func (c *collector) Put(at uint64, src []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(src)%c.es != 0 {
		return fmt.Errorf("%d bytes are no elements of %d", len(src), c.es)
	}
	copy(c.out[int(at)*c.es:], src)
	return nil
}

// straight gives its memory to those who ask.
type straight struct{ collector }

func (s *straight) Direct(at, n uint64) []byte {
	return s.out[at*uint64(s.es) : (at+n)*uint64(s.es)]
}

// plan is a dataset to be made, with its elements in memory.
type plan struct {
	dims, chunk []uint64
	es          int
	elements    []byte // row-major
	fill        []byte
	filtered    bool
	edge        bool // chunks that stick out are not filtered
	absent      func(scaled []uint64) bool
}

// coordinates gives the place of a row-major position.
func coordinates(i uint64, dims []uint64) []uint64 {
	c := make([]uint64, len(dims))
	for k := len(dims) - 1; k >= 0; k-- {
		c[k] = i % dims[k]
		i /= dims[k]
	}
	return c
}

func position(c, dims []uint64) uint64 {
	i := uint64(0)
	for k := range dims {
		i = i*dims[k] + c[k]
	}
	return i
}

// build writes the chunks whole, edge chunks too, and gives the file; elements
// of absent chunks become the fill value in p.
func (p *plan) build() ([]byte, mapIndex) {
	file, index := make([]byte, 8), mapIndex{}
	grid, n := make([]uint64, len(p.dims)), uint64(1)
	for k := range p.dims {
		grid[k] = (p.dims[k] + p.chunk[k] - 1) / p.chunk[k]
		n *= grid[k]
	}
	elems, _ := wire.Product(p.chunk)
	for g := range n {
		scaled := coordinates(g, grid)
		data := bytes.Repeat([]byte{0xee}, int(elems)*p.es)
		outside := false
		for e := range elems {
			c := coordinates(e, p.chunk)
			inside := true
			for k := range c {
				c[k] += scaled[k] * p.chunk[k]
				inside = inside && c[k] < p.dims[k]
			}
			if outside = outside || !inside; inside {
				at := position(c, p.dims) * uint64(p.es)
				if p.absent(scaled) {
					copy(p.elements[at:], p.fill)
				}
				copy(data[e*uint64(p.es):], p.elements[at:at+uint64(p.es)])
			}
		}
		if p.absent(scaled) {
			continue
		}
		if p.filtered && (!p.edge || !outside) {
			for i := range data {
				data[i] = ^data[i]
			}
			data = append([]byte{0x5a}, data...)
		}
		index[fmt.Sprint(scaled)] = chunkindex.Chunk{Address: wire.Address(len(file)), Size: uint64(len(data))}
		file = append(file, data...)
	}
	return file, index
}

func (p *plan) dataset(t testing.TB, d driver.Driver, index mapIndex, chunks *ChunkCache, pool *Pool) *Dataset {
	t.Helper()
	ds := &Dataset{Cache: metacache.New(d, wire.Sizes{Offset: 8, Length: 8}, wire.DefaultLimits()), Dims: p.dims, ElementSize: p.es,
		Layout: &format.Layout{Class: format.LayoutChunked, ChunkDims: p.chunk, ElementSize: uint64(p.es), UnfilteredEdge: p.edge},
		Fill:   p.fill, Index: index, Chunks: chunks, Pool: pool}
	if p.filtered {
		ds.Pipeline = inverted
	}
	if err := ds.Init(); err != nil {
		t.Fatal(err)
	}
	return ds
}

func randomPlan(r *rand.Rand) *plan {
	p := &plan{es: []int{1, 2, 3, 4, 8, 12}[r.IntN(6)], filtered: r.IntN(2) == 0, edge: r.IntN(3) == 0}
	n := uint64(p.es)
	for range 1 + r.IntN(4) {
		d := 1 + r.Uint64N(9)
		p.dims, p.chunk = append(p.dims, d), append(p.chunk, 1+r.Uint64N(min(d+2, 6)))
		n *= d
	}
	p.elements = make([]byte, n)
	for i := range p.elements {
		p.elements[i] = byte(r.Uint32())
	}
	p.fill = make([]byte, p.es)
	for i := range p.fill {
		p.fill[i] = byte(0xf0 + i)
	}
	salt := r.Uint64N(5)
	p.absent = func(scaled []uint64) bool { return (position(scaled, p.dims)+salt)%4 == 0 }
	return p
}

// randomSelection gives a selection and the elements it takes, in order.
func randomSelection(r *rand.Rand, dims []uint64) (dataspace.Selection, [][]uint64) {
	start, stride, count, block := make([]uint64, len(dims)), make([]uint64, len(dims)), make([]uint64, len(dims)), make([]uint64, len(dims))
	shape := make([]uint64, len(dims))
	for k, d := range dims {
		start[k] = r.Uint64N(d)
		left := d - start[k]
		block[k] = 1 + r.Uint64N(left)
		stride[k] = block[k] + r.Uint64N(3)
		count[k] = 1 + r.Uint64N((left-block[k])/stride[k]+1)
		shape[k] = count[k] * block[k]
	}
	n, _ := wire.Product(shape)
	var list [][]uint64
	for i := range n {
		c := coordinates(i, shape)
		for k := range c {
			c[k] = start[k] + c[k]/block[k]*stride[k] + c[k]%block[k]
		}
		list = append(list, c)
	}
	return dataspace.Hyperslab(start, stride, count, block), list
}

// want picks elements out of the model.
func (p *plan) want(list [][]uint64) []byte {
	var out []byte
	for _, c := range list {
		at := position(c, p.dims) * uint64(p.es)
		out = append(out, p.elements[at:at+uint64(p.es)]...)
	}
	return out
}

func compare(t *testing.T, what string, ds *Dataset, sel dataspace.Selection, want []byte, workers int) {
	t.Helper()
	b, err := sel.Bind(ds.Dims)
	if err != nil {
		t.Fatal(err)
	}
	for _, direct := range []bool{false, true} {
		c := collector{es: ds.ElementSize, out: make([]byte, len(want))}
		var s Sink = &c
		out := c.out
		if direct {
			s = &straight{collector{es: ds.ElementSize, out: out}}
		}
		if err := ds.Read(context.Background(), b, s, workers); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if !bytes.Equal(out, want) {
			t.Fatalf("%s, direct %v:\n got % x\nwant % x", what, direct, out, want)
		}
	}
}

// bare hides that memory can be shown.
type bare struct{ driver.Driver }

func TestReadsAgreeWithAPlainArray(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	pool := NewPool(4)
	for round := range 400 {
		p := randomPlan(r)
		file, index := p.build()
		var d driver.Driver = driver.Memory(file)
		if round%2 == 0 {
			d = bare{d}
		}
		var chunks *ChunkCache
		if round%3 == 0 {
			chunks = NewChunkCache(int64(1 + r.IntN(20000)))
		}
		ds := p.dataset(t, d, index, chunks, pool)
		contiguous := &Dataset{Cache: metacache.New(driver.Memory(append([]byte("12345"), p.elements...)), wire.Sizes{}, wire.DefaultLimits()), Dims: p.dims,
			ElementSize: p.es, Layout: &format.Layout{Class: format.LayoutContiguous, Address: 5}, Pool: pool}
		external := &Dataset{Cache: contiguous.Cache, Dims: p.dims, ElementSize: p.es, Layout: &format.Layout{Class: format.LayoutContiguous, Address: wire.Undefined},
			External: bare{driver.Memory(p.elements)}, Pool: pool}
		compact := &Dataset{Cache: contiguous.Cache, Dims: p.dims, ElementSize: p.es, Layout: &format.Layout{Class: format.LayoutCompact, Data: p.elements}, Pool: pool}
		for range 6 {
			sel, list := randomSelection(r, p.dims)
			want := p.want(list)
			what := fmt.Sprintf("round %d: %v in chunks %v of %d bytes, filtered %v, edge %v", round, p.dims, p.chunk, p.es, p.filtered, p.edge)
			for _, x := range []*Dataset{ds, contiguous, external, compact} {
				compare(t, what+" "+x.Layout.Class.String(), x, sel, want, 1+r.IntN(4))
			}
			compareScan(t, what, ds, sel, want)
		}
	}
}

// compareScan holds a scan to the same elements, in whatever order.
// A whole chunk in order, and some of its elements again.
func TestElementsThatAreWantedTwiceComeTwice(t *testing.T) {
	p := &plan{dims: []uint64{5}, chunk: []uint64{2}, es: 1, elements: []byte("abcde"), fill: []byte{0}, absent: func([]uint64) bool { return false }}
	for _, p.filtered = range []bool{false, true} {
		file, index := p.build()
		ds := p.dataset(t, driver.Memory(file), index, nil, NewPool(1))
		for want, coords := range map[string][]uint64{
			"aba": {0, 1, 0}, "cded": {2, 3, 4, 3}, "abab": {0, 1, 0, 1}, "babcd": {1, 0, 1, 2, 3}, "cdab": {2, 3, 0, 1},
		} {
			compare(t, fmt.Sprint(coords), ds, dataspace.Points(1, coords), []byte(want), 1)
		}
	}
}

func compareScan(t *testing.T, what string, ds *Dataset, sel dataspace.Selection, want []byte) {
	t.Helper()
	b, err := sel.Bind(ds.Dims)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex // guards got
	var got []string
	err = ds.Scan(context.Background(), b, Whole, 3, func(k Block) error {
		mu.Lock()
		defer mu.Unlock()
		if uint64(len(k.Data)) != k.N*uint64(ds.ElementSize) {
			return fmt.Errorf("%d bytes for %d elements", len(k.Data), k.N)
		}
		for e := range slices.Chunk(k.Data, ds.ElementSize) {
			got = append(got, string(e))
		}
		return nil
	})
	if err != nil {
		t.Fatalf("%s: scan: %v", what, err)
	}
	var wanted []string
	for e := range slices.Chunk(want, ds.ElementSize) {
		wanted = append(wanted, string(e))
	}
	slices.Sort(got)
	slices.Sort(wanted)
	if !slices.Equal(got, wanted) {
		t.Fatalf("%s: a scan shows other elements", what)
	}
}

func TestWhatWasNeverWrittenIsTheFillValue(t *testing.T) {
	p := randomPlan(rand.New(rand.NewPCG(3, 4)))
	p.absent = func([]uint64) bool { return true }
	file, index := p.build()
	ds := p.dataset(t, driver.Memory(file), index, nil, NewPool(1))
	compare(t, "chunked", ds, dataspace.All(), bytes.Repeat(p.fill, len(p.elements)/p.es), 1)
	late := &Dataset{Cache: ds.Cache, Dims: p.dims, ElementSize: p.es, Layout: &format.Layout{Class: format.LayoutContiguous, Address: wire.Undefined}, Fill: p.fill, Pool: ds.Pool}
	compare(t, "contiguous", late, dataspace.All(), bytes.Repeat(p.fill, len(p.elements)/p.es), 1)
	late.Fill = nil
	compare(t, "zeros", late, dataspace.All(), make([]byte, len(p.elements)), 1)
}

func TestLayoutsThatDoNotFitAreCorrupt(t *testing.T) {
	c := metacache.New(driver.Memory(make([]byte, 100)), wire.Sizes{}, wire.DefaultLimits())
	chunked := func(es uint64, dims ...uint64) *format.Layout {
		return &format.Layout{Class: format.LayoutChunked, ChunkDims: dims, ElementSize: es}
	}
	for name, x := range map[string]struct {
		d    Dataset
		want error
	}{
		"element size 0":  {Dataset{Dims: []uint64{3}, Layout: chunked(4, 2)}, h5err.ErrCorrupt},
		"rank":            {Dataset{Dims: []uint64{3}, ElementSize: 4, Layout: chunked(4, 2, 2)}, h5err.ErrCorrupt},
		"scalar":          {Dataset{ElementSize: 4, Layout: chunked(4)}, h5err.ErrCorrupt},
		"element size":    {Dataset{Dims: []uint64{3}, ElementSize: 8, Layout: chunked(4, 2)}, h5err.ErrCorrupt},
		"overflow":        {Dataset{Dims: []uint64{3, 3}, ElementSize: 4, Layout: chunked(4, 1<<32, 1<<32)}, h5err.ErrCorrupt},
		"beyond 4 GiB":    {Dataset{Dims: []uint64{3}, ElementSize: 4, Layout: chunked(4, 1<<30)}, h5err.ErrCorrupt},
		"over the limit":  {Dataset{Dims: []uint64{3}, ElementSize: 4, Layout: chunked(4, 1<<29)}, h5err.ErrLimit},
		"a legal chunk":   {Dataset{Dims: []uint64{3}, ElementSize: 4, Layout: chunked(4, 1<<20)}, nil},
		"no chunk at all": {Dataset{Dims: []uint64{3}, ElementSize: 4, Layout: &format.Layout{Class: format.LayoutContiguous}}, nil},
	} {
		x.d.Cache = c
		if err := x.d.Init(); !errors.Is(err, x.want) {
			t.Errorf("%s: got %v, want %v", name, err, x.want)
		}
	}
}

func TestStoredSizesAreHeldToTheShape(t *testing.T) {
	bound := func(dims ...uint64) *dataspace.Bound {
		b, err := dataspace.All().Bind(dims)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	c := metacache.New(driver.Memory(make([]byte, 100)), wire.Sizes{}, wire.DefaultLimits())
	read := func(d *Dataset) error {
		d.Cache, d.Pool = c, NewPool(1)
		if err := d.Init(); err != nil {
			return err
		}
		return d.Read(context.Background(), bound(d.Dims...), &collector{es: d.ElementSize, out: make([]byte, 1000)}, 1)
	}
	contiguous := func(l format.Layout) *Dataset {
		l.Class = format.LayoutContiguous
		return &Dataset{Dims: []uint64{10}, ElementSize: 4, Layout: &l}
	}
	one := func(k chunkindex.Chunk, p *filter.Pipeline) *Dataset {
		return &Dataset{Dims: []uint64{10}, ElementSize: 4, Pipeline: p, Index: mapIndex{"[0]": k},
			Layout: &format.Layout{Class: format.LayoutChunked, ChunkDims: []uint64{10}, ElementSize: 4}}
	}
	for name, x := range map[string]struct {
		d    *Dataset
		want error
	}{
		"fits":             {contiguous(format.Layout{Address: 60, Size: 40, HasSize: true}), nil},
		"too small":        {contiguous(format.Layout{Address: 60, Size: 39, HasSize: true}), h5err.ErrCorrupt},
		"behind the end":   {contiguous(format.Layout{Address: 61, Size: 40, HasSize: true}), h5err.ErrTruncated},
		"no size, behind":  {contiguous(format.Layout{Address: 61}), h5err.ErrTruncated},
		"address wraps":    {contiguous(format.Layout{Address: wire.Undefined - 1}), h5err.ErrTruncated},
		"compact short":    {&Dataset{Dims: []uint64{10}, ElementSize: 4, Layout: &format.Layout{Data: make([]byte, 39)}}, h5err.ErrCorrupt},
		"compact long":     {&Dataset{Dims: []uint64{10}, ElementSize: 4, Layout: &format.Layout{Data: make([]byte, 48)}}, nil},
		"chunk size":       {one(chunkindex.Chunk{Size: 39}, nil), h5err.ErrCorrupt},
		"chunk behind":     {one(chunkindex.Chunk{Size: 40, Address: 61}, nil), h5err.ErrTruncated},
		"filtered behind":  {one(chunkindex.Chunk{Size: 40, Address: 61}, inverted), h5err.ErrTruncated},
		"filtered garbage": {one(chunkindex.Chunk{Size: 41}, inverted), h5err.ErrCorrupt},
		"skipped filter":   {one(chunkindex.Chunk{Size: 40, Mask: 1}, inverted), nil},
		"skipped, short":   {one(chunkindex.Chunk{Size: 39, Mask: 1}, inverted), h5err.ErrCorrupt},
		"huge chunk":       {one(chunkindex.Chunk{Size: 1 << 40}, inverted), h5err.ErrLimit},
		"unknown class":    {&Dataset{Dims: []uint64{1}, ElementSize: 4, Layout: &format.Layout{Class: 9}}, h5err.ErrUnsupported},
	} {
		if err := read(x.d); !errors.Is(err, x.want) {
			t.Errorf("%s: got %v, want %v", name, err, x.want)
		}
	}
}

func TestExtentsNearTheEndOfTheRangeHaveEdges(t *testing.T) {
	dims := []uint64{dataspace.MaxExtent}
	d := &Dataset{Dims: dims, ElementSize: 1, Pipeline: inverted, Cache: metacache.New(driver.Memory(nil), wire.Sizes{}, wire.DefaultLimits()),
		Layout: &format.Layout{Class: format.LayoutChunked, ChunkDims: []uint64{1 << 20}, ElementSize: 1, UnfilteredEdge: true}}
	if err := d.Init(); err != nil {
		t.Fatal(err)
	}
	last := dims[0] >> 20
	if !d.unfiltered([]uint64{last}) || d.unfiltered([]uint64{last - 1}) || d.unfiltered([]uint64{0}) {
		t.Error("the last chunk alone sticks out")
	}
	d.Dims = []uint64{1 << 62}
	if d.unfiltered([]uint64{1<<42 - 1}) {
		t.Error("the last chunk fits")
	}
}

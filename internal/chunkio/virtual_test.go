package chunkio

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"gables/hdf5/dataspace"
	"gables/hdf5/driver"
	"gables/hdf5/h5err"
	"gables/internal/format"
	"gables/internal/metacache"
	"gables/internal/wire"
)

// listed gives the coordinates of a slab below an extent, one by one.
func listed(start, stride, count, block, extent uint64) (list []uint64) {
	for q := range count {
		for i := range block {
			if c := start + q*stride + i; c < extent {
				list = append(list, c)
			}
		}
	}
	return list
}

func TestSlabsCountFindAndClip(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		start, block, count := r.Uint64N(9), 1+r.Uint64N(4), r.Uint64N(6)
		stride := block + r.Uint64N(4)
		s, err := newSlab(start, stride, count, block)
		if err != nil {
			t.Fatal(err)
		}
		all := listed(start, stride, count, block, 1000)
		for i, c := range all {
			if j, ok := s.index(c); s.At(uint64(i)) != c || !ok || j != uint64(i) {
				t.Fatalf("%+v: element %d at %d, index %d %t; want %d", s, i, s.At(uint64(i)), j, ok, c)
			}
		}
		for c := range uint64(60) {
			_, ok := s.index(c)
			if n := len(listed(start, stride, count, block, c)); s.Find(c) != uint64(n) || ok != slices.Contains(all, c) {
				t.Fatalf("%+v: %d elements below %d, want %d", s, s.Find(c), c, n)
			}
		}
		u, err := newSlab(start, stride, dataspace.Unlimited, block)
		n := r.Uint64N(12)
		want := listed(start, stride, 12, block, 1000)[:n]
		c, end, ok := u.Clip(n)
		if err != nil || !ok || c.N != n || n > 0 && end != want[n-1]+1 || n == 0 && end != 0 {
			t.Fatalf("%+v clipped to %d: %+v, %d, %t, %v", u, n, c, end, ok, err)
		}
	}
}

func TestSlabsThatAreApartShareNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	apart := 0
	for range 5000 {
		make := func(stride uint64) (Slab, []uint64) {
			start, block, count := r.Uint64N(12), 1+r.Uint64N(min(3, stride)), 1+r.Uint64N(4)
			s, err := newSlab(start, stride, count, block)
			if err != nil {
				t.Fatal(err)
			}
			return s, listed(start, stride, count, block, 1000)
		}
		stride := 1 + r.Uint64N(6)
		a, as := make(stride)
		b, bs := make(stride + r.Uint64N(5)/4)
		if !a.apart(b) {
			continue
		}
		apart++
		for _, c := range as {
			if slices.Contains(bs, c) {
				t.Fatalf("%+v and %+v share %d", a, b, c)
			}
		}
	}
	if apart < 500 {
		t.Errorf("only %d pairs are apart", apart)
	}
}

func TestSlabsThatCannotBeAreRefused(t *testing.T) {
	const huge = 1 << 63
	for _, c := range [][4]uint64{{huge, 1, 1, 1}, {0, 0, 1, 1}, {0, huge, 2, 1}, {0, 1, 2, 2}, {0, 1, 1, 0},
		{0, 1 << 62, 3, 1}, {0, 1 << 40, 1 << 40, 1}, {0, 1, 2, dataspace.Unlimited}, {1 << 62, 1, 1, 1 << 62}} {
		if s, err := newSlab(c[0], c[1], c[2], c[3]); !errors.Is(err, h5err.ErrCorrupt) {
			t.Errorf("%v: %+v, %v", c, s, err)
		}
	}
}

func TestBlocksThatMakeUpAGridAreFound(t *testing.T) {
	var blocks []dataspace.Block
	for _, y := range []uint64{1, 4, 7} {
		for _, x := range []uint64{0, 5} {
			blocks = append(blocks, dataspace.Block{Start: []uint64{y, x}, End: []uint64{y + 1, x + 2}})
		}
	}
	g, ok := gridOfBlocks(blocks, 2)
	if want := (Grid{{1, 3, 2, 6}, {0, 5, 3, 6}}); !ok || !slices.Equal(g, want) {
		t.Errorf("got %v, want %v", g, want)
	}
	if g, ok := gridOfBlocks(blocks[:5], 2); ok {
		t.Errorf("five blocks of six: %v", g)
	}
	blocks[3] = blocks[2]
	if g, ok := gridOfBlocks(blocks, 2); ok {
		t.Errorf("a block twice: %v", g)
	}
}

// array is a source in memory.
type array struct {
	dims []uint64
	data []byte
	fail error
}

func (a *array) Dims() []uint64 { return a.dims }

func (a *array) Read(_ context.Context, b *dataspace.Bound, s Sink, _ int) error {
	if a.fail != nil {
		return a.fail
	}
	var err error
	b.Runs(make([]uint64, len(a.dims)), a.dims, func(r dataspace.Run) bool {
		for i := range r.N {
			at := uint64(int64(r.Box) + int64(i)*r.Step)
			if err = s.Put(r.Mem+i, a.data[at:at+1]); err != nil {
				return false
			}
		}
		return true
	})
	return err
}

// onceSink takes each element once, and not in its memory.
type onceSink struct {
	got  []byte
	seen []bool
	t    *testing.T
}

func (o *onceSink) Direct(uint64, uint64) []byte { return nil }

func (o *onceSink) Put(at uint64, src []byte) error {
	for i, c := range src {
		if o.seen[at+uint64(i)] {
			o.t.Errorf("element %d comes twice", at+uint64(i))
		}
		o.got[at+uint64(i)], o.seen[at+uint64(i)] = c, true
	}
	return nil
}

func randomSlabs(r *rand.Rand, dims []uint64) *format.Selection {
	s := &format.Selection{Kind: format.SelectionHyperslab, Rank: len(dims)}
	for _, n := range dims {
		block := 1 + r.Uint64N(3)
		stride := block + r.Uint64N(3)
		start := r.Uint64N(max(1, n-min(n, block)))
		count := 1 + r.Uint64N(3)
		for count > 1 && start+(count-1)*stride+block > n {
			count--
		}
		block = min(block, n-start)
		s.Start, s.Stride = append(s.Start, start), append(s.Stride, stride)
		s.Count, s.Block = append(s.Count, count), append(s.Block, block)
	}
	s.Selection = dataspace.Hyperslab(s.Start, s.Stride, s.Count, s.Block)
	return s
}

// positions lists what a selection takes, in order.
func positions(t *testing.T, sel dataspace.Selection, dims []uint64) (list []uint64) {
	t.Helper()
	b, err := sel.Bind(dims)
	if err != nil {
		t.Fatal(err)
	}
	list = make([]uint64, b.Count())
	b.Runs(make([]uint64, len(dims)), dims, func(r dataspace.Run) bool {
		for i := range r.N {
			list[r.Mem+i] = uint64(int64(r.Box) + int64(i)*r.Step)
		}
		return true
	})
	return list
}

func randomDims(r *rand.Rand, rank int) (dims []uint64, n uint64) {
	n = 1
	for range rank {
		dims = append(dims, 1+r.Uint64N(12))
		n *= dims[len(dims)-1]
	}
	return dims, n
}

// A virtual dataset of random mappings reads as a plain array that was put
// together element by element.
func TestVirtualReadsMatchAPlainModel(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	cache := metacache.New(driver.Memory(nil), wire.Sizes{Offset: 8, Length: 8}, wire.DefaultLimits())
	mapped := 0
	for range 1500 {
		dims, n := randomDims(r, 1+r.IntN(3))
		model := bytes.Repeat([]byte{200}, int(n))
		v := NewVirtual(new(int), dims)
		for range r.IntN(5) {
			vsel := randomSlabs(r, dims)
			at := positions(t, vsel.Selection, dims)
			sdims, sn := slices.Clone(vsel.Count), uint64(len(at))
			for k := range sdims {
				sdims[k] *= vsel.Block[k]
			}
			if r.IntN(4) == 0 {
				sdims = []uint64{sn} // another shape
				if sn%4 == 0 {
					sdims = []uint64{sn / 4, 1, 4}
				}
			}
			src := &array{dims: sdims, data: make([]byte, sn)}
			for i := range src.data {
				src.data[i] = byte(r.IntN(200))
			}
			missing := r.IntN(6) == 0
			m := &Mapping{Selection: vsel, Source: &format.Selection{Kind: format.SelectionAll}, Open: func() (VirtualSource, error) {
				if missing {
					return nil, nil
				}
				return src, nil
			}}
			if err := v.Add(m); err != nil {
				t.Fatal(err)
			}
			mapped++
			for i, p := range at {
				if !missing {
					model[p] = src.data[i]
				}
			}
		}
		d := &Dataset{Cache: cache, Dims: dims, ElementSize: 1, Layout: &format.Layout{Class: format.LayoutVirtual},
			Fill: []byte{200}, Mappings: v, Pool: NewPool(2)}
		sel := []dataspace.Selection{dataspace.All(), randomSlabs(r, dims).Selection, dataspace.Points(len(dims), somePoints(r, dims))}
		for _, s := range sel {
			b, err := s.Bind(dims)
			if err != nil {
				t.Fatal(err)
			}
			want := []byte{}
			for _, p := range positions(t, s, dims) {
				want = append(want, model[p])
			}
			plain := memory{make([]byte, b.Count()), 1}
			once := &onceSink{make([]byte, b.Count()), make([]bool, b.Count()), t}
			if err := d.Read(context.Background(), b, plain, 0); err != nil || !bytes.Equal(plain.b, want) {
				t.Fatalf("%v: %v, got %v, want %v", dims, err, plain.b, want)
			}
			if err := d.Read(context.Background(), b, once, 0); err != nil || !bytes.Equal(once.got, want) {
				t.Fatalf("%v: %v, got %v, want %v", dims, err, once.got, want)
			}
		}
	}
	if mapped < 1000 {
		t.Errorf("only %d mappings", mapped)
	}
}

func somePoints(r *rand.Rand, dims []uint64) (coords []uint64) {
	for range 1 + r.IntN(6) {
		for _, n := range dims {
			coords = append(coords, r.Uint64N(n))
		}
	}
	return coords
}

func TestASourcesErrorEndsTheRead(t *testing.T) {
	cache := metacache.New(driver.Memory(nil), wire.Sizes{Offset: 8, Length: 8}, wire.DefaultLimits())
	bad := errors.New("bad sector")
	for _, open := range []func() (VirtualSource, error){
		func() (VirtualSource, error) { return nil, bad },
		func() (VirtualSource, error) { return &array{dims: []uint64{4}, fail: bad}, nil },
	} {
		v := NewVirtual(nil, []uint64{4})
		all := &format.Selection{Kind: format.SelectionAll}
		if err := v.Add(&Mapping{Selection: all, Source: all, Open: open}); err != nil {
			t.Fatal(err)
		}
		d := &Dataset{Cache: cache, Dims: []uint64{4}, ElementSize: 1, Layout: &format.Layout{Class: format.LayoutVirtual}, Mappings: v, Pool: NewPool(2)}
		for _, s := range []dataspace.Selection{dataspace.All(), dataspace.Points(1, []uint64{3, 0})} {
			b, err := s.Bind(d.Dims)
			if err != nil {
				t.Fatal(err)
			}
			if err := d.Read(context.Background(), b, memory{make([]byte, 4), 1}, 0); !errors.Is(err, bad) {
				t.Errorf("got %v, want %v", err, bad)
			}
		}
	}
}

package dataspace

import (
	"errors"
	"fmt"
	"math/rand"
	"slices"
	"sync"
	"testing"

	"gables/hdf5/h5err"
)

func mustBind(t testing.TB, s Selection, dims ...uint64) *Bound {
	t.Helper()
	b, err := s.Bind(dims)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func collect(b *Bound, origin, dims []uint64) (out []Run) {
	b.Runs(origin, dims, func(r Run) bool { out = append(out, r); return true })
	return out
}

func TestRunsAreAsLongAsTheyCanBe(t *testing.T) {
	u := func(v ...uint64) []uint64 { return v }
	mask := func(text string) (out []bool) {
		for _, c := range text {
			out = append(out, c == '1')
		}
		return out
	}
	for _, c := range []struct {
		sel               Selection
		dims, origin, box []uint64
		want              []Run
	}{
		{All(), u(6, 5, 4), u(0, 0, 0), u(6, 5, 4), []Run{{0, 0, 120, 1}}},
		{All(), u(6, 5, 4), u(2, 0, 0), u(2, 5, 4), []Run{{40, 0, 40, 1}}},
		{All(), u(6, 5, 4), u(2, 0, 0), u(2, 6, 4), []Run{{40, 0, 20, 1}, {60, 24, 20, 1}}},
		{MustParse("1:3"), u(6, 5, 4), u(0, 0, 0), u(6, 5, 4), []Run{{0, 20, 40, 1}}},
		{MustParse("1, 2"), u(6, 5, 4), u(0, 0, 0), u(6, 5, 4), []Run{{0, 28, 4, 1}}},
		{MustParse(":, 3"), u(50, 8), u(10, 0), u(10, 8), []Run{{10, 3, 10, 8}}},
		{MustParse(":, 3:4"), u(50, 8), u(10, 0), u(10, 8), []Run{{10, 3, 10, 8}}},
		{MustParse("::2"), u(50, 1), u(10, 0), u(10, 1), []Run{{5, 0, 5, 2}}},
		{MustParse("::-1"), u(9), u(2), u(4), []Run{{3, 3, 4, -1}}},
		{MustParse("::-1, ::-1"), u(3, 4), u(0, 0), u(3, 4), []Run{{0, 11, 12, -1}}},
		{MustParse(":, :, ::3"), u(1, 2, 6), u(0, 0, 0), u(1, 2, 6), []Run{{0, 0, 4, 3}}},
		{MustParse("[1,2,3,7,5,6]"), u(9), u(0), u(9), []Run{{0, 1, 3, 1}, {4, 5, 2, 1}, {3, 7, 1, 1}}},
		{MustParse("[1,4,5,6]"), u(9), u(0), u(9), []Run{{0, 1, 1, 1}, {1, 4, 3, 1}}},
		{MustParse("[2,3,8], :"), u(9, 4), u(0, 0), u(9, 4), []Run{{0, 8, 8, 1}, {8, 32, 4, 1}}},
		{MustParse("[8,6,4]"), u(9), u(0), u(9), []Run{{0, 8, 3, -2}}},
		{Hyperslab(u(1), u(4), u(2), u(2)), u(9), u(0), u(9), []Run{{0, 1, 2, 1}, {2, 5, 2, 1}}},
		{Hyperslab(u(0, 0), u(4, 1), u(2, 3), u(2, 1)), u(8, 3), u(0, 0), u(8, 3), []Run{{0, 0, 6, 1}, {6, 12, 6, 1}}},
		{Mask(u(2, 4), mask("00111100")), u(2, 4), u(0, 0), u(2, 4), []Run{{0, 2, 4, 1}}},
		{Mask(u(4, 1), mask("0101")), u(4, 1), u(0, 0), u(4, 1), []Run{{0, 1, 2, 2}}},
		{Mask(u(8), mask("10001110")), u(8), u(0), u(8), []Run{{0, 0, 1, 1}, {1, 4, 3, 1}}},
		{Points(1, u(1, 3, 5, 6, 7, 0)), u(9), u(0), u(9), []Run{{0, 1, 3, 2}, {3, 6, 2, 1}, {5, 0, 1, 1}}},
		{Points(1, u(4, 4, 4)), u(9), u(0), u(9), []Run{{0, 4, 3, 0}}},
		{Points(1, u(1, 5, 6, 7)), u(9), u(0), u(9), []Run{{0, 1, 1, 1}, {1, 5, 3, 1}}},
		{Union(2, []Block{{u(0, 0), u(1, 3)}, {u(1, 0), u(2, 3)}}), u(4, 4), u(0, 0), u(4, 4), []Run{{0, 0, 12, 1}}},
		{Union(2, []Block{{u(0, 1), u(1, 1)}, {u(2, 1), u(3, 1)}}), u(4, 4), u(0, 0), u(4, 4), []Run{{0, 1, 4, 4}}},
	} {
		if got := collect(mustBind(t, c.sel, c.dims...), c.origin, c.box); !slices.Equal(got, c.want) {
			t.Errorf("%v in %v+%v of %v: %v, want %v", c.sel, c.origin, c.box, c.dims, got, c.want)
		}
	}
}

func TestSparseEnormousDataspacesCostOnlyWhatIsTouched(t *testing.T) {
	const far = 1 << 40
	dims, chunk := []uint64{far, far, 100}, []uint64{1 << 10, 1 << 10, 100}
	corner := Block{[]uint64{0, 0, 0}, []uint64{2000, 0, 99}}
	other := Block{[]uint64{far - 1, 5, 0}, []uint64{far - 1, 3000, 3}}
	for i, c := range []struct {
		sel   Selection
		boxes int
	}{
		{Hyperslab([]uint64{5, 7, 0}, []uint64{1 << 38, 1 << 30, 1}, []uint64{4, 100, 100}, nil), 400},
		{MustParse("::-274877906944, [0, -1, 1099511627775, 5], ::2"), 8},
		{Points(3, []uint64{far - 1, far - 1, 99, 0, 0, 0, far - 1, far - 1, 0, far / 2, 3, 4}), 3},
		{Union(3, []Block{other, corner}), 5},
		{Box([]uint64{far - 5, far - 5, 0}, []uint64{5, 5, 100}), 1},
	} {
		b := mustBind(t, c.sel, dims...)
		boxes, elements := 0, uint64(0)
		b.Boxes(chunk, func(scaled []uint64) bool {
			origin := []uint64{scaled[0] * chunk[0], scaled[1] * chunk[1], scaled[2] * chunk[2]}
			b.Runs(origin, chunk, func(r Run) bool { elements += r.N; return true })
			boxes++
			return true
		})
		if boxes != c.boxes || elements != b.Count() {
			t.Errorf("case %d: %d boxes, want %d; %d elements of %d", i, boxes, c.boxes, elements, b.Count())
		}
	}
}

func TestPointsSortWithKeysBeyond64Bits(t *testing.T) {
	const far = MaxExtent
	coords := []uint64{
		far - 1, 0, far - 1, 0, far - 1, 0, 0, 0, 0, far - 1, 0, 5, 0, far - 1, far - 1, far - 1, far - 1, far - 1, 0, 0, 1}
	b := mustBind(t, Points(3, coords), far, far, far)
	var got [][]uint64
	b.Boxes([]uint64{1, 1, 1}, func(scaled []uint64) bool {
		got = append(got, slices.Clone(scaled))
		return true
	})
	if len(got) != 7 || !slices.IsSortedFunc(got, slices.Compare) {
		t.Error(got)
	}
	if r := collect(b, []uint64{far - 1, 0, 5}, []uint64{1, 1, 1}); !slices.Equal(r, []Run{{3, 0, 1, 1}}) {
		t.Error(r)
	}
}

func TestUnionOfHugeBlocksCountsWithoutListing(t *testing.T) {
	const far = 1 << 31
	b := mustBind(t, Union(2, []Block{
		{[]uint64{0, 0}, []uint64{far - 2, far - 1}}, {[]uint64{5, 0}, []uint64{far - 2, far - 1}}, {[]uint64{far - 1, 3}, []uint64{far - 1, 4}},
	}), far, far)
	if want := uint64(far-1)*far + 2; b.Count() != want {
		t.Errorf("%d elements, want %d", b.Count(), want)
	}
	if r := collect(b, []uint64{far - 1, 0}, []uint64{1, 8}); !slices.Equal(r, []Run{{(far - 1) * far, 3, 2, 1}}) {
		t.Error(r)
	}
}

func TestUnionThatExplodesIsRefused(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	dims := []uint64{1 << 20, 1 << 20, 1 << 20, 1 << 20, 1 << 20}
	var blocks []Block
	for range 3000 {
		b := Block{make([]uint64, 5), make([]uint64, 5)}
		for k := range dims {
			b.Start[k] = uint64(r.Intn(1 << 19))
			b.End[k] = b.Start[k] + uint64(r.Intn(1<<19))
		}
		blocks = append(blocks, b)
	}
	if _, err := Union(5, blocks).Bind(dims); !errors.Is(err, h5err.ErrLimit) {
		t.Error(err)
	}
}

func TestUnionOfManyBlocksSharesItsSpans(t *testing.T) {
	var blocks []Block
	for i := range uint64(100_000) {
		blocks = append(blocks, Block{[]uint64{0, 2 * i, 0}, []uint64{1 << 30, 2 * i, 3}})
	}
	b := mustBind(t, Union(3, blocks), 1<<31, 1<<31, 4)
	if want := uint64(1<<30+1) * 100_000 * 4; b.Count() != want {
		t.Errorf("%d elements, want %d", b.Count(), want)
	}
}

func TestCallersMayStopAtAnyTime(t *testing.T) {
	dims, chunk := []uint64{20, 20}, []uint64{3, 3}
	r := rand.New(rand.NewSource(3))
	for range 300 {
		m := randModel(r, dims)
		b := mustBind(t, m.sel, dims...)
		boxes, runs, pieces := 0, 0, 0
		b.Boxes(chunk, func([]uint64) bool { boxes++; return boxes < 2 })
		b.Runs([]uint64{0, 0}, dims, func(Run) bool { runs++; return runs < 2 })
		b.Split(b.Count()/5, func(uint64, *Bound) bool { pieces++; return pieces < 2 })
		if boxes > 2 || runs > 2 || pieces > 2 {
			t.Errorf("%s: %d boxes, %d runs, %d pieces after the stop", m.name, boxes, runs, pieces)
		}
	}
}

func TestSplitChunksCutsAtChunkEdges(t *testing.T) {
	var got []uint64
	mustBind(t, MustParse("5:1000:2, :"), 1000, 10).SplitChunks(1000, []uint64{64, 10}, func(first uint64, p *Bound) bool {
		lo, _, _ := p.Bounds()
		got = append(got, lo[0])
		return true
	})
	if !slices.Equal(got, []uint64{5, 193, 385, 577, 769, 961}) {
		t.Error(got)
	}
}

func TestManyGoroutinesShareABound(t *testing.T) {
	r := rand.New(rand.NewSource(5))
	dims := []uint64{30, 30}
	for _, m := range []model{randPoints(r, dims), randMask(r, dims), randUnion(r, dims), randSlab(r, dims), randAxes(r, dims)} {
		b := mustBind(t, m.sel, dims...)
		var wg sync.WaitGroup
		for g := range 16 {
			wg.Go(func() {
				r := rand.New(rand.NewSource(int64(g)))
				for range 10 {
					checkBound(t, r, b, dims, m.shape, m.coords)
				}
			})
		}
		wg.Wait()
	}
}

func TestIterationAllocatesPerCallNotPerElement(t *testing.T) {
	dims, chunk := []uint64{1000, 1000}, []uint64{10, 10}
	r := rand.New(rand.NewSource(7))
	mask := make([]bool, 1_000_000)
	var coords []uint64
	for i := range mask {
		if mask[i] = r.Intn(3) == 0; mask[i] {
			coords = append(coords, uint64(i/1000), uint64(i%1000))
		}
	}
	var blocks []Block
	for i := range uint64(100) {
		blocks = append(blocks, Block{[]uint64{10 * i, i}, []uint64{10*i + 6, i + 500}})
	}
	for i, s := range []Selection{All(), MustParse("::2, ::3"), Hyperslab([]uint64{0, 0}, []uint64{5, 5}, []uint64{200, 200}, []uint64{2, 2}),
		Axes(Full(), AxisMask(mask[:1000])), Mask(dims, mask), Points(2, coords), Union(2, blocks)} {
		b := mustBind(t, s, dims...)
		sum := uint64(0)
		count := func(r Run) bool { sum += r.N; return true }
		b.Boxes(chunk, func([]uint64) bool { return false })
		boxes := testing.AllocsPerRun(3, func() { b.Boxes(chunk, func([]uint64) bool { sum++; return true }) })
		origin := []uint64{500, 500}
		runs := testing.AllocsPerRun(3, func() { b.Runs(origin, chunk, count) })
		whole := testing.AllocsPerRun(3, func() { b.Runs([]uint64{0, 0}, dims, count) })
		if boxes > 20 || runs > 4 || whole > 4 {
			t.Errorf("selection %d: %v allocations for Boxes, %v and %v for Runs", i, boxes, runs, whole)
		}
	}
}

func TestMisuseIsToldAtOnce(t *testing.T) {
	b := mustBind(t, All(), 3, 4)
	for i, f := range []func(){
		func() { b.Boxes([]uint64{1}, nil) },
		func() { b.Boxes([]uint64{1, 0}, nil) },
		func() { b.Runs([]uint64{1}, []uint64{1, 1}, nil) },
		func() { b.Runs([]uint64{1, 1}, []uint64{1}, nil) },
		func() { b.SplitChunks(3, []uint64{1}, nil) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("misuse %d is taken", i)
				}
			}()
			f()
		}()
	}
}

func ExampleParse() {
	s, err := Parse("::-1, [0, 2], 1")
	if err != nil {
		fmt.Println(err)
		return
	}
	b, err := s.Bind([]uint64{4, 3, 2})
	fmt.Println(b.Shape(), b.Count(), err)
	_, err = s.Bind([]uint64{4, 2, 2})
	fmt.Println(err)
	// Output:
	// [4 2] 8 <nil>
	// axis 1: index 2 is outside of extent 2: bad selection
}

func ExampleBound_Runs() {
	b, err := MustParse("1:4, ::2").Bind([]uint64{5, 6})
	if err != nil {
		fmt.Println(err)
		return
	}
	chunk := []uint64{2, 4}
	b.Boxes(chunk, func(scaled []uint64) bool {
		origin := []uint64{scaled[0] * chunk[0], scaled[1] * chunk[1]}
		b.Runs(origin, chunk, func(r Run) bool {
			fmt.Printf("chunk %v: %d elements from %d, step %d, to %d of the result\n", scaled, r.N, r.Box, r.Step, r.Mem)
			return true
		})
		return true
	})
	// Output:
	// chunk [0 0]: 2 elements from 4, step 2, to 0 of the result
	// chunk [0 1]: 1 elements from 4, step 1, to 2 of the result
	// chunk [1 0]: 2 elements from 0, step 2, to 3 of the result
	// chunk [1 0]: 2 elements from 4, step 2, to 6 of the result
	// chunk [1 1]: 1 elements from 0, step 1, to 5 of the result
	// chunk [1 1]: 1 elements from 4, step 1, to 8 of the result
}

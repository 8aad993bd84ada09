package dataspace

import (
	"cmp"
	"fmt"
	"math/rand"
	"slices"
	"testing"
)

// model is the brute-force answer: the selected coordinates in result order.
type model struct {
	name   string
	sel    Selection
	shape  []uint64
	coords [][]uint64
}

func randDims(r *rand.Rand, rank int) []uint64 {
	dims := make([]uint64, rank)
	for k := range dims {
		dims[k] = uint64(r.Intn(12/max(rank, 1) + 4))
		if r.Intn(25) > 0 {
			dims[k]++
		}
	}
	return dims
}

// product lists the combinations of one coordinate from each axis.
func product(lists [][]uint64) [][]uint64 {
	out := [][]uint64{{}}
	for _, l := range lists {
		var next [][]uint64
		for _, head := range out {
			for _, c := range l {
				next = append(next, append(slices.Clone(head), c))
			}
		}
		out = next
	}
	return out
}

func seq(n uint64) []uint64 {
	out := make([]uint64, n)
	for i := range out {
		out[i] = uint64(i)
	}
	return out
}

func everything(dims []uint64) [][]uint64 {
	lists := make([][]uint64, len(dims))
	for k, d := range dims {
		lists[k] = seq(d)
	}
	return product(lists)
}

// randAxis makes an Axis with the coordinates it takes, and whether it stays.
func randAxis(r *rand.Rand, n uint64) (a Axis, list []uint64, keep bool) {
	kind := r.Intn(6)
	if n == 0 && (kind == 1 || kind == 3) {
		kind = 0
	}
	switch kind {
	case 1:
		i := r.Intn(int(n))
		return Index(int64(i) - int64(n)*int64(r.Intn(2))), []uint64{uint64(i)}, false
	case 2, 5:
		start, stop, step := int64(Open), int64(Open), int64(Open)
		if r.Intn(3) > 0 {
			start = int64(r.Intn(3*int(n)+3)) - int64(n) - 1
		}
		if r.Intn(3) > 0 {
			stop = int64(r.Intn(3*int(n)+3)) - int64(n) - 1
		}
		if r.Intn(2) > 0 {
			for step = 0; step == 0; {
				step = int64(r.Intn(9)) - 4
			}
		}
		return Range(start, stop, step), slowSlice(start, stop, step, int64(n)), true
	case 3:
		var idx []int64
		for range r.Intn(int(n) + 3) {
			i := r.Intn(int(n))
			if len(list) > 0 && r.Intn(2) == 0 {
				i = (int(list[len(list)-1]) + 1 + r.Intn(2)) % int(n)
			}
			list = append(list, uint64(i))
			idx = append(idx, int64(i)-int64(n)*int64(r.Intn(2)))
		}
		return List(idx), list, true
	case 4:
		mask := make([]bool, n)
		for i := range mask {
			if mask[i] = r.Intn(3) > 0; mask[i] {
				list = append(list, uint64(i))
			}
		}
		return AxisMask(mask), list, true
	}
	return Full(), seq(n), true
}

// slowSlice steps through a Python slice one element at a time.
func slowSlice(start, stop, step, n int64) (out []uint64) {
	if step == Open {
		step = 1
	}
	fix := func(v, open int64) int64 {
		if v == Open {
			return open
		}
		if v < 0 {
			v += n
		}
		return v
	}
	if step > 0 {
		for i := max(0, fix(start, 0)); i < min(n, fix(stop, n)); i += step {
			out = append(out, uint64(i))
		}
		return out
	}
	end := int64(-1)
	if stop != Open {
		end = max(-1, fix(stop, 0))
	}
	for i := min(n-1, fix(start, n-1)); i > end; i += step {
		out = append(out, uint64(i))
	}
	return out
}

func randAxes(r *rand.Rand, dims []uint64) model {
	m := model{name: "axes", shape: []uint64{}}
	var specs []Axis
	var lists [][]uint64
	for _, n := range dims {
		a, list, keep := randAxis(r, n)
		specs, lists = append(specs, a), append(lists, list)
		if keep {
			m.shape = append(m.shape, uint64(len(list)))
		}
	}
	m.sel, m.coords = Axes(specs...), product(lists)
	return m
}

func randSlab(r *rand.Rand, dims []uint64) model {
	m := model{name: "hyperslab"}
	rank := len(dims)
	v := [4][]uint64{}
	for i := range v {
		v[i] = make([]uint64, rank)
	}
	lists := make([][]uint64, rank)
	for k, n := range dims {
		start, block := uint64(0), uint64(1+r.Intn(3))
		if n > 0 {
			start = uint64(r.Intn(int(n)))
		}
		stride := block + uint64(r.Intn(3))
		count := uint64(0)
		for c := start; c+block <= n; c += stride {
			count++
		}
		count = uint64(r.Intn(int(count) + 1))
		unlimited := r.Intn(4) == 0
		for q := uint64(0); unlimited || q < count; q++ {
			if start+q*stride >= n {
				break
			}
			for j := range block {
				if c := start + q*stride + j; c < n {
					lists[k] = append(lists[k], c)
				}
			}
		}
		if unlimited {
			count = Unlimited
		}
		v[0][k], v[1][k], v[2][k], v[3][k] = start, stride, count, block
		m.shape = append(m.shape, uint64(len(lists[k])))
	}
	m.sel, m.coords = Hyperslab(v[0], v[1], v[2], v[3]), product(lists)
	return m
}

func randPoints(r *rand.Rand, dims []uint64) model {
	m := model{name: "points"}
	all := everything(dims)
	var flat []uint64
	if len(all) > 0 {
		at := 0
		for range r.Intn(60) {
			if at++; r.Intn(3) == 0 {
				at = r.Intn(len(all))
			}
			m.coords = append(m.coords, all[at%len(all)])
			flat = append(flat, all[at%len(all)]...)
		}
	}
	m.sel, m.shape = Points(len(dims), flat), []uint64{uint64(len(m.coords))}
	return m
}

func randMask(r *rand.Rand, dims []uint64) model {
	m := model{name: "mask"}
	all := everything(dims)
	mask := make([]bool, len(all))
	on, keep := false, 1+r.Intn(8)
	for i := range mask {
		if r.Intn(keep) == 0 {
			on = !on
		}
		if mask[i] = on; on {
			m.coords = append(m.coords, all[i])
		}
	}
	m.sel, m.shape = Mask(dims, mask), []uint64{uint64(len(m.coords))}
	return m
}

func randUnion(r *rand.Rand, dims []uint64) model {
	m := model{name: "union"}
	var blocks []Block
	if !slices.Contains(dims, 0) {
		for range r.Intn(8) {
			b := Block{make([]uint64, len(dims)), make([]uint64, len(dims))}
			for k, n := range dims {
				b.Start[k] = uint64(r.Intn(int(n)))
				b.End[k] = b.Start[k] + uint64(r.Intn(min(int(n-b.Start[k]), 1+r.Intn(int(n)))))
			}
			blocks = append(blocks, b)
		}
	}
	for _, c := range everything(dims) {
		if slices.ContainsFunc(blocks, func(b Block) bool {
			for k := range c {
				if c[k] < b.Start[k] || c[k] > b.End[k] {
					return false
				}
			}
			return true
		}) {
			m.coords = append(m.coords, c)
		}
	}
	m.sel, m.shape = Union(len(dims), blocks), []uint64{uint64(len(m.coords))}
	return m
}

// randModel makes a selection of a random kind that fits dims.
func randModel(r *rand.Rand, dims []uint64) model {
	if len(dims) == 0 {
		return model{"all", All(), []uint64{}, [][]uint64{{}}}
	}
	switch r.Intn(9) {
	case 0:
		return model{"all", All(), dims, everything(dims)}
	case 1:
		return model{"none", None(), []uint64{0}, nil}
	case 2:
		return randPoints(r, dims)
	case 3:
		return randMask(r, dims)
	case 4:
		return randUnion(r, dims)
	case 5, 6:
		return randSlab(r, dims)
	}
	return randAxes(r, dims)
}

func randChunk(r *rand.Rand, dims []uint64) []uint64 {
	chunk := make([]uint64, len(dims))
	for k, n := range dims {
		switch chunk[k] = uint64(1 + r.Intn(int(n)+3)); r.Intn(3) {
		case 0:
			chunk[k] = max(n, 1)
		case 1:
			chunk[k] = uint64(1 + r.Intn(4))
		}
	}
	return chunk
}

// inBox gives the offset of c in the box, if it lies in it.
func inBox(c, origin, dims []uint64) (at uint64, ok bool) {
	for k := range c {
		if c[k] < origin[k] || c[k]-origin[k] >= dims[k] {
			return 0, false
		}
		at = at*dims[k] + c[k] - origin[k]
	}
	return at, true
}

// place is where one element is to be found: Mem, then box offset.
type place [2]uint64

// runPlaces spreads Runs into places sorted by Mem, and counts the runs.
func runPlaces(b *Bound, origin, dims []uint64) (out []place, runs int) {
	b.Runs(origin, dims, func(r Run) bool {
		runs++
		for i := range r.N {
			out = append(out, place{r.Mem + i, r.Box + i*uint64(r.Step)})
		}
		return true
	})
	slices.SortFunc(out, func(x, y place) int { return cmp.Or(cmp.Compare(x[0], y[0]), cmp.Compare(x[1], y[1])) })
	return out, runs
}

// checkBox compares Runs in one box with the model.
func checkBox(t *testing.T, b *Bound, coords [][]uint64, origin, dims []uint64) int {
	t.Helper()
	var want []place
	for i, c := range coords {
		if at, ok := inBox(c, origin, dims); ok {
			want = append(want, place{uint64(i), at})
		}
	}
	got, _ := runPlaces(b, origin, dims)
	if !slices.Equal(got, want) {
		t.Fatalf("box %v+%v: runs give\n%v, want\n%v", origin, dims, got, want)
	}
	return len(got)
}

// checkBound compares everything that a Bound tells with the coordinates.
func checkBound(t *testing.T, r *rand.Rand, b *Bound, dims, shape []uint64, coords [][]uint64) {
	t.Helper()
	if !slices.Equal(b.Shape(), shape) || b.Count() != uint64(len(coords)) {
		t.Fatalf("shape %v, count %d, want %v, %d", b.Shape(), b.Count(), shape, len(coords))
	}
	chunk := randChunk(r, dims)
	var want, got [][]uint64
	for _, c := range coords {
		s := make([]uint64, len(c))
		for k := range c {
			s[k] = c[k] / chunk[k]
		}
		want = append(want, s)
	}
	slices.SortFunc(want, slices.Compare)
	want = slices.CompactFunc(want, slices.Equal)
	total := 0
	b.Boxes(chunk, func(scaled []uint64) bool {
		origin := slices.Clone(scaled)
		got = append(got, slices.Clone(scaled))
		for k := range origin {
			origin[k] *= chunk[k]
		}
		total += checkBox(t, b, coords, origin, chunk)
		return true
	})
	if !slices.EqualFunc(got, want, slices.Equal) {
		t.Fatalf("chunks of %v: %v, want %v", chunk, got, want)
	}
	if total != len(coords) {
		t.Fatalf("%d elements in all boxes, want %d", total, len(coords))
	}
	for range 3 {
		origin, box := make([]uint64, len(dims)), make([]uint64, len(dims))
		for k, n := range dims {
			origin[k], box[k] = uint64(r.Intn(int(n)+2)), uint64(r.Intn(int(n)+2))
		}
		checkBox(t, b, coords, origin, box)
	}
	checkExtent(t, b, dims, coords)
}

// checkExtent compares Bounds and Dense with the coordinates.
func checkExtent(t *testing.T, b *Bound, dims []uint64, coords [][]uint64) {
	t.Helper()
	lo, hi, ok := b.Bounds()
	start, size, dense := b.Dense()
	if len(coords) == 0 {
		if ok || dense {
			t.Fatalf("bounds %v %v, dense %v of nothing", lo, hi, dense)
		}
		return
	}
	wantLo, wantHi := slices.Clone(coords[0]), slices.Clone(coords[0])
	for _, c := range coords {
		for k := range c {
			wantLo[k], wantHi[k] = min(wantLo[k], c[k]), max(wantHi[k], c[k])
		}
	}
	if !ok || !slices.Equal(lo, wantLo) || !slices.Equal(hi, wantHi) {
		t.Fatalf("bounds %v %v, want %v %v", lo, hi, wantLo, wantHi)
	}
	lists := make([][]uint64, len(dims))
	for k := range dims {
		wantHi[k] -= wantLo[k] - 1
		for _, i := range seq(wantHi[k]) {
			lists[k] = append(lists[k], wantLo[k]+i)
		}
	}
	wantDense := slices.EqualFunc(coords, product(lists), slices.Equal)
	if dense != wantDense || dense && (!slices.Equal(start, wantLo) || !slices.Equal(size, wantHi)) {
		t.Fatalf("dense %v %v %v, want %v %v %v", start, size, dense, wantLo, wantHi, wantDense)
	}
}

func TestRandomSelectionsEqualTheModel(t *testing.T) {
	rounds := 12000
	if testing.Short() {
		rounds = 2000
	}
	for seed := range rounds {
		r := rand.New(rand.NewSource(int64(seed)))
		dims := randDims(r, r.Intn(6))
		m := randModel(r, dims)
		t.Run(fmt.Sprintf("%d-%s", seed, m.name), func(t *testing.T) {
			b, err := m.sel.Bind(dims)
			if err != nil {
				t.Fatal(err)
			}
			checkBound(t, r, b, dims, m.shape, m.coords)
			checkSplit(t, r, b, dims, m.coords, 2)
		})
	}
}

// checkSplit compares the pieces of b, and their own pieces, with the model.
func checkSplit(t *testing.T, r *rand.Rand, b *Bound, dims []uint64, coords [][]uint64, depth int) {
	t.Helper()
	limit := uint64(r.Intn(len(coords)/2+2) + r.Intn(2))
	if least := uint64(len(coords) / 12); limit < least {
		limit = least
	}
	var chunk []uint64
	if r.Intn(2) == 0 {
		chunk = randChunk(r, dims)
	}
	done := uint64(0)
	b.SplitChunks(limit, chunk, func(first uint64, piece *Bound) bool {
		n := piece.Count()
		if first != done || n == 0 || n > max(limit, 1) || first+n > uint64(len(coords)) {
			t.Fatalf("limit %d: piece of %d at %d after %d of %d", limit, n, first, done, len(coords))
		}
		part := coords[first : first+n]
		if len(piece.Shape()) != len(b.Shape()) {
			t.Fatalf("piece of shape %v from %v", piece.Shape(), b.Shape())
		}
		checkBound(t, r, piece, dims, piece.Shape(), part)
		if depth > 1 && r.Intn(3) == 0 {
			checkSplit(t, r, piece, dims, part, depth-1)
		}
		done += n
		return true
	})
	if done != uint64(len(coords)) {
		t.Fatalf("pieces of at most %d hold %d of %d", limit, done, len(coords))
	}
}

package dataspace

import (
	"encoding/binary"
	"errors"
	"testing"

	"gables/hdf5/h5err"
)

// mustBeNamed fails for an error without one of the package's sentinels.
func mustBeNamed(t *testing.T, err error) {
	t.Helper()
	if err != nil && !errors.Is(err, h5err.ErrSelection) && !errors.Is(err, h5err.ErrLimit) {
		t.Fatalf("error without a sentinel: %v", err)
	}
}

// mustAddUp counts the elements of a bound selection in three ways, up to a
// number of runs and pieces that keeps the fuzzer quick.
func mustAddUp(t *testing.T, b *Bound, chunk []uint64) {
	t.Helper()
	sum, steps, origin, stopped := uint64(0), 0, make([]uint64, len(chunk)), false
	b.Boxes(chunk, func(scaled []uint64) bool {
		some := false
		for k := range scaled {
			origin[k] = scaled[k] * chunk[k]
		}
		b.Runs(origin, chunk, func(r Run) bool {
			if r.N == 0 || r.Mem >= b.Count() || r.N > b.Count()-r.Mem {
				t.Fatalf("run %+v of %d elements", r, b.Count())
			}
			some = true
			sum += r.N
			steps++
			stopped = steps > 1<<13
			return !stopped
		})
		if !some {
			t.Fatalf("nothing is selected in chunk %v of %v", scaled, chunk)
		}
		return !stopped
	})
	if !stopped && sum != b.Count() {
		t.Fatalf("boxes hold %d of %d elements", sum, b.Count())
	}
	next, pieces := uint64(0), 0
	b.Split(b.Count()/7+1, func(first uint64, p *Bound) bool {
		if first != next || p.Count() == 0 || p.Count() > b.Count()/7+1 {
			t.Fatalf("piece of %d at %d, want %d", p.Count(), first, next)
		}
		next += p.Count()
		pieces++
		return pieces < 100
	})
	if pieces < 100 && next != b.Count() {
		t.Fatalf("pieces hold %d of %d elements", next, b.Count())
	}
}

// clampChunk makes extents of a chunk that Runs takes from any numbers.
func clampChunk(chunk []uint64) {
	for k := range chunk {
		chunk[k] = chunk[k]%32 + 1
	}
	if len(chunk) > 6 {
		for k := range chunk {
			chunk[k] = 1
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"0:10, :, ::2", "5", "-1", "...", "[1,4,7], :", "::-1", "()", "", "0:99999999999999999999", ":,", "[]"} {
		f.Add(text, uint64(10), uint64(4), uint64(3))
	}
	f.Add("::-274877906944, [0,-1]", uint64(1)<<40, uint64(1)<<40, uint64(0))
	f.Fuzz(func(t *testing.T, text string, x, y, z uint64) {
		s, err := Parse(text)
		mustBeNamed(t, err)
		if err != nil {
			return
		}
		b, err := s.Bind([]uint64{x, y, z})
		mustBeNamed(t, err)
		if err == nil {
			chunk := []uint64{y, z, x}
			clampChunk(chunk)
			mustAddUp(t, b, chunk)
		}
	})
}

// fuzzWords reads numbers from fuzz data: small ones from one byte, any from nine.
type fuzzWords []byte

func (w *fuzzWords) next() uint64 {
	if len(*w) == 0 {
		return 0
	}
	first := (*w)[0]
	*w = (*w)[1:]
	if first < 0xf0 || len(*w) < 8 {
		return uint64(first)
	}
	v := binary.LittleEndian.Uint64(*w)
	*w = (*w)[8:]
	return v >> (4 * (first & 15))
}

func (w *fuzzWords) take(n int) []uint64 {
	out := make([]uint64, n)
	for i := range out {
		out[i] = w.next()
	}
	return out
}

// selection makes a selection of any kind, not necessarily a sound one.
func (w *fuzzWords) selection(rank int, dims []uint64) Selection {
	switch w.next() % 6 {
	case 0:
		return Hyperslab(w.take(rank), w.take(rank), w.take(rank), w.take(rank))
	case 1:
		return Points(rank, w.take(len(*w)/2))
	case 2:
		var blocks []Block
		for len(*w) > 0 && len(blocks) < 100 {
			blocks = append(blocks, Block{w.take(rank), w.take(rank)})
		}
		return Union(rank, blocks)
	case 3:
		mask := make([]bool, 1)
		for k := range dims {
			dims[k] %= 9
			mask = make([]bool, len(mask)*int(dims[k])%100_000)
		}
		for i := range mask {
			mask[i] = w.next()%2 > 0
		}
		return Mask(dims, mask)
	case 4:
		return Box(w.take(rank), w.take(rank))
	}
	var axes []Axis
	for len(*w) > 0 && len(axes) <= rank {
		a := Axis{kind: axisKind(w.next() % 6), start: int64(w.next()), stop: int64(w.next()), step: int64(w.next())}
		switch a.kind {
		case axisList:
			for range w.next() % 9 {
				a.list = append(a.list, int64(w.next()))
			}
		case axisBool:
			a = AxisMask([]bool{w.next()%2 > 0, true, w.next()%2 > 0})
		}
		axes = append(axes, a)
	}
	return Axes(axes...)
}

func FuzzBind(f *testing.F) {
	f.Add([]byte{2, 10, 12, 3, 4, 0, 1, 2, 3, 3, 2, 2, 1, 1})
	f.Add([]byte{1, 20, 5, 1, 1, 2, 3, 9, 7, 7, 7, 0, 0, 0, 0, 0, 0})
	f.Add([]byte{2, 10, 12, 3, 4, 2, 1, 2, 5, 5, 3, 3, 8, 8, 0, 0, 9, 9})
	f.Add([]byte{3, 4, 5, 6, 2, 2, 2, 3, 1, 0, 1, 1, 1, 0, 0, 1, 0, 1})
	f.Add([]byte{2, 0xf0, 0, 0, 0, 0, 0, 0, 0, 1, 9, 3, 3, 4, 5, 1, 3, 1})
	f.Add([]byte{2, 10, 12, 3, 4, 5, 2, 1, 9, 2, 3, 0, 0, 0, 4, 1, 3, 1, 2})
	f.Fuzz(func(t *testing.T, data []byte) {
		w := fuzzWords(data)
		rank := int(w.next() % 35)
		dims, chunk := w.take(rank), w.take(rank)
		clampChunk(chunk)
		b, err := w.selection(rank, dims).Bind(dims)
		mustBeNamed(t, err)
		if err != nil {
			return
		}
		if _, _, ok := b.Bounds(); ok != (b.Count() > 0) {
			t.Fatalf("bounds %v of %d elements", ok, b.Count())
		}
		b.Dense()
		mustAddUp(t, b, chunk)
	})
}

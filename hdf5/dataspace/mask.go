package dataspace

import (
	"fmt"
	"math/bits"
	"slices"

	"gables/hdf5/h5err"
)

// bitmap is a mask over a whole dataspace, one bit for each element.
type bitmap struct {
	dims   []uint64
	size   uint64   // bits given
	words  []uint64 // one word more than the bits need
	before []uint64 // [len(words)], how many bits are set in the words before
}

// Mask selects the elements whose entry of the row-major mask is true, in
// row-major order; dims, the mask's shape, must be that of the dataspace. The
// result has shape [number of true]. It takes a quarter byte for each entry.
func Mask(dims []uint64, mask []bool) Selection {
	m := &bitmap{dims: slices.Clone(dims), size: uint64(len(mask))}
	m.words = make([]uint64, len(mask)/64+1)
	m.before = make([]uint64, len(m.words))
	for w := range m.words {
		var word uint64
		for i, on := range mask[w*64 : min(w*64+64, len(mask))] {
			if on {
				word |= 1 << i
			}
		}
		m.words[w] = word
	}
	for w := 1; w < len(m.words); w++ {
		m.before[w] = m.before[w-1] + uint64(bits.OnesCount64(m.words[w-1]))
	}
	return Selection{m}
}

func (m *bitmap) bind(dims []uint64) (*Bound, error) {
	if len(dims) == 0 || !slices.Equal(m.dims, dims) {
		return nil, fmt.Errorf("mask of shape %v for shape %v: %w", m.dims, dims, h5err.ErrSelection)
	}
	volume := uint64(1)
	for _, d := range dims {
		if d == 0 {
			volume = 0
			break
		}
		volume = mulSat(volume, d)
	}
	if volume != m.size {
		return nil, fmt.Errorf("mask of shape %v has %d entries: %w", dims, m.size, h5err.ErrSelection)
	}
	n := m.rank(m.size)
	f := &masked{bitmap: m, end: m.size, n: n}
	f.find()
	return &Bound{dims: dims, shape: []uint64{n}, count: n, form: f}, nil
}

// rank is how many bits are set before bit i ≤ size.
func (m *bitmap) rank(i uint64) uint64 {
	return m.before[i/64] + uint64(bits.OnesCount64(m.words[i/64]&(1<<(i%64)-1)))
}

// selectBit is the position of the set bit that n set bits precede.
func (m *bitmap) selectBit(n uint64) uint64 {
	w, _ := slices.BinarySearch(m.before, n+1)
	word := m.words[w-1]
	for n -= m.before[w-1]; n > 0; n-- {
		word &= word - 1
	}
	return uint64(w-1)*64 + uint64(bits.TrailingZeros64(word))
}

// nextBit is the first bit from i on that differs from flip's bits, before end.
func (m *bitmap) nextBit(i, end, flip uint64) uint64 {
	for i < end {
		if word := (m.words[i/64] ^ flip) >> (i % 64); word != 0 {
			return min(end, i+uint64(bits.TrailingZeros64(word)))
		}
		i = i/64*64 + 64
	}
	return end
}

// lastBit is the last set bit before end, which must have one.
func (m *bitmap) lastBit(end uint64) uint64 {
	w := (end - 1) / 64
	word := m.words[w] << (63 - (end-1)%64) >> (63 - (end-1)%64)
	for word == 0 {
		w--
		word = m.words[w]
	}
	return w*64 + 63 - uint64(bits.LeadingZeros64(word))
}

// masked is the form of the set bits begin … end-1 of a bitmap.
type masked struct {
	*bitmap
	begin, end uint64
	n          uint64   // bits set
	lo, hi     []uint64 // bounding box; nil where n is 0
}

func (f *masked) bounds() (lo, hi []uint64) { return slices.Clone(f.lo), slices.Clone(f.hi) }

// natural always holds: the elements of a mask come in row-major order.
func (f *masked) natural() bool { return true }

// find sets the bounding box, row by row.
func (f *masked) find() {
	if f.n == 0 {
		return
	}
	last := len(f.dims) - 1
	row := f.dims[last]
	f.lo, f.hi = slices.Clone(f.dims), make([]uint64, len(f.dims))
	at := make([]uint64, last)
	for k, r := last-1, f.begin/row; k >= 0; k-- {
		at[k] = r % f.dims[k]
		r /= f.dims[k]
	}
	for from := f.begin / row * row; from < f.end; from += row {
		if a, b := max(from, f.begin), min(from+row, f.end); f.rank(a) != f.rank(b) {
			for k, c := range at {
				f.lo[k], f.hi[k] = min(f.lo[k], c), max(f.hi[k], c)
			}
			f.lo[last] = min(f.lo[last], f.nextBit(a, b, 0)-from)
			f.hi[last] = max(f.hi[last], f.lastBit(b)-from)
		}
		for k := last - 1; k >= 0; k-- {
			if at[k]++; at[k] < f.dims[k] {
				break
			}
			at[k] = 0
		}
	}
}

// rows visits the parts of the box that may hold set bits as stretches that
// are contiguous in the mask (from … to-1) and in the box (from at on).
func (f *masked) rows(origin, dims []uint64, visit func(from, to, at uint64) bool) {
	var lo, n, i, flatStep, boxStep [MaxRank]uint64
	inner, flat, at := -1, uint64(0), uint64(0)
	stride, boxStride := uint64(1), uint64(1)
	length := uint64(1)
	for k := len(f.dims) - 1; k >= 0; k-- {
		lo[k] = max(origin[k], f.lo[k])
		to := min(addSat(origin[k], dims[k]), f.hi[k]+1)
		if lo[k] >= to {
			return
		}
		n[k], flatStep[k], boxStep[k] = to-lo[k], stride, boxStride
		flat += lo[k] * stride
		at += (lo[k] - origin[k]) * boxStride
		// Axes behind inner make up one stretch while they are whole on both sides.
		if inner < 0 {
			length *= n[k]
			if n[k] != f.dims[k] || n[k] != dims[k] {
				inner = k
			}
		}
		stride *= f.dims[k]
		boxStride *= dims[k]
	}
	for visit(max(flat, f.begin), min(flat+length, f.end), at+max(flat, f.begin)-flat) {
		k := inner - 1
		for ; k >= 0; k-- {
			flat += flatStep[k]
			at += boxStep[k]
			if i[k]++; i[k] < n[k] {
				break
			}
			i[k] = 0
			flat -= n[k] * flatStep[k]
			at -= n[k] * boxStep[k]
		}
		if k < 0 {
			return
		}
	}
}

func (f *masked) runs(origin, dims []uint64, yield func(Run) bool) {
	m := merger{yield: yield}
	base := f.rank(f.begin)
	f.rows(origin, dims, func(from, to, at uint64) bool {
		if from >= to {
			return true
		}
		mem := f.rank(from) - base
		for i := f.nextBit(from, to, 0); i < to; {
			j := f.nextBit(i, to, ^uint64(0))
			if !m.add(mem, at+i-from, j-i) {
				return false
			}
			mem += j - i
			i = f.nextBit(j, to, 0)
		}
		return true
	})
	m.flush()
}

func (f *masked) boxes(chunk []uint64, yield func([]uint64) bool) {
	rank := len(f.dims)
	scaled, origin := make([]uint64, rank), make([]uint64, rank)
	for k := range scaled {
		scaled[k] = f.lo[k] / chunk[k]
	}
	found := false
	meets := func(from, to, _ uint64) bool {
		found = from < to && f.rank(from) != f.rank(to)
		return !found
	}
	for {
		for k := range origin {
			origin[k] = scaled[k] * chunk[k]
		}
		found = false
		f.rows(origin, chunk, meets)
		if found && !yield(scaled) {
			return
		}
		k := rank - 1
		for ; k >= 0; k-- {
			if scaled[k]++; scaled[k] <= f.hi[k]/chunk[k] {
				break
			}
			scaled[k] = f.lo[k] / chunk[k]
		}
		if k < 0 {
			return
		}
	}
}

func (f *masked) split(b *Bound, limit uint64, _ []uint64, yield func(uint64, *Bound) bool) {
	base := f.rank(f.begin)
	splitFlat(b, limit, func(first, n uint64) form {
		w := &masked{bitmap: f.bitmap, n: n}
		w.begin, w.end = f.selectBit(base+first), f.selectBit(base+first+n-1)+1
		w.find()
		return w
	}, yield)
}

//go:build interop

package interop

import (
	"math/rand/v2"

	"gables/hdf5"
	"gables/hdf5/dataspace"
)

// fillDataset gives elements values as the plan says and tells what all of them
// must be.
func fillDataset(d *hdf5.Dataset, k kind, p plan, fill []byte, x targets, r *rand.Rand) ([][]byte, error) {
	n := count(p.shape)
	if p.written == writeAll {
		c := k.draw(r, n, x)
		if n == 0 {
			return nil, nil
		}
		return c.want, c.write(d)
	}
	want := make([][]byte, n)
	for i := range want {
		want[i] = unwritten(k, fill)
	}
	if p.written == writeNone {
		return want, nil
	}
	// Two boxes: one in the middle, one in the last corner.
	for _, at := range []float64{0.3, 1} {
		start, size := make([]uint64, len(p.shape)), make([]uint64, len(p.shape))
		for i, e := range p.shape {
			size[i] = min(max(1, e/4), 40)
			start[i] = uint64(at * float64(e-size[i]))
		}
		c := k.draw(r, count(size), x)
		if err := c.write(d, dataspace.Box(start, size)); err != nil {
			return nil, err
		}
		place(want, p.shape, start, size, c.want)
	}
	return want, nil
}

// unwritten is an element that was given no value. All linked kinds are empty
// then: a count of 0 for each of their parts.
func unwritten(k kind, fill []byte) []byte {
	switch {
	case fill != nil:
		return fill
	case !k.linked:
		return make([]byte, k.t.Size)
	case k.name == "array_vlstring":
		return make([]byte, 8)
	case k.name == "compound_vl":
		return make([]byte, 14)
	case k.name == "compound_ref":
		return make([]byte, 8)
	}
	return make([]byte, 4)
}

// place puts the elements of a box where they belong, row-major.
func place[T any](all []T, shape, start, size []uint64, box []T) {
	at := make([]uint64, len(shape))
	for _, v := range box {
		to := uint64(0)
		for i := range shape {
			to = to*shape[i] + start[i] + at[i]
		}
		all[to] = v
		for i := len(at) - 1; i >= 0; i-- {
			if at[i]++; at[i] < size[i] {
				break
			}
			at[i] = 0
		}
	}
}

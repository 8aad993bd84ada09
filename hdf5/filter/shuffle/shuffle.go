// Package shuffle undoes and applies HDF5's shuffle filter, which stores the
// first bytes of all elements, then the second bytes, and so on. Bytes behind
// the last whole element stay where they are. It takes and gives bytes only,
// and is safe for any number of goroutines.
//
// Source: HDF5 File Format Specification IV.A.2.l, filter 2, whose only client
// value is the element's size in bytes.
package shuffle

import (
	"gables/hdf5/filter"
	"gables/hdf5/h5err"
)

const structure = "shuffled chunk"

type codec struct{}

// New gives the shuffle filter.
func New() filter.Filter { return codec{} }

func (codec) ID() filter.ID { return filter.Shuffle }

func (codec) Name() string { return "shuffle" }

func (codec) Decode(dst, src []byte, c filter.Chunk) ([]byte, error) {
	size, err := elementSize(c)
	if err != nil {
		return nil, err
	}
	if err := c.Check(structure, uint64(len(src))); err != nil {
		return nil, err
	}
	if len(src)/size <= 1 || size == 1 {
		return src, nil
	}
	dst, err = c.Room(dst, structure, uint64(len(src)))
	if err != nil {
		return nil, err
	}
	Unshuffle(dst, src, size)
	return dst, nil
}

// elementSize is client value 0, as an int of any width.
func elementSize(c filter.Chunk) (int, error) {
	if len(c.Values) != 1 {
		return 0, h5err.Corrupt("shuffle filter", "client data", "%d values, want 1", len(c.Values))
	}
	if c.Values[0] == 0 {
		return 0, h5err.Corrupt("shuffle filter", "client data", "element of 0 bytes")
	}
	return int(min(c.Values[0], 1<<31-1)), nil
}

// Unshuffle brings the bytes of src, shuffled as elements of size bytes, back
// into order in dst. dst and src are of one length and don't overlap; it
// panics where dst is shorter than src or size is not positive.
func Unshuffle(dst, src []byte, size int) { move(dst, src, size, unshuffle2, unshuffleAny) }

// Shuffle gathers byte 0 of each element of src, then byte 1, and so on, in
// dst. dst and src are of one length and don't overlap; it panics where dst is
// shorter than src or size is not positive.
func Shuffle(dst, src []byte, size int) { move(dst, src, size, shuffle2, shuffleAny) }

// move moves the bytes of n elements by the function for their size, and those
// behind them as they are.
func move(dst, src []byte, size int, two func(dst, src []byte, n int), many func(dst, src []byte, n, size int)) {
	dst = dst[:len(src)]
	n := len(src) / size
	switch {
	case n <= 1 || size == 1:
		copy(dst, src)
		return
	case size == 2:
		two(dst, src, n)
	default:
		many(dst, src, n, size)
	}
	copy(dst[n*size:], src[n*size:])
}

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
	if len(src) > c.Limit {
		return nil, h5err.Limit("shuffled chunk", "length", "%d bytes of %d allowed", len(src), c.Limit)
	}
	if c.Size >= 0 && len(src) != c.Size {
		return nil, h5err.Corrupt("shuffled chunk", "length", "got %d bytes, want %d", len(src), c.Size)
	}
	if len(src)/size <= 1 || size == 1 {
		return src, nil
	}
	if cap(dst) < len(src) {
		dst = make([]byte, len(src))
	}
	dst = dst[:len(src)]
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
func Unshuffle(dst, src []byte, size int) {
	dst = dst[:len(src)]
	n := len(src) / size
	switch {
	case n <= 1 || size == 1:
		copy(dst, src)
		return
	case size == 2:
		unshuffle2(dst, src, n)
	default:
		unshuffleAny(dst, src, n, size)
	}
	copy(dst[n*size:], src[n*size:])
}

// Shuffle gathers byte 0 of each element of src, then byte 1, and so on, in
// dst. dst and src are of one length and don't overlap; it panics where dst is
// shorter than src or size is not positive.
func Shuffle(dst, src []byte, size int) {
	dst = dst[:len(src)]
	n := len(src) / size
	switch {
	case n <= 1 || size == 1:
		copy(dst, src)
		return
	case size == 2:
		shuffle2(dst, src, n)
	default:
		shuffleAny(dst, src, n, size)
	}
	copy(dst[n*size:], src[n*size:])
}

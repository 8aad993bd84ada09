package wire

import (
	"math"
	"math/bits"
)

// Limits bound what bytes from a file can make a reader do. Every field must
// be positive; DefaultLimits gives sound ones.
type Limits struct {
	Alloc    int64 // bytes that a single value or read may take
	Chunk    int64 // bytes of one chunk before filtering
	VLBytes  int64 // bytes of variable-length data that one read may deliver
	Metadata int64 // bytes of one metadata record (header, heap block, B-tree node)
	Objects  int   // objects that one walk visits; messages of one header
	Depth    int   // nesting of datatypes, trees, groups in one walk
	Links    int   // soft and external links followed for one path
	Cache    int64 // bytes of decoded metadata that a file keeps
}

// defaultChunk has room for what PyTables writes with Blosc2 on a machine whose
// level 3 cache is 512 MB: it takes the cache's size for the chunk's.
const defaultChunk = min(768<<20, math.MaxInt/8)

// DefaultLimits are meant for files from strangers on a machine of a few GiB.
func DefaultLimits() Limits {
	return Limits{
		Alloc:    1 << 30,
		Chunk:    defaultChunk,
		VLBytes:  1 << 30,
		Metadata: 64 << 20,
		Objects:  10_000_000,
		Depth:    32,
		Links:    16,
		Cache:    64 << 20,
	}
}

// Mul is a·b, and whether it fits 64 bits.
func Mul(a, b uint64) (uint64, bool) {
	hi, lo := bits.Mul64(a, b)
	return lo, hi == 0
}

// Add is a+b, and whether it fits 64 bits.
func Add(a, b uint64) (uint64, bool) {
	s, carry := bits.Add64(a, b, 0)
	return s, carry == 0
}

// Product multiplies all of dims, and tells whether the result fits 64 bits.
// A zero anywhere gives zero even where the other factors would overflow.
func Product(dims []uint64) (uint64, bool) {
	p, ok := uint64(1), true
	for _, d := range dims {
		if d == 0 {
			return 0, true
		}
		var fits bool
		p, fits = Mul(p, d)
		ok = ok && fits
	}
	return p, ok
}

// UintWidth is how many bytes v needs, at least 1.
func UintWidth(v uint64) int { return max(1, (bits.Len64(v)+7)/8) }

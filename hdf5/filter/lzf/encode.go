package lzf

import (
	"slices"
	"unsafe"

	"gables/hdf5/filter"
	"gables/hdf5/filter/internal/lz77"
	"gables/hdf5/h5err"
)

var _ filter.Encoder = lzf{}

const (
	maxMatch    = 264
	maxDistance = 1 << 13
	maxLiterals = 32 // of one instruction

	skipShift = 6 // misses at one pace, as a power of two
)

// Client data: these versions, and the bytes of a chunk.
const (
	filterVersion = 4
	codecVersion  = 0x0105
)

// Local puts the versions where they are 0 or missing, and the bytes of a chunk
// into the third place, as h5py does; further values stay.
func (lzf) Local(values []uint32, d filter.Described) ([]uint32, error) {
	size := d.ChunkBytes()
	if size > 1<<32-1 {
		return nil, h5err.Unsupported("LZF filter", "chunk", "%d bytes", size)
	}
	out := append(make([]uint32, 0, max(3, len(values))), values...)
	for len(out) < 3 {
		out = append(out, 0)
	}
	if out[0] == 0 {
		out[0] = filterVersion
	}
	if out[1] == 0 {
		out[1] = codecVersion
	}
	out[2] = uint32(size)
	return out, nil
}

// Encode applies LZF as filter.Encoder says: ErrNoGain where src does not shrink.
func (lzf) Encode(dst, src []byte, _ filter.Chunk) ([]byte, error) {
	if len(src) == 0 {
		return nil, filter.ErrNoGain
	}
	dst = slices.Grow(dst[:0], len(src)-1)
	out, ok := Compress(dst[:len(src)-1], src)
	if !ok {
		return nil, filter.ErrNoGain
	}
	return out, nil
}

// Compress encodes src in dst, which must not overlap it, and gives the part of
// dst that it takes; false where it does not fit len(dst).
func Compress(dst, src []byte) ([]byte, bool) {
	t := lz77.TakeTable(len(src))
	defer t.Release()
	w := writer{dst: dst, src: src}
	p := unsafe.Pointer(unsafe.SliceData(src))
	for i, misses := 0, 0; i+4 <= len(src); {
		v := lz77.Load32(p, i) << 8
		back := t.Swap(hash(v), i)
		if back-1 >= uint32(min(i, maxDistance)) || lz77.Load32(p, i-int(back))<<8 != v {
			misses++
			i += 1 + misses>>skipShift
			continue
		}
		from := i - int(back)
		n := lz77.Match(p, from, i, min(i+maxMatch, len(src)))
		for i > w.done && from > 0 && n < maxMatch && lz77.Byte(p, i-1) == lz77.Byte(p, from-1) {
			i, from, n = i-1, from-1, n+1
		}
		if !w.literals(i) || !w.match(n, int(back)) {
			return nil, false
		}
		i, misses = i+n, 0
		if i+2 <= len(src) {
			t.Swap(hash(lz77.Load32(p, i-2)<<8), i-2)
		}
	}
	if !w.literals(len(src)) {
		return nil, false
	}
	return w.dst[:w.at], true
}

// hash is that of the upper three bytes of v.
func hash(v uint32) uint32 { return v * 2654435761 >> (32 - lz77.TableBits) }

// writer writes instructions.
type writer struct {
	dst, src []byte
	at       int // bytes written
	done     int // bytes of src that they stand for
}

// literals writes the bytes of src up to end as they are, and tells whether
// they fit.
func (w *writer) literals(end int) bool {
	n := end - w.done
	if w.at+n+(n+maxLiterals-1)/maxLiterals > len(w.dst) {
		return false
	}
	for n > 0 {
		part := min(n, maxLiterals)
		w.dst[w.at] = byte(part - 1)
		w.at++
		if w.done+maxLiterals <= len(w.src) && w.at+maxLiterals <= len(w.dst) {
			*(*[maxLiterals]byte)(w.dst[w.at:]) = *(*[maxLiterals]byte)(w.src[w.done:])
		} else {
			copy(w.dst[w.at:], w.src[w.done:w.done+part])
		}
		w.at += part
		w.done += part
		n -= part
	}
	return true
}

// match writes a copy of n bytes from back before, and tells whether it fits.
func (w *writer) match(n, back int) bool {
	if w.at+3 > len(w.dst) {
		return false
	}
	w.done += n
	back--
	n -= 2
	if n < 7 {
		w.dst[w.at] = byte(n<<5 | back>>8)
		w.at++
	} else {
		w.dst[w.at] = byte(7<<5 | back>>8)
		w.dst[w.at+1] = byte(n - 7)
		w.at += 2
	}
	w.dst[w.at] = byte(back)
	w.at++
	return true
}

package lzo

import (
	"slices"
	"unsafe"

	"gables/hdf5/filter"
	"gables/hdf5/filter/internal/lz77"
	"gables/hdf5/h5err"
)

var _ filter.Encoder = lzo{}

// Local gives the values as they are: PyTables puts level, 10 times the
// object's format version and its class there, and the filter has no use for them.
func (lzo) Local(values []uint32, _ filter.Described) ([]uint32, error) {
	if len(values) > 3 {
		return nil, h5err.New(h5err.ErrSelection, "LZO filter", "client data", "%d values, want at most 3", len(values))
	}
	return slices.Clone(values), nil
}

// Encode applies LZO as filter.Encoder says: ErrNoGain where src does not
// shrink. Nothing follows the stream, as in PyTables since 0.8.
func (lzo) Encode(dst, src []byte, _ filter.Chunk) ([]byte, error) {
	dst = slices.Grow(dst[:0], Bound(len(src)))
	out := Compress(dst[:Bound(len(src))], src)
	if len(out) >= len(src) {
		return nil, filter.ErrNoGain
	}
	return out, nil
}

const (
	minMatch   = 4 // shorter ones save nothing where they are far
	nearest    = 1 << 11
	near       = 1 << 14
	farthest   = 1<<14 + 1<<15 - 1
	mostOfNear = 8 // bytes of a copy in the form of two bytes
	mostFirst  = 255 - 17

	skipShift = 6 // misses at one pace, as a power of two
)

var endMarker = [3]byte{0x11, 0, 0}

// Bound is the most bytes that n bytes compress to: 19 literals need 2 bytes of
// length, and the 4 bytes behind them save one as a copy from afar.
func Bound(n int) int { return n + n/16 + 64 + len(endMarker) }

// Compress encodes src as one LZO1X stream in dst, which has Bound(len(src))
// bytes and does not overlap it, and gives the part of dst that it takes.
func Compress(dst, src []byte) []byte {
	t := lz77.TakeTable(len(src))
	defer t.Release()
	w := writer{dst: dst, src: src}
	p := unsafe.Pointer(unsafe.SliceData(src))
	for i, misses := 0, 0; i+minMatch <= len(src); {
		v := lz77.Load32(p, i)
		back := t.Swap(hash(v), i)
		if back-1 >= uint32(min(i, farthest)) || lz77.Load32(p, i-int(back)) != v {
			misses++
			i += 1 + misses>>skipShift
			continue
		}
		from := i - int(back)
		n := lz77.Match(p, from, i, len(src))
		for i > w.done && from > 0 && lz77.Byte(p, i-1) == lz77.Byte(p, from-1) {
			i, from, n = i-1, from-1, n+1
		}
		w.literals(i)
		w.match(n, int(back))
		i, misses = i+n, 0
		if i+2 <= len(src) {
			t.Swap(hash(lz77.Load32(p, i-2)), i-2)
		}
	}
	w.literals(len(src))
	w.at += copy(w.dst[w.at:], endMarker[:])
	return w.dst[:w.at]
}

func hash(v uint32) uint32 { return v * 2654435761 >> (32 - lz77.TableBits) }

// writer writes the instructions that Decode lists.
type writer struct {
	dst, src []byte
	at       int // bytes written
	done     int // bytes of src that they stand for
}

// literals writes the bytes of src up to end as they are. Up to 3 of them have
// no instruction: the one before, next to last byte, counts them.
func (w *writer) literals(end int) {
	n := end - w.done
	switch {
	case n == 0:
		return
	case w.at == 0 && n <= mostFirst:
		w.put(17 + n)
	case n <= 3:
		w.dst[w.at-2] |= byte(n)
	default:
		w.length(0, n-3, 15)
	}
	if n <= 16 && w.done+16 <= len(w.src) && w.at+16 <= len(w.dst) {
		*(*[16]byte)(w.dst[w.at:]) = *(*[16]byte)(w.src[w.done:])
	} else {
		copy(w.dst[w.at:], w.src[w.done:end])
	}
	w.at += n
	w.done = end
}

// match writes a copy of n bytes from back before.
func (w *writer) match(n, back int) {
	w.done += n
	switch {
	case n <= mostOfNear && back <= nearest:
		back--
		w.put((n-1)<<5 | back&7<<2)
		w.put(back >> 3)
		return
	case back <= near:
		back--
		w.length(0x20, n-2, 31)
	default:
		back -= near
		w.length(0x10|back>>11&8, n-2, 7)
	}
	w.put(back << 2 & 0xff)
	w.put(back >> 6 & 0xff)
}

// length writes an instruction of that code with a length, in its low bits up
// to most and else in bytes behind it.
func (w *writer) length(code, n, most int) {
	if n <= most {
		w.put(code | n)
		return
	}
	w.put(code)
	for n -= most; n > 255; n -= 255 {
		w.put(0)
	}
	w.put(n)
}

func (w *writer) put(b int) {
	w.dst[w.at] = byte(b)
	w.at++
}

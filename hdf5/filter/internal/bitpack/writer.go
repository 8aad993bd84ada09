// Package bitpack writes strings of bits, most significant first, as n-bit,
// scale-offset and szip store their numbers, and loads elements as numbers. It
// knows none of these formats. A Writer belongs to one goroutine.
package bitpack

import "encoding/binary"

// Writer fills a piece of memory with bits. The caller sees that they fit:
// more bits than the memory has are a panic.
type Writer struct {
	dst []byte
	at  int    // bytes of dst that are written
	acc uint64 // the bits behind them, at the top
	n   uint   // how many, at most 63
}

// Reset makes w start at the beginning of dst, whose contents may be anything.
func (w *Writer) Reset(dst []byte) { *w = Writer{dst: dst} }

// Put writes the lower width bits of v, 1 to 64; the others must be 0.
func (w *Writer) Put(v uint64, width uint) {
	w.acc, w.n, w.at = put(w.dst, w.acc, w.n, w.at, v, width)
}

// put is Put on values that may stay in registers.
func put(dst []byte, acc uint64, n uint, at int, v uint64, width uint) (uint64, uint, int) {
	if n+width < 64 {
		return acc | v<<(64-n-width), n + width, at
	}
	over := n + width - 64 // bits for the next word
	binary.BigEndian.PutUint64(dst[at:], acc|v>>(over&63))
	// A shift by 64 gives 0, as is wanted where nothing is over.
	return v << (64 - over), over, at + 8
}

// PutAll writes the lower width bits of each value, 1 to 64.
func (w *Writer) PutAll(vals []uint64, width uint) {
	dst, acc, n, at := w.dst, w.acc, w.n, w.at
	mask := ^uint64(0) >> (64 - width)
	for _, v := range vals {
		acc, n, at = put(dst, acc, n, at, v&mask, width)
	}
	w.acc, w.n, w.at = acc, n, at
}

// PutLow is PutAll for values of 32 bits, with a width of 1 to 32.
func (w *Writer) PutLow(vals []uint32, width uint) {
	dst, acc, n, at := w.dst, w.acc, w.n, w.at
	mask := ^uint32(0) >> (32 - width)
	for _, v := range vals {
		acc, n, at = put(dst, acc, n, at, uint64(v&mask), width)
	}
	w.acc, w.n, w.at = acc, n, at
}

// PutUnary writes as many 0 bits as v says and a 1 bit.
func (w *Writer) PutUnary(v uint64) {
	for ; v > 63; v -= 63 {
		w.Put(0, 63)
	}
	w.Put(1, uint(v)+1)
}

// PutUnaries writes v>>down of each value as PutUnary does.
func (w *Writer) PutUnaries(vals []uint32, down uint) {
	for _, v := range vals {
		if v >>= down & 31; v < 64 {
			w.acc, w.n, w.at = put(w.dst, w.acc, w.n, w.at, 1, uint(v)+1)
			continue
		}
		w.PutUnary(uint64(v))
	}
}

// Bytes clears the rest of the memory behind the last bit and gives all of it.
func (w *Writer) Bytes() []byte {
	rest := w.dst[w.at:]
	clear(rest)
	for i := range min(len(rest), int(w.n+7)/8) {
		rest[i] = byte(w.acc >> (56 - 8*i))
	}
	return w.dst
}

// Written is how many bytes the bits so far take.
func (w *Writer) Written() int { return w.at + int(w.n+7)/8 }

package deflate

// bitWriter appends bits, least significant first, to memory that has room for
// them and for 8 bytes more.
type bitWriter struct {
	out []byte
	o   int // bytes of out that are written
	acc uint64
	n   uint // bits in acc, at most 7 after flush
}

// put adds width bits of v, whose others are 0; at most 56 between flushes.
func (w *bitWriter) put(v uint64, width uint) {
	w.acc |= v << (w.n & 63)
	w.n += width
}

// flush writes the whole bytes.
func (w *bitWriter) flush() {
	store64(w.out[:w.o+8], w.o, w.acc)
	w.o += int(w.n >> 3)
	w.acc >>= w.n &^ 7 & 63
	w.n &= 7
}

// align fills the last byte up with zeros.
func (w *bitWriter) align() {
	w.n = (w.n + 7) &^ 7
	w.flush()
}

// bytes copies whole bytes, behind align.
func (w *bitWriter) bytes(p []byte) {
	w.o += copy(w.out[w.o:], p)
}

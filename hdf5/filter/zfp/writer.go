package zfp

import "encoding/binary"

// bitWriter appends bits to out, lowest first.
type bitWriter struct {
	out  []byte
	acc  uint64 // bits not yet in out, lowest first
	have uint   // how many, below 64
}

// write appends the low n bits of v, n up to 64; v has no bits above them.
func (w *bitWriter) write(v uint64, n uint) {
	w.acc |= v << w.have
	w.have += n
	if w.have < 64 {
		return
	}
	w.out = binary.LittleEndian.AppendUint64(w.out, w.acc)
	w.have -= 64
	w.acc = v >> (n - w.have)
}

// zeros appends n zero bits.
func (w *bitWriter) zeros(n uint64) {
	for ; n > 64; n -= 64 {
		w.write(0, 64)
	}
	w.write(0, uint(n))
}

// tell is the count of bits written.
func (w *bitWriter) tell() uint64 { return uint64(len(w.out))*8 + uint64(w.have) }

// bytes ends the stream at a whole byte.
func (w *bitWriter) bytes() []byte {
	var tail [8]byte
	binary.LittleEndian.PutUint64(tail[:], w.acc)
	return append(w.out, tail[:(w.have+7)/8]...)
}

// words appends the stream to list, padded to whole words of 32 bits.
func (w *bitWriter) words(list []uint32) []uint32 {
	p := append(w.bytes(), 0, 0, 0)
	for ; len(p) >= 4; p = p[4:] {
		list = append(list, binary.LittleEndian.Uint32(p))
	}
	return list
}

package bzip2

import "encoding/binary"

// bitWriter appends bits to out, highest first.
type bitWriter struct {
	out  []byte
	acc  uint64 // bits not yet in out, highest first
	have uint   // how many, below 32
}

// write appends the low n bits of v, n up to 32; v has no bits above them.
func (w *bitWriter) write(v uint64, n uint) {
	w.have += n
	w.acc |= v << (64 - w.have)
	if w.have >= 32 {
		w.out = binary.BigEndian.AppendUint32(w.out, uint32(w.acc>>32))
		w.acc <<= 32
		w.have -= 32
	}
}

// flush ends the stream at a whole byte.
func (w *bitWriter) flush() {
	for ; w.have > 0; w.have -= min(w.have, 8) {
		w.out = append(w.out, byte(w.acc>>56))
		w.acc <<= 8
	}
}

// crcTable is that of CRC-32 with the highest bit first.
var crcTable = func() (t [256]uint32) {
	for i := range t {
		c := uint32(i) << 24
		for range 8 {
			c = c<<1 ^ 0x04c11db7*(c>>31)
		}
		t[i] = c
	}
	return t
}()

// crc is the checksum of a block.
func crc(b []byte) uint32 {
	c := ^uint32(0)
	for _, v := range b {
		c = c<<8 ^ crcTable[byte(c>>24)^v]
	}
	return ^c
}

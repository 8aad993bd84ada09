package zfp

import (
	"encoding/binary"
	"math/bits"

	"gables/hdf5/h5err"
)

// Encode is the counterpart of the filter's Decode, byte for byte as the C
// library's: src is a chunk's values in the byte order that values (client
// data, see ClientData) tell. It writes into dst[:0] as append does. Safe for
// concurrent use. It returns ErrCorrupt for client data that break a rule or a
// src of another size than they tell, ErrUnsupported for another codec version
// and for floats in reversible blocks of a least size.
func Encode(dst, src []byte, values []uint32) ([]byte, error) {
	h, err := parseValues(values)
	if err != nil {
		return nil, err
	}
	if h.bytes() != uint64(len(src)) {
		return nil, h5err.Corrupt(structure, "dimensions", "client data describe %d bytes, the chunk has %d", h.bytes(), len(src))
	}
	if err := checkPadding(h.kind, h.mode); err != nil {
		return nil, err
	}
	if h.kind.wide() {
		return encodeField[int64](dst, src, h), nil
	}
	return encodeField[int32](dst, src, h), nil
}

// encodeField encodes src, the field's little-endian values, block by block.
func encodeField[I integer](dst, src []byte, h header) []byte {
	e := newBlockEncoder[I](dst, h)
	var at [4]uint64
	for at[3] = 0; at[3] < h.n[3]; at[3] += 4 {
		for at[2] = 0; at[2] < h.n[2]; at[2] += 4 {
			for at[1] = 0; at[1] < h.n[1]; at[1] += 4 {
				for at[0] = 0; at[0] < h.n[0]; at[0] += 4 {
					e.gather(src, at)
					e.next()
				}
			}
		}
	}
	return e.out.bytes()
}

// gather loads the block at place at.
func (e *blockEncoder[I]) gather(src []byte, at [4]uint64) {
	n := &e.header.n
	var extent [4]int
	for i := range extent {
		extent[i] = int(min(n[i]-at[i], 4))
	}
	for w := range extent[3] {
		for z := range extent[2] {
			row := ((at[3]+uint64(w))*n[2]+at[2]+uint64(z))*n[1] + at[1]
			for y := range extent[1] {
				first := (row+uint64(y))*n[0] + at[0]
				values := e.values[64*w+16*z+4*y:][:extent[0]]
				loadRow(values, src, int(first))
				if e.header.bigEndian {
					reverseBytes(values)
				}
			}
		}
	}
	for i := range e.header.dims {
		if extent[i] < 4 {
			pad(e.values[:len(e.order)], 1<<(2*i), extent[i])
		}
	}
}

// pad fills each line along the dimension of stride s behind its n values: with
// the one before, but the fourth with the first.
func pad[I integer](p []I, s, n int) {
	for ; len(p) >= 4*s; p = p[4*s:] {
		for i := range s {
			if n < 2 {
				p[i+s] = p[i]
			}
			if n < 3 {
				p[i+2*s] = p[i+s]
			}
			p[i+3*s] = p[i]
		}
	}
}

// loadRow loads values from element first of src on.
func loadRow[I integer](values []I, src []byte, first int) {
	if isWide[I]() {
		src = src[8*first:][:8*len(values)]
		for i := range values {
			values[i] = I(binary.LittleEndian.Uint64(src[8*i:]))
		}
		return
	}
	src = src[4*first:][:4*len(values)]
	for i := range values {
		values[i] = I(binary.LittleEndian.Uint32(src[4*i:]))
	}
}

func reverseBytes[I integer](values []I) {
	for i, v := range values {
		if isWide[I]() {
			values[i] = I(bits.ReverseBytes64(uint64(v)))
		} else {
			values[i] = I(bits.ReverseBytes32(uint32(v)))
		}
	}
}

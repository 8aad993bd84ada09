package zfp

import (
	"encoding/binary"

	"gables/hdf5/h5err"
)

// decodeField decodes all blocks of the stream, x fastest, into dst, which has
// the field's size. Values are little-endian.
func decodeField[I integer](dst, src []byte, h header) error {
	d := newBlockDecoder[I](src, h)
	last := tails.Get().(*tail)
	defer tails.Put(last)
	moved := false
	var at [4]uint64
	for at[3] = 0; at[3] < h.n[3]; at[3] += 4 {
		for at[2] = 0; at[2] < h.n[2]; at[2] += 4 {
			for at[1] = 0; at[1] < h.n[1]; at[1] += 4 {
				for at[0] = 0; at[0] < h.n[0]; at[0] += 4 {
					if !moved && d.nearEnd() {
						d.moveTo(last)
						moved = true
					}
					d.next()
					if d.pos > d.end {
						return h5err.Corrupt(structure, "stream", "%d bytes end inside the block at %v", len(src), at)
					}
					d.scatter(dst, at)
				}
			}
		}
	}
	return nil
}

// scatter stores the block at place at; what lies outside the field is padding.
func (d *blockDecoder[I]) scatter(dst []byte, at [4]uint64) {
	n := &d.header.n
	var extent [4]int
	for i := range extent {
		extent[i] = int(min(n[i]-at[i], 4))
	}
	for w := range extent[3] {
		for z := range extent[2] {
			row := ((at[3]+uint64(w))*n[2]+at[2]+uint64(z))*n[1] + at[1]
			for y := range extent[1] {
				first := (row+uint64(y))*n[0] + at[0]
				values := d.values[64*w+16*z+4*y:]
				storeRow(dst, int(first), values[:extent[0]])
			}
		}
	}
}

// storeRow stores values from element first of dst on.
func storeRow[I integer](dst []byte, first int, values []I) {
	if isWide[I]() {
		dst = dst[8*first:][:8*len(values)]
		for _, v := range values {
			binary.LittleEndian.PutUint64(dst, uint64(v))
			dst = dst[8:]
		}
		return
	}
	dst = dst[4*first:][:4*len(values)]
	for _, v := range values {
		binary.LittleEndian.PutUint32(dst, uint32(v))
		dst = dst[4:]
	}
}

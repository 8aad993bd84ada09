package scaleoffset

import (
	"encoding/binary"
	"math"
)

// batch is how many numbers are unpacked before they become elements.
const batch = 128

// decoder turns the packed numbers of one chunk into elements. It belongs to
// one goroutine.
type decoder struct {
	params
	header
	src  []byte
	pos  uint64 // next bit of src
	p32  float32
	p64  float64 // the power of ten
	vals [batch]uint64
}

// reset makes d ready to take numbers from src, which has enough of them.
func (d *decoder) reset(p *params, h header, src []byte) {
	d.params, d.header, d.src, d.pos = *p, h, src, 0
	if d.class == classFloat {
		d.p32, d.p64 = power32(d.factor), power64(d.factor)
	}
}

// run fills dst.
func (d *decoder) run(dst []byte) {
	for len(dst) > 0 {
		vals := d.vals[:min(batch, len(dst)/d.size)]
		if d.bits == 0 {
			clear(vals)
		} else {
			d.unpack(vals)
		}
		switch {
		case d.class == classInteger:
			d.integers(vals)
		case d.size == 4:
			d.floats32(vals)
		default:
			d.floats64(vals)
		}
		n := len(vals) * d.size
		store(dst[:n], vals, d.size, d.big)
		dst = dst[n:]
	}
}

// unpack takes len(vals) numbers of 1 to 63 bits.
func (d *decoder) unpack(vals []uint64) {
	i, src, pos, width := 0, d.src, d.pos, uint64(d.bits)
	down := (64 - width) & 63
	for ; i < len(vals); i++ {
		at := pos >> 3
		if at+9 > uint64(len(src)) {
			break
		}
		vals[i] = window(src[at:at+9], pos&7) >> down
		pos += width
	}
	for ; i < len(vals); i++ {
		var end [9]byte
		copy(end[:], src[pos>>3:])
		vals[i] = window(end[:], pos&7) >> down
		pos += width
	}
	d.pos = pos
}

// window gives the 64 bits of the 9 bytes w that start at bit s, at most 7.
func window(w []byte, s uint64) uint64 {
	return binary.BigEndian.Uint64(w)<<s | uint64(w[8])>>(8-s)
}

// integers adds the least value; signs need no care in two's complement.
func (d *decoder) integers(vals []uint64) {
	least := d.min
	if !d.filled {
		for i := range vals {
			vals[i] += least
		}
		return
	}
	marks, fill := uint64(1)<<d.bits-1, d.fill
	for i, v := range vals {
		w := v + least
		if v == marks {
			w = fill
		}
		vals[i] = w
	}
}

// floats32 divides by the power of ten and adds the least value, rounding to
// single precision after each step as libhdf5 does.
func (d *decoder) floats32(vals []uint64) {
	least, power := math.Float32frombits(uint32(d.min)), d.p32
	marks := uint64(1)<<d.bits - 1
	for i, v := range vals {
		if d.filled && v == marks {
			vals[i] = d.fill
			continue
		}
		q := float32(int32(v)) / power
		vals[i] = uint64(math.Float32bits(q + least))
	}
}

// floats64 is floats32 in double precision.
func (d *decoder) floats64(vals []uint64) {
	least, power := math.Float64frombits(d.min), d.p64
	marks := uint64(1)<<d.bits - 1
	for i, v := range vals {
		if d.filled && v == marks {
			vals[i] = d.fill
			continue
		}
		q := float64(int64(v)) / power
		vals[i] = math.Float64bits(q + least)
	}
}

// store writes vals into dst as elements of size 1, 2, 4 or 8.
func store(dst []byte, vals []uint64, size int, big bool) {
	switch {
	case size == 1:
		dst = dst[:len(vals)]
		for i, v := range vals {
			dst[i] = byte(v)
		}
	case size == 2 && !big:
		for i, v := range vals {
			binary.LittleEndian.PutUint16(dst[2*i:], uint16(v))
		}
	case size == 2:
		for i, v := range vals {
			binary.BigEndian.PutUint16(dst[2*i:], uint16(v))
		}
	case size == 4 && !big:
		for i, v := range vals {
			binary.LittleEndian.PutUint32(dst[4*i:], uint32(v))
		}
	case size == 4:
		for i, v := range vals {
			binary.BigEndian.PutUint32(dst[4*i:], uint32(v))
		}
	case !big:
		for i, v := range vals {
			binary.LittleEndian.PutUint64(dst[8*i:], v)
		}
	default:
		for i, v := range vals {
			binary.BigEndian.PutUint64(dst[8*i:], v)
		}
	}
}

// copyElements copies elements that stand in src least significant byte first,
// as the machine that wrote them had them.
func copyElements(dst, src []byte, size int, big bool) {
	copy(dst, src)
	if !big {
		return
	}
	for ; len(dst) > 0; dst = dst[size:] {
		for i, j := 0, size-1; i < j; i, j = i+1, j-1 {
			dst[i], dst[j] = dst[j], dst[i]
		}
	}
}

package nbit

import "encoding/binary"

// unpacker walks the packed bits once, by the plan. The caller has checked that
// there are enough.
type unpacker struct {
	src   []byte
	pos   uint64 // next bit of src
	nodes []node
	vals  [batch]uint64
}

// batch is how many numbers are unpacked before they are stored.
const batch = 128

// elements fills dst with count elements of type nodes[0].
func (u *unpacker) elements(dst []byte, count int) {
	root := &u.nodes[0]
	if root.kind == number {
		u.numbers(dst, root, count)
		return
	}
	clear(dst) // padding of compounds
	for range count {
		u.value(dst[:root.size], 0)
		dst = dst[root.size:]
	}
}

// value fills dst, all zeros, with one value of type nodes[at].
func (u *unpacker) value(dst []byte, at int) {
	n := &u.nodes[at]
	switch n.kind {
	case number:
		u.numbers(dst, n, 1)
	case opaque:
		u.bytes(dst)
	case compound:
		for i := at + 1; i < n.end; {
			m := &u.nodes[i]
			u.value(dst[m.offset:m.offset+m.size], i)
			i = m.end
		}
	case array:
		base := &u.nodes[at+1]
		if base.kind == number {
			u.numbers(dst, base, n.count)
			return
		}
		for i := range n.count {
			u.value(dst[i*base.size:(i+1)*base.size], at+1)
		}
	}
}

// numbers fills dst with count numbers of type n.
func (u *unpacker) numbers(dst []byte, n *node, count int) {
	switch {
	case n.size > 8:
		clear(dst)
		for i := range count {
			u.wide(dst[i*n.size:(i+1)*n.size], n)
		}
	case count == 1:
		u.vals[0] = u.take(n.precision) << n.shift
		store(dst, u.vals[:1], n)
	default:
		for count > 0 {
			part := u.vals[:min(count, batch)]
			u.fill(part, n.precision, n.shift)
			store(dst[:len(part)*n.size], part, n)
			dst = dst[len(part)*n.size:]
			count -= len(part)
		}
	}
}

// fill takes len(vals) numbers of width bits, 1 to 64, and shifts them up.
func (u *unpacker) fill(vals []uint64, width, shift uint) {
	i, pos := 0, u.pos
	down, up := (64-width)&63, shift&63
	src := u.src
	for ; i < len(vals); i++ {
		at := pos >> 3
		if at+9 > uint64(len(src)) {
			break
		}
		w := src[at : at+9]
		s := pos & 7
		v := binary.BigEndian.Uint64(w)<<s | uint64(w[8])>>(8-s)
		vals[i] = v >> down << up
		pos += uint64(width)
	}
	u.pos = pos
	for ; i < len(vals); i++ {
		vals[i] = u.take(width) << up
	}
}

// take gives the next width bits, 1 to 64.
func (u *unpacker) take(width uint) uint64 {
	at, s := u.pos>>3, u.pos&7
	u.pos += uint64(width)
	var end [9]byte
	w := end[:]
	if at+9 <= uint64(len(u.src)) {
		w = u.src[at : at+9]
	} else {
		copy(w, u.src[at:])
	}
	v := binary.BigEndian.Uint64(w)<<s | uint64(w[8])>>(8-s)
	return v >> (64 - width)
}

// bytes fills dst with whole bytes, which may start within a byte of src.
func (u *unpacker) bytes(dst []byte) {
	if u.pos&7 == 0 {
		n := copy(dst, u.src[u.pos>>3:])
		u.pos += uint64(n) * 8
		return
	}
	for len(dst) >= 8 {
		binary.BigEndian.PutUint64(dst, u.take(64))
		dst = dst[8:]
	}
	for i := range dst {
		dst[i] = byte(u.take(8))
	}
}

// wide fills dst, all zeros, with a number of more than 8 bytes.
func (u *unpacker) wide(dst []byte, n *node) {
	top := n.shift + n.precision // bit behind the number
	for top > n.shift {
		low := max((top-1)&^7, n.shift) // the number's lowest bit in this byte
		at := int(low / 8)
		if n.big {
			at = n.size - 1 - at
		}
		dst[at] = byte(u.take(top-low) << (low & 7))
		top = low
	}
}

// store writes vals into dst as numbers of n's size, at most 8, and order.
func store(dst []byte, vals []uint64, n *node) {
	switch {
	case n.size == 1:
		dst = dst[:len(vals)]
		for i, v := range vals {
			dst[i] = byte(v)
		}
	case n.size == 2 && !n.big:
		for i, v := range vals {
			binary.LittleEndian.PutUint16(dst[2*i:], uint16(v))
		}
	case n.size == 2:
		for i, v := range vals {
			binary.BigEndian.PutUint16(dst[2*i:], uint16(v))
		}
	case n.size == 4 && !n.big:
		for i, v := range vals {
			binary.LittleEndian.PutUint32(dst[4*i:], uint32(v))
		}
	case n.size == 4:
		for i, v := range vals {
			binary.BigEndian.PutUint32(dst[4*i:], uint32(v))
		}
	case n.size == 8 && !n.big:
		for i, v := range vals {
			binary.LittleEndian.PutUint64(dst[8*i:], v)
		}
	case n.size == 8:
		for i, v := range vals {
			binary.BigEndian.PutUint64(dst[8*i:], v)
		}
	default:
		storeOdd(dst, vals, n)
	}
}

// storeOdd is store for 3, 5, 6 and 7 bytes.
func storeOdd(dst []byte, vals []uint64, n *node) {
	for i, v := range vals {
		d := dst[i*n.size : (i+1)*n.size]
		for j := range d {
			at := j
			if n.big {
				at = n.size - 1 - j
			}
			d[at] = byte(v >> (8 * j))
		}
	}
}

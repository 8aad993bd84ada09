package datatype

import (
	"encoding/binary"
	"math/bits"
)

// bitString is an unsigned integer of up to 256 bits, least significant word
// first: room for the widest mantissa that the format can describe (255 bits).
type bitString [4]uint64

// logical gives byte k, counted from the least significant, of the number
// stored in b.
func logical(b []byte, order ByteOrder, k int) byte {
	switch order {
	case BigEndian:
		return b[len(b)-1-k]
	case VAX: // 16-bit words reversed, bytes within each kept
		return b[len(b)-2-k&^1+k&1]
	}
	return b[k]
}

// loadBits takes width ≤ 256 bits from bit pos of the number stored in b; bits
// beyond its end read as zero.
func loadBits(b []byte, order ByteOrder, pos, width int) bitString {
	var v bitString
	first, shift := pos/8, uint(pos%8)
	w := loadWord(b, order, first)
	for i := 0; i < len(v) && 64*i < width; i++ {
		next := loadWord(b, order, first+8*i+8)
		v[i] = w>>shift | next<<1<<(63-shift)
		w = next
	}
	return v.below(width)
}

// loadWord gives the 8 bytes from logical byte k on.
func loadWord(b []byte, order ByteOrder, k int) uint64 {
	if k+8 <= len(b) {
		switch order {
		case LittleEndian:
			return binary.LittleEndian.Uint64(b[k:])
		case BigEndian:
			return binary.BigEndian.Uint64(b[len(b)-k-8:])
		}
	}
	var v uint64
	for i := 0; i < 8 && k+i < len(b); i++ {
		v |= uint64(logical(b, order, k+i)) << (8 * i)
	}
	return v
}

// below keeps the bits under n.
func (v bitString) below(n int) bitString {
	for i := range v {
		switch low := n - 64*i; {
		case low <= 0:
			v[i] = 0
		case low < 64:
			v[i] &= 1<<low - 1
		}
	}
	return v
}

// top is the position of the highest one, -1 for zero.
func (v bitString) top() int {
	for i := len(v) - 1; i >= 0; i-- {
		if v[i] != 0 {
			return 64*i + bits.Len64(v[i]) - 1
		}
	}
	return -1
}

// from gives the 64 bits that start at pos.
func (v bitString) from(pos int) uint64 {
	i, s := pos/64, uint(pos%64)
	if i >= len(v) {
		return 0
	}
	x := v[i] >> s
	if s > 0 && i+1 < len(v) {
		x |= v[i+1] << (64 - s)
	}
	return x
}

// loadUint reads an unsigned integer of at most 8 bytes.
func loadUint(b []byte, order ByteOrder) uint64 {
	switch {
	case len(b) == 8 && order == LittleEndian:
		return binary.LittleEndian.Uint64(b)
	case len(b) == 8 && order == BigEndian:
		return binary.BigEndian.Uint64(b)
	}
	var v uint64
	for k := len(b) - 1; k >= 0; k-- {
		v = v<<8 | uint64(logical(b, order, k))
	}
	return v
}

// signExtend copies bit width-1 of v upwards.
func signExtend(v uint64, width int) int64 {
	s := uint(64 - width)
	return int64(v<<s) >> s
}

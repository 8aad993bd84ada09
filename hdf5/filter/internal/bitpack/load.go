package bitpack

import "encoding/binary"

// Load reads len(vals) unsigned elements of size bytes, 1 to 8, from src.
func Load(vals []uint64, src []byte, size int, big bool) {
	src = src[:len(vals)*size]
	switch {
	case size == 1:
		for i, v := range src {
			vals[i] = uint64(v)
		}
	case size == 2 && !big:
		for i := range vals {
			vals[i] = uint64(binary.LittleEndian.Uint16(src[2*i:]))
		}
	case size == 2:
		for i := range vals {
			vals[i] = uint64(binary.BigEndian.Uint16(src[2*i:]))
		}
	case size == 4 && !big:
		for i := range vals {
			vals[i] = uint64(binary.LittleEndian.Uint32(src[4*i:]))
		}
	case size == 4:
		for i := range vals {
			vals[i] = uint64(binary.BigEndian.Uint32(src[4*i:]))
		}
	case size == 8 && !big:
		for i := range vals {
			vals[i] = binary.LittleEndian.Uint64(src[8*i:])
		}
	case size == 8:
		for i := range vals {
			vals[i] = binary.BigEndian.Uint64(src[8*i:])
		}
	default:
		loadOdd(vals, src, size, big)
	}
}

// loadOdd is Load for 3, 5, 6 and 7 bytes.
func loadOdd(vals []uint64, src []byte, size int, big bool) {
	for i := range vals {
		e := src[i*size : (i+1)*size]
		v := uint64(0)
		for j := range e {
			at := size - 1 - j
			if big {
				at = j
			}
			v = v<<8 | uint64(e[at])
		}
		vals[i] = v
	}
}

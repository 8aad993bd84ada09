package digest

import (
	"encoding/binary"
	"math"
	"math/bits"

	"gables/hdf5/datatype"
)

// canonicalWidth is size rounded up to a power of two.
func canonicalWidth(size int) int { return 1 << bits.Len(uint(size-1)) }

// compileInteger: most types need nothing or their bytes reversed.
func compileInteger(t *datatype.Datatype) kernel {
	width := canonicalWidth(t.Size)
	if t.BitOffset == 0 && t.Precision == 8*t.Size && width == t.Size {
		if t.Order == datatype.BigEndian && t.Size > 1 {
			return swap(t.Size)
		}
		return nil
	}
	signed := t.Class == datatype.Integer && t.Signed
	if t.Size <= 8 {
		return narrowKernel(t, width, signed)
	}
	return wideKernel(t, width, signed)
}

// narrowKernel extracts integers of at most 8 bytes.
func narrowKernel(t *datatype.Datatype, width int, signed bool) kernel {
	fill := uint(64 - min(t.Precision, 64))
	return func(e *encoder, src []byte, n int) error {
		var word [8]byte
		for ; n > 0; n-- {
			u := loadUint(src[:t.Size], t.Order) >> t.BitOffset << fill
			if signed {
				u = uint64(int64(u) >> fill)
			} else {
				u >>= fill
			}
			binary.LittleEndian.PutUint64(word[:], u)
			copy(e.grow(width), word[:width])
			src = src[t.Size:]
		}
		return nil
	}
}

func loadUint(b []byte, order datatype.ByteOrder) uint64 {
	var v uint64
	if order == datatype.BigEndian {
		for _, c := range b {
			v = v<<8 | uint64(c)
		}
		return v
	}
	for i := len(b) - 1; i >= 0; i-- {
		v = v<<8 | uint64(b[i])
	}
	return v
}

// wideKernel extracts integers of any size, byte by byte.
func wideKernel(t *datatype.Datatype, width int, signed bool) kernel {
	return func(e *encoder, src []byte, n int) error {
		for ; n > 0; n-- {
			extract(e.grow(width), src[:t.Size], t, signed)
			src = src[t.Size:]
		}
		return nil
	}
}

// extract puts Precision bits from bit BitOffset of b into dst and extends them.
func extract(dst, b []byte, t *datatype.Datatype, signed bool) {
	bit := func(i int) byte {
		k := i / 8
		if t.Order == datatype.BigEndian {
			k = len(b) - 1 - k
		}
		return b[k] >> (i % 8) & 1
	}
	clear(dst)
	for i := range t.Precision {
		dst[i/8] |= bit(t.BitOffset+i) << (i % 8)
	}
	if !signed || bit(t.BitOffset+t.Precision-1) == 0 {
		return
	}
	for i := t.Precision; i < 8*len(dst); i++ {
		dst[i/8] |= 1 << (i % 8)
	}
}

// swap reverses the bytes of each element.
func swap(size int) kernel {
	return func(e *encoder, src []byte, n int) error {
		for n > 0 {
			// Blocks keep the buffer small and its loop free of calls.
			m := min(n, max(1, flushBytes/2/size))
			reverse(e.grow(m*size), src[:m*size], size)
			src, n = src[m*size:], n-m
		}
		return nil
	}
}

func reverse(dst, src []byte, size int) {
	switch size {
	case 2:
		for i := 0; i+2 <= len(src) && i+2 <= len(dst); i += 2 {
			binary.LittleEndian.PutUint16(dst[i:], binary.BigEndian.Uint16(src[i:]))
		}
	case 4:
		for i := 0; i+4 <= len(src) && i+4 <= len(dst); i += 4 {
			binary.LittleEndian.PutUint32(dst[i:], binary.BigEndian.Uint32(src[i:]))
		}
	case 8:
		for i := 0; i+8 <= len(src) && i+8 <= len(dst); i += 8 {
			binary.LittleEndian.PutUint64(dst[i:], binary.BigEndian.Uint64(src[i:]))
		}
	default:
		for i := 0; i < len(src); i += size {
			for k := range size {
				dst[i+k] = src[i+size-1-k]
			}
		}
	}
}

// isIEEE tells whether t is binary16, binary32 or binary64, in either order.
func isIEEE(t *datatype.Datatype) bool {
	type fields struct{ precision, sign, exp, expSize, mantSize, bias int }
	want := map[int]fields{2: {16, 15, 10, 5, 10, 15}, 4: {32, 31, 23, 8, 23, 127}, 8: {64, 63, 52, 11, 52, 1023}}
	got := fields{t.Precision, t.SignPos, t.ExpPos, t.ExpSize, t.MantSize, int(t.Bias)}
	w, ok := want[t.Size]
	return ok && got == w && t.Bias < 2048 && t.MantPos == 0 && t.BitOffset == 0 && t.Norm == datatype.NormImplied && t.Order != datatype.VAX
}

// compileFloat gives every float but the IEEE ones as binary64.
func compileFloat(t *datatype.Datatype) (kernel, error) {
	if isIEEE(t) {
		if t.Order == datatype.BigEndian {
			return swap(t.Size), nil
		}
		return nil, nil
	}
	if _, _, err := t.Float64(make([]byte, t.Size)); err != nil {
		return nil, err
	}
	return func(e *encoder, src []byte, n int) error {
		for ; n > 0; n-- {
			v, _, err := t.Float64(src[:t.Size])
			if err != nil {
				return err
			}
			binary.LittleEndian.PutUint64(e.grow(8), math.Float64bits(v))
			src = src[t.Size:]
		}
		return nil
	}, nil
}

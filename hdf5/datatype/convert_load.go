package datatype

import (
	"encoding/binary"
	"math"
	"math/big"
	"math/bits"
	"unsafe"
)

// hostLittle tells whether this process keeps the least significant byte first.
var hostLittle = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// Loaders of whole numbers. The contiguous case in the host's order is one
// copy; the others are one loop for each width and order, as a swap by
// function value is several times slower.

func load8(dst unsafe.Pointer, dstStride uintptr, src []byte, srcStride, n int) (int, loss) {
	if dstStride == 1 && srcStride == 1 {
		copy(unsafe.Slice((*byte)(dst), n), src)
		return 0, fits
	}
	for i := range n {
		*(*uint8)(unsafe.Add(dst, uintptr(i)*dstStride)) = src[i*srcStride]
	}
	return 0, fits
}

// packed serves where neither side has gaps: one copy, and in the other byte
// order a swap of 8 bytes at a time.
func packed(width int, big bool, dst unsafe.Pointer, dstStride uintptr, src []byte, srcStride, n int) bool {
	if dstStride != uintptr(width) || srcStride != width {
		return false
	}
	out := unsafe.Slice((*byte)(dst), n*width)
	if big != hostLittle {
		copy(out, src)
		return true
	}
	swap(out, src[:len(out)], width)
	return true
}

// swap reverses the bytes of numbers of width bytes.
func swap(out, in []byte, width int) {
	const odd = 0x00ff00ff00ff00ff
	for len(in) >= 8 && len(out) >= 8 {
		v := binary.LittleEndian.Uint64(in)
		switch width {
		case 2:
			v = v>>8&odd | v&odd<<8
		case 4:
			v = bits.RotateLeft64(bits.ReverseBytes64(v), 32)
		default:
			v = bits.ReverseBytes64(v)
		}
		binary.LittleEndian.PutUint64(out, v)
		in, out = in[8:], out[8:]
	}
	for i := range in {
		out[i] = in[i^(width-1)]
	}
}

func load16(big bool) loader {
	return func(dst unsafe.Pointer, dstStride uintptr, src []byte, srcStride, n int) (int, loss) {
		switch {
		case packed(2, big, dst, dstStride, src, srcStride, n):
		case big:
			for i := range n {
				*(*uint16)(unsafe.Add(dst, uintptr(i)*dstStride)) = binary.BigEndian.Uint16(src[i*srcStride:])
			}
		default:
			for i := range n {
				*(*uint16)(unsafe.Add(dst, uintptr(i)*dstStride)) = binary.LittleEndian.Uint16(src[i*srcStride:])
			}
		}
		return 0, fits
	}
}

func load32(big bool) loader {
	return func(dst unsafe.Pointer, dstStride uintptr, src []byte, srcStride, n int) (int, loss) {
		switch {
		case packed(4, big, dst, dstStride, src, srcStride, n):
		case big:
			for i := range n {
				*(*uint32)(unsafe.Add(dst, uintptr(i)*dstStride)) = binary.BigEndian.Uint32(src[i*srcStride:])
			}
		default:
			for i := range n {
				*(*uint32)(unsafe.Add(dst, uintptr(i)*dstStride)) = binary.LittleEndian.Uint32(src[i*srcStride:])
			}
		}
		return 0, fits
	}
}

func load64(big bool) loader {
	return func(dst unsafe.Pointer, dstStride uintptr, src []byte, srcStride, n int) (int, loss) {
		switch {
		case packed(8, big, dst, dstStride, src, srcStride, n):
		case big:
			for i := range n {
				*(*uint64)(unsafe.Add(dst, uintptr(i)*dstStride)) = binary.BigEndian.Uint64(src[i*srcStride:])
			}
		default:
			for i := range n {
				*(*uint64)(unsafe.Add(dst, uintptr(i)*dstStride)) = binary.LittleEndian.Uint64(src[i*srcStride:])
			}
		}
		return 0, fits
	}
}

// load16Half loads binary16 as float32.
func load16Half(big bool) loader {
	order := LittleEndian
	if big {
		order = BigEndian
	}
	return func(dst unsafe.Pointer, dstStride uintptr, src []byte, srcStride, n int) (int, loss) {
		for i := range n {
			b := src[i*srcStride:][:2]
			h := uint16(b[0]) | uint16(b[1])<<8
			if order == BigEndian {
				h = h<<8 | h>>8
			}
			*(*float32)(unsafe.Add(dst, uintptr(i)*dstStride)) = half(h)
		}
		return 0, fits
	}
}

// softLoader loads any float as float64; inexact ones want LossyPrecision, and
// those that overflow LossyRange.
func softLoader(f floatFormat, allow Lossy) loader {
	return func(dst unsafe.Pointer, dstStride uintptr, src []byte, srcStride, n int) (int, loss) {
		for i := range n {
			v, exact := f.decode(src[i*srcStride:][:f.Size])
			if !exact {
				switch {
				case math.IsInf(v, 0) && allow&LossyRange == 0:
					return i, lossRange
				case !math.IsInf(v, 0) && allow&LossyPrecision == 0:
					return i, lossPrecision
				}
			}
			*(*float64)(unsafe.Add(dst, uintptr(i)*dstStride)) = v
		}
		return 0, fits
	}
}

// oddSource loads integers of any size, precision and bit offset as 64 bits;
// unsigned says that the target is.
func oddSource(t *Datatype, signed, unsigned bool, allow Lossy) source {
	kind := kindU64
	if signed && (t.Size <= 8 || !unsigned) {
		kind = kindI64
	}
	if t.Size > 8 {
		return source{kind: kind, load: wideLoader(t, kind, allow)}
	}
	mask := ^uint64(0) >> (64 - t.Precision)
	return source{kind: kind, load: func(dst unsafe.Pointer, dstStride uintptr, src []byte, srcStride, n int) (int, loss) {
		for i := range n {
			u := loadUint(src[i*srcStride:][:t.Size], t.Order) >> t.BitOffset & mask
			if signed {
				u = uint64(signExtend(u, t.Precision))
			}
			*(*uint64)(unsafe.Add(dst, uintptr(i)*dstStride)) = u
		}
		return 0, fits
	}}
}

// wideLoader loads integers of more than 8 bytes whose values fit 64 bits of
// kind, or clamps them under LossyRange.
func wideLoader(t *Datatype, kind numKind, allow Lossy) loader {
	signed := t.Class == Integer && t.Signed
	return func(dst unsafe.Pointer, dstStride uintptr, src []byte, srcStride, n int) (int, loss) {
		for i := range n {
			b := src[i*srcStride:][:t.Size]
			negative := signed && loadBits(b, t.Order, t.BitOffset+t.Precision-1, 1)[0] == 1
			u := loadBits(b, t.Order, t.BitOffset, min(t.Precision, 64))[0]
			if negative && t.Precision < 64 {
				u = uint64(signExtend(u, t.Precision))
			}
			if !fitsWide(t, b, u, negative, kind) {
				if allow&LossyRange == 0 {
					return i, lossRange
				}
				u = clampWide(negative, kind)
			}
			*(*uint64)(unsafe.Add(dst, uintptr(i)*dstStride)) = u
		}
		return 0, fits
	}
}

// fitsWide tells whether the low 64 bits, u, are the whole value of kind.
func fitsWide(t *Datatype, b []byte, u uint64, negative bool, kind numKind) bool {
	if kind == kindU64 && negative || kind == kindI64 && (int64(u) < 0) != negative {
		return false
	}
	for pos := 64; pos < t.Precision; pos += 64 {
		w := min(64, t.Precision-pos)
		fill := uint64(0)
		if negative {
			fill = ^uint64(0) >> (64 - w)
		}
		if loadBits(b, t.Order, t.BitOffset+pos, w)[0] != fill {
			return false
		}
	}
	return true
}

func clampWide(negative bool, kind numKind) uint64 {
	switch {
	case kind == kindU64 && negative:
		return 0
	case kind == kindU64:
		return ^uint64(0)
	case negative:
		return 1 << 63
	}
	return 1<<63 - 1
}

// wideFloatLoader loads integers of more than 64 bits as float64.
func wideFloatLoader(t *Datatype, allow Lossy) loader {
	return func(dst unsafe.Pointer, dstStride uintptr, src []byte, srcStride, n int) (int, loss) {
		for i := range n {
			v, acc := new(big.Float).SetInt(t.bigInt(src[i*srcStride:][:t.Size])).Float64()
			switch {
			case math.IsInf(v, 0) && allow&LossyRange == 0:
				return i, lossRange
			case acc != big.Exact && !math.IsInf(v, 0) && allow&LossyPrecision == 0:
				return i, lossPrecision
			}
			*(*float64)(unsafe.Add(dst, uintptr(i)*dstStride)) = v
		}
		return 0, fits
	}
}

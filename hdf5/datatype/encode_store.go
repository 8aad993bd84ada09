package datatype

import (
	"encoding/binary"
	"unsafe"
)

// Storers of whole numbers, each the loader of its name the other way round.

func store8(dst []byte, dstStride int, in unsafe.Pointer, inStride uintptr, n int) (int, loss) {
	if dstStride == 1 && inStride == 1 {
		copy(dst, unsafe.Slice((*byte)(in), n))
		return 0, fits
	}
	for i := range n {
		dst[i*dstStride] = *(*uint8)(unsafe.Add(in, uintptr(i)*inStride))
	}
	return 0, fits
}

// packedStore serves where neither side has gaps.
func packedStore(width int, big bool, dst []byte, dstStride int, in unsafe.Pointer, inStride uintptr, n int) bool {
	if inStride != uintptr(width) || dstStride != width {
		return false
	}
	src := unsafe.Slice((*byte)(in), n*width)
	if big != hostLittle {
		copy(dst, src)
	} else {
		swap(dst[:len(src)], src, width)
	}
	return true
}

func store16(big bool) storer {
	return func(dst []byte, dstStride int, in unsafe.Pointer, inStride uintptr, n int) (int, loss) {
		switch {
		case packedStore(2, big, dst, dstStride, in, inStride, n):
		case big:
			for i := range n {
				binary.BigEndian.PutUint16(dst[i*dstStride:], *(*uint16)(unsafe.Add(in, uintptr(i)*inStride)))
			}
		default:
			for i := range n {
				binary.LittleEndian.PutUint16(dst[i*dstStride:], *(*uint16)(unsafe.Add(in, uintptr(i)*inStride)))
			}
		}
		return 0, fits
	}
}

func store32(big bool) storer {
	return func(dst []byte, dstStride int, in unsafe.Pointer, inStride uintptr, n int) (int, loss) {
		switch {
		case packedStore(4, big, dst, dstStride, in, inStride, n):
		case big:
			for i := range n {
				binary.BigEndian.PutUint32(dst[i*dstStride:], *(*uint32)(unsafe.Add(in, uintptr(i)*inStride)))
			}
		default:
			for i := range n {
				binary.LittleEndian.PutUint32(dst[i*dstStride:], *(*uint32)(unsafe.Add(in, uintptr(i)*inStride)))
			}
		}
		return 0, fits
	}
}

func store64(big bool) storer {
	return func(dst []byte, dstStride int, in unsafe.Pointer, inStride uintptr, n int) (int, loss) {
		switch {
		case packedStore(8, big, dst, dstStride, in, inStride, n):
		case big:
			for i := range n {
				binary.BigEndian.PutUint64(dst[i*dstStride:], *(*uint64)(unsafe.Add(in, uintptr(i)*inStride)))
			}
		default:
			for i := range n {
				binary.LittleEndian.PutUint64(dst[i*dstStride:], *(*uint64)(unsafe.Add(in, uintptr(i)*inStride)))
			}
		}
		return 0, fits
	}
}

// oddStorer stores 64-bit integers as ones of any size, precision and bit offset;
// unsigned says that those in memory are.
func oddStorer(t *Datatype, signed, unsigned bool, allow Lossy) storer {
	blank := padBits(t)
	return func(dst []byte, dstStride int, in unsafe.Pointer, inStride uintptr, n int) (int, loss) {
		for i := range n {
			u := *(*uint64)(unsafe.Add(in, uintptr(i)*inStride))
			negative := !unsigned && int64(u) < 0
			if !fitsBits(u, negative, t.Precision, signed) {
				if allow&LossyRange == 0 {
					return i, lossRange
				}
				u, negative = clampBits(negative, t.Precision, signed)
			}
			b := dst[i*dstStride:][:t.Size]
			if t.Size <= 8 {
				storeUint(b, t.Order, blank[0]|u&(^uint64(0)>>(64-t.Precision))<<t.BitOffset)
				continue
			}
			storeWords(b, t.Order, blank)
			storeBits(b, t.Order, t.BitOffset, min(t.Precision, 64), u)
			for pos := 64; negative && pos < t.Precision; pos += 64 {
				storeBits(b, t.Order, t.BitOffset+pos, min(t.Precision-pos, 64), ^uint64(0))
			}
		}
		return 0, fits
	}
}

// fitsBits tells whether u, or int64(u) where it is negative, is a number of
// width bits.
func fitsBits(u uint64, negative bool, width int, signed bool) bool {
	switch {
	case negative && !signed:
		return false
	case negative:
		return width > 63 || int64(u)>>(width-1) == -1
	case signed:
		return width > 64 || u>>(width-1) == 0
	}
	return width > 63 || u>>width == 0
}

// clampBits is the nearest number of width bits to one beyond them.
func clampBits(negative bool, width int, signed bool) (uint64, bool) {
	switch {
	case negative && !signed:
		return 0, false
	case negative:
		return ^uint64(0) << (width - 1), true
	case signed:
		return 1<<(width-1) - 1, false
	}
	return 1<<width - 1, false
}

// padBits gives an element of t whose value is 0, least significant word first.
func padBits(t *Datatype) []uint64 {
	w := make([]uint64, (t.Size+7)/8)
	set := func(from, to int, on bool) {
		for i := from; on && i < to; i++ {
			w[i/64] |= 1 << (i % 64)
		}
	}
	end := t.BitOffset + t.Precision
	set(0, t.BitOffset, t.LoPad)
	set(end, 8*t.Size, t.HiPad)
	if t.Class == Float {
		set(t.BitOffset, end, t.IntPad)
		for _, f := range [][2]int{{t.SignPos, 1}, {t.ExpPos, t.ExpSize}, {t.MantPos, t.MantSize}} {
			for i := f[0]; i < f[0]+f[1]; i++ {
				w[i/64] &^= 1 << (i % 64)
			}
		}
	}
	return w
}

// storeUint writes the low bytes of v over b, at most 8.
func storeUint(b []byte, order ByteOrder, v uint64) {
	for k := range b {
		b[place(len(b), order, k)] = byte(v >> (8 * k))
	}
}

// storeWords writes a number of any size, least significant word first.
func storeWords(b []byte, order ByteOrder, w []uint64) {
	for k := range b {
		b[place(len(b), order, k)] = byte(w[k/8] >> (8 * (k % 8)))
	}
}

// storeBits writes width ≤ 64 bits of v to bit pos of the number stored in b.
func storeBits(b []byte, order ByteOrder, pos, width int, v uint64) {
	for done := 0; done < width; {
		k, shift := (pos+done)/8, (pos+done)%8
		n := min(8-shift, width-done)
		mask := byte(1<<n-1) << shift
		p := &b[place(len(b), order, k)]
		*p = *p&^mask | byte(v>>done)<<shift&mask
		done += n
	}
}

// place is where byte k, counted from the least significant, of a number of n
// bytes is stored; see logical.
func place(n int, order ByteOrder, k int) int {
	switch order {
	case BigEndian:
		return n - 1 - k
	case VAX:
		return n - 2 - k&^1 + k&1
	}
	return k
}

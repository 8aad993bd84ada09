package lzf

import (
	"gables/hdf5/filter/internal/lz77"
	"gables/hdf5/h5err"
)

// A stream is a row of instructions, each begun by a control byte:
//
//	000LLLLL                    L+1 literals follow
//	LLLDDDDD dddddddd           copy L+2 bytes from D<<8+d+1 back, L in 1..6
//	111DDDDD llllllll dddddddd  copy l+9 bytes from D<<8+d+1 back

// DecodedLen is how many bytes src decodes to, from its control bytes alone;
// ErrCorrupt where an instruction is cut off.
func DecodedLen(src []byte) (int, error) {
	total := 0
	for i := 0; i < len(src); {
		ctrl := int(src[i])
		i++
		n := ctrl + 1
		if ctrl >= 32 {
			n = ctrl>>5 + 2
			if n == 9 && i < len(src) {
				n += int(src[i])
				i++
			}
			i++
		} else {
			i += n
		}
		if i > len(src) {
			return 0, h5err.Corrupt(structure, "instruction", "cut off at byte %d", len(src))
		}
		if total += n; total < 0 {
			return 0, h5err.Limit(structure, "decoded size", "more than an int holds")
		}
	}
	return total, nil
}

// DecodeInto decodes src, which must fill dst exactly; ErrCorrupt otherwise.
// The two must not overlap.
func DecodeInto(dst, src []byte) error {
	si, di := 0, 0
	for si < len(src) {
		ctrl := int(src[si])
		si++
		if ctrl < 32 {
			n := ctrl + 1
			if n > len(src)-si || n > len(dst)-di {
				return cutOff(si, di)
			}
			// A copy of fixed length compiles to plain moves; what is too much gets overwritten.
			if len(src)-si >= 32 && len(dst)-di >= 32 {
				*(*[32]byte)(dst[di:]) = *(*[32]byte)(src[si:])
			} else {
				copy(dst[di:di+n], src[si:])
			}
			si += n
			di += n
			continue
		}
		n := ctrl>>5 + 2
		if n == 9 && si < len(src) {
			n += int(src[si])
			si++
		}
		if si >= len(src) || n > len(dst)-di {
			return cutOff(si, di)
		}
		back := (ctrl&31)<<8 + int(src[si]) + 1
		si++
		if back > di {
			return h5err.Corrupt(structure, "distance", "%d at output byte %d", back, di)
		}
		if n <= 16 && back >= 16 && len(dst)-di >= 16 {
			*(*[16]byte)(dst[di:]) = *(*[16]byte)(dst[di-back:])
		} else {
			lz77.Copy(dst, di, back, n)
		}
		di += n
	}
	if di != len(dst) {
		return h5err.Corrupt(structure, "decoded size", "%d bytes, want %d", di, len(dst))
	}
	return nil
}

func cutOff(si, di int) error {
	return h5err.Corrupt(structure, "instruction", "at byte %d leaves the input, or the output at byte %d", si, di)
}

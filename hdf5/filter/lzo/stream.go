package lzo

import (
	"encoding/binary"
	"fmt"
	"math"

	"gables/hdf5/filter/internal/lz77"
	"gables/hdf5/h5err"
)

// errFull says that the output needs more room than it was given.
var errFull = fmt.Errorf("%s: more bytes than expected: %w", structure, h5err.ErrCorrupt)

// manyLiterals is the state behind a run of 4 or more literals; fewer stand for
// themselves.
const manyLiterals = 4

// Decode decodes the LZO1X stream at the start of src into dst and gives how
// many bytes it came to and how many of src it took; ErrCorrupt where a rule is
// broken, where there is no end marker, or where dst is too small. The two must
// not overlap.
//
// Instructions (D, H distance; L length, continued in further bytes where 0;
// S literals that follow the copy at once):
//
//	1LLDDDSS H      copy L+5 from H<<3+D+1 back
//	01LDDDSS H      copy L+3 from H<<3+D+1 back
//	001LLLLL le16   copy L+2 (from 31) from D+1 back, le16 = D<<2+S
//	0001HLLL le16   copy L+2 (from 7) from 16384+H<<14+D back; 16384 ends
//	0000LLLL        L+3 (from 15) literals, where none came just before
//	0000DDSS H      copy 2 from H<<2+D+1 back, where 1 to 3 came before
//	0000DDSS H      copy 3 from H<<2+D+2049 back, where more came before
func Decode(dst, src []byte) (n, used int, err error) {
	d := decoder{dst: dst, src: src}
	if len(src) > 0 && src[0] > 17 {
		n := int(src[0]) - 17
		d.si = 1
		if err := d.literals(n); err != nil {
			return 0, 0, err
		}
		d.state = min(n, manyLiterals)
	}
	for d.si < len(src) {
		done, err := d.step()
		if err != nil {
			return 0, 0, err
		}
		if done {
			return d.di, d.si, nil
		}
	}
	return 0, 0, d.cutOff()
}

type decoder struct {
	dst, src []byte
	si, di   int // next byte of src and of dst
	state    int // literals copied just before, at most manyLiterals
}

// step does one instruction, and tells whether it was the end marker.
func (d *decoder) step() (done bool, err error) {
	op := int(d.src[d.si])
	d.si++
	if op < 16 && d.state == 0 {
		n := d.length(op, 15) + 3
		d.state = manyLiterals
		return false, d.literals(n)
	}
	n, back := 0, 0
	switch {
	case op >= 64:
		n = op>>5 + 1
		back = d.byte()<<3 + op>>2&7 + 1
	case op >= 32:
		n = d.length(op&31, 31) + 2
		op = d.le16()
		back = op>>2 + 1
	case op >= 16:
		n = d.length(op&7, 7) + 2
		far := 1<<14 + op&8<<11
		op = d.le16()
		if back = far + op>>2; back == 1<<14 {
			if d.si > len(d.src) {
				return false, d.cutOff()
			}
			return true, nil
		}
	case d.state < manyLiterals:
		n = 2
		back = d.byte()<<2 + op>>2 + 1
	default:
		n = 3
		back = d.byte()<<2 + op>>2 + 2049
	}
	if err := d.match(n, back); err != nil {
		return false, err
	}
	d.state = op & 3
	return false, d.few(d.state)
}

// length continues a length of 0: each zero byte adds 255, the first other one
// adds itself.
func (d *decoder) length(n, base int) int {
	if n != 0 {
		return n
	}
	for n = base; d.si < len(d.src) && n < math.MaxInt-2*255; n += 255 {
		b := int(d.src[d.si])
		d.si++
		if b != 0 {
			return n + b
		}
	}
	d.si = len(d.src) + 1 // as byte does; nothing that follows is believed
	return n
}

// byte reads one byte; past the end it gives 0 and leaves si behind the end,
// which match refuses.
func (d *decoder) byte() int {
	d.si++
	if d.si > len(d.src) {
		return 0
	}
	return int(d.src[d.si-1])
}

// le16 reads two bytes as byte reads one.
func (d *decoder) le16() int {
	d.si += 2
	if d.si > len(d.src) {
		return 0
	}
	return int(binary.LittleEndian.Uint16(d.src[d.si-2:]))
}

// match copies n bytes from back bytes behind.
func (d *decoder) match(n, back int) error {
	if d.si > len(d.src) {
		return d.cutOff()
	}
	if back > d.di {
		return h5err.Corrupt(structure, "distance", "%d at output byte %d", back, d.di)
	}
	if n > len(d.dst)-d.di {
		return errFull
	}
	// A copy of fixed length compiles to plain moves; what is too much gets overwritten.
	switch {
	case n <= 16 && back >= 16 && len(d.dst)-d.di >= 16:
		*(*[16]byte)(d.dst[d.di:]) = *(*[16]byte)(d.dst[d.di-back:])
	case back >= n:
		copy(d.dst[d.di:d.di+n], d.dst[d.di-back:])
	default:
		lz77.Copy(d.dst, d.di, back, n)
	}
	d.di += n
	return nil
}

// few copies up to 3 literals.
func (d *decoder) few(n int) error {
	if len(d.src)-d.si >= 4 && len(d.dst)-d.di >= 4 {
		*(*[4]byte)(d.dst[d.di:]) = *(*[4]byte)(d.src[d.si:])
		d.si += n
		d.di += n
		return nil
	}
	return d.literals(n)
}

// literals copies n bytes of src.
func (d *decoder) literals(n int) error {
	if n > len(d.dst)-d.di {
		return errFull
	}
	if n > len(d.src)-d.si {
		return d.cutOff()
	}
	copy(d.dst[d.di:d.di+n], d.src[d.si:])
	d.si += n
	d.di += n
	return nil
}

func (d *decoder) cutOff() error {
	return h5err.Corrupt(structure, "instruction", "cut off at byte %d, output byte %d", len(d.src), d.di)
}

package deflate

import (
	"encoding/binary"
	"sync"

	"gables/hdf5/h5err"
)

// decoder is the state of one stream. Bits of buf above n repeat bytes that
// pos has not passed yet, so that a refill may set them once more.
type decoder struct {
	src []byte
	pos int    // next byte of src to enter buf
	buf uint64 // bits not yet decoded, the first one lowest
	n   uint   // how many bits of buf count

	out  []byte // as long as it may be written
	o    int    // bytes of out that are decoded
	size int    // wanted length, negative where unknown
	most int    // length that out may grow to

	codes  *tables // of the current block
	own    tables
	pre    preTable
	lens   [maxLit + maxDist]uint8
	sorted [maxLit + 2]uint16 // scratch of build
}

var decoders = sync.Pool{New: func() any { return new(decoder) }}

func (d *decoder) release() {
	d.src, d.out = nil, nil
	decoders.Put(d)
}

// maxRatio is deflate's greatest expansion: 258 bytes from two bits.
const maxRatio = 258 * 8 / 2

// open prepares d and takes memory for the output, never more than src can fill.
func (d *decoder) open(dst, src []byte, size, limit int) error {
	if size > limit {
		return h5err.Limit(structure, "length", "%d bytes of %d allowed", size, limit)
	}
	if size/maxRatio > len(src) {
		return h5err.Corrupt(structure, "length", "%d bytes can't give %d", len(src), size)
	}
	d.src, d.pos, d.buf, d.n = src, 0, 0, 0
	d.o, d.size, d.most = 0, size, limit
	first := size
	if size >= 0 {
		d.most = size
	} else {
		first = limit
		if len(src) < limit/4 {
			first = 4*len(src) + 64
		}
		first = min(max(first, cap(dst)), limit)
	}
	if cap(dst) >= first {
		d.out = dst[:first:first]
	} else {
		d.out = make([]byte, first)
	}
	return nil
}

// grow makes room for n more bytes of output.
func (d *decoder) grow(n int) error {
	if n <= len(d.out)-d.o {
		return nil
	}
	if n > d.most-d.o {
		if d.size >= 0 {
			return h5err.Corrupt(structure, "length", "more than the %d bytes wanted", d.size)
		}
		return h5err.Limit(structure, "length", "more than the %d bytes allowed", d.most)
	}
	next := d.most
	if len(d.out) < d.most/2 {
		next = max(2*len(d.out), d.o+n)
	}
	out := make([]byte, next)
	copy(out, d.out[:d.o])
	d.out = out
	return nil
}

// fill brings n to 56 or more while src lasts.
func (d *decoder) fill() {
	if len(d.src)-d.pos >= 8 {
		d.buf |= binary.LittleEndian.Uint64(d.src[d.pos:]) << (d.n & 63)
		d.pos += int(63-d.n) >> 3
		d.n |= 56
		return
	}
	for d.n < 56 && d.pos < len(d.src) {
		d.buf |= uint64(d.src[d.pos]) << (d.n & 63)
		d.pos++
		d.n += 8
	}
}

// drop passes over k bits and tells whether src had them.
func (d *decoder) drop(k uint) bool {
	if k > d.n {
		return false
	}
	d.buf >>= k & 63
	d.n -= k
	return true
}

// align drops the rest of a byte and gives whole bytes in buf back to src.
func (d *decoder) align() {
	d.pos -= int(d.n >> 3)
	d.buf, d.n = 0, 0
}

// blocks decodes up to the end of the last block and leaves pos behind it.
func (d *decoder) blocks() error {
	for {
		d.fill()
		head := d.buf & 7
		if !d.drop(3) {
			return errTruncated()
		}
		if err := d.block(head >> 1); err != nil {
			return err
		}
		if head&1 != 0 {
			d.align()
			return nil
		}
	}
}

func (d *decoder) block(kind uint64) error {
	switch kind {
	case 0:
		return d.stored()
	case 1:
		d.codes = fixedTables()
	case 2:
		if err := d.readTables(); err != nil {
			return err
		}
		d.codes = &d.own
	default:
		return h5err.Corrupt(structure, "block type", "3 is not defined")
	}
	return d.symbols()
}

// stored copies an uncompressed block (RFC 1951, 3.2.4).
func (d *decoder) stored() error {
	d.align()
	if len(d.src)-d.pos < 4 {
		return errTruncated()
	}
	n, not := binary.LittleEndian.Uint16(d.src[d.pos:]), binary.LittleEndian.Uint16(d.src[d.pos+2:])
	if n != ^not {
		return h5err.Corrupt(structure, "stored block", "length 0x%04x with complement 0x%04x", n, not)
	}
	d.pos += 4
	if int(n) > len(d.src)-d.pos {
		return errTruncated()
	}
	if err := d.grow(int(n)); err != nil {
		return err
	}
	d.o += copy(d.out[d.o:], d.src[d.pos:d.pos+int(n)])
	d.pos += int(n)
	return nil
}

// symbols decodes a compressed block: swiftly where both ends are far, else
// one symbol at a time.
func (d *decoder) symbols() error {
	for {
		if d.pos <= len(d.src)-inMargin && d.o <= len(d.out)-outMargin {
			switch d.fast() {
			case blockEnd:
				return nil
			case badCode:
				return errCode()
			case badDistance:
				return errDistance()
			}
		}
		if end, err := d.symbol(); end || err != nil {
			return err
		}
	}
}

// symbol decodes one entry of the table with every check, and tells whether
// it ended the block.
func (d *decoder) symbol() (end bool, err error) {
	d.fill()
	e := d.codes.lit[d.buf&litMask]
	if e&subtable != 0 && e&literals == 0 {
		if !d.drop(litBits) {
			return false, errTruncated()
		}
		e = d.codes.lit[(e>>16+uint32(d.buf)&(1<<(e>>8&15)-1))%litSize]
	}
	saved := d.buf
	if !d.drop(uint(e & 63)) {
		return false, errTruncated()
	}
	if n := int(e >> 6 & 3); n > 0 {
		if err := d.grow(n); err != nil {
			return false, err
		}
		for e >>= 8; n > 0; n-- {
			d.out[d.o] = byte(e)
			d.o++
			e >>= 8
		}
		return false, nil
	}
	if e&special != 0 {
		if e&endOfBlock == 0 {
			err = errCode()
		}
		return true, err
	}
	return false, d.match(value(e, saved))
}

// match decodes the distance that follows a length and copies.
func (d *decoder) match(length int) error {
	d.fill()
	e := d.codes.dist[d.buf&distMask]
	if e&subtable != 0 {
		if !d.drop(distBits) {
			return errTruncated()
		}
		e = d.codes.dist[(e>>16+uint32(d.buf)&(1<<(e>>8&15)-1))%distSize]
	}
	saved := d.buf
	if !d.drop(uint(e & 63)) {
		return errTruncated()
	}
	if e&special != 0 {
		return errCode()
	}
	dist := value(e, saved)
	if dist > d.o {
		return errDistance()
	}
	if err := d.grow(length); err != nil {
		return err
	}
	for ; length > 0; length-- {
		d.out[d.o] = d.out[d.o-dist]
		d.o++
	}
	return nil
}

func errCode() error {
	return h5err.Corrupt(structure, "code", "stands for no symbol")
}

func errDistance() error {
	return h5err.Corrupt(structure, "distance", "reaches before the first byte")
}

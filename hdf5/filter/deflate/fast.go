package deflate

// outcome tells why fast stopped.
type outcome int

const (
	nearEnd outcome = iota // too close to an end of the input or the output
	blockEnd
	badCode
	badDistance
)

// Room that one round of fast may touch: three refills of 8 bytes, each behind
// the 7 bytes of the one before; 12 literals, a match of 258 bytes and the
// word that the last store overruns. Where word_unsafe.go is built they stand
// for the bounds checks.
const (
	inMargin  = 24
	outMargin = 288
)

// fast decodes symbols while both ends are far.
//
// n counts modulo 64 only, so that a whole entry can be taken from it; after
// literals e is looked up before the refill, which keeps the refill off the
// critical path. Of the 56 bits that a refill leaves, four literal entries take
// 44, a length with its distance 48.
func (d *decoder) fast() outcome {
	src, out, codes := d.src, d.out, d.codes
	pos, o, buf, n := d.pos, d.o, d.buf, uint32(d.n)
	posEnd, oEnd := len(src)-inMargin, len(out)-outMargin
	why := nearEnd
	buf, n, pos = refill(src, pos, buf, n)
	e := codes.lit[buf&litMask]
	for pos <= posEnd && o <= oEnd {
		if e&literals != 0 {
			buf, n, o = emit(out, o, e, buf, n)
			e = codes.lit[buf&litMask]
			if e&literals != 0 {
				buf, n, o = emit(out, o, e, buf, n)
				e = codes.lit[buf&litMask]
				if e&literals != 0 {
					buf, n, o = emit(out, o, e, buf, n)
					e = codes.lit[buf&litMask]
					if e&literals != 0 {
						buf, n, o = emit(out, o, e, buf, n)
						e = codes.lit[buf&litMask]
						buf, n, pos = refill(src, pos, buf, n)
						continue
					}
				}
			}
			buf, n, pos = refill(src, pos, buf, n)
		}
		if e&special != 0 {
			if e&subtable != 0 {
				buf, n = buf>>litBits, n-litBits
				e = codes.lit[(e>>16+uint32(buf)&(1<<(e>>8&15)-1))%litSize]
				if e&literals != 0 {
					buf, n, o = emit(out, o, e, buf, n)
					e = codes.lit[buf&litMask]
					buf, n, pos = refill(src, pos, buf, n)
					continue
				}
			}
			if e&special != 0 {
				buf, n, why = buf>>(e&63), n-e, ended(e)
				break
			}
		}
		length := value(e, buf)
		buf, n = buf>>(e&63), n-e
		e = codes.dist[buf&distMask]
		if e&special != 0 {
			if e&subtable != 0 {
				buf, n = buf>>distBits, n-distBits
				e = codes.dist[(e>>16+uint32(buf)&(1<<(e>>8&15)-1))%distSize]
			}
			if e&special != 0 {
				why = badCode
				break
			}
		}
		back := value(e, buf)
		buf, n = buf>>(e&63), n-e
		if back > o {
			why = badDistance
			break
		}
		buf, n, pos = refill(src, pos, buf, n)
		e = codes.lit[buf&litMask]
		copyBack(out, o, back, length)
		o += length
	}
	d.pos, d.o, d.buf, d.n = pos, o, buf, uint(n&63)
	return why
}

// ended is the outcome that a special entry, not of a subtable, stands for.
func ended(e uint32) outcome {
	if e&endOfBlock != 0 {
		return blockEnd
	}
	return badCode
}

// refill brings n to 56 or more; bits that buf holds already are set again.
func refill(src []byte, pos int, buf uint64, n uint32) (uint64, uint32, int) {
	return buf | load64(src, pos)<<(n&63), n | 56, pos + int(^n>>3&7)
}

// emit writes e's literals, and behind them zeros up to four bytes.
func emit(out []byte, o int, e uint32, buf uint64, n uint32) (uint64, uint32, int) {
	store32(out, o, e>>8)
	return buf >> (e & 63), n - e, o + int(e>>6&3)
}

// copyBack is copyMatch with the most frequent matches inlined.
func copyBack(out []byte, o, dist, length int) {
	if dist < 8 || length > 16 {
		copyMatch(out, o, dist, length)
		return
	}
	store64(out, o, load64(out, o-dist))
	store64(out, o+8, load64(out, o+8-dist))
}

// copyMatch repeats the bytes dist before o, length of them, a word at a time.
// Up to 7 bytes behind them are overwritten.
func copyMatch(out []byte, o, dist, length int) {
	end := o + length
	if dist >= 8 {
		for ; o < end; o += 8 {
			store64(out, o, load64(out, o-dist))
		}
		return
	}
	step := 8
	var word uint64
	if dist == 1 {
		word = uint64(out[o-1]) * 0x0101010101010101
	} else {
		word = load64(out, o-dist) & (1<<(8*dist) - 1)
		word |= word << (8 * dist)
		word |= word << (16 * dist)
		step -= 8 % dist
	}
	for ; o < end; o += step {
		store64(out, o, word)
	}
}

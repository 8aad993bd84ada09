package zfp

import "math/bits"

// A block's coefficients are coded as bit planes from the highest down. Of each
// plane the first n bits are stored as they are, n being one more than the last
// place where a one was seen so far; then, as long as places remain, a one bit
// says that another one follows, and zeros lead to it. The last place of all
// needs no bit. Where the budget ends inside a run, a one stands there.

// planes are the bit planes of up to 64 coefficients, packed for transpose:
// plane k is in row k%w at bit k-k%w, w being the coefficients in the block.
type planes [64]uint64

// decodePlanes reads planes top-1 to low of size coefficients, at most budget
// bits, and gives the position behind them. size is a power of two up to 64.
func decodePlanes(rows *planes, p []byte, pos uint64, size, top, low, budget uint) uint64 {
	n := uint(0)
	for k := top; k > low && budget > 0; {
		k--
		m := min(n, budget)
		w := peek(p, pos)
		have := peekBits - int(m)
		var x uint64
		if have >= 0 {
			x = w & (1<<m - 1)
			w >>= m
		} else {
			x = peekFull(p, pos, m)
		}
		pos += uint64(m)
		budget -= m
		for n < size && budget > 0 {
			if have < 16 {
				w, have = peek(p, pos), peekBits
			}
			pos++
			budget--
			if w&1 == 0 {
				break
			}
			w >>= 1
			have--
			limit := min(size-1-n, budget)
			run := uint(bits.TrailingZeros64(w))
			if w == 0 {
				run = zeroRun(p, pos, limit)
			}
			used := min(run+1, limit)
			n += min(run, limit)
			x |= 1 << (n & 63)
			n++
			pos += uint64(used)
			budget -= used
			w >>= used
			have -= int(used)
		}
		rows[k&(size-1)&63] |= x << (k &^ (size - 1) & 63)
	}
	return pos
}

// transpose turns the w*w bit squares of rows around, all lanes at once: then
// row i holds coefficient i. w is a power of two up to 64.
func (rows *planes) transpose(w uint) {
	for half := w / 2; half > 0; half /= 2 {
		mask := ^uint64(0) / (1<<half + 1)
		for i := uint(0); i < w; i += 2 * half {
			for j := i; j < i+half; j++ {
				a, b := &rows[j&63], &rows[(j+half)&63]
				t := (*a>>half ^ *b) & mask
				*a ^= t << half
				*b ^= t
			}
		}
	}
}

// planesWide are the bit planes of a block of 256, four words of 64 each.
type planesWide [4]planes

// decodePlanesWide is decodePlanes for the 256 coefficients of a block of rank
// 4; plane k is in row k.
func decodePlanesWide(rows *planesWide, p []byte, pos uint64, top, low, budget uint) uint64 {
	const size = 256
	n := uint(0)
	for k := top; k > low && budget > 0; {
		k--
		m := min(n, budget)
		for i := uint(0); i < m; i += 64 {
			rows[i>>6&3][k&63] = peekFull(p, pos+uint64(i), min(m-i, 64))
		}
		pos += uint64(m)
		budget -= m
		for n < size && budget > 0 {
			w := peek(p, pos)
			pos++
			budget--
			if w&1 == 0 {
				break
			}
			w >>= 1
			limit := min(size-1-n, budget)
			run := uint(bits.TrailingZeros64(w))
			if w == 0 {
				run = zeroRun(p, pos, limit)
			}
			used := min(run+1, limit)
			n += min(run, limit)
			rows[n>>6&3][k&63] |= 1 << (n & 63)
			n++
			pos += uint64(used)
			budget -= used
		}
	}
	return pos
}

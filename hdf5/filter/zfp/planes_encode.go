package zfp

import "math/bits"

// encodePlanes is decodePlanes' counterpart; rows are transposed already.
func encodePlanes(rows *planes, out *bitWriter, size, top, low, budget uint) {
	n := uint(0)
	for k := top; k > low && budget > 0; {
		k--
		x := rows[k&(size-1)&63] >> (k &^ (size - 1) & 63)
		if size < 64 {
			x &= 1<<size - 1
		}
		m := min(n, budget)
		out.write(x&(1<<m-1), m)
		x >>= m
		budget -= m
		for n < size && budget > 0 {
			budget--
			if x == 0 {
				out.write(0, 1)
				break
			}
			limit := min(size-1-n, budget)
			run := uint(bits.TrailingZeros64(x))
			if run >= limit {
				run = limit
				out.write(1, limit+1)
				budget -= limit
			} else {
				out.write(1, 1)
				out.write(1<<run, run+1)
				budget -= run + 1
			}
			n += run + 1
			x >>= run + 1
		}
	}
}

// encodePlanesWide is encodePlanes for the 256 coefficients of a block of rank 4.
func encodePlanesWide(rows *planesWide, out *bitWriter, top, low, budget uint) {
	const size = 256
	n := uint(0)
	for k := top; k > low && budget > 0; {
		k--
		x := [4]uint64{rows[0][k&63], rows[1][k&63], rows[2][k&63], rows[3][k&63]}
		m := min(n, budget)
		for i := uint(0); i < m; i += 64 {
			part := min(m-i, 64)
			out.write(x[i>>6&3]&(1<<part-1), part)
		}
		budget -= m
		for n < size && budget > 0 {
			budget--
			next := nextOne(&x, n)
			if next == size {
				out.write(0, 1)
				break
			}
			out.write(1, 1)
			limit := min(size-1-n, budget)
			run := min(next-n, limit)
			out.zeros(uint64(run))
			budget -= run
			if run < limit {
				out.write(1, 1)
				budget--
			}
			n += run + 1
		}
	}
}

// nextOne is the place of the first one bit from n on; 256 if there is none.
func nextOne(x *[4]uint64, n uint) uint {
	for i := n >> 6; i < 4; i++ {
		v := x[i]
		if i == n>>6 {
			v &= ^uint64(0) << (n & 63)
		}
		if v != 0 {
			return i<<6 + uint(bits.TrailingZeros64(v))
		}
	}
	return 256
}

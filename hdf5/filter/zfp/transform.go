package zfp

// integer is what a block's coefficients are, of the width of its values.
type integer interface{ int32 | int64 }

// inverse undoes the decorrelating transform of a block of 4, 16, 64 or 256,
// slowest dimension first.
func inverse[I integer](p []I) {
	for s := len(p) / 4; s > 1; s /= 4 {
		for b := p; len(b) >= 4*s; b = b[4*s:] {
			b0, b1, b2, b3 := b[:s], b[s:2*s], b[2*s:3*s], b[3*s:4*s]
			for i := range b0 {
				b0[i], b1[i], b2[i], b3[i] = inverseLift(b0[i], b1[i], b2[i], b3[i])
			}
		}
	}
	for ; len(p) >= 4; p = p[4:] {
		p[0], p[1], p[2], p[3] = inverseLift(p[0], p[1], p[2], p[3])
	}
}

// inverseLift is the paper's non-orthogonal transform of 4 values, wrapping.
func inverseLift[I integer](x, y, z, w I) (I, I, I, I) {
	y += w >> 1
	w -= y >> 1
	y += w
	w += w - y
	z += x
	x += x - z
	y += z
	z += z - y
	w += x
	x += x - w
	return x, y, z, w
}

// inverseExact is inverse for the reversible mode: sums of Lorenzo differences.
func inverseExact[I integer](p []I) {
	for s := len(p) / 4; s > 1; s /= 4 {
		for b := p; len(b) >= 4*s; b = b[4*s:] {
			b0, b1, b2, b3 := b[:s], b[s:2*s], b[2*s:3*s], b[3*s:4*s]
			for i := range b0 {
				b1[i], b2[i], b3[i] = sumLift(b0[i], b1[i], b2[i], b3[i])
			}
		}
	}
	for ; len(p) >= 4; p = p[4:] {
		p[1], p[2], p[3] = sumLift(p[0], p[1], p[2], p[3])
	}
}

// sumLift applies the rows 1 to 3 of Pascal's matrix, wrapping.
func sumLift[I integer](x, y, z, w I) (I, I, I) {
	return x + y, x + 2*y + z, x + 3*y + 3*z + w
}

// forward is the decorrelating transform, fastest dimension first.
func forward[I integer](p []I) {
	for b := p; len(b) >= 4; b = b[4:] {
		b[0], b[1], b[2], b[3] = forwardLift(b[0], b[1], b[2], b[3])
	}
	for s := 4; 4*s <= len(p); s *= 4 {
		for b := p; len(b) >= 4*s; b = b[4*s:] {
			b0, b1, b2, b3 := b[:s], b[s:2*s], b[2*s:3*s], b[3*s:4*s]
			for i := range b0 {
				b0[i], b1[i], b2[i], b3[i] = forwardLift(b0[i], b1[i], b2[i], b3[i])
			}
		}
	}
}

// forwardLift is what inverseLift undoes, but for the bits shifted out.
func forwardLift[I integer](x, y, z, w I) (I, I, I, I) {
	x = (x + w) >> 1
	w -= x
	z = (z + y) >> 1
	y -= z
	x = (x + z) >> 1
	z -= x
	w = (w + y) >> 1
	y -= w
	w += y >> 1
	y -= w >> 1
	return x, y, z, w
}

// forwardExact is what inverseExact undoes: Lorenzo differences.
func forwardExact[I integer](p []I) {
	for b := p; len(b) >= 4; b = b[4:] {
		b[1], b[2], b[3] = differLift(b[0], b[1], b[2], b[3])
	}
	for s := 4; 4*s <= len(p); s *= 4 {
		for b := p; len(b) >= 4*s; b = b[4*s:] {
			b0, b1, b2, b3 := b[:s], b[s:2*s], b[2*s:3*s], b[3*s:4*s]
			for i := range b0 {
				b1[i], b2[i], b3[i] = differLift(b0[i], b1[i], b2[i], b3[i])
			}
		}
	}
}

// differLift gives the first, second and third differences, wrapping.
func differLift[I integer](x, y, z, w I) (I, I, I) {
	return y - x, z - 2*y + x, w - 3*z + 3*y - x
}

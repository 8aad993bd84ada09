package deflate

import "math/bits"

// sequence is a run of literals and the match behind it.
type sequence struct {
	literals uint32
	length   uint16 // 0: none
	dist     uint16 // less 1
}

// block is what goes under one pair of codes: sequences and their statistics.
type block struct {
	seqs []sequence
	lit  [maxLit]uint32
	dist [maxDist]uint32
	// extra is the bits behind the codes of lengths and distances.
	extra uint64
	from  int // bytes of the chunk: where the block starts and how many it has
	size  int
	cost  uint64 // estimated bits
}

// reset empties b, which is to start at from.
func (b *block) reset(from int) {
	b.seqs = b.seqs[:0]
	clear(b.lit[:])
	clear(b.dist[:])
	b.extra, b.from, b.size, b.cost = 0, from, 0, 0
}

// add appends a sequence.
func (b *block) add(literals []byte, length, dist int) {
	b.count(literals)
	b.seqs = append(b.seqs, sequence{uint32(len(literals)), uint16(length), uint16(dist - 1)})
	l, d := lengthCodes[length-3], distCode(uint32(dist-1))
	b.lit[257+int(l)]++
	b.dist[d]++
	b.extra += uint64(lengthExtra[l]) + uint64(distExtra(d))
	b.size += len(literals) + length
}

// end appends literals without a match.
func (b *block) end(literals []byte) {
	if len(literals) > 0 {
		b.count(literals)
		b.seqs = append(b.seqs, sequence{literals: uint32(len(literals))})
		b.size += len(literals)
	}
}

// count counts literals.
func (b *block) count(p []byte) {
	for len(p) >= 8 {
		v := load64(p, 0)
		b.lit[byte(v)]++
		b.lit[byte(v>>8)]++
		b.lit[byte(v>>16)]++
		b.lit[byte(v>>24)]++
		b.lit[byte(v>>32)]++
		b.lit[byte(v>>40)]++
		b.lit[byte(v>>48)]++
		b.lit[v>>56]++
		p = p[8:]
	}
	for _, v := range p {
		b.lit[v]++
	}
}

// estimate sets cost.
func (b *block) estimate() { b.cost = entropy(b.lit[:]) + entropy(b.dist[:]) + b.extra }

// apart is about what another block costs.
const apart = 8 * 70

// join appends the block next to b if one pair of codes for both costs no more
// than two; sum is room for the attempt.
func (b *block) join(next, sum *block) bool {
	if b.size+next.size > maxBlock {
		return false
	}
	for i := range sum.lit {
		sum.lit[i] = b.lit[i] + next.lit[i]
	}
	for i := range sum.dist {
		sum.dist[i] = b.dist[i] + next.dist[i]
	}
	sum.extra = b.extra + next.extra
	if sum.estimate(); sum.cost > b.cost+next.cost+apart {
		return false
	}
	b.lit, b.dist, b.extra, b.cost = sum.lit, sum.dist, sum.extra, sum.cost
	b.seqs = append(b.seqs, next.seqs...)
	b.size += next.size
	return true
}

// lengthCodes is the code less 257 of a length less 3; lengthBase and
// lengthExtra are the other way round (RFC 1951, 3.2.5).
var (
	lengthCodes [256]uint8
	lengthBase  [29]uint8
	lengthExtra [29]uint8
)

func init() {
	for i, base := 0, 0; i < 28; i++ {
		lengthBase[i] = uint8(base)
		lengthExtra[i] = uint8(max(0, i/4-1))
		for range 1 << lengthExtra[i] {
			lengthCodes[base] = uint8(i)
			base++
		}
	}
	lengthBase[28], lengthCodes[255] = 255, 28
}

// distCode is the code of a distance less 1.
func distCode(d uint32) uint32 {
	if d < 4 {
		return d
	}
	n := uint32(bits.Len32(d))
	return 2*n - 2 + d>>(n-2)&1
}

// distExtra is how many bits follow the code c.
func distExtra(c uint32) uint32 { return max(c>>1, 1) - 1 }

package deflate

import (
	"math"
	"math/bits"
)

// code is a Huffman code for writing: each symbol's bits, reversed as they are
// stored, and their number at bit 16.
type code []uint32

// sorter holds what building a code needs.
type sorter struct {
	keys, spare [maxLit]uint32 // weight above the symbol
	tree        [maxLit]uint32
}

// build makes the best code for the weights, none of whose lengths is above
// most bits, and writes each symbol's length. Weights are below 1<<22.
func (s *sorter) build(c code, lengths []uint8, weights []uint32, most uint) {
	n := 0
	for i, w := range weights {
		lengths[i] = 0
		if w > 0 {
			s.keys[n] = w<<9 | uint32(i)
			n++
		}
	}
	switch n {
	case 0:
	case 1:
		lengths[s.keys[0]&511] = 1
	default:
		s.sort(n)
		s.lengths(n)
		limit(s.tree[:n], most)
		for i, k := range s.keys[:n] {
			lengths[k&511] = uint8(s.tree[i])
		}
	}
	assign(c, lengths)
}

// sort orders the first n keys by their weights, byte by byte.
func (s *sorter) sort(n int) {
	var all uint32
	for _, k := range s.keys[:n] {
		all |= k
	}
	from, to := s.keys[:n], s.spare[:n]
	for shift := 9; all>>shift != 0; shift += 8 {
		var at [256]uint16
		for _, k := range from {
			at[k>>shift&255]++
		}
		sum := uint16(0)
		for i, c := range at {
			at[i] = sum
			sum += c
		}
		for _, k := range from {
			d := k >> shift & 255
			to[at[d]] = k
			at[d]++
		}
		from, to = to, from
	}
	if &from[0] != &s.keys[0] {
		copy(s.keys[:n], from)
	}
}

// lengths turns the n sorted weights into the lengths of the best code, in
// tree, longest first, in place (Moffat and Katajainen 1995).
func (s *sorter) lengths(n int) {
	t := s.tree[:n]
	for i, k := range s.keys[:n] {
		t[i] = k >> 9
	}
	t[0] += t[1]
	root, leaf := 0, 2
	for next := 1; next < n-1; next++ {
		var sum uint32
		for range 2 {
			if leaf >= n || root < next && t[root] < t[leaf] {
				sum += t[root]
				t[root] = uint32(next)
				root++
			} else {
				sum += t[leaf]
				leaf++
			}
		}
		t[next] = sum
	}
	t[n-2] = 0
	for i := n - 3; i >= 0; i-- {
		t[i] = t[t[i]] + 1
	}
	free, depth, node, at := 1, uint32(0), n-2, n-1
	for free > 0 {
		used := 0
		for node >= 0 && t[node] == depth {
			used++
			node--
		}
		for ; free > used; free-- {
			t[at] = depth
			at--
		}
		free, depth = 2*used, depth+1
	}
}

// limit brings lengths, longest first, down to most bits: too long ones are cut
// and the shortest that have room pay for it.
func limit(lengths []uint32, most uint) {
	if lengths[0] <= uint32(most) {
		return
	}
	var used uint64 // in units of the longest code
	for i, l := range lengths {
		lengths[i] = min(l, uint32(most))
		used += 1 << (uint32(most) - lengths[i])
	}
	for i := 0; used > 1<<most; {
		// The rarest symbol that is not at the limit costs least.
		for lengths[i] == uint32(most) {
			i++
		}
		lengths[i]++
		used -= 1 << (uint32(most) - lengths[i])
	}
	// What is left over goes to the most frequent symbols.
	for i := len(lengths) - 1; i >= 0; i-- {
		if gain := uint64(1) << (uint32(most) - lengths[i]); lengths[i] > 1 && used+gain <= 1<<most {
			used += gain
			lengths[i]--
		}
	}
}

// assign gives the symbols their bits by their lengths (RFC 1951, 3.2.2).
func assign(c code, lengths []uint8) {
	var count, next [maxCode + 1]uint16
	for _, l := range lengths {
		count[l]++
	}
	count[0] = 0
	for l := 1; l < len(next); l++ {
		next[l] = (next[l-1] + count[l-1]) << 1
	}
	for i, l := range lengths {
		c[i] = 0
		if l > 0 {
			c[i] = uint32(bits.Reverse16(next[l]))>>(16-l) | uint32(l)<<16
			next[l]++
		}
	}
}

// logs is n·log2 n of small numbers in 1/256 bit.
var logs = func() (t [4096]uint32) {
	for i := 1; i < len(t); i++ {
		t[i] = uint32(float64(i)*math.Log2(float64(i))*256 + 0.5)
	}
	return t
}()

// weigh is n·log2 n in 1/256 bit.
func weigh(n uint32) uint64 {
	if n < uint32(len(logs)) {
		return uint64(logs[n])
	}
	// Of larger numbers the upper 12 bits say enough.
	shift := uint(bits.Len32(n)) - 12
	top := n >> shift
	return uint64(n)*uint64(logs[top])/uint64(top) + uint64(n)*uint64(shift)*256
}

// entropy is how many bits the symbols of these weights take at best.
func entropy(weights []uint32) uint64 {
	var sum uint32
	var each uint64
	for _, w := range weights {
		sum += w
		each += weigh(w)
	}
	return (weigh(sum) - each) >> 8
}

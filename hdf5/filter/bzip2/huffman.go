package bzip2

import "slices"

const (
	mostCodes   = 6   // Huffman codes of a block
	mostSymbols = 258 // of a code
	groupSize   = 50  // symbols that are coded alike
	mostBits    = 17  // of a symbol, as libbz2 writes; readers take 20
	rounds      = 4   // of choosing a code for each group and making the codes anew

	costBits = 10 // a group costs below 1<<10 bits
)

// coder codes the symbols of a block, each group of them by one of a few
// Huffman codes.
type coder struct {
	lengths   [mostCodes][mostSymbols]byte
	frequency [mostCodes][mostSymbols]uint32
	selected  []byte              // the code of each group
	costs     [mostSymbols]uint64 // bits of a symbol in each code, side by side
	builder
}

// encode writes selectors, codes and symbols, which are below size.
func (c *coder) encode(w *bitWriter, symbols []uint16, size int) {
	codes := codesFor(len(symbols))
	c.begin(symbols, size, codes)
	for range rounds {
		c.choose(symbols, size, codes)
		for i := range codes {
			c.build(c.lengths[i][:size], c.frequency[i][:size])
		}
	}
	w.write(uint64(codes), 3)
	w.write(uint64(len(c.selected)), 15)
	c.writeSelectors(w, codes)
	for i := range codes {
		writeLengths(w, c.lengths[i][:size])
	}
	c.writeSymbols(w, symbols, size, codes)
}

// codesFor is how many codes pay for that many symbols.
func codesFor(symbols int) int {
	switch {
	case symbols < 200:
		return 2
	case symbols < 600:
		return 3
	case symbols < 1200:
		return 4
	case symbols < 2400:
		return 5
	}
	return mostCodes
}

// begin makes each code short for one range of symbols, all ranges about as
// frequent.
func (c *coder) begin(symbols []uint16, size, codes int) {
	var count [mostSymbols]int
	for _, s := range symbols {
		count[s]++
	}
	const long = 15 // bits
	first, rest := 0, len(symbols)
	for i := range codes {
		end, sum := first, 0
		for end < size && (sum == 0 || sum < rest/(codes-i)) {
			sum += count[end]
			end++
		}
		for s := range size {
			c.lengths[i][s] = long
			if s >= first && s < end {
				c.lengths[i][s] = 0
			}
		}
		first = end
		rest -= sum
	}
}

// choose selects for each group the code that is cheapest for it, and counts
// the symbols that each code then has.
func (c *coder) choose(symbols []uint16, size, codes int) {
	for s := range size {
		c.costs[s] = 0
		for i := range codes {
			c.costs[s] |= uint64(c.lengths[i][s]) << (i * costBits)
		}
	}
	for i := range codes {
		clear(c.frequency[i][:size])
	}
	c.selected = c.selected[:0]
	for ; len(symbols) > 0; symbols = symbols[min(groupSize, len(symbols)):] {
		group, cost := symbols[:min(groupSize, len(symbols))], uint64(0)
		for _, s := range group {
			cost += c.costs[s]
		}
		best, least := 0, uint64(1)<<costBits
		for i := range codes {
			if n := cost >> (i * costBits) & (1<<costBits - 1); n < least {
				best, least = i, n
			}
		}
		c.selected = append(c.selected, byte(best))
		for _, s := range group {
			c.frequency[best][s]++
		}
	}
}

// writeSelectors writes the code of each group as its place in a list in which
// a code moves to the front, in ones that a zero ends.
func (c *coder) writeSelectors(w *bitWriter, codes int) {
	list := [mostCodes]byte{0, 1, 2, 3, 4, 5}
	for _, s := range c.selected {
		at := slices.Index(list[:codes], s)
		copy(list[1:at+1], list[:at])
		list[0] = s
		w.write(1<<(at+1)-2, uint(at+1))
	}
}

// writeLengths writes the lengths of a code as steps from one to the next.
func writeLengths(w *bitWriter, lengths []byte) {
	n := lengths[0]
	w.write(uint64(n), 5)
	for _, to := range lengths {
		for ; n < to; n++ {
			w.write(2, 2)
		}
		for ; n > to; n-- {
			w.write(3, 2)
		}
		w.write(0, 1)
	}
}

// writeSymbols writes each group by its code.
func (c *coder) writeSymbols(w *bitWriter, symbols []uint16, size, codes int) {
	var words [mostCodes][mostSymbols]uint32 // the code's bits, above them how many
	for i := range codes {
		next := uint32(0)
		for n := byte(1); n <= mostBits; n++ {
			for s, l := range c.lengths[i][:size] {
				if l == n {
					words[i][s] = uint32(n)<<24 | next
					next++
				}
			}
			next <<= 1
		}
	}
	for _, code := range c.selected {
		group := symbols[:min(groupSize, len(symbols))]
		symbols = symbols[len(group):]
		bits := &words[code]
		for _, s := range group {
			v := bits[s]
			w.write(uint64(v&(1<<24-1)), uint(v>>24))
		}
	}
}

// builder makes a Huffman code.
type builder struct {
	keys   [mostSymbols]uint64     // weight and, in the low bits, symbol
	weight [2 * mostSymbols]uint64 // of the symbols by weight, then of the inner nodes
	parent [2 * mostSymbols]uint16
}

// build puts the lengths of a code for those frequencies into lengths. Every
// symbol gets one, of mostBits at the most: weights are evened out until that
// holds.
func (b *builder) build(lengths []byte, frequency []uint32) {
	const symbolBits = 9
	for s, f := range frequency {
		b.keys[s] = uint64(max(f, 1))<<symbolBits | uint64(s)
	}
	n := len(frequency)
	slices.Sort(b.keys[:n])
	for i, key := range b.keys[:n] {
		b.weight[i] = key >> symbolBits
	}
	for b.depths(n) > mostBits {
		for i := range n {
			b.weight[i] = b.weight[i]/2 + 1
		}
	}
	for i, key := range b.keys[:n] {
		lengths[key&(1<<symbolBits-1)] = byte(b.parent[i])
	}
}

// depths joins the two lightest of n ascending weights and of the nodes that
// come about, until one is left, and puts the depth of each weight into
// b.parent[:n]. It gives the greatest.
func (b *builder) depths(n int) int {
	leaf, node := 0, n
	for to := n; to < 2*n-1; to++ {
		b.weight[to] = 0
		for range 2 {
			take := &leaf
			if leaf == n || node < to && b.weight[node] < b.weight[leaf] {
				take = &node
			}
			b.weight[to] += b.weight[*take]
			b.parent[*take] = uint16(to)
			*take++
		}
	}
	b.parent[2*n-2] = 0
	most := uint16(0)
	for i := 2*n - 3; i >= 0; i-- {
		b.parent[i] = b.parent[b.parent[i]] + 1
		if i < n {
			most = max(most, b.parent[i])
		}
	}
	return int(most)
}

package deflate

import (
	"encoding/binary"
	"math/bits"
)

const (
	windowSize = 1 << 15
	minMatch   = 3
	maxMatch   = 258
	hashBits   = 15
)

// effort is how hard a level searches.
type effort struct {
	depth int  // earlier places that are looked at; 1 does without chains
	nice  int  // a match of this length is taken at once
	lazy  bool // the next position may have a better one
	skip  uint // how soon positions are left out where nothing matches
}

var efforts = [10]effort{
	1: {depth: 1, skip: 5},
	2: {depth: 2, nice: 16, skip: 6},
	3: {depth: 3, nice: 16, skip: 7},
	4: {depth: 4, nice: 16, lazy: true, skip: 8},
	5: {depth: 6, nice: 32, lazy: true, skip: 8},
	6: {depth: 12, nice: 64, lazy: true, skip: 9},
	7: {depth: 32, nice: 128, lazy: true, skip: 10},
	8: {depth: 64, nice: 258, lazy: true, skip: 12},
	9: {depth: 256, nice: 258, lazy: true, skip: 16},
}

// matcher finds earlier occurrences within one chunk. Positions in its tables
// have base added, which grows by each chunk: so the tables need no clearing.
type matcher struct {
	effort
	src  []byte
	base uint32
	pos  int // next position to look at
	lit  int // first byte that no sequence holds yet
	head [1 << hashBits]uint32
	prev [windowSize]uint32
	// Three bytes have a table of their own, which is used where each literal
	// takes so many bits that so short a match can pay.
	three bool
	head3 [1 << hashBits]uint32
	need  [16]int32 // least length worth a distance of so many bits
}

// open makes m ready for src.
func (m *matcher) open(src []byte, e effort) {
	m.effort, m.src, m.pos, m.lit = e, src, 0, 0
	if uint64(m.base)+uint64(len(src))+windowSize+1 > 1<<32-1 || m.base == 0 {
		clear(m.head[:])
		clear(m.head3[:])
		m.base = 1
	}
}

// close moves base on, so that what the tables hold is out of every window.
func (m *matcher) close() {
	m.base += uint32(len(m.src)) + windowSize
	m.src = nil
}

func hash(v uint32) uint32 { return v * 0x9e3779b1 >> (32 - hashBits) }

func load32(b []byte, i int) uint32 { return binary.LittleEndian.Uint32(b[i:]) }

// extend is how many bytes behind i and j < i are equal, up to most.
func extend(src []byte, i, j, most int) int {
	n := 0
	for n+8 <= most {
		if x := binary.LittleEndian.Uint64(src[i+n:]) ^ binary.LittleEndian.Uint64(src[j+n:]); x != 0 {
			return n + bits.TrailingZeros64(x)>>3
		}
		n += 8
	}
	for n < most && src[i+n] == src[j+n] {
		n++
	}
	return n
}

// price sets what lengths are worth a match, given the bits of a literal in
// 1/16 and those of a match without what its distance adds. Runs, with a
// distance of 1, are so common where they occur at all that they are cheap.
func (m *matcher) price(literal, match int) {
	literal = max(literal, 16)
	for i := range m.need {
		bits := match + max(0, i-2)
		if i == 0 {
			bits = cheap
		}
		m.need[i] = int32(max(minMatch, (bits*16+literal-1)/literal))
	}
}

// worth tells whether a match pays.
func (m *matcher) worth(length, dist int) bool {
	return length >= int(m.need[bits.Len32(uint32(dist-1))&15])
}

// candidate3 looks three bytes v, and those behind, up in their own table.
func (m *matcher) candidate3(pos int, v uint32) int {
	h := hash(v<<8) & (1<<hashBits - 1)
	cand := position(m.head3[h], m.base)
	m.head3[h] = uint32(pos) + m.base
	if cand < 0 || pos-cand >= windowSize || (load32(m.src, cand)^v)<<8 != 0 {
		return -1
	}
	return cand
}

// fast finds sequences up to the position to, with one earlier place for each
// hash.
func (m *matcher) fast(b *block, to int) {
	src := m.src
	end := min(to, len(src)-8)
	pos, lit, base := m.pos, m.lit, m.base
	for pos < end {
		v := load32(src, pos)
		h := hash(v) & (1<<hashBits - 1)
		cand := position(m.head[h], base)
		m.head[h] = uint32(pos) + base
		if cand < 0 || pos-cand >= windowSize || load32(src, cand) != v {
			cand = -1
			if m.three {
				cand = m.candidate3(pos, v)
			}
			if cand < 0 {
				pos += 1 + (pos-lit)>>m.skip
				continue
			}
		}
		n := 3 + extend(src, pos+3, cand+3, min(maxMatch, len(src)-pos)-3)
		start, dist := pos, pos-cand
		for start > lit && start > dist && n < maxMatch && src[start-1] == src[start-dist-1] {
			start, n = start-1, n+1
		}
		if !m.worth(n, dist) {
			pos += 1 + (pos-lit)>>m.skip
			continue
		}
		b.add(src[lit:start], n, dist)
		pos = start + n
		lit = pos
		if pos < end {
			m.head[hash(load32(src, pos-2))&(1<<hashBits-1)] = uint32(pos-2) + base
		}
	}
	m.pos, m.lit = min(max(pos, to), len(src)), lit
}

// position is where an entry of the tables is in this chunk; -1 when it is of an
// earlier one. The difference of an older entry does not fit an int of 32 bits.
func position(entry, base uint32) int {
	if entry < base {
		return -1
	}
	return int(entry - base)
}

// insert enters the position into its chain and gives the one before it.
func (m *matcher) insert(pos int) int {
	h := hash(load32(m.src, pos)) & (1<<hashBits - 1)
	last := m.head[h]
	m.prev[pos&(windowSize-1)] = last
	m.head[h] = uint32(pos) + m.base
	return position(last, m.base)
}

// best is the best match at pos that is longer than least, along the chain that
// begins at cand.
func (m *matcher) best(pos, cand, least int) (length, dist int) {
	src := m.src
	most := min(maxMatch, len(src)-pos)
	length = least
	for tries := m.depth; tries > 0 && cand >= 0 && pos-cand < windowSize; tries-- {
		if length < most && src[cand+length] == src[pos+length] && load32(src, cand) == load32(src, pos) {
			if n := extend(src, pos, cand, most); n > length && m.worth(n, pos-cand) {
				length, dist = n, pos-cand
				if n >= m.nice || n == most {
					break
				}
			}
		}
		next := position(m.prev[cand&(windowSize-1)], m.base)
		if next >= cand {
			break
		}
		cand = next
	}
	return length, dist
}

// longest is the best match at pos that is longer than least.
func (m *matcher) longest(pos, least int) (length, dist int) {
	length, dist = m.best(pos, m.insert(pos), max(least, 3))
	if m.three {
		cand := m.candidate3(pos, load32(m.src, pos))
		if dist == 0 && least < 3 && cand >= 0 && m.worth(3, pos-cand) {
			return 3, pos - cand
		}
	}
	return length, dist
}

// chains finds sequences up to the position to, with several earlier places
// for each hash.
func (m *matcher) chains(b *block, to int) {
	src := m.src
	end := min(to, len(src)-8)
	pos := m.pos
	for pos < end {
		n, dist := m.longest(pos, 0)
		if dist == 0 {
			pos += 1 + (pos-m.lit)>>m.skip
			continue
		}
		for m.lazy && n < m.nice && pos+1 < end {
			next, far := m.longest(pos+1, n)
			if far == 0 {
				break
			}
			pos, n, dist = pos+1, next, far
		}
		b.add(src[m.lit:pos], n, dist)
		// The position behind pos may be in its chain already; twice does no harm.
		for i := pos + 2; i < min(pos+n, end); i++ {
			m.insert(i)
		}
		pos += n
		m.lit = pos
	}
	m.pos = min(max(pos, to), len(src))
}

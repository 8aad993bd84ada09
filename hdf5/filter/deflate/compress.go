package deflate

import (
	"slices"
	"sync"
)

const (
	// unitSize is how many bytes are parsed before the decision whether they
	// join the block before them. A small one follows the byte planes of a
	// shuffled chunk.
	unitSize = 8 << 10
	maxBlock = 128 << 10
	storeMax = 65535 // bytes of one stored block
)

// compressor turns one chunk into blocks. It belongs to one goroutine.
type compressor struct {
	matcher
	bitWriter
	open, unit, sum block // the block being gathered, the last unit, room
	units           int   // parsed so far
	dense           bool  // short matches are common
	codes           codes
}

var compressors = sync.Pool{New: func() any { return new(compressor) }}

// bound is the most bytes that n may come to: stored blocks of one unit each.
func bound(n int) int { return n + 6*(n/unitSize+n/storeMax+2) + 8 }

// appendBlocks appends the deflate stream of src, at a level of 1 to 9.
func appendBlocks(dst, src []byte, level int) []byte {
	c := compressors.Get().(*compressor)
	dst = slices.Grow(dst, bound(len(src)))
	c.bitWriter = bitWriter{out: dst[:cap(dst)], o: len(dst)}
	c.matcher.open(src, efforts[level])
	c.open.reset(0)
	c.units, c.dense = 0, false
	for at := 0; at < len(src); at = c.pos {
		c.parse(at)
		if c.open.size == 0 {
			c.open, c.unit = c.unit, c.open
		} else if !c.open.join(&c.unit, &c.sum) {
			c.write(&c.open, false)
			c.open, c.unit = c.unit, c.open
		}
	}
	c.write(&c.open, true)
	c.align()
	dst = c.out[:c.o]
	c.matcher.close()
	c.out = nil
	compressors.Put(c)
	return dst
}

// parse gathers the next unit, from the position at.
func (c *compressor) parse(at int) {
	c.unit.reset(at)
	to := min(at+unitSize, len(c.src))
	if len(c.src)-to < unitSize/4 {
		to = len(c.src)
	}
	literal := literalBits(c.src[at:to])
	c.units++
	c.three = literal > 6*16 && (c.dense || c.units%8 == 1)
	match := dear
	if c.three {
		match = cheap
	}
	c.price(literal, match)
	if c.depth == 1 {
		c.fast(&c.unit, to)
	} else {
		c.chains(&c.unit, to)
	}
	c.unit.end(c.src[c.lit:c.pos])
	c.lit = c.pos
	c.unit.estimate()
	if !c.three {
		return
	}
	c.dense = len(c.unit.seqs) > c.unit.size/64
	if c.unit.cost*16 > uint64(c.unit.size*literal)*doubt/100 {
		c.price(literal, dear)
		c.thin()
	}
}

// Bits of a match, without its distance's own, where matches are common and
// where they are rare. Where cheap ones save less than is sure, the dear ones
// among them are taken back.
const (
	cheap = 6
	dear  = 11
	doubt = 97
)

// thin turns matches that are not worth their price into literals, if that
// makes the unit smaller.
func (c *compressor) thin() {
	u, t := &c.unit, &c.sum
	t.reset(u.from)
	at, lit := u.from, u.from
	for _, s := range u.seqs {
		at += int(s.literals)
		if s.length > 0 && c.worth(int(s.length), int(s.dist)+1) {
			t.add(c.src[lit:at], int(s.length), int(s.dist)+1)
			lit = at + int(s.length)
		}
		at += int(s.length)
	}
	t.end(c.src[lit:at])
	if t.estimate(); t.cost < u.cost {
		*u, *t = *t, *u
	}
}

// literalBits is about how many bits, in 1/16, each byte of p takes by itself.
func literalBits(p []byte) int {
	var count [256]uint32
	n := 0
	// One in eight tells enough; their places must not follow an element's size.
	for i := 0; i+8 <= len(p); i += 61 {
		v := load64(p, i)
		for range 8 {
			count[byte(v)]++
			v >>= 8
		}
		n += 8
	}
	if n == 0 {
		return 8 * 16
	}
	return int(entropy(count[:])*16/uint64(n)) + 2
}

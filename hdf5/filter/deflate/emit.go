package deflate

import "encoding/binary"

// codes is the pair of codes of a block and the code of their lengths.
type codes struct {
	sorter      sorter
	lit         [maxLit]uint32
	dist        [maxDist]uint32
	pre         [19]uint32
	lengths     [maxLit + maxDist]uint8
	preLengths  [19]uint8
	preWeights  [19]uint32
	packed      []uint16 // the lengths, run-length coded: symbol and, above it, the extra bits
	nLit, nDist int
}

var preExtra = [19]uint8{16: 2, 17: 3, 18: 7}

// write writes b in the form that is shortest.
func (c *compressor) write(b *block, last bool) {
	b.lit[256] = 1
	dynamic := c.codes.prepare(b)
	fixed := fixedBits(b)
	stored := uint64(b.size)*8 + uint64(b.size/storeMax+1)*40
	kind := uint64(2)
	if fixed <= dynamic {
		kind, dynamic = 1, fixed
	}
	if stored <= dynamic {
		c.stored(c.src[b.from:b.from+b.size], last)
		return
	}
	head := kind << 1
	if last {
		head |= 1
	}
	c.put(head, 3)
	if kind == 2 {
		c.header()
	} else {
		copy(c.codes.lit[:], fixedLit[:])
		copy(c.codes.dist[:], fixedDist[:])
	}
	c.sequences(b)
	c.put(uint64(c.codes.lit[256]&0xffff), uint(c.codes.lit[256]>>16))
	c.flush()
}

// stored writes p as it is.
func (c *compressor) stored(p []byte, last bool) {
	for first := true; first || len(p) > 0; first = false {
		n := min(len(p), storeMax)
		head := uint64(0)
		if last && n == len(p) {
			head = 1
		}
		c.put(head, 3)
		c.align()
		c.put(uint64(n)|uint64(^uint16(n))<<16, 32)
		c.flush()
		c.bytes(p[:n])
		p = p[n:]
	}
}

// prepare makes the codes for b and gives the bits of the whole block.
func (k *codes) prepare(b *block) uint64 {
	k.sorter.build(k.lit[:], k.lengths[:maxLit], b.lit[:], maxCode)
	k.sorter.build(k.dist[:], k.lengths[maxLit:], b.dist[:], maxCode)
	k.nLit, k.nDist = maxLit, maxDist
	for k.nLit > 257 && k.lengths[k.nLit-1] == 0 {
		k.nLit--
	}
	for k.nDist > 1 && k.lengths[maxLit+k.nDist-1] == 0 {
		k.nDist--
	}
	total := 3 + b.extra
	for i, w := range b.lit[:k.nLit] {
		total += uint64(w) * uint64(k.lengths[i])
	}
	for i, w := range b.dist[:k.nDist] {
		total += uint64(w) * uint64(k.lengths[maxLit+i])
	}
	copy(k.lengths[k.nLit:], k.lengths[maxLit:maxLit+k.nDist])
	return total + k.packLengths()
}

// packLengths run-length codes the lengths and gives the bits of the header.
func (k *codes) packLengths() uint64 {
	lengths := k.lengths[:k.nLit+k.nDist]
	k.packed = k.packed[:0]
	clear(k.preWeights[:])
	for i := 0; i < len(lengths); {
		l, run := lengths[i], 1
		for i+run < len(lengths) && lengths[i+run] == l {
			run++
		}
		i += run
		if l != 0 {
			k.pack(l, 0)
			run--
		}
		for run > 0 {
			n := 1
			switch {
			case l == 0 && run >= 11:
				n = min(run, 138)
				k.pack(18, n-11)
			case l == 0 && run >= 3:
				n = run
				k.pack(17, n-3)
			case l != 0 && run >= 3:
				n = min(run, 6)
				k.pack(16, n-3)
			default:
				k.pack(l, 0)
			}
			run -= n
		}
	}
	k.sorter.build(k.pre[:], k.preLengths[:], k.preWeights[:], 7)
	total := uint64(14 + 3*k.nPre())
	for i, w := range k.preWeights {
		total += uint64(w) * uint64(k.preLengths[i]+preExtra[i])
	}
	return total
}

func (k *codes) pack(symbol uint8, extra int) {
	k.packed = append(k.packed, uint16(symbol)|uint16(extra)<<8)
	k.preWeights[symbol]++
}

// nPre is how many lengths of the lengths' code are stored.
func (k *codes) nPre() int {
	n := len(preOrder)
	for n > 4 && k.preLengths[preOrder[n-1]] == 0 {
		n--
	}
	return n
}

// header writes the codes.
func (c *compressor) header() {
	k := &c.codes
	n := k.nPre()
	c.put(uint64(k.nLit-257)|uint64(k.nDist-1)<<5|uint64(n-4)<<10, 14)
	c.flush()
	for _, s := range preOrder[:n] {
		c.put(uint64(k.preLengths[s]), 3)
		c.flush()
	}
	for _, p := range k.packed {
		s := p & 255
		c.put(uint64(k.pre[s]&0xffff), uint(k.pre[s]>>16))
		c.put(uint64(p>>8), uint(preExtra[s]))
		c.flush()
	}
}

// sequences writes the contents of b.
func (c *compressor) sequences(b *block) {
	at := b.from
	for _, s := range b.seqs {
		if s.literals > 0 {
			c.literals(c.src[at : at+int(s.literals)])
		}
		at += int(s.literals)
		if s.length == 0 {
			continue
		}
		at += int(s.length)
		l := lengthCodes[s.length-3]
		k := c.codes.lit[257+int(l)]
		c.put(uint64(k&0xffff), uint(k>>16))
		c.put(uint64(uint8(s.length-3)-lengthBase[l]), uint(lengthExtra[l]))
		d := distCode(uint32(s.dist))
		k = c.codes.dist[d]
		c.put(uint64(k&0xffff), uint(k>>16))
		x := distExtra(d)
		c.put(uint64(uint32(s.dist)&(1<<x-1)), uint(x))
		c.flush()
	}
}

// literals writes the codes of p: three take 45 bits at the most.
func (c *compressor) literals(p []byte) {
	lit := (*[256]uint32)(c.codes.lit[:])
	w := c.bitWriter
	for ; len(p) >= 3; p = p[3:] {
		k := lit[p[0]]
		w.put(uint64(k&0xffff), uint(k>>16))
		k = lit[p[1]]
		w.put(uint64(k&0xffff), uint(k>>16))
		k = lit[p[2]]
		w.put(uint64(k&0xffff), uint(k>>16))
		w.flush()
	}
	for _, v := range p {
		k := lit[v]
		w.put(uint64(k&0xffff), uint(k>>16))
		w.flush()
	}
	c.bitWriter = w
}

// The codes of blocks that bring none (RFC 1951, 3.2.6).
var (
	fixedLengths = func() (l [maxLit + 2]uint8) {
		for i := range l {
			switch {
			case i < 144:
				l[i] = 8
			case i < 256:
				l[i] = 9
			case i < 280:
				l[i] = 7
			default:
				l[i] = 8
			}
		}
		return l
	}()
	fixedLit = func() (c [maxLit + 2]uint32) {
		assign(c[:], fixedLengths[:])
		return c
	}()
	fixedDist = func() (c [maxDist]uint32) {
		var lengths [maxDist + 2]uint8
		for i := range lengths {
			lengths[i] = 5
		}
		var all [maxDist + 2]uint32
		assign(all[:], lengths[:])
		copy(c[:], all[:])
		return c
	}()
)

// fixedBits is the bits of b without codes of its own.
func fixedBits(b *block) uint64 {
	total := 3 + b.extra
	for i, w := range b.lit[:] {
		total += uint64(w) * uint64(fixedLengths[i])
	}
	for _, w := range b.dist[:] {
		total += 5 * uint64(w)
	}
	return total
}

// appendStored appends src as a stream of stored blocks only.
func appendStored(dst, src []byte) []byte {
	for first := true; first || len(src) > 0; first = false {
		n := min(len(src), storeMax)
		last := byte(0)
		if n == len(src) {
			last = 1
		}
		dst = append(dst, last)
		dst = binary.LittleEndian.AppendUint16(dst, uint16(n))
		dst = binary.LittleEndian.AppendUint16(dst, ^uint16(n))
		dst = append(dst, src[:n]...)
		src = src[n:]
	}
	return dst
}

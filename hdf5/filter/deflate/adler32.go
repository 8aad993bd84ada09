package deflate

import "encoding/binary"

const (
	adlerMod = 65521
	// adlerWords is the most words of 8 bytes whose weighted sums fit lanes of
	// 16 bits: 22·23/2·255 < 1<<16.
	adlerWords = 22
	adlerBlock = 8 * adlerWords
	lanes      = 0x00ff00ff00ff00ff
)

// Adler32 is zlib's checksum of b (RFC 1950, 2.2).
func Adler32(b []byte) uint32 {
	s1, s2 := uint64(1), uint64(0)
	for len(b) >= adlerBlock {
		// 64-bit sums take 4096 blocks with ease: s2 grows by < 176·(s1+22·255).
		run := min(len(b)/adlerBlock, 4096)
		for ; run > 0; run-- {
			s1, s2 = adlerAdd(s1, s2, (*[adlerBlock]byte)(b))
			b = b[adlerBlock:]
		}
		s1, s2 = s1%adlerMod, s2%adlerMod
	}
	for _, c := range b {
		s1 += uint64(c)
		s2 += s1
	}
	return uint32(s2%adlerMod)<<16 | uint32(s1%adlerMod)
}

// adlerAdd adds one block. Each lane sums the bytes of one residue of the
// position modulo 8; sum of sums gives the weight 8 to each word that follows.
func adlerAdd(s1, s2 uint64, b *[adlerBlock]byte) (uint64, uint64) {
	var even, odd, evens, odds uint64
	for i := 0; i < adlerBlock; i += 8 {
		v := binary.LittleEndian.Uint64(b[i:])
		even += v & lanes
		odd += v >> 8 & lanes
		evens += even
		odds += odd
	}
	s2 += adlerBlock * s1
	// A byte at residue r of its word weighs 8·(words from it to the end) − r.
	s2 += 8 * (sumLanes(evens) + sumLanes(odds))
	s2 -= 2*(even>>16&0xffff) + 4*(even>>32&0xffff) + 6*(even>>48)
	s2 -= odd&0xffff + 3*(odd>>16&0xffff) + 5*(odd>>32&0xffff) + 7*(odd>>48)
	return s1 + sumLanes(even) + sumLanes(odd), s2
}

func sumLanes(v uint64) uint64 {
	return v&0xffff + v>>16&0xffff + v>>32&0xffff + v>>48
}

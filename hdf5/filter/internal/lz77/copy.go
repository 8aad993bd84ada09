// Package lz77 finds and copies the matches of codecs that descend from LZ77:
// bytes that stand a distance back, which a copy may itself be writing. Its
// functions are safe for concurrent use.
package lz77

import "encoding/binary"

const (
	step    = 16  // bytes moved at once where there is room
	half    = 8   // bytes of a word
	longRun = 128 // where doubling a run beats writing it by words
)

// Copy copies n bytes from offset before dst[d], where the copy may read what
// it wrote, and gives the position behind them. Up to 15 bytes behind those may
// come to hold anything, but none outside dst. 1 ≤ offset ≤ d and
// d+n ≤ len(dst); it panics elsewhere, or copies other bytes.
func Copy(dst []byte, d, offset, n int) int {
	last, from := d+n, d-offset
	if offset >= step && n <= 4*step && last+step <= len(dst) {
		for ; d < last; d += step {
			*(*[step]byte)(dst[d:]) = *(*[step]byte)(dst[d-offset:])
		}
		return last
	}
	if offset < 2*step && last+half <= len(dst) {
		// Small pieces by words: copy's call costs more than they do.
		stop := last
		if n > longRun {
			stop = d + longRun - longRun%offset
		}
		if offset >= half {
			for ; d < stop; d += half {
				*(*[half]byte)(dst[d:]) = *(*[half]byte)(dst[d-offset:])
			}
		} else {
			r := &repeats[offset]
			word := binary.LittleEndian.Uint64(dst[from:]) & r.mask * r.times
			for ; d < stop; d += r.period {
				binary.LittleEndian.PutUint64(dst[d:], word)
			}
		}
		d = stop
	}
	// The part that repeats doubles with each round.
	for d < last {
		d += copy(dst[d:last], dst[from:d])
	}
	return last
}

// repeats fill a word with the bytes of the mask: times puts them side by side,
// and period bytes of the word are whole repetitions.
var repeats = [half]struct {
	mask, times uint64
	period      int
}{
	{0, 0, half}, // no offset
	{1<<8 - 1, 0x0101010101010101, 8},
	{1<<16 - 1, 0x0001000100010001, 8},
	{1<<24 - 1, 1<<48 | 1<<24 | 1, 6},
	{1<<32 - 1, 1<<32 | 1, 8},
	{1<<40 - 1, 1<<40 | 1, 5},
	{1<<48 - 1, 1<<48 | 1, 6},
	{1<<56 - 1, 1<<56 | 1, 7},
}

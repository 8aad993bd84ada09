package blosc2

import (
	"encoding/binary"
	"slices"

	"gables/hdf5/filter/internal/bloscchunk"
)

const (
	trailerLen = 35
	indexLen   = 40  // a chunk with the offset of one
	mostMeta   = 400 // bytes of the metalayer of an array of rank 16, and less
)

// indexHead is the header of the index: a chunk of 8 bytes stored as is.
var indexHead = [indexLen - offsetSize]byte{
	5, 1, 7, offsetSize, offsetSize, 0, 0, 0, offsetSize, 0, 0, 0, indexLen, 0, 0, 0, 0, 0, 0, 0, 0, 1,
}

// trailer ends a frame: no metalayers, its length, no fingerprint.
var trailer = [trailerLen]byte{
	0x94, 1, 0x93, 0xcd, 0, 6, 0xde, 0, 0, 0xdc, 0, 0, 0xce, 0, 0, 0, trailerLen, 0xd8,
}

// appendFrame appends a frame with one chunk of n bytes; a, where it is not nil,
// is the array that they are.
func appendFrame(dst []byte, p bloscchunk.Params, a *array, src bloscchunk.Source, n int) []byte {
	start := len(dst)
	dst = slices.Grow(dst, minHeader+mostMeta+n+bloscchunk.MaxOverhead+indexLen+trailerLen)
	dst = appendHeader(dst, p, n)
	if a == nil {
		dst = append(dst, 0x93, 0xcd, 0, 7, 0xde, 0, 0, 0xdc, 0, 0)
	} else {
		dst = appendArrayMeta(dst, start, a)
	}
	header := len(dst) - start
	dst, _ = bloscchunk.AppendFrom(dst, src, n, p, n+bloscchunk.MaxOverhead)
	offset := uint64(0)
	if bloscchunk.IsZeros(dst[start+header:]) {
		// Such a chunk is told by the index alone.
		dst = dst[:start+header]
		offset = 1<<63 | uint64(bloscchunk.Zeros)<<56
	}
	cbytes := len(dst) - start - header
	dst = append(dst, indexHead[:]...)
	dst = binary.LittleEndian.AppendUint64(dst, offset)
	dst = append(dst, trailer[:]...)
	be := binary.BigEndian
	be.PutUint32(dst[start+posHeaderLen:], uint32(header))
	be.PutUint64(dst[start+posFrameLen:], uint64(len(dst)-start))
	be.PutUint64(dst[start+posCBytes:], uint64(cbytes))
	return dst
}

// appendHeader appends the fields at fixed positions; the lengths of the header,
// the frame and the chunks come later.
func appendHeader(dst []byte, p bloscchunk.Params, n int) []byte {
	be := binary.BigEndian
	dst = append(dst, 0x9e)
	dst = append(dst, magic...)
	dst = append(dst, 0xd2, 0, 0, 0, 0)
	dst = append(dst, 0xcf, 0, 0, 0, 0, 0, 0, 0, 0)
	dst = append(dst, 0xa4, 1<<4|2, 0, byte(p.Codec)|byte(p.Level)<<4, splitMode)
	dst = be.AppendUint64(append(dst, 0xd3), uint64(n))
	dst = append(dst, 0xd3, 0, 0, 0, 0, 0, 0, 0, 0)
	dst = be.AppendUint32(append(dst, 0xd2), uint32(p.HeaderSize()))
	dst = be.AppendUint32(append(dst, 0xd2), uint32(p.Block(n)))
	dst = be.AppendUint32(append(dst, 0xd2), uint32(n))
	dst = append(dst, 0xd1, 0, 1, 0xd1, 0, 1, 0xc2) // threads to write and read, no metalayers in the trailer
	dst = append(dst, 0xd8, 6, 0, 0, 0, 0, 0, byte(p.Shuffle), byte(p.Codec), 0)
	return append(dst, 0, 0, 0, 0, 0, 0, 0, 0)
}

// splitMode is the library's default for when blocks are split, which readers
// do not look at.
const splitMode = 3

// appendArrayMeta appends the metalayer of an array without a type of its own.
func appendArrayMeta(dst []byte, start int, a *array) []byte {
	be := binary.BigEndian
	dst = append(dst, 0x93, 0xcd, 0, 17, 0xde, 0, 1, 0xa4)
	dst = append(dst, "b2nd"...)
	at := len(dst) + 1
	dst = append(dst, 0xd2, 0, 0, 0, 0, 0xdc, 0, 1)
	be.PutUint32(dst[at:], uint32(len(dst)-start))
	content := len(dst) + 5
	dst = append(dst, 0xc6, 0, 0, 0, 0, 0x97, 0, byte(a.rank), 0x90+byte(a.rank))
	for _, n := range a.shape[:a.rank] {
		dst = be.AppendUint64(append(dst, 0xd3), uint64(n))
	}
	for _, shape := range [][]int{a.chunk[:a.rank], a.block[:a.rank]} {
		dst = append(dst, 0x90+byte(a.rank))
		for _, n := range shape {
			dst = be.AppendUint32(append(dst, 0xd2), uint32(n))
		}
	}
	dst = append(dst, 0, 0xdb, 0, 0, 0, 0)
	name := len(dst)
	dst = opaque(dst, a.typeSize)
	be.PutUint32(dst[name-4:], uint32(len(dst)-name))
	be.PutUint32(dst[content-4:], uint32(len(dst)-content))
	return dst
}

package blosc2

import (
	"bytes"
	"encoding/binary"
)

// A frame is a header, the chunks, a chunk that holds their offsets, and a
// trailer, which decoding does not need. The header is MessagePack with fields
// at fixed positions; its integers are big-endian.
//
//	offset size field
//	0      2    array, string of 8
//	2      8    "b2frame" and a zero byte
//	11     4    bytes of the header
//	16     8    bytes of the frame
//	25     1    flags: 0-3 version, 4-5 width of the offsets (1: 64 bits)
//	26     1    type of the frame: 0 contiguous, 1 a directory of files
//	30     8    bytes decoded
//	39     8    bytes of the chunks
//	48     4    bytes of one element
//	58     4    bytes of each chunk but the last, decoded; 0 where they vary
//	87     …    metalayers
const (
	posHeaderLen = 11
	posFrameLen  = 16
	posFlags     = 25
	posType      = 26
	posNBytes    = 30
	posCBytes    = 39
	posTypeSize  = 48
	posChunkSize = 58
	minHeader    = 87

	versionLast = 3
)

var magic = []byte("\xa8b2frame\x00")

// isFrame tells whether src begins as a frame does.
func isFrame(src []byte) bool {
	return len(src) > len(magic) && src[0]&0xf0 == 0x90 && bytes.HasPrefix(src[1:], magic)
}

// frame is what the header of a frame says, with the bytes of the frame. It
// decodes once.
type frame struct {
	src       []byte // the whole frame
	header    int    // bytes of the header
	nbytes    int64  // decoded, padding of tiles included
	cbytes    int    // of all chunks
	typeSize  int
	chunkSize int
	array     *array // nil where the elements lie in plain order
	used      int    // bytes of the chunks opened so far: bounds the time of overlapping ones
}

// parseFrame reads the header and checks every length in it.
func parseFrame(src []byte) (*frame, error) {
	if len(src) < minHeader {
		return nil, corrupt("header", "%d bytes", len(src))
	}
	be := binary.BigEndian
	f := &frame{nbytes: int64(be.Uint64(src[posNBytes:]))}
	version, width := src[posFlags]&15, src[posFlags]>>4&3
	if version > versionLast || width != 1 {
		return nil, unsupported("header", "version %d, offset width %d", version, width)
	}
	if src[posType]&15 != 0 {
		return nil, unsupported("header", "frame type %d", src[posType]&15)
	}
	header, length, cbytes := be.Uint32(src[posHeaderLen:]), be.Uint64(src[posFrameLen:]), be.Uint64(src[posCBytes:])
	if length > uint64(len(src)) || uint64(header) > length || header < minHeader || cbytes > length-uint64(header) {
		return nil, corrupt("header", "%d bytes of header and %d of chunks in %d of %d", header, cbytes, length, len(src))
	}
	typeSize, chunkSize := int32(be.Uint32(src[posTypeSize:])), int32(be.Uint32(src[posChunkSize:]))
	if f.nbytes < 0 || typeSize <= 0 || chunkSize < 0 {
		return nil, corrupt("header", "%d bytes of elements of %d in chunks of %d", f.nbytes, typeSize, chunkSize)
	}
	f.src, f.header, f.cbytes = src[:length], int(header), int(cbytes)
	f.typeSize, f.chunkSize = int(typeSize), int(chunkSize)
	content, err := f.arrayMeta()
	if err != nil || content == nil {
		return f, err
	}
	f.array, err = parseArray(content, f)
	return f, err
}

// size is how many bytes decoding gives.
func (f *frame) size() int64 {
	if f.array != nil {
		return f.array.bytes
	}
	return f.nbytes
}

// maxMetalayers is the greatest number that c-blosc2 writes.
const maxMetalayers = 16

// arrayMeta finds the metalayer that describes an array; nil where there is
// none. A metalayer's name leads to the position of its content.
func (f *frame) arrayMeta() ([]byte, error) {
	head := f.src[:f.header]
	r := reader{b: head, at: minHeader}
	if f.header == minHeader {
		return nil, nil
	}
	r.expect(0x93) // array of 3
	r.expect(0xcd) // size of the index
	r.take(2)
	r.expect(0xde) // map
	n := int(r.uint(2))
	if n > maxMetalayers {
		return nil, corrupt("metalayers", "%d", n)
	}
	var content []byte
	for ; n > 0 && !r.bad; n-- {
		mark := r.uint(1)
		if mark&0xe0 != 0xa0 {
			return nil, corrupt("metalayers", "name begins with 0x%02x", mark)
		}
		name := string(r.take(int(mark & 31)))
		r.expect(0xd2)
		at := r.uint(4)
		// Caterva is what b2nd was called before it had a type.
		if name != "b2nd" && name != "caterva" {
			continue
		}
		if at > uint64(len(head)) {
			return nil, corrupt("metalayers", "%s at byte %d of %d", name, at, len(head))
		}
		c := reader{b: head, at: int(at)}
		c.expect(0xc6)
		if content = c.take(int(int32(c.uint(4)))); c.bad {
			return nil, corrupt("metalayers", "%s at byte %d of %d", name, at, len(head))
		}
	}
	if r.bad {
		return nil, corrupt("metalayers", "index ends early or has a wrong mark")
	}
	return content, nil
}

// reader takes MessagePack's fields. The first that is not there sets bad, and
// all later ones read as zero.
type reader struct {
	b   []byte
	at  int
	bad bool
}

func (r *reader) take(n int) []byte {
	if r.bad || n < 0 || n > len(r.b)-r.at {
		r.bad = true
		return nil
	}
	r.at += n
	return r.b[r.at-n : r.at]
}

// uint is a big-endian integer of n bytes.
func (r *reader) uint(n int) (v uint64) {
	for _, b := range r.take(n) {
		v = v<<8 | uint64(b)
	}
	return v
}

// expect takes a mark.
func (r *reader) expect(mark uint64) {
	if r.uint(1) != mark {
		r.bad = true
	}
}

package bitshuffle

import (
	"encoding/binary"
	"math"
	"slices"

	"gables/hdf5/filter"
	"gables/hdf5/filter/internal/bitshuf"
	"gables/hdf5/filter/internal/lz4block"
	"gables/hdf5/filter/internal/zstdframe"
	"gables/hdf5/h5err"
)

var _ filter.Encoder = bitshuffle{}

// The version of the plugin whose client data Local writes.
const (
	versionMajor = 0
	versionMinor = 4
)

const defaultLevel = 3 // of Zstandard, for level 0 too

// Values is what Local takes: blocks of that many elements, a multiple of 8 or
// 0 for the default, and for Zstd the level, 0 (default) to 22.
func Values(blockElements uint32, compression Compression, level uint32) []uint32 {
	if compression == Zstd {
		return []uint32{blockElements, uint32(compression), level}
	}
	return []uint32{blockElements, uint32(compression)}
}

// Local puts the plugin's version and the element size before the values, which
// are block size, compression and level, each of which may be missing.
func (bitshuffle) Local(values []uint32, d filter.Described) ([]uint32, error) {
	if d.Type.Size <= 0 || uint64(d.Type.Size) > math.MaxUint32 {
		return nil, h5err.Unsupported("bitshuffle filter", "element size", "%d bytes", d.Type.Size)
	}
	out := append([]uint32{versionMajor, versionMinor, uint32(d.Type.Size)}, values...)
	p, err := parseValues(out)
	if err != nil {
		return nil, err
	}
	if p.block%multiple != 0 {
		return nil, h5err.New(h5err.ErrSelection, "bitshuffle filter", "block size", "%d elements, no multiple of %d", p.block, multiple)
	}
	if p.compression == Zstd && p.level > zstdframe.MaxLevel {
		return nil, h5err.New(h5err.ErrSelection, "bitshuffle filter", "level", "%d, at most %d", p.level, zstdframe.MaxLevel)
	}
	if err := p.checkBlock(); err != nil {
		return nil, err
	}
	return out, nil
}

// checkBlock refuses blocks of more bytes than LZ4 takes, whose size the header
// could hardly tell.
func (p parameters) checkBlock() error {
	if n := p.blockElements() * p.elementSize; p.compression != None && n > mostBlock {
		return h5err.Unsupported("bitshuffle filter", "block size", "%d bytes, at most %d", n, mostBlock)
	}
	return nil
}

// mostBlock is the most bytes that LZ4 takes at once.
const mostBlock = 0x7e000000

// blockElements is the count with the default filled in.
func (p parameters) blockElements() uint64 {
	if p.block == 0 {
		return uint64(DefaultBlockSize(int(min(p.elementSize, math.MaxInt32))))
	}
	return p.block
}

// Encode applies bitshuffle as filter.Encoder says. A chunk is stored even where
// it grows. ErrUnsupported for a length that is no multiple of the element size,
// which the plugin refuses too.
func (bitshuffle) Encode(dst, src []byte, c filter.Chunk) ([]byte, error) {
	p, err := parseValues(c.Values)
	if err == nil {
		err = p.checkBlock()
	}
	if err != nil {
		return nil, err
	}
	if uint64(len(src))%p.elementSize != 0 {
		return nil, h5err.Unsupported(structure, "size", "%d bytes, no multiple of element size %d", len(src), p.elementSize)
	}
	l, c := layout{compression: p.compression}, filter.Chunk{Size: len(src), Limit: len(src)}
	if err := l.set(uint64(len(src)), p.elementSize, p.block, len(src), c); err != nil {
		return nil, err
	}
	if p.compression == None {
		dst = slices.Grow(dst[:0], len(src))[:len(src)]
		l.shuffle(dst, src)
		return dst, nil
	}
	dst = slices.Grow(dst[:0], l.bound())
	dst = binary.BigEndian.AppendUint64(dst, uint64(len(src)))
	dst = binary.BigEndian.AppendUint32(dst, uint32(p.blockElements()*p.elementSize))
	return l.encode(dst, src, int(p.level))
}

// bound is the most bytes of a compressed chunk.
func (l *layout) bound() int {
	n := headerSize + l.size - l.blocked
	for rest := l.blocked; rest > 0; rest -= min(rest, l.block) {
		n += 4 + l.blockBound(min(rest, l.block))
	}
	return n
}

// blockBound is the most bytes of a compressed block of n.
func (l *layout) blockBound(n int) int {
	if l.compression == LZ4 {
		return lz4block.Bound(n)
	}
	return zstdframe.Bound(n)
}

// shuffle is the way back of decode without compression.
func (l *layout) shuffle(dst, src []byte) {
	for at := 0; at < l.blocked; at += l.block {
		end := min(at+l.block, l.blocked)
		bitshuf.Shuffle(dst[at:end], src[at:end], l.elementSize)
	}
	copy(dst[l.blocked:], src[l.blocked:])
}

// encode appends the blocks to dst, which has room for them, and the elements
// that fill no 8.
func (l *layout) encode(dst, src []byte, level int) ([]byte, error) {
	scratch := takeScratch(l.block)
	defer scratches.Put(scratch)
	for at := 0; at < l.blocked; at += l.block {
		block := src[at:min(at+l.block, l.blocked)]
		bits := (*scratch)[:len(block)]
		bitshuf.Shuffle(bits, block, l.elementSize)
		first := len(dst) + 4
		coded, err := l.compress(dst[first:first+l.blockBound(len(block))], bits, level)
		if err != nil {
			return nil, err
		}
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(coded)))
		dst = dst[:first+len(coded)]
	}
	return append(dst, src[l.blocked:]...), nil
}

// compress compresses one block into room, which has its bound.
func (l *layout) compress(room, bits []byte, level int) ([]byte, error) {
	if l.compression == LZ4 {
		return lz4block.Compress(room, bits, 1), nil
	}
	if level == 0 {
		level = defaultLevel
	}
	coded, err := zstdframe.Encode(room[:0:len(room)], bits, level)
	if err == nil && &coded[0] != &room[0] {
		coded = append(room[:0:len(room)], coded...)
	}
	return coded, err
}

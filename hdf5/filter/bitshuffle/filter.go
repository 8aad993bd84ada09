// Package bitshuffle applies and undoes filter 32008: bits of equal weight
// brought together, with or without LZ4 or Zstandard behind. Source: Masui et
// al., "A compression scheme for radio data in high performance computing"
// (2015), and the layout of the registered plugin. It takes and gives bytes and
// opens no file. Everything here is safe for any number of goroutines.
//
// Elements are taken in blocks of blockSize of them, a multiple of 8; the last
// block holds what remains, rounded down to a multiple of 8; the up to 7 others
// follow as they are. Without compression a chunk is just that. With it, all
// big-endian:
//
//	0   8  decoded size in bytes
//	8   4  block size in bytes; 0 stands for the default
//	12     for each block: 4 bytes compressed size, then that many bytes
//	       the elements that fill no 8
package bitshuffle

import (
	"encoding/binary"
	"sync"

	"gables/hdf5/filter"
	"gables/hdf5/filter/internal/bitshuf"
	"gables/hdf5/filter/internal/lz4block"
	"gables/hdf5/filter/internal/zstdframe"
	"gables/hdf5/h5err"
)

// structure names the codec in errors.
const structure = "bitshuffle chunk"

// Places of the client data; the plugin's version comes in front. All but the
// element size may be missing.
const (
	valueElementSize = 2 // bytes
	valueBlockSize   = 3 // elements, 0 for the default
	valueCompression = 4
	valueLevel       = 5 // of Zstandard, 0 for the default
)

// Compression is what is done to each block after its bits are shuffled.
type Compression uint32

// The values that the client data may hold.
const (
	None Compression = 0
	LZ4  Compression = 2
	Zstd Compression = 3
)

const (
	headerSize  = 12
	multiple    = bitshuf.Multiple
	targetBlock = 8 << 10 // bytes of a block of default size
	leastBlock  = 128     // elements
)

type bitshuffle struct{}

// New is the bitshuffle filter.
func New() filter.Filter { return bitshuffle{} }

// ID is 32008.
func (bitshuffle) ID() filter.ID { return filter.Bitshuffle }

// Name is "bitshuffle".
func (bitshuffle) Name() string { return "bitshuffle" }

// DefaultBlockSize is how many elements of that many bytes make a block where
// none is stored.
func DefaultBlockSize(elementSize int) int {
	n := targetBlock / max(elementSize, 1)
	return max(n-n%multiple, leastBlock)
}

// Decode undoes bitshuffle as filter.Filter says. Bytes behind the last
// element of a compressed chunk are passed over, as the plugin does.
func (bitshuffle) Decode(dst, src []byte, c filter.Chunk) ([]byte, error) {
	p, err := parseValues(c.Values)
	if err != nil {
		return nil, err
	}
	l, size, blockSize := layout{compression: p.compression}, uint64(len(src)), p.block
	if l.compression != None {
		if len(src) < headerSize {
			return nil, h5err.Corrupt(structure, "header", "%d bytes, want %d", len(src), headerSize)
		}
		size = binary.BigEndian.Uint64(src)
		blockSize = uint64(binary.BigEndian.Uint32(src[8:])) / p.elementSize
		src = src[headerSize:]
	}
	if err := l.set(size, p.elementSize, blockSize, len(src), c); err != nil {
		return nil, err
	}
	out, err := c.Room(dst, structure, size)
	if err != nil {
		return nil, err
	}
	if err := l.decode(out, src); err != nil {
		return nil, err
	}
	return out, nil
}

// parameters are what the client data say.
type parameters struct {
	elementSize uint64 // bytes, above 0
	block       uint64 // elements, 0 for the default
	compression Compression
	level       uint32 // of Zstandard, 0 for the default
}

// parseValues reads the client data; what may be missing is 0.
func parseValues(values []uint32) (parameters, error) {
	if len(values) <= valueElementSize {
		return parameters{}, h5err.Corrupt(structure, "client data", "%d values, want at least 3", len(values))
	}
	var all [valueLevel + 1]uint32
	copy(all[:], values)
	p := parameters{
		elementSize: uint64(all[valueElementSize]), block: uint64(all[valueBlockSize]),
		compression: Compression(all[valueCompression]), level: all[valueLevel],
	}
	if p.elementSize == 0 {
		return p, h5err.Corrupt(structure, "element size", "0")
	}
	if p.compression > Zstd || p.compression == 1 {
		return p, h5err.Unsupported(structure, "compression", "%d", p.compression)
	}
	return p, nil
}

// layout is how a chunk is cut.
type layout struct {
	size        int // bytes of the chunk
	elementSize int // bytes
	block       int // bytes of every block but the last
	blocked     int // bytes in blocks; the others are as they are
	compression Compression
}

// set checks the sizes that the file declares against the chunk, the limit and
// the n bytes behind the header.
func (l *layout) set(size, elementSize, blockSize uint64, n int, c filter.Chunk) error {
	ratio := uint64(1)
	switch l.compression {
	case LZ4:
		ratio = lz4block.MaxRatio
	case Zstd:
		ratio = zstdframe.MaxRatio
	}
	if err := c.CheckFrom(structure, size, n, ratio); err != nil {
		return err
	}
	if size%elementSize != 0 {
		return h5err.Corrupt(structure, "decoded size", "%d is no multiple of element size %d", size, elementSize)
	}
	if size == 0 {
		return nil
	}
	if blockSize%multiple != 0 {
		return h5err.Corrupt(structure, "block size", "%d elements, no multiple of %d", blockSize, multiple)
	}
	if blockSize == 0 {
		blockSize = uint64(DefaultBlockSize(int(elementSize)))
	}
	l.size, l.elementSize = int(size), int(elementSize)
	l.blocked = l.size - l.size/l.elementSize%multiple*l.elementSize
	// Division first: blockSize·elementSize may not fit an int.
	l.block = l.blocked
	if size/elementSize > blockSize {
		l.block = int(blockSize * elementSize)
	}
	return nil
}

// decode fills dst.
func (l *layout) decode(dst, src []byte) error {
	if l.compression == None {
		for at := 0; at < l.blocked; at += l.block {
			end := min(at+l.block, l.blocked)
			bitshuf.Unshuffle(dst[at:end], src[at:end], l.elementSize)
		}
		copy(dst[l.blocked:], src[l.blocked:])
		return nil
	}
	scratch := takeScratch(l.block)
	defer scratches.Put(scratch)
	for at := 0; at < l.blocked; at += l.block {
		out := dst[at:min(at+l.block, l.blocked)]
		used, err := l.decodeBlock(out, src, (*scratch)[:len(out)])
		if err != nil {
			return err
		}
		src = src[used:]
	}
	if len(src) < l.size-l.blocked {
		return h5err.Corrupt(structure, "last elements", "%d bytes, want %d", len(src), l.size-l.blocked)
	}
	copy(dst[l.blocked:], src)
	return nil
}

// decodeBlock fills out from a compressed block with its size in front, through
// scratch of the same length, and gives the bytes of src that it took.
func (l *layout) decodeBlock(out, src, scratch []byte) (int, error) {
	if len(src) < 4 {
		return 0, h5err.Corrupt(structure, "compressed size", "%d bytes remain, want 4", len(src))
	}
	n := uint64(binary.BigEndian.Uint32(src))
	if n > uint64(len(src)-4) {
		return 0, h5err.Corrupt(structure, "compressed size", "%d, %d bytes remain", n, len(src)-4)
	}
	data := src[4 : 4+int(n)]
	var err error
	if l.compression == LZ4 {
		err = lz4block.Decode(scratch, data, nil)
	} else {
		err = zstdframe.Decode(scratch, data)
	}
	if err != nil {
		return 0, err
	}
	bitshuf.Unshuffle(out, scratch, l.elementSize)
	return 4 + len(data), nil
}

// scratches holds *[]byte, each of some block's size.
var scratches sync.Pool

func takeScratch(n int) *[]byte {
	b, ok := scratches.Get().(*[]byte)
	if !ok || cap(*b) < n {
		s := make([]byte, n)
		b = &s
	}
	*b = (*b)[:n]
	return b
}

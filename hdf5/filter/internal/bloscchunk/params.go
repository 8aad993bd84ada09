package bloscchunk

// Codec is the number of a codec as users and client data know it; a chunk's
// flags have another for some.
type Codec uint32

// The codecs.
const (
	BloscLZ Codec = iota
	LZ4
	LZ4HC
	Snappy // Blosc1 only
	Zlib
	Zstd
)

// Shuffling is what is done to a block before the codec; its numbers are those
// of the client data.
type Shuffling uint32

// The kinds of shuffling.
const (
	Unshuffled Shuffling = iota
	Bytes
	Bits
)

// MaxLevel is the greatest compression level.
const MaxLevel = 9

// Params says how a chunk is encoded.
type Params struct {
	Blosc1   bool // the format of Blosc1, which old readers know
	Codec    Codec
	Level    int // 0 (stored as is) to 9
	Shuffle  Shuffling
	TypeSize int // bytes of one element; above 255 the chunk has elements of 1
	// BlockSize is the bytes of each block but the last; 0 for what BlockSize
	// of the library gives.
	BlockSize int
}

const (
	l1 = 32 << 10 // bytes of a processor's first cache, as the libraries reckon

	maxStreams    = 16  // of a block that is split
	maxTypeSize   = 255 // that a header holds
	minBuffer1    = 128 // bytes; Blosc1 stores shorter ones as they are, and does not split into shorter streams
	minBuffer     = 32  // the same of Blosc2
	leastBlock1   = 64 << 10
	mostBlock1    = 1 << 20
	mostStream1   = 256 << 10
	mostBlock2    = 4 << 20
	leastBlock2   = 32 << 10
	fastZstdLevel = 5 // up to which Blosc2 splits
)

// dense tells whether the codec is made for large blocks.
func (p Params) dense() bool { return p.Codec == LZ4HC || p.Codec == Zlib || p.Codec == Zstd }

// split tells whether blocks of n bytes are split into one stream for each byte
// of an element.
func (p Params) split(size, n int) bool {
	if p.Blosc1 {
		return p.Codec != Zstd && size <= maxStreams && n/size >= minBuffer1
	}
	fast := p.Codec == BloscLZ || p.Codec == LZ4 || p.Codec == Zstd && p.Level <= fastZstdLevel
	return fast && p.Shuffle == Bytes && size <= maxStreams && n/size >= minBuffer
}

// HeaderSize is the element size that headers give.
func (p Params) HeaderSize() int {
	if p.TypeSize > maxTypeSize {
		return 1
	}
	return max(p.TypeSize, 1)
}

// Block is the bytes of each block but the last of a chunk of n bytes, by the
// rules of c-blosc 1.21 and c-blosc2 3.
func (p Params) Block(n int) int {
	size := max(p.TypeSize, 1)
	if p.Blosc1 {
		size = p.HeaderSize()
	}
	if n < size {
		return 1
	}
	block := n
	switch {
	case p.BlockSize > 0:
		block = max(min(p.BlockSize, MaxBlock), p.HeaderSize())
	case p.Blosc1:
		if block = p.byLevel(n); p.Level > 0 && p.split(size, block) {
			block = min(block, mostStream1)
			block = min(max(block*size, leastBlock1), mostBlock1)
		}
	default:
		block = p.byLevel(n)
		if p.Level > 0 && p.split(size, n) {
			block = min(max(splitBlocks[p.Level]*size, leastBlock2), mostBlock2)
		}
	}
	if block = min(block, n); block > size {
		block = block / size * size
	}
	return block
}

// splitBlocks is Blosc2's stream length by level.
var splitBlocks = [MaxLevel + 1]int{
	0, 32 << 10, 32 << 10, 32 << 10, 64 << 10, 64 << 10, 64 << 10, 128 << 10, 256 << 10, 512 << 10,
}

// byLevel is the block that both libraries begin with.
func (p Params) byLevel(n int) int {
	if n < l1 {
		return n
	}
	block := l1
	if p.dense() {
		block *= 2
	}
	switch {
	case p.Level == 0:
		return block / 4
	case p.Level == 1:
		return block / 2
	case p.Level <= 3:
		return block << (p.Level - 2)
	case p.Level <= 5:
		return block * 4
	case p.Level == MaxLevel && p.dense():
		return block * 16
	}
	return block * 8
}

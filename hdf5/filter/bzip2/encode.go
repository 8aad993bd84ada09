package bzip2

import (
	"slices"
	"sync"

	"gables/hdf5/filter"
	"gables/hdf5/h5err"
)

var _ filter.Encoder = bz{}

const (
	defaultLevel = 9
	levelSize    = 100_000 // bytes of a block for each level
	blockMargin  = 19      // bytes that libbz2 leaves free in a block

	blockMark  = 0x314159265359
	streamMark = 0x177245385090
)

// Values is the client data for blocks of that many times 100 kB, 1 to 9.
func Values(level int) []uint32 { return []uint32{uint32(level)} }

// Local gives the values as they are: the level and, from PyTables, 10 times the
// object's format version and its class.
func (bz) Local(values []uint32, _ filter.Described) ([]uint32, error) {
	if len(values) > 3 {
		return nil, h5err.New(h5err.ErrSelection, "bzip2 filter", "client data", "%d values, want at most 3", len(values))
	}
	if _, err := levelOf(values); err != nil {
		return nil, err
	}
	return slices.Clone(values), nil
}

// levelOf is the first value, which may be missing.
func levelOf(values []uint32) (int, error) {
	if len(values) == 0 {
		return defaultLevel, nil
	}
	if values[0] < 1 || values[0] > 9 {
		return 0, h5err.New(h5err.ErrSelection, "bzip2 filter", "level", "%d, want 1 to 9", values[0])
	}
	return int(values[0]), nil
}

// Encode applies bzip2 as filter.Encoder says; a chunk is stored even where it
// grows.
func (bz) Encode(dst, src []byte, c filter.Chunk) ([]byte, error) {
	level, err := levelOf(c.Values)
	if err != nil {
		return nil, err
	}
	e := encoders.Get().(*encoder)
	defer encoders.Put(e)
	e.bitWriter = bitWriter{out: append(dst[:0], 'B', 'Z', 'h', '0'+byte(level))}
	total := uint32(0)
	for len(src) > 0 {
		n := e.fill(src, level*levelSize-blockMargin)
		sum := crc(src[:n])
		total = (total<<1 | total>>31) ^ sum
		e.encodeBlock(sum)
		src = src[n:]
	}
	e.write(streamMark>>24, 24)
	e.write(streamMark&(1<<24-1), 24)
	e.write(uint64(total), 32)
	e.flush()
	out := e.out
	e.out = nil
	return out, nil
}

var encoders = sync.Pool{New: func() any { return new(encoder) }}

// encoder encodes one block after the other. Its memory grows to 11 bytes for
// each of a block.
type encoder struct {
	bitWriter
	sorter
	block   []byte   // after the first run lengths, later after the transformation
	sorted  []int32  // suffixes of block
	turned  []byte   // block from its least rotation on
	symbols []uint16 // what the Huffman codes stand for
	alphabet
	coder
}

// fill puts what the start of src gives by run lengths into e.block, which gets
// at least most bytes and 4 more at most where src suffices. Four equal bytes
// are followed by how many more there are. It gives the bytes of src.
func (e *encoder) fill(src []byte, most int) int {
	b, i := e.block[:0], 0
	for i < len(src) && len(b) < most {
		c, n := src[i], 1
		for rest := src[i:min(i+255, len(src))]; n < len(rest) && rest[n] == c; {
			n++
		}
		i += n
		for range min(n, 4) {
			b = append(b, c)
		}
		if n >= 4 {
			b = append(b, byte(n-4))
		}
	}
	e.block = b
	return i
}

// encodeBlock writes e.block, whose bytes before fill have the given checksum.
func (e *encoder) encodeBlock(sum uint32) {
	origin := e.transform()
	e.front(e.block, &e.symbols)
	e.write(blockMark>>24, 24)
	e.write(blockMark&(1<<24-1), 24)
	e.write(uint64(sum), 32)
	e.write(uint64(origin), 25) // the first bit: not randomised
	e.writeUsed()
	e.encode(&e.bitWriter, e.symbols, e.used+2)
}

// transform puts the last byte of each rotation of e.block, in their order, into
// e.block, and gives the place of that which begins where the block does. From
// the least rotation on, the order of suffixes is that of rotations.
func (e *encoder) transform() int {
	n := len(e.block)
	first := leastRotation(e.block)
	e.turned = append(append(e.turned[:0], e.block[first:]...), e.block[:first]...)
	if cap(e.sorted) < n {
		e.sorted = make([]int32, n)
	}
	e.sorted = e.sorted[:n]
	sort(&e.sorter, e.sorted, e.turned, 256, 0)
	start, origin := int32((n-first)%n), 0
	for i, j := range e.sorted {
		if j == start {
			origin = i
		}
		if j == 0 {
			j = int32(n)
		}
		e.block[i] = e.turned[j-1]
	}
	return origin
}

// leastRotation is where the least of the rotations of b begins. Of two that
// are equal for k bytes, the greater one is ruled out and so are the k behind it.
func leastRotation(b []byte) int {
	n := len(b)
	i, j, k := 0, 1, 0
	for i < n && j < n && k < n {
		p, q := i+k, j+k
		if p >= n {
			p -= n
		}
		if q >= n {
			q -= n
		}
		switch {
		case b[p] == b[q]:
			k++
			continue
		case b[p] > b[q]:
			i += k + 1
		default:
			j += k + 1
		}
		if i == j {
			j++
		}
		k = 0
	}
	return min(i, j)
}

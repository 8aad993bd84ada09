package bloscchunk

import (
	"encoding/binary"
	"math"
	"slices"
	"sync"

	"gables/hdf5/filter/internal/bitshuf"
	"gables/hdf5/filter/shuffle"
)

// MaxBytes is the most that one chunk decodes to.
const MaxBytes = math.MaxInt32 - longHeader

// MaxOverhead is how many bytes an encoded chunk may be longer than it is
// decoded.
const MaxOverhead = longHeader

// Source gives the data of a chunk block by block.
type Source interface {
	// Block gives block i, which has size bytes. They stay as they are until the
	// next call.
	Block(i, size int) []byte
}

// Flat is the Source of data that lies in the order of the blocks.
type Flat struct {
	Data      []byte
	BlockSize int
}

// Block implements Source.
func (f *Flat) Block(i, size int) []byte {
	at := i * f.BlockSize
	return f.Data[at : at+size]
}

// encoder is the scratch memory of one chunk being encoded.
type encoder struct {
	Params
	size     int    // bytes of an element, as the header has it
	dst      []byte // what stood there, then the chunk
	start    int    // of the chunk in dst
	limit    int    // greatest length of dst
	zeros    bool   // all streams were runs of zeros
	shuffled []byte
	coded    []byte
	flat     Flat
}

var encoders = sync.Pool{New: func() any { return new(encoder) }}

// Append appends to dst the chunk that data is encoded to: data in blocks of
// p.Block(len(data)) bytes. It takes at most limit bytes; where more were
// needed, ok is false and dst comes back with its length as it was. With a limit
// of len(data)+MaxOverhead it is never false. len(data) is at most MaxBytes.
func Append(dst, data []byte, p Params, limit int) (_ []byte, ok bool) {
	e := encoders.Get().(*encoder)
	defer e.release()
	e.flat = Flat{data, p.Block(len(data))}
	return e.append(dst, &e.flat, len(data), p, limit)
}

// AppendFrom is Append for n bytes that come block by block.
func AppendFrom(dst []byte, src Source, n int, p Params, limit int) (_ []byte, ok bool) {
	e := encoders.Get().(*encoder)
	defer e.release()
	return e.append(dst, src, n, p, limit)
}

// release gives back e without the caller's memory.
func (e *encoder) release() {
	e.dst, e.flat = nil, Flat{}
	encoders.Put(e)
}

func (e *encoder) append(dst []byte, src Source, n int, p Params, limit int) ([]byte, bool) {
	before := len(dst)
	e.Params, e.size, e.start, e.zeros = p, p.HeaderSize(), before, !p.Blosc1
	limit = min(limit, n+MaxOverhead)
	if limit < e.headerLen() {
		return dst, false
	}
	e.limit = before + limit
	e.dst = slices.Grow(dst, limit)
	block := p.Block(n)
	e.header(n, block)
	stored := p.Level == 0 || n < minBuffer && !p.Blosc1 || n < minBuffer1 && p.Blosc1
	if stored && !p.Blosc1 {
		e.dst[before+2] = flagLong // as c-blosc2 does, the codec is not told
	}
	if !stored && !e.blocks(src, n, block) {
		e.dst = e.dst[:before+e.headerLen()]
		stored = true
	}
	if stored && !e.store(src, n, block) {
		return e.dst[:before], false
	}
	if e.zeros && !stored {
		e.dst = e.dst[:before+longHeader]
		e.dst[before+31] = byte(Zeros) << 4
	}
	binary.LittleEndian.PutUint32(e.dst[before+12:], uint32(len(e.dst)-before))
	return e.dst, true
}

func (e *encoder) headerLen() int {
	if e.Blosc1 {
		return shortHeader
	}
	return longHeader
}

// formats are the numbers of codecs in flags, by Codec.
var formats = [...]byte{codecBloscLZ, codecLZ4, codecLZ4, codecSnappy, codecZlib, codecZstd}

// header appends the header of n bytes in blocks of the given length, as if the
// chunk were not stored as is. Its own length comes later.
func (e *encoder) header(n, block int) {
	flags := formats[e.Codec] << 5
	if !e.split(e.size, block) {
		flags |= flagNoSplit
	}
	version := byte(versionBlosc1)
	switch {
	case !e.Blosc1:
		version = versionWritten
		flags |= flagLong
	case e.Shuffle == Bytes:
		flags |= flagShuffle
	case e.Shuffle == Bits:
		flags |= flagBitShuffle
	}
	h := append(e.dst, version, codecVersion, flags, byte(e.size))
	h = binary.LittleEndian.AppendUint32(h, uint32(n))
	h = binary.LittleEndian.AppendUint32(h, uint32(block))
	h = binary.LittleEndian.AppendUint32(h, 0)
	if !e.Blosc1 {
		h = append(h, 0, 0, 0, 0, 0, byte(e.Shuffle), byte(e.Codec), 0)
		h = append(h, 0, 0, 0, 0, 0, 0, 0, 0)
	}
	e.dst = h
}

// store appends the data as it is and tells whether that fits.
func (e *encoder) store(src Source, n, block int) bool {
	if len(e.dst)+n > e.limit {
		return false
	}
	e.dst[e.start+2] |= flagStored
	for i := 0; i*block < n; i++ {
		size := min(block, n-i*block)
		e.dst = append(e.dst, src.Block(i, size)...)
	}
	return true
}

// blocks appends the starts of all blocks and the blocks, and tells whether
// they fit.
func (e *encoder) blocks(src Source, n, block int) bool {
	starts := len(e.dst)
	count := (n-1)/block + 1
	if count > (e.limit-starts)/4 {
		return false
	}
	e.dst = e.dst[:starts+4*count]
	whole := e.split(e.size, block)
	for i := range count {
		binary.LittleEndian.PutUint32(e.dst[starts+4*i:], uint32(len(e.dst)-e.start))
		size := min(block, n-i*block)
		streams := 1
		if whole && size == block {
			streams = e.size
		}
		b := e.shuffle(src.Block(i, size))
		for part := size / streams; len(b) > 0; b = b[part:] {
			if !e.stream(b[:part]) {
				return false
			}
		}
	}
	return true
}

// shuffle gives the block shuffled.
func (e *encoder) shuffle(b []byte) []byte {
	switch {
	case e.Shuffle == Bytes && e.size > 1:
		e.shuffled = resize(e.shuffled, len(b))
		shuffle.Shuffle(e.shuffled, b, e.size)
		return e.shuffled
	case e.Shuffle == Bits && (!e.Blosc1 || len(b)/e.size%bitshuf.Multiple == 0):
		e.shuffled = resize(e.shuffled, len(b))
		bitshuf.Shuffle(e.shuffled, b, e.size)
		return e.shuffled
	}
	return b
}

// IsZeros tells whether the chunk, which Append made, is one of zeros only.
func IsZeros(chunk []byte) bool {
	return len(chunk) == longHeader && chunk[31] == byte(Zeros)<<4
}

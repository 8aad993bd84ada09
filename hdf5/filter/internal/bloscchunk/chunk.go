package bloscchunk

import (
	"sync"

	"gables/hdf5/filter/internal/zstdframe"
)

// Env is what the frame around a chunk says of it. The zero value is that of a
// chunk without a frame.
type Env struct {
	TypeSize   int   // bytes of one element, which may pass 255; 0 where unknown
	BlockShape []int // [rank] elements of one block; nil where unknown
}

// Chunk decodes the blocks of one chunk.
type Chunk struct {
	Header
	env      Env
	src      []byte // [cbytes]
	dict     []byte
	dictZstd *zstdframe.Dict
	pipeline pipeline
	budget   int    // bytes that streams may still take: bounds the time of overlapping ones
	ref      []byte // first block, decoded: what delta refers to
	scratch  [2][]byte
	refBlock []byte
	lastFrom int // position of the last block of varying length
}

var chunks = sync.Pool{New: func() any { return new(Chunk) }}

// Open prepares the chunk that src begins with. Close gives its memory back;
// src must not change before. Errors are those of ParseHeader; a filter or
// codec that is not known gives ErrUnsupported.
func Open(src []byte, env Env) (*Chunk, error) {
	h, err := ParseHeader(src)
	if err != nil {
		return nil, err
	}
	c := chunks.Get().(*Chunk)
	c.Header, c.env, c.src = h, env, src[:h.cbytes]
	if err := c.prepare(); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// Close ends the use of c.
func (c *Chunk) Close() {
	c.dictZstd.Close()
	*c = Chunk{scratch: c.scratch, refBlock: c.refBlock}
	chunks.Put(c)
}

// prepare checks what the streams need before the first is decoded.
func (c *Chunk) prepare() error {
	if c.Special != Regular {
		return c.checkSpecial()
	}
	if c.flags&flagStored != 0 || c.NBytes == 0 && c.blocks == 0 {
		return nil
	}
	if err := c.checkCodec(); err != nil {
		return err
	}
	if err := c.plan(); err != nil {
		return err
	}
	c.budget = c.cbytes - c.size - 4*c.blocks
	if c.dicts {
		return c.openDict()
	}
	return nil
}

// Decode decodes the whole chunk into dst, which has exactly NBytes bytes. It
// may be called once, and then Block may not. Bytes that break the format give
// ErrCorrupt.
func (c *Chunk) Decode(dst []byte) error {
	switch {
	case len(dst) != c.NBytes:
		return corrupt("header", "%d bytes decoded, %d wanted", c.NBytes, len(dst))
	case c.Special != Regular:
		return c.Fill(dst)
	case c.flags&flagStored != 0:
		copy(dst, c.src[c.size:])
		return nil
	case c.varying:
		return c.decodeVarying(dst)
	}
	for i := 0; i < c.blocks; i++ {
		at := i * c.BlockSize
		if i == 0 {
			c.ref = dst[:c.BlockSize]
		}
		if err := c.block(i, dst[at:min(at+c.BlockSize, len(dst))]); err != nil {
			return err
		}
	}
	return nil
}

// Block decodes block i into dst, which has exactly BlockSize bytes, or as many
// as the last block is short to. Each block may be had once. Chunks whose
// blocks vary in length give ErrCorrupt.
func (c *Chunk) Block(i int, dst []byte) error {
	at := i * c.BlockSize
	if c.varying || i < 0 || i >= c.blocks || len(dst) != min(c.BlockSize, c.NBytes-at) {
		return corrupt("block", "%d of %d, %d bytes wanted", i, c.blocks, len(dst))
	}
	switch {
	case c.Special != Regular:
		return c.Fill(dst)
	case c.flags&flagStored != 0:
		copy(dst, c.src[c.size+at:])
		return nil
	case !c.pipeline.delta:
		return c.block(i, dst)
	}
	if c.ref == nil {
		c.refBlock = resize(c.refBlock, c.BlockSize)
		c.ref = c.refBlock
		if err := c.block(0, c.ref); err != nil {
			return err
		}
	}
	if i == 0 {
		copy(dst, c.ref)
		return nil
	}
	return c.block(i, dst)
}

// resize gives b with n bytes, whose contents are anything.
func resize(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n)
	}
	return b[:n]
}

package bloscchunk

// Blosc1's rule for splitting a block: up to 16 streams of at least 128 bytes,
// whatever the flag says, as the flag came later.
const (
	maxSplits1   = 16
	minSplitSize = 128
)

// start is the position of block i's first stream.
func (c *Chunk) start(i int) (int, error) {
	at := int(word(c.src[c.size+4*i:]))
	if at < c.size+4*c.blocks || at > len(c.src)-4 {
		return 0, corrupt("block start", "%d of block %d in %d bytes", at, i, len(c.src))
	}
	return at, nil
}

// splits is the number of streams of a block of n bytes.
func (c *Chunk) splits(n int) int {
	switch {
	case c.flags&flagNoSplit != 0 || n != c.BlockSize:
		return 1
	case c.Version <= versionBlosc1 && (c.TypeSize > maxSplits1 || n/c.TypeSize < minSplitSize):
		return 1
	}
	return c.TypeSize
}

// block decodes block i of equal length into dst.
func (c *Chunk) block(i int, dst []byte) error {
	at, err := c.start(i)
	if err != nil {
		return err
	}
	out := c.pipeline.target(c, dst)
	n := c.splits(len(dst))
	part := len(dst) / n
	if part*n != len(dst) {
		return corrupt("block", "%d bytes in %d streams", len(dst), n)
	}
	for ; len(out) > 0; out = out[part:] {
		if at, err = c.stream(at, out[:part]); err != nil {
			return err
		}
	}
	return c.pipeline.undo(c, dst, i == 0)
}

// stream decodes the stream at position at into exactly dst and gives the
// position behind it.
func (c *Chunk) stream(at int, dst []byte) (int, error) {
	if at > len(c.src)-4 {
		return 0, corrupt("stream", "no size at byte %d of %d", at, len(c.src))
	}
	size := int(word(c.src[at:]))
	at += 4
	if size <= 0 {
		return c.run(at, size, dst)
	}
	if c.budget -= size + 4; size > len(c.src)-at || c.budget < 0 {
		return 0, corrupt("stream", "%d bytes at byte %d of %d", size, at, len(c.src))
	}
	body := c.src[at : at+size]
	if size == len(dst) {
		copy(dst, body)
		return at + size, nil
	}
	return at + size, c.decodeStream(dst, body)
}

// run fills dst with the byte that a stream without a body stands for: Blosc2
// writes size 0 for zeros, and minus the byte, then a token, for other bytes.
func (c *Chunk) run(at, size int, dst []byte) (int, error) {
	if c.Version <= versionBlosc1 {
		return 0, corrupt("stream", "size %d", size)
	}
	if size == 0 {
		clear(dst)
		return at, nil
	}
	if at >= len(c.src) || size < -255 {
		return 0, corrupt("stream", "run of %d", size)
	}
	if token := c.src[at]; token&1 == 0 {
		return 0, corrupt("stream", "token 0x%02x", token)
	}
	fillByte(dst, byte(-size))
	return at + 1, nil
}

// fillByte sets all of dst to v.
func fillByte(dst []byte, v byte) {
	if len(dst) == 0 {
		return
	}
	dst[0] = v
	for n := 1; n < len(dst); n *= 2 {
		copy(dst[n:], dst[:n])
	}
}

// decodeVarying decodes blocks whose lengths stand before their only stream.
// A stream ends where the next block starts, so starts must rise.
func (c *Chunk) decodeVarying(dst []byte) error {
	for i := 0; i < c.blocks; i++ {
		at, err := c.start(i)
		if err != nil {
			return err
		}
		end := len(c.src)
		if i+1 < c.blocks {
			end = int(word(c.src[c.size+4*(i+1):]))
		}
		if at <= c.lastFrom || end <= at+4 || end > len(c.src) {
			return corrupt("block start", "block %d from %d to %d", i, at, end)
		}
		c.lastFrom = at
		n := int(word(c.src[at:]))
		if n <= 0 || n > len(dst) {
			return corrupt("block", "%d of %d bytes, %d remain", i, n, len(dst))
		}
		if err := c.varyingBlock(dst[:n], c.src[at+4:end], i == 0); err != nil {
			return err
		}
		dst = dst[n:]
	}
	if len(dst) != 0 {
		return corrupt("block", "%d bytes are missing", len(dst))
	}
	return nil
}

// varyingBlock decodes one block of a length of its own.
func (c *Chunk) varyingBlock(dst, body []byte, first bool) error {
	if c.pipeline.delta {
		return unsupported("filter", "delta over blocks of varying length")
	}
	out := c.pipeline.target(c, dst)
	if len(body) == len(dst) {
		copy(out, body)
	} else if err := c.decodeStream(out, body); err != nil {
		return err
	}
	return c.pipeline.undo(c, dst, first)
}

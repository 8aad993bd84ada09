package zstdframe

import (
	"sync"

	"github.com/klauspost/compress/zstd"
)

// MaxLevel is the greatest of Zstandard's levels.
const MaxLevel = 22

// Bound is the most bytes that n bytes encode to.
func Bound(n int) int { return n + (n/blockMax+1)*blockHeader + 32 }

// Encode encodes src as one frame that tells its size and has no checksum, as
// ZSTD_compress does. It writes into dst[:0] while the capacity suffices, which
// that of Bound does, and takes new memory otherwise. The level is Zstandard's,
// 1 to 22, below 1 the fastest; it is met by the nearest of the four searches
// that there are. dst and src must not overlap.
func Encode(dst, src []byte, level int) ([]byte, error) {
	pool := &encoders[zstd.EncoderLevelFromZstd(level)]
	e, ok := pool.Get().(*zstd.Encoder)
	if !ok {
		var err error
		if e, err = newEncoder(level); err != nil {
			return nil, err
		}
	}
	dst = e.EncodeAll(src, dst[:0])
	pool.Put(e)
	return dst, nil
}

// encoders holds *zstd.Encoder by zstd.EncoderLevel: each has tables of 0.3 to
// some 40 MiB.
var encoders [zstd.SpeedBestCompression + 1]sync.Pool

// newEncoder makes an encoder that works on the caller's goroutine.
func newEncoder(level int) (*zstd.Encoder, error) {
	return zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false),
		zstd.WithZeroFrames(true), zstd.WithSingleSegment(true), zstd.WithAllLitEntropyCompression(true),
		zstd.WithEncoderLevel(zstd.EncoderLevelFromZstd(level)))
}

package deflate

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"hash/adler32"
	"io"
	"os"
	"path/filepath"
	"testing"

	kzlib "github.com/klauspost/compress/zlib"
)

// benchmarkStreams runs f on shuffled float64 data of the standard library's
// level 4, warm in the cache, and on zlib's streams (*.z) of $DEFLATE_STREAMS.
func benchmarkStreams(b *testing.B, f func(b *testing.B, z []byte, size int)) {
	for _, n := range []int{2 << 10, 16 << 10, 128 << 10} {
		b.Run(fmt.Sprintf("noisy sine, shuffled, %dK", n>>7), func(b *testing.B) {
			b.SetBytes(int64(8 * n))
			f(b, compressed(shuffledFloats(n), 4), 8*n)
		})
	}
	names, err := filepath.Glob(filepath.Join(os.Getenv("DEFLATE_STREAMS"), "*.z"))
	if err != nil {
		b.Fatal(err)
	}
	for _, name := range names {
		z, err := os.ReadFile(name)
		if err != nil {
			b.Fatal(err)
		}
		raw, err := Decode(nil, z, -1, 1<<28)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(filepath.Base(name), func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			f(b, z, len(raw))
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	benchmarkStreams(b, func(b *testing.B, z []byte, size int) {
		dst := make([]byte, size)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := Decode(dst, z, size, size); err != nil {
				b.Fatal(err)
			}
		}
	})
}

type resetReader interface {
	io.Reader
	Reset(io.Reader, []byte) error
}

func benchmarkReader(b *testing.B, z []byte, dst []byte, r resetReader) {
	src := bytes.NewReader(z)
	for b.Loop() {
		src.Reset(z)
		if err := r.Reset(src, nil); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(r, dst); err != nil {
			b.Fatal(err)
		}
		if n, err := r.Read(dst[:1]); n != 0 || err != io.EOF {
			b.Fatal(n, err)
		}
	}
}

func BenchmarkKlauspost(b *testing.B) {
	benchmarkStreams(b, func(b *testing.B, z []byte, size int) {
		r, err := kzlib.NewReader(bytes.NewReader(z))
		if err != nil {
			b.Fatal(err)
		}
		benchmarkReader(b, z, make([]byte, size), r.(resetReader))
	})
}

func BenchmarkStandardLibrary(b *testing.B) {
	benchmarkStreams(b, func(b *testing.B, z []byte, size int) {
		r, err := zlib.NewReader(bytes.NewReader(z))
		if err != nil {
			b.Fatal(err)
		}
		benchmarkReader(b, z, make([]byte, size), r.(resetReader))
	})
}

func BenchmarkAdler32(b *testing.B) {
	p := make([]byte, 1<<20)
	b.Run("ours", func(b *testing.B) {
		b.SetBytes(int64(len(p)))
		for b.Loop() {
			Adler32(p)
		}
	})
	b.Run("standard library", func(b *testing.B) {
		b.SetBytes(int64(len(p)))
		for b.Loop() {
			adler32.Checksum(p)
		}
	})
}

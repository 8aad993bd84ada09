package blosclz

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"gables/hdf5/h5err"
)

// model decodes byte by byte; nil for bad streams.
func model(src []byte, want int) []byte {
	out := []byte{}
	bad := false
	take := func() int {
		if len(src) == 0 {
			bad = true
			return 0
		}
		b := src[0]
		src = src[1:]
		return int(b)
	}
	for first := true; first || len(src) > 0; first = false {
		c := take()
		if first {
			c &= 31
		}
		if c < 32 {
			for range c + 1 {
				out = append(out, byte(take()))
			}
		} else {
			n := c>>5 + 2
			if n == 9 {
				for b := 255; b == 255 && !bad; n += b {
					b = take()
				}
			}
			back := c&31<<8 + take()
			if back == 31<<8+255 {
				back = take() << 8
				back += take() + 8191
			}
			back++
			if bad || back > len(out) || len(out)+n > want {
				return nil
			}
			for range n {
				out = append(out, out[len(out)-back])
			}
		}
		if bad || len(out) > want {
			return nil
		}
	}
	if len(out) != want {
		return nil
	}
	return out
}

// randomStream gives a stream of random but fitting instructions and its length.
func randomStream(r *rand.Rand) (src []byte, n int) {
	literals := func(k int) {
		src = append(src, byte(k-1))
		for range k {
			src = append(src, byte(r.Uint32()))
		}
		n += k
	}
	literals(1 + r.IntN(32))
	for range r.IntN(40) {
		if r.IntN(2) == 0 {
			literals(1 + r.IntN(32))
			continue
		}
		k := []int{3, 5, 8, 9, 16, 17, 263, 264, 265, 9000}[r.IntN(10)]
		back := 1 + r.IntN(min(n, []int{1, 2, 7, 16, 17, 9000, 70000}[r.IntN(7)]))
		far := back > 8191
		if far {
			back = min(back, 8192+65535)
		}
		high, low := (back-1)>>8, (back-1)&255
		if far {
			high, low = 31, 255
		}
		if k < 9 {
			src = append(src, byte((k-2)<<5|high))
		} else {
			src = append(src, byte(7<<5|high))
			rest := k - 9
			for ; rest >= 255; rest -= 255 {
				src = append(src, 255)
			}
			src = append(src, byte(rest))
		}
		src = append(src, byte(low))
		if far {
			src = append(src, byte((back-8192)>>8), byte(back-8192))
		}
		n += k
	}
	literals(2)
	src[0] |= 1 << 5
	return src, n
}

// compare decodes with both decoders.
func compare(t *testing.T, src []byte, n int) {
	t.Helper()
	want := model(src, n)
	buf := bytes.Repeat([]byte{0xAA}, n+64)
	err := Decode(buf[:n:n], src)
	switch {
	case want == nil && !errors.Is(err, h5err.ErrCorrupt):
		t.Fatalf("bad stream gives %v", err)
	case want != nil && (err != nil || !bytes.Equal(buf[:n], want)):
		t.Fatalf("good stream of %d bytes: %v, or other bytes", n, err)
	}
	if !bytes.Equal(buf[n:], bytes.Repeat([]byte{0xAA}, 64)) {
		t.Fatal("bytes behind the destination were written")
	}
}

func TestDecodeAgreesWithTheByteWiseModel(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		src, n := randomStream(r)
		if model(src, n) == nil {
			t.Fatal("the test's own stream is bad")
		}
		compare(t, src, n)
		compare(t, src, n+1)
		compare(t, src, n-1)
		compare(t, src[:r.IntN(len(src))], n)
	}
}

func FuzzDecode(f *testing.F) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 30 {
		src, n := randomStream(r)
		f.Add(src, uint16(n))
	}
	f.Fuzz(func(t *testing.T, src []byte, n uint16) {
		compare(t, src, int(n))
	})
}

package checksum

import (
	"compress/gzip"
	"encoding/binary"
	"io"
	"os"
	"testing"
)

// The values are those that Jenkins' own driver prints, driver5 of lookup3.c.
func TestLookup3GivesTheAuthorsValues(t *testing.T) {
	const address = "Four score and seven years ago"
	for _, c := range []struct {
		text       string
		seed, want uint32
	}{
		{"", 0, 0xdeadbeef},
		{"", 0xdeadbeef, 0xbd5b7dde},
		{address, 0, 0x17770551},
		{address, 1, 0xcd628161},
	} {
		if got := Lookup3Seeded([]byte(c.text), c.seed); got != c.want {
			t.Errorf("%q, seed %d: got 0x%08x, want 0x%08x", c.text, c.seed, got, c.want)
		}
	}
	if Lookup3([]byte(address)) != 0x17770551 {
		t.Error("the initial value is not 0")
	}
}

// A superblock of libhdf5's: 44 bytes, then the sum of those.
func TestLookup3AgreesWithLibhdf5(t *testing.T) {
	f, err := os.Open("../../hdf5/testdata/traps/order_compact.h5.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 48)
	if _, err := io.ReadFull(z, b); err != nil {
		t.Fatal(err)
	}
	if got, want := Lookup3(b[:44]), binary.LittleEndian.Uint32(b[44:]); got != want {
		t.Errorf("got 0x%08x, want 0x%08x", got, want)
	}
}

// Every length has a tail of its own, and every byte of it must count.
func TestEveryByteOfEveryLengthCounts(t *testing.T) {
	for n := 1; n <= 40; n++ {
		b := make([]byte, n, n+8)
		for i := range b {
			b[i] = byte(i*37 + n)
		}
		want := Lookup3(b)
		if got := Lookup3(append(b, 1, 2, 3)[:n]); got != want {
			t.Fatalf("length %d: bytes behind the end count", n)
		}
		for i := range b {
			b[i] ^= 0x10
			if Lookup3(b) == want {
				t.Errorf("length %d: byte %d does not count", n, i)
			}
			b[i] ^= 0x10
		}
	}
}

func BenchmarkLookup3(b *testing.B) {
	data := make([]byte, 4096)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		Lookup3(data)
	}
}

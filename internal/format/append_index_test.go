package format

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"gables/internal/wire"
)

func TestIndexHeadersAreReadAsTheyWereWritten(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 9))
	for _, s := range []wire.Sizes{{Offset: 8, Length: 8}, {Offset: 4, Length: 8}, {Offset: 8, Length: 4}, {Offset: 2, Length: 4}} {
		for range 50 {
			addr := wire.Address(rng.Uint64N(1<<(8*s.Offset-1)) - 1)
			n := rng.Uint64N(1<<(8*s.Length-9)) + 1
			shape := ChunkElementShape{Address: s.Offset, Size: rng.IntN(9)}
			checkFixedHeader(t, rng, s, shape, addr, n)
			checkExtensibleHeader(t, rng, s, shape, addr, n)
			checkBTreeV2Header(t, rng, s, addr, n)
		}
	}
}

func checkFixedHeader(t *testing.T, rng *rand.Rand, s wire.Sizes, shape ChunkElementShape, addr wire.Address, n uint64) {
	t.Helper()
	h, err := NewFixedArrayHeader(addr, shape, n>>8, uint8(1+rng.IntN(20)))
	if err != nil {
		t.Fatal(err)
	}
	h.Block = addr / 3
	b, err := AppendFixedArrayHeader([]byte("x"), h, s)
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeFixedArrayHeader(b[1:], s, addr, shape)
	if err != nil || *got != *h || uint64(len(b)-1) != FixedArrayHeaderSize(s) {
		t.Fatalf("%+v, want %+v: %v", got, h, err)
	}
}

func checkExtensibleHeader(t *testing.T, rng *rand.Rand, s wire.Sizes, shape ChunkElementShape, addr wire.Address, n uint64) {
	t.Helper()
	h, err := NewExtensibleArrayHeader(addr, shape, ExtensibleArrayHeader{MaxBits: uint8(20 + rng.IntN(30)), IndexElements: uint8(rng.IntN(9)),
		MinElements: 1 << rng.IntN(5), MinPointers: 2 << rng.IntN(4), PageBits: uint8(9 + rng.IntN(5))})
	if err != nil {
		t.Fatal(err)
	}
	h.IndexBlock, h.Used = addr/5, n
	h.Stats = ExtensibleArrayStats{n / 2, n / 3, n / 4, n / 5, n / 6}
	b, err := AppendExtensibleArrayHeader([]byte("x"), h, s)
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeExtensibleArrayHeader(b[1:], s, addr, shape)
	if err != nil || *got != *h || uint64(len(b)-1) != ExtensibleArrayHeaderSize(s) {
		t.Fatalf("%+v, want %+v: %v", got, h, err)
	}
	again := *got
	again.Used, again.Stats, again.IndexBlock = 0, ExtensibleArrayStats{}, 0
	if err := again.Reload(b[1:], s); err != nil || again != *h {
		t.Fatalf("%+v, want %+v: %v", again, h, err)
	}
}

func checkBTreeV2Header(t *testing.T, rng *rand.Rand, s wire.Sizes, addr wire.Address, n uint64) {
	t.Helper()
	h, err := NewBTreeV2Header(uint8(rng.IntN(12)), 512+rng.Uint32N(1<<16), 8+rng.IntN(30), uint8(rng.IntN(101)), uint8(rng.IntN(101)), s)
	if err != nil {
		t.Fatal(err)
	}
	h.Total = n
	if err := h.SetRoot(addr, 1+rng.Uint64N(5), 1+rng.IntN(4)); err != nil {
		t.Fatal(err)
	}
	b, err := AppendBTreeV2Header([]byte("x"), h, s)
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeBTreeV2Header(b[1:], s)
	if err != nil || uint64(len(b)-1) != BTreeV2HeaderSize(s) {
		t.Fatal(err)
	}
	again, err := AppendBTreeV2Header([]byte("x"), got, s)
	if err != nil || !bytes.Equal(again, b) {
		t.Fatalf("% x, want % x: %v", again, b, err)
	}
	if err := h.Store(b[1+BTreeV2StoreAt:], s); err != nil || !bytes.Equal(again, b) {
		t.Fatalf("% x, want % x: %v", b, again, err)
	}
}

package format

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"testing"

	"gables/hdf5/h5err"
	"gables/internal/wire"
)

func TestFractalHeapsAreDecodedAsTheyWereAppended(t *testing.T) {
	for _, s := range unlike {
		r := roll{rand.New(rand.NewPCG(uint64(s.Offset), uint64(s.Length))), s}
		for range 200 {
			h := &FractalHeap{IDLength: 3 + r.IntN(100), Flags: uint8(r.IntN(4)), MaxManaged: r.Uint32(), NextHuge: r.length(), HugeTree: r.address(),
				FreeSpace: r.length(), Manager: r.address(), Managed: r.length(), Allocated: r.length(), Iterator: r.length(), Objects: r.length(),
				HugeSize: r.length(), HugeObjects: r.length(), TinySize: r.length(), TinyObjects: r.length(), TableWidth: 1 << r.IntN(10),
				StartBlock: 1 << r.IntN(12), MaxHeapBits: 40 + r.IntN(20), StartRows: int(r.u16()), Root: r.address(), RootRows: r.IntN(10)}
			h.MaxDirect = h.StartBlock << r.IntN(3)
			h.ChecksumPresent = h.Flags&2 != 0
			if err := h.Derive(s); err != nil {
				t.Fatal(err)
			}
			b, err := AppendFractalHeap([]byte("before"), h, s)
			if err != nil {
				t.Fatal(err)
			}
			got, err := DecodeFractalHeap(b[6:], s)
			if err != nil || !reflect.DeepEqual(got, h) {
				t.Fatalf("%v: %+v, %v; want %+v", s, got, err, h)
			}
		}
	}
	h := &FractalHeap{HasFilters: true}
	_, err := AppendFractalHeap(nil, h, unlike[0])
	wants(t, "filters", err, h5err.ErrUnsupported)
	h = &FractalHeap{Iterator: 1 << 40}
	_, err = AppendFractalHeap(nil, h, wire.Sizes{Offset: 8, Length: 4})
	wants(t, "an offset that does not fit", err, h5err.ErrLimit)
}

func TestHeapsOfLibhdf5AreRepeatedByteForByte(t *testing.T) {
	s := unlike[0]
	fractal, local := 0, 0
	for name, b := range realFiles(t) {
		if sb, err := DecodeSuperblock(b); err != nil || sb.Sizes != s {
			continue
		}
		for at := range b {
			switch {
			case bytes.HasPrefix(b[at:], []byte("FRHP")):
				old := b[at:][:FractalHeapSize(b[at:][:FractalHeapPrefix], s)]
				h, err := DecodeFractalHeap(old, s)
				if err != nil {
					t.Fatal(err)
				}
				if h.HasFilters {
					continue
				}
				if got, err := AppendFractalHeap(nil, h, s); err != nil || !bytes.Equal(got, old) {
					t.Errorf("%s: % x, %v; want % x", name, got, err, old)
				}
				fractal++
			case bytes.HasPrefix(b[at:], []byte("HEAP\x00")):
				old := b[at:][:LocalHeapSize(s)]
				h, err := DecodeLocalHeap(old, s)
				if err != nil {
					t.Fatal(err)
				}
				if got, err := AppendLocalHeap(nil, h, s); err != nil || !bytes.Equal(got, old) {
					t.Errorf("%s: % x, %v; want % x", name, got, err, old)
				}
				local++
			}
		}
	}
	if fractal < 3 || local < 1 {
		t.Errorf("only %d fractal and %d local heaps", fractal, local)
	}
}

func TestLocalHeapsAreDecodedAsTheyWereAppended(t *testing.T) {
	for _, s := range unlike {
		r := roll{rand.New(rand.NewPCG(1, 2)), s}
		for range 50 {
			h := &LocalHeap{DataSize: r.length(), FreeList: r.length(), Data: r.address()}
			b, err := AppendLocalHeap(nil, h, s)
			if err != nil || len(b) != int(LocalHeapSize(s)) {
				t.Fatalf("%v: %d bytes, %v", s, len(b), err)
			}
			if got, err := DecodeLocalHeap(b, s); err != nil || *got != *h {
				t.Fatalf("%v: %+v, %v; want %+v", s, got, err, h)
			}
		}
	}
}

func TestRowsHaveTheFirstBlocksThatAreLargeEnough(t *testing.T) {
	h := &FractalHeap{TableWidth: 4, StartBlock: 512, MaxDirect: 65536, MaxHeapBits: 32, IDLength: 7}
	for size := uint64(1); size <= 65536; size += 255 {
		row := h.RowOf(size)
		if h.RowBlockSize(row) < size || row > 0 && h.RowBlockSize(row-1) >= size {
			t.Errorf("%d bytes: row %d", size, row)
		}
	}
}

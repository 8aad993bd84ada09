package chunkindex

import (
	"testing"

	"gables/internal/wire"
)

// BenchmarkAppend puts chunks in order, each in an operation of its own.
func BenchmarkAppend(b *testing.B) {
	for _, c := range []struct {
		name string
		p    Params
	}{
		{"btree_v1", Params{Kind: BTreeV1, Dims: []uint64{1 << 30}, MaxDims: []uint64{unlimited}, ChunkDims: []uint64{10}, ChunkBytes: 80, LayoutVersion: 3, Filtered: true}},
		{"btree_v2", Params{Kind: BTreeV2, Dims: []uint64{1 << 30, 10}, MaxDims: []uint64{unlimited, unlimited}, ChunkDims: []uint64{10, 10}, ChunkBytes: 800, LayoutVersion: 4, Filtered: true}},
		{"fixed_array", Params{Kind: FixedArray, Dims: []uint64{1 << 25}, ChunkDims: []uint64{10}, ChunkBytes: 80, LayoutVersion: 4, Filtered: true}},
		{"extensible_array", Params{Kind: ExtensibleArray, Dims: []uint64{1 << 30}, MaxDims: []uint64{unlimited}, ChunkDims: []uint64{10}, ChunkBytes: 80, LayoutVersion: 4, Filtered: true}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			c.p.Address = wire.Undefined
			e, err := NewEditor(draftOver(make([]byte, 96), wire.Sizes{Offset: 8, Length: 8}), c.p)
			if err != nil {
				b.Fatal(err)
			}
			scaled := make([]uint64, len(c.p.Dims))
			for i := range b.N {
				scaled[0] = uint64(i)
				if err := e.Put(Chunk{Scaled: scaled, Address: wire.Address(i), Size: 70}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

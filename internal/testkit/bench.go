package testkit

import (
	"testing"

	"gables/hdf5/filter"
)

// Bench decodes the chunks one after the other, warm, into one buffer.
func Bench(b *testing.B, f filter.Filter, stored ...Stored) {
	total, most := 0, 0
	for _, s := range stored {
		total += s.Size
		most = max(most, s.Size)
	}
	dst := make([]byte, 0, most)
	b.SetBytes(int64(total))
	b.ReportAllocs()
	for b.Loop() {
		for _, s := range stored {
			if _, err := f.Decode(dst, s.Raw, s.Chunk()); err != nil {
				b.Fatal(err)
			}
		}
	}
}

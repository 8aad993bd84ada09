package nbit

import (
	"testing"

	"gables/internal/testkit"
)

// BenchmarkDecode unpacks 1 MiB of decoded data from memory that is warm. The
// rival is libhdf5 through h5py.
func BenchmarkDecode(b *testing.B) {
	const size = 1 << 20
	for _, c := range []struct {
		name string
		size uint32
		desc []uint32
	}{
		{"u1 5 bits", 1, []uint32{1, 1, 0, 5, 1}},
		{"i2 12 bits", 2, []uint32{1, 2, 0, 12, 0}},
		{"i4 20 bits", 4, []uint32{1, 4, 0, 20, 3}},
		{"i4 20 bits big-endian", 4, []uint32{1, 4, 1, 20, 3}},
		{"f8 40 bits", 8, []uint32{1, 8, 0, 40, 10}},
		{"record of 4 numbers", 16, []uint32{3, 16, 4, 0, 1, 4, 0, 17, 0, 4, 1, 2, 0, 9, 0, 6, 1, 2, 0, 16, 0, 8, 1, 8, 1, 40, 0}},
		{"record with bytes", 32, []uint32{3, 32, 2, 0, 1, 4, 0, 17, 0, 4, 4, 28}},
	} {
		b.Run(c.name, func(b *testing.B) {
			values := append([]uint32{uint32(len(c.desc)) + 3, 0, size / c.size}, c.desc...)
			src := make([]byte, size)
			for i := range src {
				src[i] = byte(i * i)
			}
			testkit.Bench(b, New(), testkit.Stored{Values: values, Size: size, Raw: src})
		})
	}
}

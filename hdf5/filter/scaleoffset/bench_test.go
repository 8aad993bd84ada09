package scaleoffset

import (
	"testing"

	"gables/internal/testkit"
)

// BenchmarkDecode unpacks 1 MiB of decoded data from memory that is warm. The
// rival is libhdf5 through h5py.
func BenchmarkDecode(b *testing.B) {
	const size = 1 << 20
	for _, c := range []struct {
		name   string
		bits   byte
		change func(v []uint32)
	}{
		{"u1 5 bits", 5, func(v []uint32) { v[4] = 1 }},
		{"i2 11 bits", 11, func(v []uint32) { v[4] = 2 }},
		{"i4 17 bits", 17, func(v []uint32) {}},
		{"i4 17 bits fill", 17, func(v []uint32) { v[7] = 1 }},
		{"i4 17 bits big-endian", 17, func(v []uint32) { v[6] = 1 }},
		{"i8 40 bits", 40, func(v []uint32) { v[4] = 8 }},
		{"f4 17 bits", 17, func(v []uint32) { v[0], v[1], v[3] = 0, 3, 1 }},
		{"f8 20 bits fill", 20, func(v []uint32) { v[0], v[1], v[3], v[4], v[7] = 0, 3, 1, 8, 1 }},
		{"i4 raw big-endian", 32, func(v []uint32) { v[6] = 1 }},
	} {
		b.Run(c.name, func(b *testing.B) {
			v := values(c.change)
			v[2] = size / v[4]
			src := make([]byte, headerSize+size)
			for i := range src {
				src[i] = byte(i * i)
			}
			copy(src, []byte{c.bits, 0, 0, 0, 8})
			testkit.Bench(b, New(), testkit.Stored{Values: v, Size: size, Raw: src})
		})
	}
}

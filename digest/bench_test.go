package digest

import (
	"testing"

	"gables/hdf5/datatype"
)

// BenchmarkCanonical serialises 1 MiB without hashing it.
func BenchmarkCanonical(b *testing.B) {
	number := func(size, precision int, order datatype.ByteOrder) *datatype.Datatype {
		return &datatype.Datatype{Class: datatype.Integer, Size: size, Precision: precision, Order: order, Signed: true}
	}
	le, be := number(8, 64, datatype.LittleEndian), number(8, 64, datatype.BigEndian)
	types := map[string]*datatype.Datatype{
		"be8": be, "odd3": number(3, 20, datatype.LittleEndian),
		"compound": {Class: datatype.Compound, Size: 20, Members: []datatype.Member{
			{Name: "a", Type: number(4, 32, datatype.LittleEndian)}, {Name: "b", Offset: 4, Type: be}, {Name: "c", Offset: 12, Type: le}}},
	}
	for name, t := range types {
		b.Run(name, func(b *testing.B) {
			c, err := CompileCanonical(t)
			if err != nil {
				b.Fatal(err)
			}
			src := make([]byte, 1<<20/t.Size*t.Size)
			dst := make([]byte, 0, 2<<20)
			b.SetBytes(int64(len(src)))
			b.ReportAllocs()
			for b.Loop() {
				if dst, err = c.Append(dst[:0], src, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

package szip

import (
	"bytes"
	"testing"
)

// BenchmarkDecode runs the largest witness of each kind from memory that is
// warm. The rival is libaec through h5py.
func BenchmarkDecode(b *testing.B) {
	largest := map[string]witness{}
	for _, w := range witnesses(b) {
		if len(w.Want) > len(largest[w.Name].Want) {
			largest[w.Name] = w
		}
	}
	for _, name := range []string{"libhdf5 <i2 walk", "libhdf5 <i4 walk", "libhdf5 <f4 noise", "libhdf5 <f8 walk", "szlib mixed 16 bit", "szlib noise 8 bit"} {
		w, ok := largest[name]
		if !ok {
			continue
		}
		b.Run(name, func(b *testing.B) {
			dst := make([]byte, 0, len(w.Want))
			f := New()
			got, err := f.Decode(dst, w.Src, w.chunk())
			if err != nil || !bytes.Equal(got, w.Want) {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(w.Want)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := f.Decode(dst, w.Src, w.chunk()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

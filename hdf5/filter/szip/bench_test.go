package szip

import (
	"testing"

	"gables/internal/testkit"
)

// BenchmarkDecode runs the largest witness of each kind from memory that is
// warm. The rival is libaec through h5py.
func BenchmarkDecode(b *testing.B) {
	largest := map[string]testkit.Stored{}
	for _, w := range witnesses(b) {
		if w.Size > largest[w.Name].Size {
			largest[w.Name] = w
		}
	}
	for _, name := range []string{"libhdf5 <i2 walk", "libhdf5 <i4 walk", "libhdf5 <f4 noise", "libhdf5 <f8 walk", "szlib mixed 16 bit", "szlib noise 8 bit"} {
		if w, ok := largest[name]; ok {
			b.Run(name, func(b *testing.B) { testkit.Bench(b, New(), w) })
		}
	}
}

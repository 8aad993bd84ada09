package lz77

import (
	"math"
	"testing"
	"unsafe"
)

func TestTableKnowsNothingOfEarlierSources(t *testing.T) {
	for _, after := range []uint32{1, 1000, math.MaxUint32 - 99, math.MaxUint32 - 100, math.MaxUint32} {
		a := TakeTable(100)
		a.after = after
		a.Release()
		a = TakeTable(100)
		for i := range 100 {
			h := uint32(i % 50)
			back := a.Swap(h, i)
			if i < 50 && back <= uint32(i) || i >= 50 && back != 50 {
				t.Fatalf("after %d: place %d was seen %d before", after, i, back)
			}
		}
		a.Release()
	}
}

func TestMatchStopsWhereBytesDifferAndAtTheEnd(t *testing.T) {
	for n := range 40 {
		src := make([]byte, 100)
		src[50+n] = 1
		p := unsafe.Pointer(unsafe.SliceData(src))
		for _, end := range []int{100, 51 + n, 50 + n, 50 + n/2} {
			if got, want := Match(p, 0, 50, end), min(n, end-50); got != want {
				t.Errorf("to %d: got %d, want %d", end, got, want)
			}
		}
	}
}

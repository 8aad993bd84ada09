package hdf5

import (
	"syscall"
	"unsafe"
)

// expectFill tells the system that n bytes at p, which are new, will soon be
// filled: it then gives pages of 2 MiB where it can. Taking pages of 4 KiB one
// by one costs as much as decoding the data does.
func expectFill(p unsafe.Pointer, n uintptr) {
	const huge = 2 << 20
	skip := -uintptr(p) & (huge - 1)
	if n < skip+huge {
		return
	}
	// Only whole pages inside the memory, so that its neighbours stay as they are.
	b := unsafe.Slice((*byte)(unsafe.Add(p, skip)), (n-skip)&^(huge-1))
	// A system without such pages refuses, and nothing is lost.
	_ = syscall.Madvise(b, syscall.MADV_HUGEPAGE)
}

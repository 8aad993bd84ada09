package main

import (
	"context"
	"encoding/binary"
	"math"
	"sync"

	"gables/hdf5"
	"gables/hdf5/dataspace"
)

// meanOf is the mean of all elements, block by block in parallel. Sums of
// blocks are added in the order of the blocks, so the result does not depend
// on the number of workers.
func meanOf(r request) (mean float64, err error) {
	err = withArray(r, func(ds *hdf5.Dataset) error {
		var mu sync.Mutex // guards sums and n
		var sums []float64
		n := uint64(0)
		err := ds.Scan(context.Background(), dataspace.All(), r.Workers, func(b hdf5.Block) error {
			s := sumOf(b.Data)
			mu.Lock()
			defer mu.Unlock()
			for uint64(len(sums)) <= b.Seq {
				sums = append(sums, 0)
			}
			sums[b.Seq] = s
			n += b.N
			return nil
		})
		mean = total(sums) / float64(n)
		return err
	})
	return mean, err
}

// sumOf adds little-endian float64 values in four chains, as one chain waits
// for each addition.
func sumOf(b []byte) float64 {
	var s0, s1, s2, s3 float64
	for ; len(b) >= 32; b = b[32:] {
		s0 += math.Float64frombits(binary.LittleEndian.Uint64(b))
		s1 += math.Float64frombits(binary.LittleEndian.Uint64(b[8:]))
		s2 += math.Float64frombits(binary.LittleEndian.Uint64(b[16:]))
		s3 += math.Float64frombits(binary.LittleEndian.Uint64(b[24:]))
	}
	for ; len(b) >= 8; b = b[8:] {
		s0 += math.Float64frombits(binary.LittleEndian.Uint64(b))
	}
	return (s0 + s1) + (s2 + s3)
}

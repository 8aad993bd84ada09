// Simple_threading is the program of PyTables' cookbook ("Threading"): several
// workers each open the same file, load a slice of an array and sum it; the
// results make the mean. In PyTables it needs a lock around open_file and
// File.close. Here it needs none.
//
//	go run ./examples/simple_threading
package main

import (
	"context"
	"fmt"
	"os"

	"gables/hdf5"
)

const (
	fileName = "simple_threading.h5"
	workers  = 5
	rows     = 100
	columns  = 100
)

// result is what a worker found out about its slice.
type result struct {
	sum   float64
	count int
	err   error
}

func main() {
	if err := run(fileName); err != nil {
		fmt.Fprintln(os.Stderr, "simple_threading:", err)
		os.Exit(1)
	}
}

func run(name string) error {
	if _, err := os.Stat(name); os.IsNotExist(err) {
		if err := makeFile(name); err != nil {
			return err
		}
	}
	slices := make(chan string)
	results := make(chan result)
	for range workers {
		go func() {
			for slice := range slices {
				sum, count, err := sumSlice(name, slice)
				results <- result{sum, count, err}
			}
		}()
	}
	go func() {
		defer close(slices)
		for i := range workers {
			slices <- fmt.Sprintf("%d:%d", i*rows/workers, (i+1)*rows/workers)
		}
	}()
	total := result{}
	for range workers {
		r := <-results
		if r.err != nil {
			return r.err
		}
		total.sum += r.sum
		total.count += r.count
	}
	fmt.Printf("Mean: %v\n", total.sum/float64(total.count))
	return nil
}

// sumSlice opens the file by itself, reads its slice, sums it and closes.
func sumSlice(name, slice string) (sum float64, count int, err error) {
	f, err := hdf5.Open(name)
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	array, err := f.Dataset("/array")
	if err != nil {
		return 0, 0, err
	}
	values, err := hdf5.Read[float64](context.Background(), array, hdf5.Sel(slice))
	if err != nil {
		return 0, 0, err
	}
	for _, v := range values {
		sum += v
	}
	return sum, len(values), nil
}

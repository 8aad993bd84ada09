// Simple_threading is the program of PyTables' cookbook ("Threading"): several
// workers each open the same file, load a slice of an array and sum it; the
// results make the mean. In PyTables it needs a lock around open_file and
// File.close. Here it needs none.
//
//	go run ./examples/simple_threading
package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"

	"gables/hdf5"
	"gables/hdf5/datatype"
)

const (
	fileName = "simple_threading.h5"
	workers  = 5
	rows     = 100
	columns  = 100
)

func main() {
	mean, err := run(fileName)
	if err != nil {
		fmt.Fprintln(os.Stderr, "simple_threading:", err)
		os.Exit(1)
	}
	fmt.Printf("Mean: %v\n", mean)
}

// result is what a worker found out about its slice.
type result struct {
	sum   float64
	count int
	err   error
}

// run makes the file if it is absent, and gives the mean of its array.
func run(name string) (float64, error) {
	if err := makeFile(name); err != nil && !errors.Is(err, fs.ErrExist) {
		return 0, err
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
		total.sum += r.sum
		total.count += r.count
		total.err = errors.Join(total.err, r.err)
	}
	return total.sum / float64(total.count), total.err
}

// makeFile writes the array and the attributes by which PyTables knows it.
func makeFile(name string) error {
	f, err := hdf5.OpenFile(name, hdf5.ModeCreateNew)
	if err != nil {
		return err
	}
	if err := fill(f); err != nil {
		return errors.Join(err, f.Discard())
	}
	return f.Close()
}

func fill(f *hdf5.File) error {
	array, err := f.CreateDataset("/array", datatype.Float64(datatype.LittleEndian), []uint64{rows, columns}, hdf5.DatasetOptions{})
	if err != nil {
		return err
	}
	for _, a := range [][2]string{{"CLASS", "ARRAY"}, {"VERSION", "2.4"}, {"TITLE", "Test Array"}, {"FLAVOR", "numpy"}} {
		if err := hdf5.SetAttribute(array, a[0], a[1]); err != nil {
			return err
		}
	}
	values := make([]float64, rows*columns)
	for i := range values {
		values[i] = rand.Float64()
	}
	return hdf5.Write(context.Background(), array, values)
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

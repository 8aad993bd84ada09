// Append_while_reading has one goroutine that appends rows to a table and others
// that read it meanwhile. Readers see whole flushes: the sum of what they read is
// always that of a table as it once was.
//
//	go run ./examples/append_while_reading
package main

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	"gables/hdf5"
	"gables/hdf5/dataspace"
	"gables/hdf5/datatype"
	"gables/hdf5/filter"
)

const (
	fileName = "append_while_reading.h5"
	readers  = 4
	flushes  = 20
	batch    = 1000 // rows between two flushes
)

// reading is a row of the table.
type reading struct {
	Second int64   `h5:"second"`
	Value  float64 `h5:"value"`
}

func main() {
	looks, err := run(fileName)
	if err != nil {
		fmt.Fprintln(os.Stderr, "append_while_reading:", err)
		os.Exit(1)
	}
	fmt.Printf("%d rows written, the table read %d times meanwhile\n", flushes*batch, looks)
}

// run tells how often the table was read while it was written.
func run(name string) (looks int64, err error) {
	f, err := hdf5.Create(name)
	if err != nil {
		return 0, err
	}
	table, err := f.CreateDataset("/table", datatype.Must(datatype.Of[reading]()), []uint64{0},
		hdf5.DatasetOptions{MaxShape: []uint64{dataspace.Unlimited}, Filters: []filter.Stage{hdf5.Shuffle(), hdf5.Gzip(1)}})
	if err == nil {
		err = f.Flush(context.Background())
	}
	var seen atomic.Int64
	var done atomic.Bool
	var wg sync.WaitGroup
	faults := make(chan error, readers)
	if err == nil {
		for range readers {
			wg.Go(func() { faults <- watch(name, &done, &seen) })
		}
		err = fill(f, table)
	}
	done.Store(true)
	wg.Wait()
	close(faults)
	for fault := range faults {
		if err == nil {
			err = fault
		}
	}
	if e := f.Close(); err == nil {
		err = e
	}
	return seen.Load(), err
}

// fill appends the rows.
func fill(f *hdf5.File, table *hdf5.Dataset) error {
	ctx := context.Background()
	rows := make([]reading, batch)
	for n := range flushes {
		for i := range rows {
			rows[i] = reading{int64(n*batch + i), 0.5}
		}
		if _, err := hdf5.Append(ctx, table, rows); err != nil {
			return err
		}
		if err := f.Flush(ctx); err != nil {
			return err
		}
	}
	return nil
}

// watch reads the whole table until the writer is done.
func watch(name string, done *atomic.Bool, seen *atomic.Int64) error {
	f, err := hdf5.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	table, err := f.Dataset("/table")
	if err != nil {
		return err
	}
	for last := false; !last; seen.Add(1) {
		last = done.Load()
		rows, err := hdf5.Read[reading](context.Background(), table)
		if err != nil {
			return err
		}
		sum := 0.0
		for _, r := range rows {
			sum += r.Value
		}
		if len(rows)%batch != 0 || sum != 0.5*float64(len(rows)) {
			return fmt.Errorf("%d rows with a sum of %v", len(rows), sum)
		}
	}
	return nil
}

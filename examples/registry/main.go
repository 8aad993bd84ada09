// Registry does what the monkey patch of PyTables' cookbook is for, without
// one: many goroutines open, read and close the same files through the plain
// API, others look at the registry of open files meanwhile, and at the end all
// that is still open is closed.
//
//	go run ./examples/registry FILE [FILE…]
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"gables/hdf5"
	"gables/hdf5/h5err"
)

const (
	workers = 16
	rounds  = 50
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: registry FILE [FILE…]")
		os.Exit(2)
	}
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "registry:", err)
		os.Exit(1)
	}
}

func run(names []string) error {
	var wg sync.WaitGroup
	errs := make(chan error, workers)
	for w := range workers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for r := range rounds {
				if err := visit(names[(w+r)%len(names)], r%5 == 4); err != nil {
					errs <- err
					return
				}
			}
		}()
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		return err
	}
	left := hdf5.OpenFiles()
	fmt.Printf("%d handles left open\n", len(left))
	if err := hdf5.CloseAll(); err != nil {
		return err
	}
	for _, f := range left {
		if _, err := f.Root(); !errors.Is(err, h5err.ErrClosed) {
			return fmt.Errorf("%s: want a closed file, got %v", f.Name(), err)
		}
	}
	fmt.Printf("%d handles open after CloseAll\n", len(hdf5.OpenFiles()))
	return nil
}

// visit opens a file, counts its objects, looks at the registry and closes,
// unless the handle is to be left open.
func visit(name string, leave bool) error {
	f, err := hdf5.Open(name)
	if err != nil {
		return err
	}
	if !leave {
		defer f.Close()
	}
	objects := 0
	for _, err := range f.Walk(context.Background()) {
		if err != nil {
			return err
		}
		objects++
	}
	found := false
	for _, h := range hdf5.OpenFiles() {
		found = found || h == f
	}
	if !found || objects == 0 {
		return fmt.Errorf("%s: %d objects, registered: %v", name, objects, found)
	}
	return nil
}

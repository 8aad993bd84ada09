package main

import (
	"context"
	"path/filepath"
	"testing"

	"gables/hdf5"
)

func TestReadersSeeWholeFlushes(t *testing.T) {
	name := filepath.Join(t.TempDir(), fileName)
	looks, err := run(name)
	if err != nil {
		t.Fatal(err)
	}
	if looks < readers {
		t.Errorf("the table was read %d times", looks)
	}
	f, err := hdf5.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	table, err := f.Dataset("/table")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := hdf5.Read[reading](context.Background(), table)
	if err != nil || len(rows) != flushes*batch || rows[len(rows)-1].Second != flushes*batch-1 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}

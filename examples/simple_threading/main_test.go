package main

import (
	"context"
	"math"
	"path/filepath"
	"testing"

	"gables/compute"
	"gables/hdf5"
)

func TestTheWorkersMakeTheMean(t *testing.T) {
	name := filepath.Join(t.TempDir(), fileName)
	first, err := run(name)
	if err != nil {
		t.Fatal(err)
	}
	again, err := run(name)
	if err != nil {
		t.Fatal(err)
	}
	f, err := hdf5.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	array, err := f.Dataset("/array")
	if err != nil {
		t.Fatal(err)
	}
	want, err := compute.Mean(context.Background(), array)
	if err != nil {
		t.Fatal(err)
	}
	// The workers' sums come in any order.
	if math.Abs(first-want) > 1e-12 || math.Abs(again-want) > 1e-12 || want < 0.4 || want > 0.6 {
		t.Errorf("the workers' means are %v and %v, the array's is %v", first, again, want)
	}
}

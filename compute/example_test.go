package compute_test

import (
	"context"
	"fmt"
	"log"

	"gables/compute"
	"gables/hdf5"
)

func ExampleStats() {
	f, err := hdf5.Open("testdata/values.h5")
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	ds, err := f.Dataset("/table")
	if err != nil {
		log.Fatal(err)
	}
	s, err := compute.Stats(context.Background(), ds, compute.Column("id"), compute.Select(hdf5.Sel("0:10")))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(s.Count, s.Min, s.Max, s.Exact, s.Mean, s.Var)
	// Output: 10 -100 -91 -955 -95.5 8.25
}

func ExampleMean() {
	f, err := hdf5.Open("testdata/values.h5")
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	ds, err := f.Dataset("/sparse")
	if err != nil {
		log.Fatal(err)
	}
	m, err := compute.Mean(context.Background(), ds, compute.Workers(8))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m)
	// Output: 2.485
}

func ExampleHistogram() {
	f, err := hdf5.Open("testdata/values.h5")
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	ds, err := f.Dataset("/table")
	if err != nil {
		log.Fatal(err)
	}
	h, err := compute.Histogram(context.Background(), ds, compute.Column("id"), compute.Bins(3))
	if err != nil {
		log.Fatal(err)
	}
	for i, n := range h.Count {
		fmt.Printf("%.2f to %.2f: %d\n", h.Edges[i], h.Edges[i+1], n)
	}
	// Output:
	// -100.00 to -0.33: 100
	// -0.33 to 99.33: 100
	// 99.33 to 199.00: 100
}

func ExampleMeanAlong() {
	f, err := hdf5.Open("testdata/values.h5")
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	ds, err := f.Dataset("/contiguous/i1")
	if err != nil {
		log.Fatal(err)
	}
	m, err := compute.MeanAlong(context.Background(), ds, compute.Along(0, -1))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.Shape, len(m.Values))
	// Output: [5] 5
}

package main

import (
	"context"

	"gables/compute"
	"gables/hdf5"
)

// meanOf is the mean of all elements, and the bytes of the file that were
// mapped before it was closed.
func meanOf(r request) (mean float64, mapped int64, err error) {
	err = withArray(r, func(ds *hdf5.Dataset) error {
		mean, err = compute.Mean(context.Background(), ds, compute.Workers(r.Workers))
		mapped = status("RssFile")
		return err
	})
	return mean, mapped, err
}

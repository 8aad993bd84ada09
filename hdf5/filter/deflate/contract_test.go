package deflate

import (
	"testing"

	"gables/hdf5/filter"
	"gables/hdf5/filter/fletcher32"
	"gables/hdf5/filter/shuffle"
	"gables/internal/testkit"
)

// The chunks of testdata were made by its witness.py.
func TestChunksOfLibhdf5DecodeToWhatItReads(t *testing.T) {
	testkit.Pipelines(t, "testdata", New(), shuffle.New(), fletcher32.New())
}

func TestFilterKeepsItsContract(t *testing.T) {
	testkit.Contract{
		Filter: New(), ID: filter.Deflate, Name: "deflate",
		Stored: testkit.Alone(t, "testdata", filter.Deflate), Damaged: 3000,
	}.Run(t)
}

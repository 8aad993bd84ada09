package fletcher32

import (
	"testing"

	"gables/hdf5/filter"
	"gables/internal/testkit"
)

// The chunks of testdata were made by ../deflate/testdata/witness.py.
func TestChunksOfLibhdf5DecodeToWhatItReads(t *testing.T) {
	testkit.Pipelines(t, "testdata", New())
}

func TestFilterKeepsItsContract(t *testing.T) {
	testkit.Contract{
		Filter: New(), ID: filter.Fletcher32, Name: "fletcher32",
		Stored: testkit.Alone(t, "testdata", filter.Fletcher32), Damaged: 3000,
	}.Run(t)
}

package bzip2

import (
	"testing"

	"gables/hdf5/filter"
	"gables/internal/testkit"
)

// The chunks were made by testdata/make_runs.py and ../lzf/testdata/make_chunks.py.
func witnesses(t testing.TB) []testkit.Stored {
	t.Helper()
	return testkit.Lists(t, "testdata")
}

func TestFilterKeepsItsContract(t *testing.T) {
	testkit.Contract{Filter: New(), ID: filter.BZip2, Name: "bzip2", Stored: witnesses(t), Damaged: 500}.Run(t)
}

func FuzzDecode(f *testing.F) {
	testkit.Fuzz(f, New(), witnesses(f))
}

func BenchmarkDecode(b *testing.B) {
	testkit.Bench(b, New(), witnesses(b)...)
}

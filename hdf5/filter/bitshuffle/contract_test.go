package bitshuffle

import (
	"testing"

	"gables/hdf5/filter"
	"gables/internal/testkit"
)

// The chunks were made by ../lzf/testdata/make_chunks.py.
func witnesses(t testing.TB) []testkit.Stored {
	t.Helper()
	return testkit.Lists(t, "testdata")
}

func TestFilterKeepsItsContract(t *testing.T) {
	testkit.Contract{Filter: New(), ID: filter.Bitshuffle, Name: "bitshuffle", Stored: witnesses(t), Damaged: 3000}.Run(t)
}

func FuzzDecode(f *testing.F) {
	testkit.FuzzValues(f, New(), witnesses(f), nil)
}

func BenchmarkDecode(b *testing.B) {
	testkit.Bench(b, New(), witnesses(b)...)
}

package lz4

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
	testkit.Contract{Filter: New(), ID: filter.LZ4, Name: "lz4", Stored: witnesses(t), Damaged: 3000}.Run(t)
}

func FuzzDecode(f *testing.F) {
	testkit.Fuzz(f, New(), witnesses(f))
}

func BenchmarkDecode(b *testing.B) {
	testkit.Bench(b, New(), witnesses(b)...)
}

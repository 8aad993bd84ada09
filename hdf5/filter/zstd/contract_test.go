package zstd

import (
	"testing"

	"gables/hdf5/filter"
	"gables/internal/testkit"
)

// The chunks were made by ../lzf/testdata/make_chunks.py. Some end with a
// skippable frame, with which nothing is lost.
func witnesses(t testing.TB) []testkit.Stored {
	t.Helper()
	return testkit.Lists(t, "testdata")
}

func TestFilterKeepsItsContract(t *testing.T) {
	testkit.Contract{Filter: New(), ID: filter.Zstd, Name: "zstd", Stored: witnesses(t), Damaged: 3000, Padded: true}.Run(t)
}

func FuzzDecode(f *testing.F) {
	testkit.Fuzz(f, New(), witnesses(f))
}

func BenchmarkDecode(b *testing.B) {
	testkit.Bench(b, New(), witnesses(b)...)
}

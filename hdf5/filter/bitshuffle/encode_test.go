package bitshuffle

import (
	"errors"
	"slices"
	"testing"

	"gables/hdf5/datatype"
	"gables/hdf5/filter"
	"gables/hdf5/h5err"
	"gables/internal/testkit"
)

// local is the client data for elements of that size.
func local(t testing.TB, size int, values []uint32) []uint32 {
	t.Helper()
	out, err := New().(filter.Encoder).Local(values, filter.Described{Type: &datatype.Datatype{Size: size}})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestEncoderKeepsItsContract(t *testing.T) {
	elements := []int{1, 2, 3, 8, 12, 1000}
	users := [][]uint32{nil, {64}, Values(0, None, 0), Values(8, LZ4, 0), Values(0, LZ4, 0), Values(120, Zstd, 0), Values(0, Zstd, 9), {8, 3}}
	if testing.Short() {
		elements, users = []int{3, 8}, users[:6] // Zstandard's best takes minutes under the race detector
	}
	for _, size := range elements {
		var values [][]uint32
		for _, user := range users {
			values = append(values, local(t, size, user))
		}
		var sizes []int
		for _, n := range []int{0, 1, 7, 8, 9, 17, 64, 127, 128, 200, 1031, 20_003} {
			if n*size < 50_000 {
				sizes = append(sizes, n*size)
			}
		}
		testkit.Encoding{Filter: New(), Values: values, Sizes: sizes, Most: func(n int) int { return 12 + 6*n + 100 }}.Run(t)
	}
}

// The values are what hdf5plugin 7.1 stored for the same parameters.
func TestLocalGivesThePluginsValues(t *testing.T) {
	for _, c := range []struct {
		size         int
		values, want []uint32
	}{
		{2, nil, []uint32{0, 4, 2}},
		{8, Values(0, None, 9), []uint32{0, 4, 8, 0, 0}},
		{8, Values(64, LZ4, 9), []uint32{0, 4, 8, 64, 2}},
		{8, Values(64, Zstd, 9), []uint32{0, 4, 8, 64, 3, 9}},
		{2, []uint32{8, 2, 3, 4, 5}, []uint32{0, 4, 2, 8, 2, 3, 4, 5}},
	} {
		if got := local(t, c.size, c.values); !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, want %v", c.values, got, c.want)
		}
	}
}

func TestLocalRefusesWhatMakesNoSense(t *testing.T) {
	for _, c := range []struct {
		size   int
		values []uint32
		want   error
	}{
		{8, []uint32{12}, h5err.ErrSelection},
		{8, []uint32{0, 1}, h5err.ErrUnsupported},
		{8, []uint32{0, 4}, h5err.ErrUnsupported},
		{8, []uint32{0, 3, 23}, h5err.ErrSelection},
		{8, []uint32{1 << 31, 2}, h5err.ErrUnsupported},
		{0, nil, h5err.ErrUnsupported},
	} {
		d := filter.Described{Type: &datatype.Datatype{Size: c.size}}
		if got, err := New().(filter.Encoder).Local(c.values, d); !errors.Is(err, c.want) || got != nil {
			t.Errorf("%v: %v, %v, want %v", c.values, got, err, c.want)
		}
	}
}

func TestPartOfAnElementIsRefused(t *testing.T) {
	c := filter.Chunk{Values: []uint32{0, 4, 8, 0, 2}, Size: 15}
	if _, err := New().(filter.Encoder).Encode(nil, make([]byte, 15), c); !errors.Is(err, h5err.ErrUnsupported) {
		t.Error(err)
	}
}

func FuzzEncode(f *testing.F) {
	testkit.FuzzEncode(f, New(), func(choice uint32) []uint32 {
		return []uint32{0, 4, 1, choice >> 4 % 100 * 8, []uint32{0, 2, 3}[choice%3], 0}
	})
}

func BenchmarkEncodeLZ4(b *testing.B) { testkit.BenchEncode(b, New(), 0, 4, 8, 0, 2) }

func BenchmarkEncodeZstd(b *testing.B) { testkit.BenchEncode(b, New(), 0, 4, 8, 0, 3, 3) }

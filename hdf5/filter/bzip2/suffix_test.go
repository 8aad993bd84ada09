package bzip2

import (
	"bytes"
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"gables/internal/testkit"
)

// checkSorted tries sort against the definition.
func checkSorted(t *testing.T, s *sorter, text []byte) {
	t.Helper()
	sa := make([]int32, len(text))
	for i := range sa {
		sa[i] = -7 // old bytes must not matter
	}
	sort(s, sa, text, 256, 0)
	want := make([]int32, len(text))
	for i := range want {
		want[i] = int32(i)
	}
	slices.SortFunc(want, func(a, b int32) int {
		return cmp.Or(bytes.Compare(text[a:], text[b:]), cmp.Compare(b, a))
	})
	if !slices.Equal(sa, want) {
		t.Fatalf("%q: got %v, want %v", text, sa, want)
	}
}

func TestSuffixesAreSorted(t *testing.T) {
	s := &sorter{}
	for n := range 9 { // every text of 3 letters
		total := 1
		for range n {
			total *= 3
		}
		for v := range total {
			text := make([]byte, n)
			for i := range text {
				text[i] = byte(v % 3)
				v /= 3
			}
			checkSorted(t, s, text)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for kind := range testkit.Kinds {
		for range 20 {
			checkSorted(t, s, testkit.Data(kind, r.IntN(700)))
		}
		checkSorted(t, s, testkit.Data(kind, 3000))
	}
}

func FuzzSort(f *testing.F) {
	f.Add([]byte("abracadabra"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) < 5000 {
			checkSorted(t, &sorter{}, text)
		}
	})
}

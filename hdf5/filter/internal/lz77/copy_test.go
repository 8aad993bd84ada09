package lz77

import (
	"bytes"
	"testing"
)

func TestCopyRepeatsWhatStandsBack(t *testing.T) {
	for offset := 1; offset <= 70; offset++ {
		for n := range 400 {
			for _, spare := range []int{0, 1, 7, 8, 15, 16, 40} {
				check(t, offset+3, offset, n, spare)
			}
		}
	}
}

func TestLongCopiesRepeatWhatStandsBack(t *testing.T) {
	for _, offset := range []int{1, 2, 3, 8, 13, 300, 5000} {
		for _, n := range []int{1000, 4999, 70001} {
			check(t, offset, offset, n, 0)
			check(t, offset+5, offset, n, 20)
		}
	}
}

// check copies n bytes from offset before place d of a buffer with spare bytes
// behind them.
func check(t *testing.T, d, offset, n, spare int) {
	t.Helper()
	whole := bytes.Repeat([]byte{0xee}, d+n+spare+20)
	for i := range d {
		whole[i] = byte(i*7 + 1)
	}
	want := bytes.Clone(whole)
	for i := d; i < d+n; i++ {
		want[i] = want[i-offset]
	}
	end := len(whole) - 20
	if got := Copy(whole[:end:end], d, offset, n); got != d+n {
		t.Fatalf("%d bytes from %d back: at %d, want %d", n, offset, got, d+n)
	}
	if !bytes.Equal(whole[:d+n], want[:d+n]) {
		t.Fatalf("%d bytes from %d back differ", n, offset)
	}
	behind := min(end, d+n+15)
	if !bytes.Equal(whole[behind:], want[behind:]) {
		t.Fatalf("%d bytes from %d back: bytes far behind them changed", n, offset)
	}
}

func BenchmarkCopy(b *testing.B) {
	dst := make([]byte, 1<<12)
	for _, c := range []struct {
		name      string
		offset, n int
	}{{"near and short", 5, 12}, {"far and short", 100, 30}, {"run", 1, 200}, {"long", 300, 1000}} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(c.n))
			for b.Loop() {
				Copy(dst, 1000, c.offset, c.n)
			}
		})
	}
}

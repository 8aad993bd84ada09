package zfp

import (
	"fmt"
	"os"
	"slices"
	"testing"
)

// The benchmarks run over the cases of GABLES_WITNESS, or the first of testdata.

func BenchmarkDecode(b *testing.B) {
	eachCase(b, func(w witness, dst []byte) error {
		_, err := New().Decode(dst, w.chunk, chunkOf(w))
		return err
	})
}

func BenchmarkEncode(b *testing.B) {
	eachCase(b, func(w witness, dst []byte) error {
		_, err := Encode(dst, w.written, w.values)
		return err
	})
}

func eachCase(b *testing.B, run func(w witness, dst []byte) error) {
	for i, w := range benchCases(b) {
		h, err := parseValues(w.values)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("%d/kind%d/rank%d/%d%%", i, h.kind, h.dims, 100*len(w.chunk)/len(w.want)), func(b *testing.B) {
			b.SetBytes(int64(len(w.want)))
			b.ReportAllocs()
			dst := make([]byte, 2*len(w.want)+100)
			for b.Loop() {
				if err := run(w, dst); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func benchCases(b *testing.B) []witness {
	if name := os.Getenv("GABLES_WITNESS"); name != "" {
		return readWitnesses(b, name)
	}
	cases := readWitnesses(b, "testdata/plugin.gz")
	return slices.DeleteFunc(cases, func(w witness) bool { return !w.ours })[:8]
}

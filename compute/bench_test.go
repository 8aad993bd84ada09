package compute_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"gables/compute"
	"gables/hdf5"
)

// The benchmarks need a file that testdata/bench.py makes: GABLES_BENCH names
// it. Its pages are in the page cache after the first round.
func benchFile(b *testing.B) *hdf5.File {
	path := os.Getenv("GABLES_BENCH")
	if path == "" {
		b.Skip("GABLES_BENCH names no file; testdata/bench.py makes one")
	}
	f, err := hdf5.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { f.Close() })
	return f
}

func BenchmarkReductions(b *testing.B) {
	f := benchFile(b)
	ctx := context.Background()
	for _, name := range strings.Fields("/f8 /f4 /f8be /i8 /i4 /i2 /i1 /u8 /f2 /gzip /table") {
		ds, err := f.Dataset(name)
		if err != nil {
			b.Fatal(err)
		}
		opts := []compute.Option{}
		if name == "/table" {
			opts = append(opts, compute.Column("x"))
		}
		n, _ := ds.Space().Count()
		run := func(what string, do func() error) {
			b.Run(name[1:]+"/"+what, func(b *testing.B) {
				b.SetBytes(int64(n) * int64(ds.Type().Size))
				b.ReportAllocs()
				for b.Loop() {
					if err := do(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		run("mean", func() error { _, err := compute.Mean(ctx, ds, opts...); return err })
		run("minmax", func() error { _, _, err := compute.MinMax(ctx, ds, opts...); return err })
		run("stats", func() error { _, err := compute.Stats(ctx, ds, opts...); return err })
		run("histogram", func() error {
			_, err := compute.Histogram(ctx, ds, append(opts, compute.Range(-4, 4), compute.Bins(100))...)
			return err
		})
	}
}

func BenchmarkAlong(b *testing.B) {
	f := benchFile(b)
	ctx := context.Background()
	for _, name := range []string{"/image", "/image_gzip", "/three"} {
		ds, err := f.Dataset(name)
		if err != nil {
			b.Fatal(err)
		}
		n, _ := ds.Space().Count()
		for _, axis := range []int{0, 1} {
			for what, do := range map[string]func() error{
				"mean":  func() error { _, err := compute.MeanAlong(ctx, ds, compute.Along(axis)); return err },
				"stats": func() error { _, err := compute.StatsAlong(ctx, ds, compute.Along(axis)); return err },
			} {
				b.Run(name[1:]+"/"+what+"/axis"+string(rune('0'+axis)), func(b *testing.B) {
					b.SetBytes(int64(n) * 8)
					b.ReportAllocs()
					for b.Loop() {
						if err := do(); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		}
	}
}

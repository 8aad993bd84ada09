package compute

import (
	"fmt"

	"gables/hdf5/dataspace"
	"gables/hdf5/h5err"
)

// Option changes what is computed, or how.
type Option func(*config)

type config struct {
	workers  int
	sel      dataspace.Selection
	column   string
	skip     bool
	ddof     uint64
	progress func(done, total uint64)
	memory   uint64

	binCount int
	low, up  float64
	ranged   bool
	edges    []float64
}

// defaultMemory is what a result along axes may take.
const defaultMemory = 1 << 30

func newConfig(opts []Option) config {
	c := config{memory: defaultMemory, binCount: 10}
	for _, o := range opts {
		o(&c)
	}
	return c
}

// Workers sets the most goroutines at work, though a scan takes no more than
// the file was opened with; 0, the default, leaves it to the file, or to
// GOMAXPROCS. Results do not depend on it.
func Workers(n int) Option { return func(c *config) { c.workers = max(n, 0) } }

// Select takes the elements of a selection; the default is all. An element
// selected twice counts twice.
func Select(s dataspace.Selection) Option { return func(c *config) { c.sel = s } }

// Column takes one member of a compound. A path with slashes names a member of
// a member.
func Column(name string) Option { return func(c *config) { c.column = name } }

// SkipNaN leaves NaNs out, as numpy's nan functions do; they are only counted.
// Without it a NaN makes sum, mean, extremes and deviation NaN.
func SkipNaN() Option { return func(c *config) { c.skip = true } }

// Sample makes the variance that of a sample: divided by the count less one.
// The default is the population's.
func Sample() Option { return func(c *config) { c.ddof = 1 } }

// Progress has f called after each block, from one goroutine at a time, with
// the elements done so far and the elements in all (0: not known, of a part).
func Progress(f func(done, total uint64)) Option { return func(c *config) { c.progress = f } }

// Memory sets how many bytes the result of a reduction along axes may take; the
// default is 1 GiB.
func Memory(bytes uint64) Option { return func(c *config) { c.memory = bytes } }

// Bins sets the number of equal bins of a histogram; the default is 10.
func Bins(n int) Option { return func(c *config) { c.binCount = n } }

// Range sets where the equal bins of a histogram begin and end. Without it the
// extremes of the elements are looked for first.
func Range(low, high float64) Option {
	return func(c *config) { c.low, c.up, c.ranged = low, high, true }
}

// Edges sets the bounds of a histogram's bins, which rise; there is one more
// than there are bins. The slice must not be changed.
func Edges(e []float64) Option { return func(c *config) { c.edges = e } }

// errNothing is the answer where no element is no number either.
func errNothing(what string) error {
	return fmt.Errorf("%s of no elements: %w", what, h5err.ErrSelection)
}

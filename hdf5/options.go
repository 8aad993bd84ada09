package hdf5

import (
	"time"

	"gables/hdf5/filter"
	"gables/internal/wire"
)

// Limits bound what a file from a stranger can make a reader do. Every field
// must be positive.
type Limits struct {
	Alloc    int64 // bytes of one read's result that the file does not store in full
	Chunk    int64 // bytes of one chunk before filtering
	VLBytes  int64 // bytes of variable-length data that one read may deliver
	Metadata int64 // bytes of one metadata record
	Objects  int   // objects that one walk visits; messages of one object header
	Depth    int   // nesting of datatypes and trees
	Links    int   // soft and external links followed for one path
	Cache    int64 // bytes of decoded metadata that a file keeps
}

// DefaultLimits are meant for files from strangers on a machine of a few GiB.
func DefaultLimits() Limits { return Limits(wire.DefaultLimits()) }

// Option changes how a file is opened.
type Option func(*config)

// config is comparable: handles of one path share a store if theirs are equal.
type config struct {
	limits  Limits
	workers int
	chunks  int64
	filters *filter.Registry
	outside bool
	write   writeConfig
}

// writeConfig is what concerns writing alone.
type writeConfig struct {
	libver     Libver
	durability Durability
	lazyBytes  uint64
	lazyAge    time.Duration
	dirty      int64
	userBlock  uint64
	noLock     bool
	noTimes    bool
	boot       *uint64 // nil: what the system says of its start
}

// reading is the part of the options that handles for reading share a home by.
func (c config) reading() config {
	c.write = writeConfig{noLock: c.write.noLock}
	return c
}

// defaultChunkCache is enough for a few rows of chunks of usual size.
const defaultChunkCache = 64 << 20

// defaultDirty is how many bytes of changed chunks a writer holds.
const defaultDirty = 128 << 20

func newConfig(opts []Option) config {
	c := config{limits: DefaultLimits(), chunks: defaultChunkCache, filters: filters, write: writeConfig{dirty: defaultDirty}}
	for _, o := range opts {
		o(&c)
	}
	return c
}

// WithLimits sets the bounds on memory, depth and counts.
func WithLimits(l Limits) Option { return func(c *config) { c.limits = l } }

// WithWorkers sets how many goroutines decode chunks for one call; all calls on
// the file share the helpers. The default is GOMAXPROCS.
func WithWorkers(n int) Option { return func(c *config) { c.workers = n } }

// WithChunkCache sets how many bytes of decoded chunks the file keeps for reads
// that take chunks in parts. The default is 64 MiB; 0 keeps none.
func WithChunkCache(bytes int64) Option { return func(c *config) { c.chunks = bytes } }

// WithFilters decodes chunks with the filters of r instead of the default ones.
func WithFilters(r *filter.Registry) Option { return func(c *config) { c.filters = r } }

// WithOutsideFiles lets external links, external raw files and virtual sources
// name files outside the folder of the file that refers to them.
func WithOutsideFiles() Option { return func(c *config) { c.outside = true } }

// WithLibver sets how new the encodings of a new file are. A file that exists
// keeps its style. The default is Earliest, which every reader knows.
func WithLibver(v Libver) Option { return func(c *config) { c.write.libver = v } }

// WithDurability sets what survives a crash; the default is Full.
func WithDurability(d Durability) Option { return func(c *config) { c.write.durability = d } }

// WithLazyCheckpoints lets Flush leave what it has committed in the log until
// that has so many bytes or its first commit is so old. Readers in the process
// see every flush; those of other programs see a checkpoint.
func WithLazyCheckpoints(bytes uint64, age time.Duration) Option {
	return func(c *config) { c.write.lazyBytes, c.write.lazyAge = bytes, age }
}

// WithWriteCache sets how many bytes of changed chunks a writer holds before it
// writes them; the default is 128 MiB.
func WithWriteCache(bytes int64) Option { return func(c *config) { c.write.dirty = bytes } }

// WithUserBlock leaves so many bytes free before a new file's superblock: 0, or
// a power of two from 512 on.
func WithUserBlock(bytes uint64) Option { return func(c *config) { c.write.userBlock = bytes } }

// WithoutLocking opens files without the advisory locks that libhdf5 takes, as
// HDF5_USE_FILE_LOCKING=FALSE does for all.
func WithoutLocking() Option { return func(c *config) { c.write.noLock = true } }

// WithoutTimes makes objects without times of creation and modification.
func WithoutTimes() Option { return func(c *config) { c.write.noTimes = true } }

package hdf5

// WithBoot pretends that the machine was started another time when n is another:
// what the system held in memory is lost then.
func WithBoot(n uint64) Option { return func(c *config) { c.write.boot = &n } }

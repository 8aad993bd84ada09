// Package workload changes HDF5 files at random and knows what must be in them
// afterwards: a Program makes its choices, obeys them through gables/hdf5, and
// does the same to a Model in memory. The choices depend on the seed and the
// model alone, so that another process can work out what the file of a process
// that was killed must hold.
//
// Nothing here is safe for concurrent use; programs for groups apart may run at
// once on one file.
package workload

// Package hdf5 reads HDF5 files in pure Go, from any number of goroutines at
// once and without a lock around open, close or read.
//
// A File is opened by path, from an io.ReaderAt or from an fs.FS. Groups,
// Datasets and committed datatypes are reached by path, without listing
// anything else; Read and ReadInto give values in the type that the caller
// names, exactly or with an error. Handles of one path share caches.
//
//	f, err := hdf5.Open("run.h5")
//	ds, err := f.Dataset("/detector/image")
//	xs, err := hdf5.Read[float64](ctx, ds, hdf5.Sel("0:10, :"))
//
// Everything in this package is safe for concurrent use unless it says
// otherwise. After Close every call gives h5err.ErrClosed. Errors wrap the
// sentinels of package h5err: what is absent, damaged, unsupported or beyond a
// limit can be told apart with errors.Is.
package hdf5

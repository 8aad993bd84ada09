// Package gables is PyTables for Go: HDF5 files, from any number of goroutines
// at once, without a global lock, without C, and without losing data.
//
// The engine, which speaks of groups and datasets, is package hdf5; reductions
// over datasets are in package compute. This package will hold PyTables' object
// model.
package gables

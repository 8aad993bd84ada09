// Package diff compares two HDF5 files, or objects in them, as what they mean:
// the links of groups, attributes, datatypes, shapes, committed datatypes and
// values, whatever layout, filters, byte order of storage blocks or versions of
// the format they are stored in. Values are compared exactly, or within
// tolerances. References are equal when they lead to the same path.
//
// Two NaNs are equal, as are 0 and -0. All functions are safe for concurrent
// use; memory is two pieces of a few MiB each beside the list of differences.
package diff

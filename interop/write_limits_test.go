//go:build interop

package interop

import (
	"slices"
	"strings"

	"gables/hdf5/filter"
)

// What witnesses can't read by their own limits, and why. A case that has a
// reason and is read all the same makes the test fail, so that the table stays true.

func (e *expected) unreadable(cannot func(*thing) string) bool {
	for _, o := range e.objects {
		if cannot(o) != "" {
			return true
		}
	}
	return false
}

// h5pyCannot gives the reason why h5py 3.16 with HDF5 2.0 can't read a dataset.
func h5pyCannot(o *thing) string {
	if o.kind.name == "vlen_record" && count(o.shape) > 1 {
		return "libhdf5 2.0 converts no sequences of compounds that hold sequences: invalid background buffer pointer"
	}
	if o.kind.name == "compound_150" && o.pack.name == "nbit" {
		return "h5py shows at most 256 values of a filter, which has 906"
	}
	return ""
}

// pytablesCannot gives the reason why PyTables 3.11 with HDF5 1.14 can't.
func pytablesCannot(o *thing) string {
	sequence := slices.Contains([]string{"vlen_i4", "vlen_u1", "vlen_f8be"}, o.kind.name)
	switch {
	case sequence && len(o.shape) != 1:
		return "a VLArray has rank 1"
	case sequence && o.plan.name != "btree_v1" && o.facts["layout"] != "chunked":
		return "a VLArray is chunked"
	case o.kind.numpy == nil && !sequence:
		return "PyTables has no such type, or other values for it"
	case o.plan.name == "null":
		return "PyTables reads a scalar where there is no element"
	case o.kind.family == "compound" && len(o.shape) != 1:
		return "a Table has rank 1"
	case o.through(filter.LZF):
		return "PyTables knows no LZF"
	case o.through(filter.Szip):
		return "the libhdf5 in PyTables' wheels has no szip"
	case o.through(filter.ScaleOffset):
		return sometimes + "HDF5 1.14.6 refuses chunks of scale-offset that 1.10 and 2.0 read, those of h5py as well"
	}
	return ""
}

// pytablesCrashes tells whether PyTables 3.11 frees what it must not, and takes
// the process with it: tables with compounds in compounds of other byte orders.
func pytablesCrashes(o *thing) bool { return o.kind.name == "compound_nested" }

// h5dumpCannotOpen gives the reason why h5dump 1.10 can't open a file: it opens
// every object first.
func h5dumpCannotOpen(e *expected) string {
	if strings.HasSuffix(e.name, "_v112.h5") || strings.HasSuffix(e.name, "_v114.h5") {
		return "HDF5 1.10 knows no version 4 of compounds, enums and arrays, which libhdf5 itself writes from the bound v112 on"
	}
	return ""
}

// h5dumpCannot gives the reason why h5dump 1.10 can't.
func h5dumpCannot(o *thing) string {
	switch {
	case o.kind.family == "time":
		return "h5dump prints no times: not yet implemented"
	case strings.HasPrefix(o.kind.name, "float128") && !o.zeros():
		return "h5dump prints six digits of wide floats"
	case o.through(filter.LZF):
		return "hdf5plugin has no plugin for LZF"
	}
	return ""
}

// zeros tells whether nothing but zeros is stored.
func (o *thing) zeros() bool {
	return !slices.ContainsFunc(o.want, func(b []byte) bool { return slices.ContainsFunc(b, func(c byte) bool { return c != 0 }) })
}

// sometimes begins a reason that does not hold for every case.
const sometimes = "at times "

// through tells whether a chunk went through a filter.
func (o *thing) through(id filter.ID) bool { return o.applied[id] }

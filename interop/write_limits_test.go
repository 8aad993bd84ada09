//go:build interop

package interop

import "strings"

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
	return ""
}

// pytablesCannot gives the reason why PyTables 3.11 with HDF5 1.14 can't.
func pytablesCannot(o *thing) string {
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
	return ""
}

package heap

import (
	"gables/hdf5/filter"
	"gables/internal/format"
)

// Specs turns the filters of a pipeline into those of its message: the
// counterpart of Stages.
func Specs(stages []filter.Stage) []format.FilterSpec {
	specs := make([]format.FilterSpec, len(stages))
	for i, s := range stages {
		flags := s.Flags &^ 1
		if s.Optional {
			flags |= 1
		}
		specs[i] = format.FilterSpec{ID: uint16(s.ID), Flags: flags, Name: s.Name, Values: s.Values}
	}
	return specs
}

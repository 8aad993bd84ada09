package dataspace

import (
	"fmt"
	"math"
	"slices"

	"gables/hdf5/h5err"
)

// Open is a start, stop or step of Range that is left out, as in "::".
const Open = math.MinInt64

// Axis says what is taken of one dimension, with Python's rules: negative
// indices count from the end. The zero value takes all of it. It is immutable.
type Axis struct {
	kind              axisKind
	start, stop, step int64 // of a range; start is the index of an index
	list              []int64
	mask              *axisMask
}

type axisKind uint8

const (
	axisFull axisKind = iota
	axisIndex
	axisRange
	axisList
	axisBool
	axisEllipsis
)

// axisMask is a mask turned into what it selects.
type axisMask struct {
	extent uint64
	axis   axis
}

// Full takes the whole dimension, as ":" does.
func Full() Axis { return Axis{} }

// Ellipsis stands for as many full dimensions as are missing, as "..." does.
func Ellipsis() Axis { return Axis{kind: axisEllipsis} }

// Index takes one index, which must exist, and drops the dimension.
func Index(i int64) Axis { return Axis{kind: axisIndex, start: i} }

// Range is Python's slice start:stop:step, clipped to the extent; each may be
// Open, and step negative but not 0.
func Range(start, stop, step int64) Axis {
	return Axis{kind: axisRange, start: start, stop: stop, step: step}
}

// List takes the indices in the order given, with repetitions; each must exist.
// Several lists select the product of their indices, as numpy.ix_ does.
func List(indices []int64) Axis { return Axis{kind: axisList, list: slices.Clone(indices)} }

// AxisMask takes the indices whose mask is true, as numpy's boolean index of one
// axis; it must be as long as the extent.
func AxisMask(mask []bool) Axis {
	m := &axisMask{extent: uint64(len(mask))}
	for i, on := range mask {
		if on {
			m.axis.segs = appendSeg(m.axis.segs, uint64(i), m.axis.n)
			m.axis.n++
		}
	}
	m.axis.segs = slices.Clip(m.axis.segs)
	return Axis{kind: axisBool, mask: m}
}

// axesRule holds one Axis for each dimension, or fewer.
type axesRule []Axis

// Axes selects the product of one Axis for each dimension; dimensions that are
// missing at the end are taken in full. The result keeps the order of the axes.
func Axes(axes ...Axis) Selection { return Selection{axesRule(slices.Clone(axes))} }

func (r axesRule) bind(dims []uint64) (*Bound, error) { return bindAxes(r, dims) }

// bindAxes spreads an ellipsis and binds each axis.
func bindAxes(specs []Axis, dims []uint64) (*Bound, error) {
	ellipsis, named := -1, len(specs)
	for i := range specs {
		if specs[i].kind != axisEllipsis {
			continue
		}
		if ellipsis >= 0 {
			return nil, fmt.Errorf("more than one ellipsis: %w", h5err.ErrSelection)
		}
		ellipsis = i
		named--
	}
	if named > len(dims) {
		return nil, fmt.Errorf("%d axes for rank %d: %w", named, len(dims), h5err.ErrSelection)
	}
	axes := make([]axis, len(dims))
	for k, extent := range dims {
		spec := Axis{}
		switch back := len(dims) - k; {
		case ellipsis < 0 && k < named || k < ellipsis:
			spec = specs[k]
		case ellipsis >= 0 && back < len(specs)-ellipsis:
			spec = specs[len(specs)-back]
		}
		var err error
		if axes[k], err = spec.bind(k, extent); err != nil {
			return nil, err
		}
	}
	return bindGrid(dims, axes)
}

// bind checks the spec against extent ≤ MaxExtent of axis k.
func (s *Axis) bind(k int, extent uint64) (axis, error) {
	switch s.kind {
	case axisIndex:
		c, ok := wrap(s.start, extent)
		if !ok {
			return axis{}, outside(k, "index", s.start, extent)
		}
		a := oneSeg(c, 1, 1, false)
		a.drop = true
		return a, nil
	case axisRange:
		return s.bindRange(k, int64(extent))
	case axisList:
		list := make([]uint64, len(s.list))
		for i, v := range s.list {
			c, ok := wrap(v, extent)
			if !ok {
				return axis{}, outside(k, "index", v, extent)
			}
			list[i] = c
		}
		return listAxis(list), nil
	case axisBool:
		if s.mask.extent != extent {
			return axis{}, fmt.Errorf("axis %d: mask of %d for extent %d: %w", k, s.mask.extent, extent, h5err.ErrSelection)
		}
		return s.mask.axis, nil
	}
	return oneSeg(0, extent, 1, false), nil
}

// wrap counts a negative index from the end; ok is false outside of extent.
func wrap(i int64, extent uint64) (uint64, bool) {
	if i < 0 {
		i += int64(extent)
	}
	return uint64(i), i >= 0 && uint64(i) < extent
}

// bindRange clips as Python's slice.indices does.
func (s *Axis) bindRange(k int, n int64) (axis, error) {
	step := s.step
	if step == Open {
		step = 1
	}
	if step == 0 {
		return axis{}, fmt.Errorf("axis %d: slice step 0: %w", k, h5err.ErrSelection)
	}
	// low … high is where a start or stop is clipped to.
	low, high := int64(0), n
	if step < 0 {
		low, high = -1, n-1
	}
	clip := func(v, open int64) int64 {
		if v == Open {
			return open
		}
		if v < 0 {
			v += n
		}
		return min(max(v, low), high)
	}
	if step > 0 {
		start, stop := clip(s.start, low), clip(s.stop, high)
		if start >= stop {
			return axis{}, nil
		}
		return oneSeg(uint64(start), uint64((stop-start-1)/step+1), uint64(step), false), nil
	}
	start, stop := clip(s.start, high), clip(s.stop, low)
	if start <= stop {
		return axis{}, nil
	}
	back := uint64(-step)
	count := uint64(start-stop-1)/back + 1
	return oneSeg(uint64(start)-(count-1)*back, count, back, true), nil
}

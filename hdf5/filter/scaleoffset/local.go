package scaleoffset

import (
	"gables/hdf5/datatype"
	"gables/hdf5/filter"
	"gables/hdf5/h5err"
)

// Local takes the scale type and the scale factor (a power of ten, or bits;
// 0 bits mean: as many as a chunk needs) and adds what libhdf5 tells of the
// dataset. Client data that is complete already is made anew from its first
// two values.
func (Filter) Local(values []uint32, d filter.Described) ([]uint32, error) {
	if len(values) != 2 && len(values) != valueCount {
		return nil, h5err.New(h5err.ErrSelection, structure, "parameters", "%d, want scale type and factor", len(values))
	}
	t := d.Type
	v := make([]uint32, valueCount)
	v[0], v[1] = values[0], values[1]
	switch t.Class {
	case datatype.Integer:
		v[3] = classInteger
	case datatype.Float:
		v[3] = classFloat
	default:
		return nil, h5err.Unsupported(structure, "datatype", "class %s", t.Class)
	}
	if t.Order > datatype.BigEndian {
		return nil, h5err.Unsupported(structure, "datatype", "byte order %d", t.Order)
	}
	count := uint64(1)
	for _, n := range d.Chunk {
		count *= n
	}
	if count > 1<<32-1 {
		return nil, h5err.Unsupported(structure, "chunk", "%d elements", count)
	}
	v[2], v[4], v[6] = uint32(count), uint32(t.Size), uint32(t.Order)
	if t.Class == datatype.Integer && t.Signed {
		v[5] = 1
	}
	if !d.Unset {
		v[7] = 1
		if len(d.Fill) > 0 {
			storeFill(v[8:], d.Fill, t.Order == datatype.BigEndian)
		}
	}
	return v, checkLocal(v)
}

// storeFill puts the element fill into v, least significant bytes first.
func storeFill(v []uint32, fill []byte, big bool) {
	for i := range min(len(fill), 4*len(v)) {
		at := i
		if big {
			at = len(fill) - 1 - i
		}
		v[i/4] |= uint32(fill[at]) << (i % 4 * 8)
	}
}

// checkLocal refuses what the filter could not do to any chunk.
func checkLocal(v []uint32) error {
	p, err := parseParams(v)
	if err != nil {
		if p.class == classFloat && v[0] == scaleBinary {
			return err
		}
		return h5err.New(h5err.ErrSelection, structure, "parameters", "%v", err)
	}
	if !p.packable() && !p.asIs() {
		return h5err.Unsupported(structure, "datatype", "class %d of %d bytes", p.class, p.size)
	}
	return nil
}

package nbit

import (
	"gables/hdf5/datatype"
	"gables/hdf5/filter"
	"gables/hdf5/h5err"
)

// maxValues is how many client values libhdf5 stores.
const maxValues = 4096

// Local describes the dataset's type as libhdf5 does, whatever the user's
// parameters are: integers and floats by their bits, all else as bytes.
// ErrUnsupported where libhdf5 refuses the type, and for a member behind an
// array of arrays or compounds, which it packs wrongly.
func (Filter) Local(_ []uint32, d filter.Described) ([]uint32, error) {
	count := uint64(1)
	for _, n := range d.Chunk {
		count *= n
	}
	if count > 1<<32-1 {
		return nil, h5err.Unsupported(structure, "chunk", "%d elements", count)
	}
	l := local{values: []uint32{0, 0, uint32(count)}}
	switch d.Type.Class {
	case datatype.Integer, datatype.Float, datatype.Array, datatype.Compound:
		if err := l.add(d.Type); err != nil {
			return nil, err
		}
	}
	if len(l.values) > maxValues {
		return nil, h5err.Unsupported(structure, "datatype", "%d client values", len(l.values))
	}
	l.values[0] = uint32(len(l.values))
	if !l.packs {
		l.values[1] = 1
		return l.values, nil
	}
	return l.values, (&plan{}).parse(l.values[3:], d.Type.Size)
}

// local collects client values.
type local struct {
	values []uint32
	packs  bool // a number has insignificant bits
}

// add describes t.
func (l *local) add(t *datatype.Datatype) error {
	if t.Size <= 0 || len(l.values) > maxValues {
		return h5err.Unsupported(structure, "datatype", "%d bytes, %d client values so far", t.Size, len(l.values))
	}
	switch t.Class {
	case datatype.Integer, datatype.Float:
		return l.number(t)
	case datatype.Array:
		if variable(t.Base) {
			return h5err.Unsupported(structure, "datatype", "array of variable-length values")
		}
		l.values = append(l.values, uint32(array), uint32(t.Size))
		return l.add(t.Base)
	case datatype.Compound:
		return l.compound(t)
	}
	l.values = append(l.values, uint32(opaque), uint32(t.Size))
	return nil
}

func variable(t *datatype.Datatype) bool {
	return t.Class == datatype.VLen || t.Class == datatype.String && t.Variable
}

// number describes an integer or a float.
func (l *local) number(t *datatype.Datatype) error {
	if t.Order > datatype.BigEndian {
		return h5err.Unsupported(structure, "datatype", "byte order %d", t.Order)
	}
	if t.Precision <= 0 || t.BitOffset < 0 || t.Precision+t.BitOffset > 8*t.Size {
		return h5err.Unsupported(structure, "datatype", "%d bits above %d in %d bytes", t.Precision, t.BitOffset, t.Size)
	}
	l.values = append(l.values, uint32(number), uint32(t.Size), uint32(t.Order), uint32(t.Precision), uint32(t.BitOffset))
	l.packs = l.packs || t.BitOffset != 0 || t.Precision != 8*t.Size
	return nil
}

// compound describes the members in their order. The size of one of variable
// length is told by where the next member begins.
func (l *local) compound(t *datatype.Datatype) error {
	l.values = append(l.values, uint32(compound), uint32(t.Size), uint32(len(t.Members)))
	for i, m := range t.Members {
		l.values = append(l.values, uint32(m.Offset))
		if !variable(m.Type) {
			if err := l.add(m.Type); err != nil {
				return err
			}
			continue
		}
		next := t.Size
		if i+1 < len(t.Members) {
			next = t.Members[i+1].Offset
		}
		l.values = append(l.values, uint32(opaque), uint32(next-m.Offset))
	}
	return nil
}

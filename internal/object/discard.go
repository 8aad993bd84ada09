package object

import (
	"gables/hdf5/h5err"
	"gables/internal/wire"
)

// Discard gives back new objects to which no link leads from outside of list,
// whatever their counts of links are. The counts of objects outside of list that
// they refer to go down.
func (e *Editor) Discard(list []wire.Address) error {
	among := make(map[wire.Address]bool, len(list))
	for _, a := range list {
		among[a] = true
	}
	list, err := e.typesLast(list)
	if err != nil {
		return err
	}
	var orphans []wire.Address
	for _, at := range list {
		h, err := EditHeader(e.Draft, at)
		if err != nil {
			return err
		}
		targets, err := e.takeApart(h)
		if err != nil {
			return h5err.At(err, "object header", uint64(at))
		}
		h.Free()
		if e.Deleted != nil {
			e.Deleted(at)
		}
		for _, t := range targets {
			if !among[t] {
				orphans = append(orphans, t)
			}
		}
	}
	for _, t := range orphans {
		if _, err := e.AddReference(t, -1); err != nil {
			return err
		}
	}
	return nil
}

// typesLast puts committed datatypes behind the objects that can't be read
// without them.
func (e *Editor) typesLast(list []wire.Address) ([]wire.Address, error) {
	var first, types []wire.Address
	graph := e.Graph()
	for _, at := range list {
		h, err := graph.Open(at)
		if err != nil {
			return nil, err
		}
		if h.Kind() == KindDatatype {
			types = append(types, at)
		} else {
			first = append(first, at)
		}
	}
	return append(first, types...), nil
}

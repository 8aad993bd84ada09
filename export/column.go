package export

import (
	"fmt"
	"strings"

	"gables/hdf5/datatype"
	"gables/hdf5/h5err"
)

// Column is a part of a compound's elements.
type Column struct {
	Name   string // members from the outside in, joined by "/"
	Type   *datatype.Datatype
	Offset int // bytes from the start of an element
}

// maxColumns bounds the header of one table.
const maxColumns = 1 << 18

// isTable tells whether elements of t are records: compounds, except those
// that stand for complex numbers.
func isTable(t *datatype.Datatype) bool {
	_, _, isComplex := complexParts(t)
	return t.Class == datatype.Compound && !isComplex && len(t.Members) > 0
}

// IsTable tells whether elements of t are written as records with columns.
func IsTable(t *datatype.Datatype) bool {
	for t.Class == datatype.Array && t.Base != nil {
		t = t.Base
	}
	return isTable(t)
}

// Columns gives the members of a compound that names pick, in the order of
// names; all of them when there are no names. A name is a member, or a path
// "a/b" of a nested one. ErrNotFound names what there is instead.
func Columns(t *datatype.Datatype, names []string) ([]Column, error) {
	for t.Class == datatype.Array && t.Base != nil {
		t = t.Base
	}
	if !isTable(t) {
		return nil, fmt.Errorf("columns of %v: %w", t.Class, h5err.ErrType)
	}
	var list []Column
	if len(names) == 0 {
		for _, m := range t.Members {
			list = append(list, Column{m.Name, m.Type, m.Offset})
		}
	}
	for _, n := range names {
		c, ok := find(t, n)
		if !ok {
			return nil, fmt.Errorf("no column %q, there are %s: %w", n, columnNames(t), h5err.ErrNotFound)
		}
		list = append(list, c)
	}
	for _, c := range list {
		if c.Offset < 0 || c.Type.Size < 1 || c.Offset+c.Type.Size > t.Size {
			return nil, fmt.Errorf("member %q at %d of %d bytes: %w", Escape(c.Name), c.Offset, t.Size, h5err.ErrCorrupt)
		}
	}
	return list, nil
}

// find takes the longest member name first, as names may hold "/".
func find(t *datatype.Datatype, name string) (Column, bool) {
	for _, m := range t.Members {
		if m.Name == name {
			return Column{name, m.Type, m.Offset}, true
		}
	}
	for _, m := range t.Members {
		rest, ok := strings.CutPrefix(name, m.Name+"/")
		if !ok || m.Type.Class != datatype.Compound {
			continue
		}
		if c, ok := find(m.Type, rest); ok {
			return Column{name, c.Type, m.Offset + c.Offset}, true
		}
	}
	return Column{}, false
}

// columnNames lists members for an error message.
func columnNames(t *datatype.Datatype) string {
	var list []string
	for i, m := range t.Members {
		if i == 20 {
			list = append(list, "…")
			break
		}
		list = append(list, Escape(m.Name))
	}
	return strings.Join(list, ", ")
}

// flatten replaces compounds by their members and, if cells is set, arrays by
// their cells.
func flatten(in []Column, cells bool) ([]Column, error) {
	var out []Column
	for _, c := range in {
		parts, err := flattenOne(nil, c, cells, 0)
		if err != nil {
			return nil, err
		}
		if out = append(out, parts...); len(out) > maxColumns {
			return nil, fmt.Errorf("more than %d columns: %w", maxColumns, h5err.ErrLimit)
		}
	}
	return out, nil
}

func flattenOne(out []Column, c Column, cells bool, depth int) ([]Column, error) {
	var err error
	switch {
	case depth > maxDepth || len(out) > maxColumns:
		return nil, fmt.Errorf("column %q has too many parts: %w", Escape(c.Name), h5err.ErrLimit)
	case isTable(c.Type):
		for _, m := range c.Type.Members {
			part := Column{c.Name + "/" + m.Name, m.Type, c.Offset + m.Offset}
			if out, err = flattenOne(out, part, cells, depth+1); err != nil {
				return nil, err
			}
		}
		return out, nil
	case cells && c.Type.Class == datatype.Array:
		return flattenArray(out, c, depth)
	}
	return append(out, c), nil
}

func flattenArray(out []Column, c Column, depth int) ([]Column, error) {
	n := 1
	for _, d := range c.Type.Dims {
		if n *= d; d < 1 || n > maxColumns || n > c.Type.Size {
			return nil, fmt.Errorf("column %q has %v cells: %w", Escape(c.Name), c.Type.Dims, h5err.ErrLimit)
		}
	}
	for i := range n {
		index, rest := "", i
		for k := len(c.Type.Dims) - 1; k >= 0; k-- {
			index = fmt.Sprintf(",%d%s", rest%c.Type.Dims[k], index)
			rest /= c.Type.Dims[k]
		}
		part := Column{c.Name + "[" + strings.TrimPrefix(index, ",") + "]", c.Type.Base, c.Offset + i*c.Type.Base.Size}
		var err error
		if out, err = flattenOne(out, part, true, depth+1); err != nil {
			return nil, err
		}
	}
	return out, nil
}

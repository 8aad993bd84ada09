package main

import (
	"context"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"unicode/utf8"

	"gables/export"
	"gables/hdf5"
	"gables/hdf5/dataspace"
	"gables/hdf5/datatype"
	"gables/hdf5/filter"
)

// shortType describes a type in at most n characters.
func shortType(t *datatype.Datatype, n int) string {
	if t == nil {
		return "?"
	}
	s := t.String()
	switch name := export.TypeName(t); {
	case name != "":
		return name
	case utf8.RuneCountInString(s) <= n:
		return export.Escape(s)
	case t.Class == datatype.Compound:
		return fmt.Sprintf("compound{%d columns}", len(t.Members))
	case t.Class == datatype.Enum:
		return fmt.Sprintf("enum(%s){%d names}", shortType(t.Base, n), len(t.Enum))
	case t.Class == datatype.Array || t.Class == datatype.VLen:
		outer, _, _ := strings.Cut(s, "(")
		return export.Escape(outer) + "(" + shortType(t.Base, n) + ")"
	}
	return export.Escape(clip(s, n))
}

// clip cuts s to n characters.
func clip(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}

// shapeText gives extents as Python does, scalar or null.
func shapeText(s *dataspace.Dataspace) string {
	if s == nil {
		return "?"
	}
	if s.Kind != dataspace.Simple {
		return s.String()
	}
	return tuple(s.Dims)
}

func tuple(dims []uint64) string {
	list := make([]string, len(dims))
	for i, d := range dims {
		list[i] = strconv.FormatUint(d, 10)
		if d == dataspace.Unlimited {
			list[i] = "unlimited"
		}
	}
	if len(list) == 1 {
		return "(" + list[0] + ",)"
	}
	return "(" + strings.Join(list, ", ") + ")"
}

// filterName is a stage's customary name.
func filterName(s filter.Stage) string {
	if f, err := hdf5.Filters().Lookup(s.ID, s.Name); err == nil {
		return f.Name()
	}
	if s.Name != "" {
		return export.Escape(clip(s.Name, 40))
	}
	return "filter-" + strconv.Itoa(int(s.ID))
}

// filtersText names a pipeline: shuffle+deflate.
func filtersText(stages []filter.Stage) string {
	list := make([]string, len(stages))
	for i, s := range stages {
		list[i] = filterName(s)
	}
	return strings.Join(list, "+")
}

// logicalSize is the bytes of all elements; at most the greatest number.
func logicalSize(d *hdf5.Dataset) uint64 {
	n, err := d.Space().Count()
	hi, lo := bits.Mul64(n, uint64(d.Type().Size))
	if err != nil || hi != 0 {
		return ^uint64(0)
	}
	return lo
}

// isPyTables tells whether PyTables made the object, whose booleans are then
// bitfields.
func isPyTables(o hdf5.Object) bool {
	class, err := hdf5.AttributeValue[string](o, "CLASS")
	if err != nil {
		return false
	}
	switch class {
	case "ARRAY", "CARRAY", "EARRAY", "VLARRAY", "TABLE", "INDEXARRAY", "GROUP":
		return true
	}
	return false
}

// valueText gives an attribute's value in one line.
func valueText(ctx context.Context, a *hdf5.Attribute, s export.Style, c *export.Context, bools bool) ([]byte, error) {
	if err := a.Err(); err != nil {
		return nil, err
	}
	if a.Space().Kind == dataspace.Null {
		if s == export.JSON {
			return []byte("null"), nil
		}
		return []byte("(empty)"), nil
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f, err := export.NewFormat(a.Type(), s, c, export.Options{BoolBits: bools, Quote: a.Space().Rank() > 0})
	if err != nil {
		return nil, err
	}
	c.Renew()
	return f.AppendAll(nil, a.Bytes(), a.Space().Dims, s)
}

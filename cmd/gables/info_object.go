package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"gables/export"
	"gables/hdf5"
	"gables/hdf5/dataspace"
	"gables/hdf5/datatype"
	"gables/hdf5/filter"
)

func (n *informer) object(o hdf5.Object, path string) error {
	n.head("")
	n.add("path", text(path))
	n.add("kind", hdf5.KindOf(o))
	switch o := o.(type) {
	case *hdf5.Dataset:
		n.dataset(o)
	case *hdf5.NamedDatatype:
		n.datatype(o.Type)
	case *hdf5.Group:
		if err := n.group(o); err != nil {
			return err
		}
	}
	n.header(o)
	n.attributes(o)
	return n.ctx.Err()
}

func (n *informer) group(g *hdf5.Group) error {
	links := 0
	for _, err := range g.Links(n.ctx, hdf5.AsStored) {
		if n.ctx.Err() != nil {
			return n.ctx.Err()
		}
		if err != nil {
			n.fault("links fault", err)
			break
		}
		links++
	}
	n.add("links", links)
	if s, err := g.Storage(); err == nil {
		n.addPlain("link storage", s, strings.ReplaceAll(s, "_", " "))
	}
	if tracks, err := g.TracksOrder(); err == nil {
		n.add("tracks order", tracks)
	}
	return nil
}

// datatype tells the type: all of it for programs, in lines for people.
func (n *informer) datatype(t *datatype.Datatype) {
	const width = 100
	short := shortType(t, width)
	n.addPlain("dtype", text(t.String()), short)
	n.add("element size", bytesValue(t.Size))
	if t.Committed != 0 {
		n.add("committed type at", t.Committed)
	}
	if n.json || t.Class != datatype.Compound || short == t.String() {
		return
	}
	for _, m := range t.Members {
		n.add(fmt.Sprintf("  %s at %d", m.Name, m.Offset), shortType(m.Type, width))
	}
}

func (n *informer) dataset(d *hdf5.Dataset) {
	sp := d.Space()
	n.addPlain("space", strings.ToLower([...]string{"scalar", "simple", "null"}[min(sp.Kind, 2)]), "")
	if sp.Kind == dataspace.Simple {
		n.add("shape", sp.Dims)
		if sp.MaxDims != nil && tuple(sp.MaxDims) != tuple(sp.Dims) {
			n.addPlain("max shape", maxShape(sp.MaxDims), tuple(sp.MaxDims))
		}
	}
	if count, err := sp.Count(); err == nil {
		n.add("elements", count)
	}
	n.datatype(d.Type())
	n.storage(d)
	n.filters(d.Filters())
	n.fill(d)
}

// maxShape has null for dimensions without end.
func maxShape(dims []uint64) []*uint64 {
	list := make([]*uint64, len(dims))
	for i := range dims {
		if dims[i] != dataspace.Unlimited {
			list[i] = &dims[i]
		}
	}
	return list
}

func (n *informer) storage(d *hdf5.Dataset) {
	n.head("storage")
	l, err := d.Layout()
	n.add("layout", l.Class)
	n.add("layout version", l.Version)
	if err != nil {
		n.fault("layout fault", err)
	}
	if l.Class == "chunked" {
		n.chunks(d, l)
	}
	if (l.Class == "chunked" || l.Class == "contiguous") && len(l.External) == 0 {
		key := map[string]string{"chunked": "index address", "contiguous": "data address"}[l.Class]
		if l.Allocated {
			n.addPlain(key, l.Address, fmt.Sprintf("%d (0x%x)", l.Address, l.Address))
		} else {
			n.addPlain(key, nil, "not allocated")
		}
	}
	for i, e := range l.External {
		n.addPlain(fmt.Sprintf("external file %d", i), text(e.Name), fmt.Sprintf("%s, %d bytes from %d", export.Escape(e.Name), e.Size, e.Offset))
	}
	for i, v := range l.Virtual {
		n.add(fmt.Sprintf("source %d", i), text(v.File+":"+v.Dataset))
	}
	logical := logicalSize(d)
	n.add("size", bytesValue(logical))
	stored, err := d.StorageSize(n.ctx)
	if err != nil {
		n.fault("stored fault", err)
		return
	}
	n.add("stored", bytesValue(stored))
	if s := ratio(logical, stored); s != "" {
		n.addPlain("ratio", float64(logical)/float64(stored), s)
	}
}

func (n *informer) chunks(d *hdf5.Dataset, l hdf5.Layout) {
	n.add("chunk shape", l.Chunk)
	n.addPlain("chunk index", l.Index, strings.ReplaceAll(l.Index, "_", " "))
	allocated, skipped := 0, 0
	err := d.Chunks(n.ctx, func(c hdf5.Chunk) error {
		allocated++
		if c.FilterMask != 0 {
			skipped++
		}
		return nil
	})
	if err != nil {
		n.fault("chunks fault", err)
		return
	}
	grid := uint64(1)
	for _, k := range dataspace.ChunkGrid(d.Shape(), l.Chunk) {
		grid *= k
	}
	n.addPlain("chunks", allocated, fmt.Sprintf("%d of %d allocated", allocated, grid))
	n.addPlain("chunk grid", dataspace.ChunkGrid(d.Shape(), l.Chunk), "")
	if skipped > 0 {
		n.add("chunks that skip a filter", skipped)
	}
	if l.UnfilteredEdge {
		n.add("edge chunks unfiltered", true)
	}
}

func (n *informer) filters(stages []filter.Stage) {
	n.head("filters")
	for i, s := range stages {
		values := make([]string, len(s.Values))
		for k, v := range s.Values {
			values[k] = strconv.FormatUint(uint64(v), 10)
		}
		plain := fmt.Sprintf("%s (id %d)", filterName(s), s.ID)
		if len(values) > 0 {
			plain += " [" + strings.Join(values, " ") + "]"
		}
		if s.Optional {
			plain += ", optional"
		}
		if _, err := hdf5.Filters().Lookup(s.ID, s.Name); err != nil {
			plain += n.p.fault(", not known to gables")
		}
		v := map[string]any{"id": s.ID, "name": text(filterName(s)), "values": s.Values, "optional": s.Optional}
		n.addPlain(strconv.Itoa(i), v, plain)
	}
}

func (n *informer) fill(d *hdf5.Dataset) {
	v := d.FillValue()
	n.head("fill value")
	n.add("defined", v.Defined)
	n.add("written", v.Time)
	n.add("space allocated", v.Alloc)
	if v.Value == nil {
		return
	}
	for _, s := range []export.Style{export.JSON, export.Text} {
		f, err := export.NewFormat(d.Type(), s, n.values, export.Options{BoolBits: isPyTables(d)})
		if err != nil {
			n.fault("value", err)
			return
		}
		b, err := f.Append(nil, v.Value)
		switch {
		case err != nil:
			n.fault("value", err)
			return
		case s == export.JSON && n.json:
			n.add("value", rawJSON(b))
		case s == export.Text && !n.json:
			n.addPlain("value", "", clip(string(b), 100)+" ")
		}
	}
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func (n *informer) header(o hdf5.Object) {
	h := o.Header()
	n.head("object header")
	n.addPlain("address", o.Address(), fmt.Sprintf("%d (0x%x)", o.Address(), o.Address()))
	n.add("version", h.Version)
	n.add("blocks", h.Blocks)
	n.add("messages", len(h.Messages))
	n.addPlain("references", o.References(), plural(o.References(), "hard link"))
	if t := o.Modified(); !t.IsZero() {
		n.add("modified", t.UTC().Format(time.RFC3339))
	}
	if c := o.Comment(); c != "" {
		n.add("comment", text(c))
	}
	count := 0
	for range o.Attributes() {
		count++
	}
	n.add("attributes", count)
	if h.DenseAttributes {
		n.add("dense attributes", true)
	}
}

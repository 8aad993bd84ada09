package diff

import (
	"bytes"
	"fmt"
	"strings"

	"gables/hdf5"
	"gables/hdf5/dataspace"
	"gables/hdf5/datatype"
	"gables/hdf5/h5err"
)

// values compares the elements of two datasets or attributes of one shape.
type values struct {
	c      *comparison
	path   string
	ta, tb *datatype.Datatype
	same   bool // equal bytes are equal values
	dims   []uint64
	count  uint64 // differences
}

func (c *comparison) newValues(path string, ta, tb *datatype.Datatype, dims []uint64) *values {
	return &values{c: c, path: path, ta: ta, tb: tb, dims: dims, same: datatype.Equal(ta, tb) && !ta.HasVL() && !refers(ta)}
}

// refers tells whether elements hold references, which mean something in their
// own file alone.
func refers(t *datatype.Datatype) bool {
	if t == nil {
		return false
	}
	for _, m := range t.Members {
		if refers(m.Type) {
			return true
		}
	}
	return t.Class == datatype.Reference || refers(t.Base)
}

// pieceBytes is about how much of a dataset is in memory at once.
const pieceBytes = 4 << 20

// pieces compares two datasets piece by piece, whole rows of chunks where they
// fit. Chunks are decoded in parallel.
func (v *values) pieces(a, b *hdf5.Dataset, chunk []uint64) error {
	size := max(a.Type().Size, b.Type().Size)
	if size > 64*pieceBytes {
		return fmt.Errorf("elements of %d bytes: %w", size, h5err.ErrLimit)
	}
	bound, err := a.Space().Bind(dataspace.All())
	if err != nil {
		return err
	}
	if bound.Rank() == 0 {
		return v.read(a, b, dataspace.All(), 1, nil, nil)
	}
	limit := uint64(max(1, pieceBytes/size))
	bound.SplitChunks(limit, chunk, func(_ uint64, p *dataspace.Bound) bool {
		start, dims, ok := p.Dense()
		if !ok {
			err = fmt.Errorf("a piece of a whole dataset is no box: %w", h5err.ErrSelection)
			return false
		}
		err = v.read(a, b, dataspace.Box(start, dims), p.Count(), start, dims)
		return err == nil
	})
	return err
}

// read compares one piece.
func (v *values) read(a, b *hdf5.Dataset, sel dataspace.Selection, n uint64, start, dims []uint64) error {
	o := hdf5.ReadOptions{Workers: v.c.o.Workers}
	x, y := make([]byte, n*uint64(v.ta.Size)), make([]byte, n*uint64(v.tb.Size))
	if _, err := a.ReadRawWith(v.c.ctx, x, o, sel); err != nil {
		return err
	}
	if _, err := b.ReadRawWith(v.c.ctx, y, o, sel); err != nil {
		return err
	}
	v.c.bytes += uint64(len(x))
	if v.c.o.Progress != nil {
		v.c.o.Progress(v.path, v.c.bytes)
	}
	return v.piece(x, y, start, dims)
}

// piece compares stored elements, those of a box of extent dims that begins at
// start.
func (v *values) piece(a, b []byte, start, dims []uint64) error {
	n := uint64(len(a) / v.ta.Size)
	v.c.result.Values += n
	if v.same && bytes.Equal(a, b) {
		return nil
	}
	ha, hb := v.c.a.file.Heap(), v.c.b.file.Heap()
	for i := range n {
		x, y := a[i*uint64(v.ta.Size):][:v.ta.Size], b[i*uint64(v.tb.Size):][:v.tb.Size]
		if v.same && bytes.Equal(x, y) {
			continue
		}
		if i%(1<<14) == 0 {
			if err := v.c.ctx.Err(); err != nil {
				return err
			}
			ha, hb = v.c.a.file.Heap(), v.c.b.file.Heap() // with a budget of their own
		}
		p, err := v.ta.Any(x, ha)
		if err != nil {
			return err
		}
		q, err := v.tb.Any(y, hb)
		if err != nil {
			return err
		}
		if !v.c.equal(p, q) {
			v.differ(place(i, start, dims), p, q)
		}
	}
	return nil
}

// place is the index of element i of a box.
func place(i uint64, start, dims []uint64) []uint64 {
	at := make([]uint64, len(dims))
	for u := len(dims) - 1; u >= 0; u-- {
		at[u] = i % dims[u]
		i /= dims[u]
		if start != nil {
			at[u] += start[u]
		}
	}
	return at
}

func (v *values) differ(at []uint64, p, q any) {
	v.count++
	if v.count > uint64(v.c.o.Most) {
		v.c.result.Differences++
		return
	}
	index := ""
	if len(at) > 0 {
		index = strings.ReplaceAll(fmt.Sprint(at), " ", ", ") + " "
	}
	v.c.differ(v.path, Value, "%s%s, %s", index, v.c.a.text(p), v.c.b.text(q))
}

// end tells how many differences were not listed.
func (v *values) end() {
	if more := v.count; more > uint64(v.c.o.Most) {
		v.c.tell(Difference{Path: v.path, Kind: More, Text: fmt.Sprintf("%d more of %d differing values", more-uint64(v.c.o.Most), more)})
	}
}

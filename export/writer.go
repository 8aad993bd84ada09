package export

import (
	"io"

	"gables/hdf5/datatype"
)

// Writer takes elements as stored, in row-major order and in parts of any
// length. It buffers; Close writes what is left and ends the text, but does
// not close what is written to. After an error nothing more can be written.
type Writer interface {
	// Write takes whole elements. It does not keep data.
	Write(data []byte) error
	Close() error
}

// Spec says what is to be written.
type Spec struct {
	Type     *datatype.Datatype
	Shape    []uint64 // of all elements together, empty for a scalar
	Context  *Context
	Columns  []string // of a compound; empty for all
	NoHeader bool
	Options

	Width   int  // text arrays: characters of a line, 0 for no limit
	Edge    int  // text arrays: items shown at either end of every axis but the first; 0 for all
	Sparse  bool // only the items that Edge shows are written; not for array types
	MaxCell int  // text tables: characters of a cell, 0 for no limit
}

// unrolled makes the dimensions of an array type part of the shape.
func (s Spec) unrolled() Spec {
	for s.Type.Class == datatype.Array && s.Type.Base != nil {
		shape := append([]uint64{}, s.Shape...)
		for _, d := range s.Type.Dims {
			shape = append(shape, uint64(d))
		}
		s.Type, s.Shape = s.Type.Base, shape
	}
	return s
}

func (s Spec) compiler(style Style) *compiler { return &compiler{style, s.Context, s.Options, 0} }

// columns gives what one element is cut into: itself where it is no record.
func (s Spec) columns(cells bool) ([]Column, error) {
	if !isTable(s.Type) && len(s.Columns) == 0 {
		return []Column{{Type: s.Type}}, nil
	}
	list, err := Columns(s.Type, s.Columns)
	if err != nil {
		return nil, err
	}
	return flatten(list, cells)
}

// name is a column's name for CSV's header.
func (s Spec) name(n string) []byte {
	if s.Escape {
		return appendEscaped(nil, []byte(n))
	}
	return []byte(n)
}

// rowLength is how many elements one index of the first axis holds. A product
// beyond 64 bits belongs to a selection that can't be read either.
func rowLength(shape []uint64) uint64 {
	n := uint64(1)
	for i, d := range shape {
		if i > 0 {
			n *= d
		}
	}
	return n
}

// cell writes one column of an element.
type cell struct {
	offset int
	f      appender
}

func newCells(columns []Column, k *compiler) ([]cell, error) {
	cells := make([]cell, len(columns))
	for i, c := range columns {
		f, err := k.compile(c.Type)
		if err != nil {
			return nil, err
		}
		cells[i] = cell{c.Offset, f}
	}
	return cells, nil
}

// output gathers text and writes it in blocks.
type output struct {
	w   io.Writer
	c   *Context
	buf []byte
}

const blockSize = 64 << 10

func newOutput(w io.Writer, c *Context) *output {
	return &output{w: w, c: c, buf: make([]byte, 0, blockSize+4096)}
}

// renew begins a new budget of variable-length data.
func (o *output) renew() {
	if o.c != nil {
		o.c.Renew()
	}
}

func (o *output) flushIfFull() error {
	if len(o.buf) < blockSize {
		return nil
	}
	return o.flush()
}

func (o *output) flush() error {
	_, err := o.w.Write(o.buf)
	o.buf = o.buf[:0]
	return err
}

// Shown gives the indices of an axis of n items that Edge shows; nil for all.
func (s Spec) Shown(n uint64) []int64 {
	edge := uint64(s.Edge)
	if edge == 0 || n <= 2*edge+1 {
		return nil
	}
	list := make([]int64, 0, 2*edge)
	for i := range edge {
		list = append(list, int64(i))
	}
	for i := n - edge; i < n; i++ {
		list = append(list, int64(i))
	}
	return list
}

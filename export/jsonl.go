package export

import "io"

// jsonWriter writes one JSON value a line.
type jsonWriter struct {
	out     *output
	cells   []cell
	keys    [][]byte // of a table, nil for arrays
	size    int
	perRow  uint64
	at      uint64   // elements of the row that are written
	strides []uint64 // elements below each bracket of a row, from the outside in
}

// NewJSONLines writes one JSON value for each line: an object with a compound's
// members for each element, or the value of each index of an array's first
// axis. NewFormat says how values look.
func NewJSONLines(w io.Writer, s Spec) (Writer, error) {
	s = s.unrolled()
	j := &jsonWriter{out: newOutput(w, s.Context), size: s.Type.Size, perRow: 1}
	columns := []Column{{Type: s.Type}}
	if isTable(s.Type) || len(s.Columns) > 0 {
		var err error
		if columns, err = Columns(s.Type, s.Columns); err != nil {
			return nil, err
		}
		for _, c := range columns {
			j.keys = append(j.keys, s.compiler(JSON).key(c.Name))
		}
	} else {
		j.perRow = rowLength(s.Shape)
		j.strides = strides(s.Shape)
	}
	var err error
	j.cells, err = newCells(columns, s.compiler(JSON))
	return j, err
}

// strides gives the elements that lie within one index of the first axis, of
// the first two, and so on, the last axis left out.
func strides(shape []uint64) []uint64 {
	var list []uint64
	for i := 1; i < len(shape); i++ {
		n := uint64(1)
		for _, d := range shape[i:] {
			n *= d
		}
		list = append(list, n)
	}
	return list
}

func (j *jsonWriter) Write(data []byte) error {
	j.out.renew()
	for ; len(data) >= j.size; data = data[j.size:] {
		if err := j.element(data); err != nil {
			return err
		}
		if err := j.out.flushIfFull(); err != nil {
			return err
		}
	}
	return nil
}

func (j *jsonWriter) element(src []byte) error {
	if j.keys != nil {
		return j.record(src)
	}
	if j.at > 0 {
		j.out.buf = append(j.out.buf, ',', ' ')
	}
	for _, n := range j.strides {
		if j.at%n == 0 {
			j.out.buf = append(j.out.buf, '[')
		}
	}
	var err error
	if j.out.buf, err = j.cells[0].f(j.out.buf, src); err != nil {
		return err
	}
	j.at++
	for _, n := range j.strides {
		if j.at%n == 0 {
			j.out.buf = append(j.out.buf, ']')
		}
	}
	if j.at == j.perRow {
		j.out.buf, j.at = append(j.out.buf, '\n'), 0
	}
	return nil
}

func (j *jsonWriter) record(src []byte) error {
	var err error
	j.out.buf = append(j.out.buf, '{')
	for i, c := range j.cells {
		if i > 0 {
			j.out.buf = append(j.out.buf, ',', ' ')
		}
		if j.out.buf, err = c.f(append(j.out.buf, j.keys[i]...), src[c.offset:]); err != nil {
			return err
		}
	}
	j.out.buf = append(j.out.buf, '}', '\n')
	return nil
}

func (j *jsonWriter) Close() error { return j.out.flush() }

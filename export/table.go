package export

import (
	"io"
	"unicode/utf8"

	"gables/hdf5/datatype"
)

// tableWriter lays records out in columns. Widths come from the first records,
// which wait for that, and grow with later ones.
type tableWriter struct {
	out     *output
	cells   []cell
	right   []bool // numbers
	widths  []int
	size    int
	maxCell int
	rows    [][][]byte // that wait; the header is the first
	waiting bool
	tmp     []byte
}

// tableSample is how many records decide the widths.
const tableSample = 200

// NewTable writes records for people: a header, then a line for each element,
// nested members as columns "a/b". Everything is escaped.
func NewTable(w io.Writer, s Spec) (Writer, error) {
	s = s.unrolled()
	columns, err := s.columns(false)
	if err != nil {
		return nil, err
	}
	t := &tableWriter{out: newOutput(w, s.Context), size: s.Type.Size, maxCell: s.MaxCell, waiting: true,
		widths: make([]int, len(columns)), right: make([]bool, len(columns))}
	if t.cells, err = newCells(columns, s.compiler(Text)); err != nil {
		return nil, err
	}
	var header [][]byte
	for i, c := range columns {
		t.right[i] = isNumber(c.Type)
		header = append(header, appendEscaped(nil, []byte(c.Name)))
	}
	if !s.NoHeader {
		t.hold(header)
	}
	return t, nil
}

// isNumber tells whether people expect t's values to be aligned to the right.
func isNumber(t *datatype.Datatype) bool {
	switch t.Class {
	case datatype.Integer, datatype.Float, datatype.Time, datatype.Bitfield, datatype.Complex:
		return true
	}
	_, _, ok := complexParts(t)
	return ok
}

// hold keeps a row until the widths are known.
func (t *tableWriter) hold(row [][]byte) {
	t.rows = append(t.rows, row)
	for i, c := range row {
		t.widths[i] = max(t.widths[i], utf8.RuneCount(c))
	}
}

func (t *tableWriter) Write(data []byte) error {
	t.out.renew()
	for ; len(data) >= t.size; data = data[t.size:] {
		if t.waiting {
			if err := t.sample(data); err != nil {
				return err
			}
			continue
		}
		for i, c := range t.cells {
			if err := t.format(c, data); err != nil {
				return err
			}
			t.pad(i, t.tmp)
		}
		if err := t.out.flushIfFull(); err != nil {
			return err
		}
	}
	return nil
}

func (t *tableWriter) sample(src []byte) error {
	row := make([][]byte, len(t.cells))
	for i, c := range t.cells {
		if err := t.format(c, src); err != nil {
			return err
		}
		row[i] = append([]byte(nil), t.tmp...)
	}
	if t.hold(row); len(t.rows) > tableSample {
		return t.release()
	}
	return nil
}

// format puts a cell's text into tmp, cut to maxCell characters.
func (t *tableWriter) format(c cell, src []byte) error {
	var err error
	if t.tmp, err = c.f(t.tmp[:0], src[c.offset:]); err != nil {
		return err
	}
	if t.maxCell > 0 && len(t.tmp) > t.maxCell {
		t.tmp = cut(t.tmp, t.maxCell)
	}
	return nil
}

// cut keeps n characters, the last of which says that there are more.
func cut(s []byte, n int) []byte {
	for i := range string(s) {
		if n--; n == 0 && utf8.RuneCount(s[i:]) > 1 {
			return append(s[:i], "…"...)
		}
	}
	return s
}

// pad adds a cell; the last one of a line gets no spaces behind it.
func (t *tableWriter) pad(i int, text []byte) {
	n := utf8.RuneCount(text)
	t.widths[i] = max(t.widths[i], n)
	gap, last := t.widths[i]-n, i == len(t.widths)-1
	if i > 0 {
		t.out.buf = append(t.out.buf, ' ', ' ')
	}
	if t.right[i] {
		t.out.buf = appendSpaces(t.out.buf, gap)
	}
	t.out.buf = append(t.out.buf, text...)
	if !t.right[i] && !last {
		t.out.buf = appendSpaces(t.out.buf, gap)
	}
	if last {
		t.out.buf = append(t.out.buf, '\n')
	}
}

func appendSpaces(dst []byte, n int) []byte {
	for ; n > 0; n-- {
		dst = append(dst, ' ')
	}
	return dst
}

// release writes the rows that wait.
func (t *tableWriter) release() error {
	for _, row := range t.rows {
		for i, c := range row {
			t.pad(i, c)
		}
		if err := t.out.flushIfFull(); err != nil {
			return err
		}
	}
	t.rows, t.waiting = nil, false
	return nil
}

func (t *tableWriter) Close() error {
	if t.waiting {
		if err := t.release(); err != nil {
			return err
		}
	}
	return t.out.flush()
}

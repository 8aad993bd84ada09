package export

import (
	"bytes"
	"io"
)

// csvWriter writes a table's elements, or the rows of an array, as lines of
// fields.
type csvWriter struct {
	out    *output
	cells  []cell // of one element
	size   int    // bytes of an element
	perRow uint64 // elements in a line
	at     uint64 // elements of the line that are written
	start  int    // where the line begins in out.buf
}

// NewCSV writes CSV as RFC 4180 has it, with CR LF replaced by LF. A compound's
// elements are lines below a header; nested members are columns "a/b", cells of
// array members "a[0]" or "a[1,2]". Of an array each index of the first axis
// makes a line without a header, in which the other axes lie flat. A cell that
// has parts of its own (a sequence, a list of compounds) is JSON.
func NewCSV(w io.Writer, s Spec) (Writer, error) {
	s = s.unrolled()
	columns, err := s.columns(true)
	if err != nil {
		return nil, err
	}
	c := &csvWriter{out: newOutput(w, s.Context), size: s.Type.Size, perRow: 1}
	if c.cells, err = newCells(columns, s.compiler(CSV)); err != nil {
		return nil, err
	}
	if !isTable(s.Type) {
		c.perRow = rowLength(s.Shape)
		return c, nil
	}
	if !s.NoHeader {
		for i, k := range columns {
			if i > 0 {
				c.out.buf = append(c.out.buf, ',')
			}
			c.out.buf = appendCSV(c.out.buf, s.name(k.Name))
		}
		c.out.buf = append(c.out.buf, '\n')
	}
	return c, nil
}

func (c *csvWriter) Write(data []byte) error {
	c.out.renew()
	for ; len(data) >= c.size; data = data[c.size:] {
		if c.at == 0 {
			c.start = len(c.out.buf)
		} else {
			c.out.buf = append(c.out.buf, ',')
		}
		if err := c.element(data); err != nil {
			return err
		}
		if c.at++; c.at == c.perRow {
			c.endLine()
		}
		if err := c.out.flushIfFull(); err != nil {
			return err
		}
	}
	return nil
}

func (c *csvWriter) element(src []byte) error {
	var err error
	for i, k := range c.cells {
		if i > 0 {
			c.out.buf = append(c.out.buf, ',')
		}
		if c.out.buf, err = k.f(c.out.buf, src[k.offset:]); err != nil {
			return err
		}
	}
	return nil
}

// endLine marks a line that would be empty, as readers skip those.
func (c *csvWriter) endLine() {
	if c.perRow == 1 && len(c.cells) == 1 && len(c.out.buf) == c.start {
		c.out.buf = append(c.out.buf, '"', '"')
	}
	c.out.buf, c.at = append(c.out.buf, '\n'), 0
}

func (c *csvWriter) Close() error { return c.out.flush() }

// appendCSV adds one field, quoted as RFC 4180 wants it: where it holds a
// comma, a quote or a line break. Spaces at its ends are quoted too, as readers
// differ about them.
func appendCSV(dst, s []byte) []byte {
	if len(s) == 0 || !bytes.ContainsAny(s, ",\"\r\n") && s[0] != ' ' && s[len(s)-1] != ' ' {
		return append(dst, s...)
	}
	dst = append(dst, '"')
	for _, c := range s {
		if c == '"' {
			dst = append(dst, '"')
		}
		dst = append(dst, c)
	}
	return append(dst, '"')
}

package export

import (
	"bytes"
	"io"
	"math"
	"unicode/utf8"
)

// gridWriter lays an array out in nested brackets, as numpy does.
type gridWriter struct {
	out   *output
	f     appender
	size  int
	right bool
	shape []uint64
	index []uint64 // of the next element
	width int      // characters of an item
	limit int      // characters of a line
	edge  uint64   // items shown at either end of an axis; all when 0
	skip  bool     // hidden items are not written to us

	held    []byte // the first elements, until the width is known
	started bool
	opened  int // brackets that are open
	breaks  int // line breaks before the next bracket
	column  int // characters in the line so far, 0 before its first item
	tmp     []byte
}

// gridSample is how many elements decide the width of an item, of at most
// gridHeld bytes, and gridWidest how wide one may make all others.
const (
	gridSample = 2000
	gridHeld   = 1 << 20
	gridWidest = 32
)

// NewGrid writes an array for people: [[1 2]\n [3 4]], a scalar alone.
// Strings are quoted, except in a scalar. With Spec.Edge the middle of every
// axis but the first becomes "...".
func NewGrid(w io.Writer, s Spec) (Writer, error) {
	s = s.unrolled()
	k := s.compiler(Text)
	if len(s.Shape) > 0 {
		k.depth = 1
	}
	f, err := k.compile(s.Type)
	if err != nil {
		return nil, err
	}
	g := &gridWriter{out: newOutput(w, s.Context), f: f, size: s.Type.Size, right: isNumber(s.Type), shape: s.Shape,
		index: make([]uint64, len(s.Shape)), limit: s.Width, edge: uint64(s.Edge), skip: s.Sparse}
	if g.limit == 0 {
		g.limit = math.MaxInt
	}
	return g, nil
}

func (g *gridWriter) Write(data []byte) error {
	g.out.renew()
	if !g.started {
		g.held = append(g.held, data...)
		if len(g.held) < min(gridSample*g.size, gridHeld) {
			return nil
		}
		return g.start()
	}
	return g.elements(data)
}

// start writes what was held.
func (g *gridWriter) start() error {
	if err := g.measure(g.held); err != nil {
		return err
	}
	g.started = true
	err := g.elements(g.held)
	g.held = nil
	return err
}

func (g *gridWriter) elements(data []byte) error {
	for ; len(data) >= g.size; data = data[g.size:] {
		if err := g.element(data); err != nil {
			return err
		}
		if err := g.out.flushIfFull(); err != nil {
			return err
		}
	}
	return nil
}

// measure takes the width of an item from the first elements.
func (g *gridWriter) measure(data []byte) error {
	if len(g.shape) == 0 {
		return nil
	}
	for n := 0; n < gridSample && len(data) >= g.size; n++ {
		var err error
		if g.tmp, err = g.f(g.tmp[:0], data); err != nil {
			return err
		}
		g.width = max(g.width, min(utf8.RuneCount(g.tmp), gridWidest))
		data = data[g.size:]
	}
	return nil
}

// element adds one item, or dots where the first of the hidden ones would be.
func (g *gridWriter) element(src []byte) error {
	axis, first := g.hidden()
	for axis >= 0 {
		if first {
			g.dots(axis)
		}
		if !g.skip {
			g.advance()
			return nil
		}
		g.index[axis] = g.shape[axis] - g.edge
		axis, first = g.hidden()
	}
	var err error
	if g.tmp, err = g.f(g.tmp[:0], src); err != nil {
		return err
	}
	g.open(len(g.shape))
	g.item(g.tmp)
	g.advance()
	return nil
}

// dots stand for the middle of an axis: as an item, or as a line of their own.
func (g *gridWriter) dots(axis int) {
	if axis == len(g.shape)-1 {
		g.item([]byte("..."))
		return
	}
	g.newLine()
	g.out.buf = append(g.out.buf, "..."...)
	g.breaks = 1
}

// hidden gives the first axis in whose middle the next element lies, or -1,
// and whether it is the first element there.
func (g *gridWriter) hidden() (axis int, first bool) {
	for i := 1; i < len(g.shape) && g.edge > 0; i++ {
		n, at := g.shape[i], g.index[i]
		if n <= 2*g.edge+1 || at < g.edge || at >= n-g.edge {
			continue
		}
		first = at == g.edge
		for _, k := range g.index[i+1:] {
			first = first && k == 0
		}
		return i, first
	}
	return -1, false
}

// open brings the number of open brackets up to n.
func (g *gridWriter) open(n int) {
	if g.opened == n {
		return
	}
	g.newLine()
	g.out.buf = append(g.out.buf, bytes.Repeat([]byte{'['}, n-g.opened)...)
	g.opened, g.column = n, 0
}

func (g *gridWriter) newLine() {
	if g.breaks == 0 {
		return
	}
	g.out.buf = append(g.out.buf, "\n\n"[:g.breaks]...)
	g.out.buf = appendSpaces(g.out.buf, g.opened)
	g.breaks = 0
}

// item adds text behind a space or a line break.
func (g *gridWriter) item(text []byte) {
	n := utf8.RuneCount(text)
	pad := max(0, g.width-n)
	switch {
	case g.column == 0:
	case g.column+1+pad+n+2*len(g.shape) > g.limit:
		g.out.buf = appendSpaces(append(g.out.buf, '\n'), len(g.shape))
		g.column = 0
	default:
		g.out.buf = append(g.out.buf, ' ')
		g.column++
	}
	if g.right {
		g.out.buf = appendSpaces(g.out.buf, pad)
	}
	g.out.buf = append(g.out.buf, text...)
	if !g.right && !g.isLast() {
		g.out.buf = appendSpaces(g.out.buf, pad)
	}
	g.column += pad + max(n, 1)
}

// isLast tells whether nothing follows the element in its row.
func (g *gridWriter) isLast() bool {
	k := len(g.shape) - 1
	return k < 0 || g.index[k] == g.shape[k]-1
}

// advance counts up and closes the axes that end.
func (g *gridWriter) advance() {
	axis := len(g.shape)
	for axis > 0 {
		if g.index[axis-1]++; g.index[axis-1] < g.shape[axis-1] {
			break
		}
		g.index[axis-1] = 0
		axis--
	}
	if n := g.opened - axis; n > 0 {
		g.out.buf = append(g.out.buf, bytes.Repeat([]byte{']'}, n)...)
		g.opened, g.breaks = axis, min(n, 2)
	}
}

func (g *gridWriter) Close() error {
	if len(g.held) > 0 {
		if err := g.start(); err != nil {
			return err
		}
	}
	if !g.started {
		g.out.buf = append(g.out.buf, '[', ']')
	}
	g.out.buf = append(g.out.buf, '\n')
	return g.out.flush()
}

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

	started bool
	column  int // characters in the line so far
	gap     int // line breaks before the next item, -1 for a space
	tmp     []byte
}

// gridSample is how many elements decide the width of an item, and gridWidest
// how wide one may make all others.
const (
	gridSample = 2000
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
		index: make([]uint64, len(s.Shape)), limit: s.Width, edge: uint64(s.Edge)}
	if g.limit == 0 {
		g.limit = math.MaxInt
	}
	return g, nil
}

func (g *gridWriter) Write(data []byte) error {
	g.out.renew()
	if !g.started {
		if err := g.measure(data); err != nil {
			return err
		}
		g.started, g.gap = true, 0
		g.open(0)
	}
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

// open adds the brackets of the axes from axis on, below the indent of those
// that are open already.
func (g *gridWriter) open(axis int) {
	g.out.buf = appendSpaces(g.out.buf, axis)
	for i := axis; i < len(g.shape); i++ {
		g.out.buf = append(g.out.buf, '[')
	}
	g.column, g.gap = len(g.shape), 0
}

// element adds one item, and what lies between it and the next.
func (g *gridWriter) element(src []byte) error {
	shown, dots := g.visible()
	if shown {
		var err error
		if g.tmp, err = g.f(g.tmp[:0], src); err != nil {
			return err
		}
		g.item(g.tmp)
	} else if dots {
		g.item([]byte("..."))
	}
	g.advance(shown || dots)
	return nil
}

// visible tells whether the element is shown, or is the first of those in
// whose place dots stand.
func (g *gridWriter) visible() (shown, dots bool) {
	if g.edge == 0 {
		return true, false
	}
	for i := 1; i < len(g.shape); i++ {
		n, at := g.shape[i], g.index[i]
		if n <= 2*g.edge+1 || at < g.edge || at >= n-g.edge {
			continue
		}
		for _, k := range g.index[i+1:] {
			if k != 0 {
				return false, false
			}
		}
		return false, at == g.edge
	}
	return true, false
}

// item adds text behind a space or a line break.
func (g *gridWriter) item(text []byte) {
	n := utf8.RuneCount(text)
	pad := 0
	if g.right {
		pad = max(0, g.width-n)
	}
	if g.gap < 0 {
		if g.column+1+pad+n > g.limit && g.column > len(g.shape) {
			g.out.buf = appendSpaces(append(g.out.buf, '\n'), len(g.shape))
			g.column = len(g.shape)
		} else {
			g.out.buf = append(g.out.buf, ' ')
			g.column++
		}
	}
	g.out.buf = append(appendSpaces(g.out.buf, pad), text...)
	g.column += pad + n
	g.gap = -1
	if !g.right && n < g.width && !g.isLast() {
		g.out.buf = appendSpaces(g.out.buf, g.width-n)
		g.column += g.width - n
	}
}

// isLast tells whether the line ends behind this element.
func (g *gridWriter) isLast() bool {
	k := len(g.shape) - 1
	return k < 0 || g.index[k] == g.shape[k]-1
}

// advance counts up and closes the axes that end.
func (g *gridWriter) advance(shown bool) {
	axis := len(g.shape)
	for axis > 0 {
		if g.index[axis-1]++; g.index[axis-1] < g.shape[axis-1] {
			break
		}
		g.index[axis-1] = 0
		axis--
	}
	closed := len(g.shape) - axis
	if closed == 0 || !shown && !g.endsShown(axis) {
		return
	}
	g.out.buf = append(g.out.buf, bytes.Repeat([]byte{']'}, closed)...)
	if axis == 0 {
		return
	}
	g.out.buf = append(g.out.buf, bytes.Repeat([]byte{'\n'}, min(closed, 2))...)
	g.open(axis)
}

// endsShown is for elements that are hidden: their axes have no brackets.
func (g *gridWriter) endsShown(int) bool { return false }

func (g *gridWriter) Close() error {
	if !g.started {
		for range g.shape {
			g.out.buf = append(g.out.buf, '[')
		}
		g.out.buf = append(g.out.buf, bytes.Repeat([]byte{']'}, len(g.shape))...)
	}
	g.out.buf = append(g.out.buf, '\n')
	return g.out.flush()
}

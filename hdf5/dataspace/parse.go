package dataspace

import (
	"fmt"
	"math"
	"strings"

	"gables/hdf5/h5err"
)

// maxText is how many bytes a selection's text may have.
const maxText = 1 << 20

// parser reads a selection's text from left to right.
type parser struct {
	text string
	pos  int
}

// Parse reads what stands between the brackets of a Python index: "0:10, :",
// "5", "-1", "::-1", "...", "[1,4,7], :". White space is free; "" and "()" select
// everything. At most one list is taken, because numpy, h5py and PyTables
// disagree about two; Axes takes any number. ErrSelection says where the text is
// wrong, ErrLimit that it has more than 2^20 bytes.
func Parse(text string) (Selection, error) {
	if len(text) > maxText {
		return Selection{}, fmt.Errorf("selection of %d bytes exceeds %d: %w", len(text), maxText, h5err.ErrLimit)
	}
	p := &parser{text: text}
	p.space()
	if rest := strings.TrimRight(text[p.pos:], " \t\r\n"); rest == "" || rest == "()" {
		return All(), nil
	}
	var axes []Axis
	lists, dots := 0, 0
	for p.pos < len(text) {
		a, err := p.axis()
		if err != nil {
			return Selection{}, err
		}
		axes = append(axes, a)
		switch a.kind {
		case axisList:
			lists++
		case axisEllipsis:
			dots++
		}
		if lists > 1 || dots > 1 || len(axes)-dots > MaxRank {
			return Selection{}, p.fail("too many axes, lists or ellipses")
		}
		if p.space(); p.pos < len(text) && !p.accept(',') {
			return Selection{}, p.fail("want a comma")
		}
	}
	return Axes(axes...), nil
}

// MustParse is Parse for texts known to be right; it panics on others.
func MustParse(text string) Selection {
	s, err := Parse(text)
	if err != nil {
		panic(err)
	}
	return s
}

// fail gives the error that what was found at the position is wrong.
func (p *parser) fail(why string) error {
	from := max(0, p.pos-20)
	return fmt.Errorf("selection text at byte %d, after %q: %s: %w", p.pos, p.text[from:p.pos], why, h5err.ErrSelection)
}

// space passes over white space.
func (p *parser) space() {
	for p.pos < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.pos]) >= 0 {
		p.pos++
	}
}

// accept takes c, and white space around it, if it comes next.
func (p *parser) accept(c byte) bool {
	p.space()
	if p.pos == len(p.text) || p.text[p.pos] != c {
		return false
	}
	p.pos++
	p.space()
	return true
}

// axis reads one axis.
func (p *parser) axis() (Axis, error) {
	p.space()
	if strings.HasPrefix(p.text[p.pos:], "...") {
		p.pos += 3
		return Ellipsis(), nil
	}
	if p.accept('[') {
		return p.list()
	}
	part, err := p.optional()
	if err != nil {
		return Axis{}, err
	}
	if !p.accept(':') {
		switch {
		case part == Open:
			return Axis{}, p.fail("want an index, a slice, a list or an ellipsis")
		case saturated(part):
			return Axis{}, p.fail("index exceeds 64 bits")
		}
		return Index(part), nil
	}
	out := Axis{kind: axisRange, start: part, stop: Open, step: Open}
	if out.stop, err = p.optional(); err != nil {
		return Axis{}, err
	}
	if p.accept(':') {
		if out.step, err = p.optional(); err != nil {
			return Axis{}, err
		}
	}
	if out.step == 0 {
		return Axis{}, p.fail("slice step 0")
	}
	return out, nil
}

// list reads indices up to the closing bracket.
func (p *parser) list() (Axis, error) {
	var list []int64
	for !p.accept(']') {
		v, err := p.optional()
		if err != nil {
			return Axis{}, err
		}
		if v == Open || saturated(v) {
			return Axis{}, p.fail("want an index of at most 64 bits")
		}
		list = append(list, v)
		if !p.accept(',') && (p.pos == len(p.text) || p.text[p.pos] != ']') {
			return Axis{}, p.fail("want a comma or a closing bracket")
		}
	}
	return Axis{kind: axisList, list: list}, nil
}

// saturated tells whether v stands for an integer beyond the 64 bits.
func saturated(v int64) bool { return v == math.MaxInt64 || v == -math.MaxInt64 }

// optional reads an integer if one comes next, otherwise gives Open. One beyond
// 64 bits becomes ±(2^63-1), which any extent clips as it would the exact value.
func (p *parser) optional() (int64, error) {
	p.space()
	negative := false
	begin := p.pos
	if p.pos < len(p.text) && (p.text[p.pos] == '-' || p.text[p.pos] == '+') {
		negative = p.text[p.pos] == '-'
		p.pos++
	}
	digits, v := p.pos, int64(0)
	for ; p.pos < len(p.text) && p.text[p.pos] >= '0' && p.text[p.pos] <= '9'; p.pos++ {
		d := int64(p.text[p.pos] - '0')
		if v > (math.MaxInt64-d)/10 {
			v = math.MaxInt64
		} else {
			v = v*10 + d
		}
	}
	switch {
	case p.pos > digits && negative:
		return -v, nil
	case p.pos > digits:
		return v, nil
	case digits > begin:
		return 0, p.fail("want digits after the sign")
	}
	return Open, nil
}

package diff

import (
	"bytes"
	"context"
	"fmt"
	"math/big"
	"sync"

	"gables/hdf5"
	"gables/hdf5/datatype"
)

// equal compares two values as Datatype.Any gives them.
func (c *comparison) equal(p, q any) bool {
	switch p := p.(type) {
	case []any:
		q, ok := q.([]any)
		if !ok || len(p) != len(q) {
			return false
		}
		for i := range p {
			if !c.equal(p[i], q[i]) {
				return false
			}
		}
		return true
	case datatype.Record:
		q, ok := q.(datatype.Record)
		if !ok || len(p) != len(q) {
			return false
		}
		for i := range p {
			if p[i].Name != q[i].Name || !c.equal(p[i].Value, q[i].Value) {
				return false
			}
		}
		return true
	case datatype.EnumValue:
		q, ok := q.(datatype.EnumValue)
		return ok && p.Name == q.Name && c.equal(p.Value, q.Value)
	case datatype.Ref:
		q, ok := q.(datatype.Ref)
		return ok && c.a.target(p) == c.b.target(q)
	case []byte:
		q, ok := q.([]byte)
		return ok && bytes.Equal(p, q)
	case string:
		return p == q
	}
	return c.numbers(p, q)
}

// numbers compares integers exactly, whatever their widths, and all numbers
// within the tolerances.
func (c *comparison) numbers(p, q any) bool {
	if x, ok := p.(complex64); ok {
		p = complex128(x)
	}
	if y, ok := q.(complex64); ok {
		q = complex128(y)
	}
	if x, ok := p.(complex128); ok {
		y, ok := q.(complex128)
		return ok && c.o.near(real(x), real(y)) && c.o.near(imag(x), imag(y))
	}
	x, y := integer(p), integer(q)
	if x != nil && y != nil && (x.Cmp(y) == 0 || c.o.exact()) {
		return x.Cmp(y) == 0
	}
	f, ok := float(p, x)
	g, ok2 := float(q, y)
	if !ok || !ok2 {
		return false
	}
	if c.o.exact() && x != nil != (y != nil) {
		// A float equals an integer only where it is that integer.
		return exactly(p, x).Cmp(exactly(q, y)) == 0
	}
	return c.o.near(f, g)
}

// integer gives a value's integer; nil when it is none.
func integer(v any) *big.Int {
	switch v := v.(type) {
	case int8:
		return big.NewInt(int64(v))
	case int16:
		return big.NewInt(int64(v))
	case int32:
		return big.NewInt(int64(v))
	case int64:
		return big.NewInt(v)
	case uint8:
		return big.NewInt(int64(v))
	case uint16:
		return big.NewInt(int64(v))
	case uint32:
		return big.NewInt(int64(v))
	case uint64:
		return new(big.Int).SetUint64(v)
	case *big.Int:
		return v
	}
	return nil
}

// float gives a number as float64.
func float(v any, i *big.Int) (float64, bool) {
	switch v := v.(type) {
	case float32:
		return float64(v), true
	case float64:
		return v, true
	}
	if i == nil {
		return 0, false
	}
	f, _ := new(big.Float).SetInt(i).Float64()
	return f, true
}

// exactly gives a number without rounding; a NaN, which equals no integer, as
// an infinity.
func exactly(v any, i *big.Int) *big.Float {
	if i != nil {
		return new(big.Float).SetPrec(uint(max(64, i.BitLen()))).SetInt(i)
	}
	f, _ := float(v, nil)
	if f != f {
		return new(big.Float).SetInf(false)
	}
	return big.NewFloat(f)
}

// side is one of the two files.
type side struct {
	ctx   context.Context
	file  *hdf5.File
	once  sync.Once
	paths map[uint64]string // of objects by address
}

func newSide(ctx context.Context, f *hdf5.File) *side { return &side{ctx: ctx, file: f} }

// target names what a reference leads to.
func (s *side) target(r datatype.Ref) string {
	t, err := s.file.Dereference(r)
	switch {
	case err != nil:
		return "unreadable: " + err.Error()
	case t == nil:
		return ""
	case t.Err != nil:
		return "dangling"
	}
	s.once.Do(func() {
		s.paths = map[uint64]string{}
		for o, err := range s.file.Walk(s.ctx) {
			if err == nil {
				s.paths[o.Address()] = o.Path()
			}
		}
	})
	name := t.File + ":" + s.paths[t.Object.Address()]
	if t.Region != nil {
		name += fmt.Sprintf(" %s %v", t.Region.Kind, t.Region.Selection)
	}
	if t.Attribute != "" {
		name += "@" + t.Attribute
	}
	return name
}

// text writes a value for people.
func (s *side) text(v any) string {
	const most = 60
	var t string
	switch v := v.(type) {
	case datatype.Ref:
		t = s.target(v)
	case string:
		t = fmt.Sprintf("%q", v)
	default:
		t = fmt.Sprintf("%v", v)
	}
	if len(t) > most {
		t = t[:most] + "…"
	}
	return t
}

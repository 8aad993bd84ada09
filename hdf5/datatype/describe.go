package datatype

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
	"unicode"
)

var orderSuffix = [...]string{"le", "be", "vax"}

// String describes t in one line: "int32le", "string[16] utf8",
// "compound{a:int32le, b:array[2,3](float64be)}". Names that hold anything but
// printable letters, digits and punctuation are quoted.
func (t *Datatype) String() string {
	var b strings.Builder
	t.describe(&b)
	return b.String()
}

// short is String cut to what an error message can bear.
func short(t *Datatype) string {
	s := []rune(t.String())
	if len(s) > 120 {
		return string(s[:119]) + "…"
	}
	return string(s)
}

// quoted escapes names that would confuse the description or a terminal.
func quoted(s string) string {
	plain := s != "" && !strings.ContainsAny(s, ",:=(){}[]\"\\")
	for _, r := range s {
		plain = plain && unicode.IsPrint(r) && r != unicode.ReplacementChar
	}
	if plain {
		return s
	}
	return strconv.Quote(s)
}

func (t *Datatype) describe(b *strings.Builder) {
	switch t.Class {
	case Integer:
		name := "uint"
		if t.Signed {
			name = "int"
		}
		t.describeBits(b, name)
	case Bitfield:
		t.describeBits(b, "bits")
	case Time:
		fmt.Fprintf(b, "time%d%s", 8*t.Size, t.order())
	case Float:
		t.describeFloat(b)
	case String:
		t.describeText(b)
	case Opaque:
		fmt.Fprintf(b, "opaque[%d]", t.Size)
		if t.Tag != "" {
			b.WriteString(" " + strconv.Quote(t.Tag))
		}
	case Reference:
		b.WriteString("reference(" + t.RefKind.String() + ")")
	default:
		t.describeNested(b)
	}
}

// order is the suffix of t's byte order.
func (t *Datatype) order() string {
	if int(t.Order) < len(orderSuffix) {
		return orderSuffix[t.Order]
	}
	return "?"
}

func (t *Datatype) describeBits(b *strings.Builder, name string) {
	fmt.Fprintf(b, "%s%d%s", name, 8*t.Size, t.order())
	if !t.fillsSize() {
		fmt.Fprintf(b, "(%d bits at %d)", t.Precision, t.BitOffset)
	}
}

// fillsSize tells whether all bits of an element belong to the value.
func (t *Datatype) fillsSize() bool { return t.BitOffset == 0 && t.Precision == 8*t.Size }

func (t *Datatype) describeFloat(b *strings.Builder) {
	if t.BitOffset == 0 && t.Order != VAX && t.Norm == NormImplied {
		switch t.fields() {
		case fields16, fields32, fields64, fields128:
			fmt.Fprintf(b, "float%d%s", 8*t.Size, t.order())
			return
		case fieldsBF:
			b.WriteString("bfloat16" + t.order())
			return
		case fieldsE4:
			b.WriteString("float8e4m3")
			return
		case fieldsE5:
			b.WriteString("float8e5m2")
			return
		}
	}
	norm := [...]string{"none", "msbset", "implied", "?"}[min(t.Norm, 3)]
	fmt.Fprintf(b, "float%d%s(%d bits at %d, sign %d, exponent %d at %d, mantissa %d at %d, bias %d, %s)", 8*t.Size,
		t.order(), t.Precision, t.BitOffset, t.SignPos, t.ExpSize, t.ExpPos, t.MantSize, t.MantPos, t.Bias, norm)
}

func (t *Datatype) describeText(b *strings.Builder) {
	if t.Variable {
		b.WriteString("vlstring")
	} else {
		fmt.Fprintf(b, "string[%d]", t.Size)
	}
	b.WriteString([...]string{" ascii", " utf8", " charset?"}[min(t.Charset, 2)])
	b.WriteString([...]string{"", " nullpad", " spacepad", " pad?"}[min(t.Pad, 3)])
}

func (t *Datatype) describeNested(b *strings.Builder) {
	switch t.Class {
	case Compound:
		b.WriteString("compound{")
		for i, m := range t.Members {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(quoted(m.Name) + ":")
			m.Type.describe(b)
		}
		b.WriteString("}")
		return
	case Enum:
		b.WriteString("enum(")
		t.Base.describe(b)
		b.WriteString("){")
		for i, m := range t.Enum {
			if i > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(b, "%s=%v", quoted(m.Name), t.Base.integer(m.Value))
		}
		b.WriteString("}")
		return
	case VLen:
		b.WriteString("vlen(")
	case Array:
		b.WriteString("array[")
		for i, n := range t.Dims {
			if i > 0 {
				b.WriteString(",")
			}
			b.WriteString(strconv.Itoa(n))
		}
		b.WriteString("](")
	case Complex:
		b.WriteString("complex(")
	default:
		b.WriteString(t.Class.String())
		return
	}
	t.Base.describe(b)
	b.WriteString(")")
}

// String is the kind's customary name.
func (k ReferenceKind) String() string {
	names := [...]string{"object", "region", "object2", "region2", "attribute"}
	if int(k) < len(names) {
		return names[k]
	}
	return "unknown"
}

// HasVL tells whether elements of t hold references into a global heap, so
// that decoding their contents needs one: variable-length sequences and
// strings, region references and H5T_STD_REF.
func (t *Datatype) HasVL() bool {
	switch t.Class {
	case VLen:
		return true
	case String:
		return t.Variable
	case Reference:
		return t.RefKind != ObjectReference
	case Compound:
		for _, m := range t.Members {
			if m.Type.HasVL() {
				return true
			}
		}
	case Array:
		return t.Base.HasVL()
	}
	return false
}

// Equal tells whether a and b mean the same bytes: all fields that Class gives
// a meaning agree. Version, Committed and the order in which members are
// listed do not count.
func Equal(a, b *Datatype) bool {
	if a == b {
		return true
	}
	if a == nil || b == nil || a.Class != b.Class || a.Size != b.Size {
		return false
	}
	switch a.Class {
	case Integer, Bitfield, Time:
		return a.number() == b.number() && a.Signed == b.Signed
	case Float:
		return a.number() == b.number() && a.fields() == b.fields() && a.Norm == b.Norm && a.IntPad == b.IntPad
	case String:
		return a.Variable == b.Variable && a.Pad == b.Pad && a.Charset == b.Charset
	case Opaque:
		return a.Tag == b.Tag
	case Reference:
		return a.RefKind == b.RefKind && a.RefVersion == b.RefVersion
	case Compound:
		return equalMembers(a.Members, b.Members)
	case Enum:
		return Equal(a.Base, b.Base) && equalEnums(a.Enum, b.Enum)
	case Array:
		return fmt.Sprint(a.Dims) == fmt.Sprint(b.Dims) && Equal(a.Base, b.Base)
	}
	return Equal(a.Base, b.Base)
}

// numberForm is what all numbers have in common.
type numberForm struct {
	order             ByteOrder
	precision, offset int
	lo, hi            bool
}

func (t *Datatype) number() numberForm {
	f := numberForm{t.Order, t.Precision, t.BitOffset, t.LoPad, t.HiPad}
	if t.Size == 1 {
		f.order = LittleEndian // one byte has no order
	}
	return f
}

func equalMembers(a, b []Member) bool {
	if len(a) != len(b) {
		return false
	}
	x, y := sortedByName(a, memberName), sortedByName(b, memberName)
	for i := range x {
		if x[i].Name != y[i].Name || x[i].Offset != y[i].Offset || !Equal(x[i].Type, y[i].Type) {
			return false
		}
	}
	return true
}

func equalEnums(a, b []EnumMember) bool {
	if len(a) != len(b) {
		return false
	}
	x, y := sortedByName(a, enumName), sortedByName(b, enumName)
	for i := range x {
		if x[i].Name != y[i].Name || string(x[i].Value) != string(y[i].Value) {
			return false
		}
	}
	return true
}

func memberName(m Member) string   { return m.Name }
func enumName(m EnumMember) string { return m.Name }

// sortedByName copies s into the order of its names.
func sortedByName[T any](s []T, name func(T) string) []T {
	c := append([]T(nil), s...)
	sort.SliceStable(c, func(i, j int) bool { return name(c[i]) < name(c[j]) })
	return c
}

package digest

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// Logical describes a type without saying how it is stored: byte order,
// padding bits and offsets do not show.
func (t *Type) Logical() string {
	switch t.Class {
	case "integer", "float", "bitfield", "time":
		if t.Class == "bitfield" {
			return "bits" + strings.TrimPrefix(t.Canon, "uint")
		}
		return t.Canon
	case "string":
		if t.Variable {
			return "string"
		}
		return fmt.Sprintf("string[%d]", *t.Size)
	case "opaque":
		return fmt.Sprintf("opaque[%d] %q", *t.Size, *t.Tag)
	case "reference":
		return "reference(" + t.Kind + ")"
	case "compound":
		return "compound{" + joined(t.Members, func(m Member) string { return quoted(m.Name) + ":" + m.Type.Logical() }) + "}"
	case "enum":
		return "enum(" + t.Base.Logical() + "){" + joined(t.Members, func(m Member) string { return quoted(m.Name) + "=" + m.Value }) + "}"
	case "array":
		return fmt.Sprintf("array%s(%s)", strings.ReplaceAll(fmt.Sprint(t.Dims), " ", ","), t.Base.Logical())
	}
	return t.Class + "(" + t.Base.Logical() + ")"
}

func joined(list []Member, text func(Member) string) string {
	parts := make([]string, len(list))
	for i, m := range list {
		parts[i] = text(m)
	}
	return strings.Join(parts, ", ")
}

// quoted gives a name as it is, or as a Go string where it would confuse a
// reader or a terminal.
func quoted(s string) string {
	odd := func(r rune) bool { return !unicode.IsPrint(r) || r == '"' }
	if strings.ContainsFunc(s, odd) || strings.TrimSpace(s) != s || s == "" {
		return fmt.Sprintf("%q", s)
	}
	return s
}

// String describes the dataspace: scalar, null, or extents.
func (e Extent) String() string {
	if e.Space != "simple" {
		return e.Space
	}
	return strings.ReplaceAll(fmt.Sprint(e.Shape), " ", "x")
}

// Lines gives the object as lines "sum  kind path  type shape": itself, then
// its attributes. The sum is the value's SHA-256; for a group that of its
// links, for a committed datatype that of its description. They say nothing of
// how the data is stored.
func (o *Object) Lines() []string {
	name := quoted(o.Path)
	var first string
	switch {
	case o.Error != "":
		first = line("error", o.Type, name, quoted(o.Error))
	case o.Type == "group":
		first = line(sumText(linkLines(o.Links)), "group", name, "")
	case o.Type == "datatype":
		first = line(sumText(o.Datatype.Logical()), "datatype", name, o.Datatype.Logical())
	case o.Content == nil:
		first = line("error", o.Type, name, "")
	case o.Value != nil:
		first = line(o.Value.SHA256, "dataset", name, o.Datatype.Logical()+" "+o.Extent.String())
	default:
		first = line(o.Corner.SHA256, "corner", name, o.Datatype.Logical()+" "+o.Extent.String())
	}
	lines := []string{first}
	for _, a := range o.Attributes {
		lines = append(lines, a.line(o.Path))
	}
	if o.AttributesError != "" {
		lines = append(lines, line("error", "attributes", name, quoted(o.AttributesError)))
	}
	return lines
}

func (a *Attribute) line(path string) string {
	name := quoted(path + "@" + a.Name)
	if a.Value == nil {
		return line("error", "attribute", name, quoted(a.Error))
	}
	return line(a.Value.SHA256, "attribute", name, a.Datatype.Logical()+" "+a.Extent.String())
}

// line joins columns; an error takes the place of a sum.
func line(sum, kind, name, rest string) string {
	return strings.TrimRight(fmt.Sprintf("%-64s  %-9s  %s  %s", sum, kind, name, rest), " ")
}

func linkLines(links []Link) string {
	var b strings.Builder
	for _, l := range links {
		object := l.Object
		if l.Kind == "soft" {
			object = "" // follows from the target
		}
		fmt.Fprintf(&b, "%q %s %q", l.Name, l.Kind, object)
		for _, p := range []*string{l.File, l.Target, l.Data} {
			if p != nil {
				fmt.Fprintf(&b, " %q", *p)
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

func sumText(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}

// Total is the SHA-256 of all lines of a manifest.
func (m *Manifest) Total() string {
	h := sha256.New()
	for _, o := range m.Objects {
		for _, l := range o.Lines() {
			io.WriteString(h, l+"\n")
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// WriteText writes all lines and the total.
func (m *Manifest) WriteText(w io.Writer) error {
	b := bufio.NewWriter(w)
	for _, o := range m.Objects {
		for _, l := range o.Lines() {
			b.WriteString(l + "\n")
		}
	}
	b.WriteString(line(m.Total(), "total", quoted(m.File), "") + "\n")
	return b.Flush()
}

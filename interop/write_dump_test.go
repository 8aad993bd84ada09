//go:build interop

package interop

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"gables/digest"
	"gables/hdf5/datatype"
)

// dump is what h5dump prints of a file: words, by object.
type dump struct {
	values     map[string][]string // of datasets, by path
	attributes map[string][]string // by path and "@" and name
	spaces     map[string]string   // of datasets
	groups     map[string]bool
	links      map[string]string // hard links to what was printed before, soft and external ones
}

// plugins is the folder of the filters that hdf5plugin brings; other programs
// load them from there, too.
var plugins = sync.OnceValue(func() string {
	out, err := exec.Command(pythonProgram(), "-c", "import hdf5plugin; print(hdf5plugin.PLUGIN_PATH)").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
})

// h5dumpTells gives all that h5dump prints of a file, and whether it found
// faults.
func h5dumpTells(t *testing.T, dir, name string) (dump, error) {
	t.Helper()
	cmd := exec.Command("h5dump", "-w", "0", "-y", "-m", "%.17g", name)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HDF5_USE_FILE_LOCKING=FALSE", "HDF5_PLUGIN_PATH="+plugins())
	out, err := cmd.Output()
	p := &dumpParser{words: dumpWords(string(out)), d: dump{map[string][]string{}, map[string][]string{}, map[string]string{}, map[string]bool{}, map[string]string{}}}
	p.body("", "/")
	return p.d, err
}

// dumpWords splits what h5dump prints into words, brackets and quoted strings,
// which keep their quotes.
func dumpWords(s string) (list []string) {
	for at := 0; at < len(s); {
		c := s[at]
		end := at + 1
		switch {
		case c == ' ' || c == '\n' || c == ',' || c == '\t':
			at++
			continue
		case c == '"':
			for end < len(s) && s[end] != '"' {
				if s[end] == '\\' {
					end++
				}
				end++
			}
			end = min(end+1, len(s))
		case strings.IndexByte("{}()[];", c) < 0:
			for end < len(s) && strings.IndexByte(" \n,\t{}()[];\"", s[end]) < 0 {
				end++
			}
		}
		list = append(list, s[at:end])
		at = end
	}
	return list
}

// dumpParser walks over the words.
type dumpParser struct {
	words []string
	at    int
	d     dump
}

func (p *dumpParser) peek(n int) string {
	if p.at+n < len(p.words) {
		return p.words[p.at+n]
	}
	return ""
}

// block gives the words between the bracket that follows and its other end.
func (p *dumpParser) block() []string {
	depth, from := 0, p.at+1
	for ; p.at < len(p.words); p.at++ {
		switch p.words[p.at] {
		case "{":
			depth++
		case "}":
			if depth--; depth == 0 {
				p.at++
				return p.words[from : p.at-1]
			}
		}
	}
	return p.words[min(from, len(p.words)):]
}

// body walks over the parts of an object, up to its closing bracket. owner is
// "@" and a name within an attribute.
func (p *dumpParser) body(owner, at string) {
	for p.at < len(p.words) {
		word := p.words[p.at]
		p.at++
		switch {
		case word == "}":
			return
		case strings.HasPrefix(p.peek(0), "\"") && p.peek(1) == "{":
			p.part(word, unquoted(p.peek(0)), at)
		case word == "DATA" && p.peek(0) == "{":
			data := p.block()
			if owner != "" {
				p.d.attributes[at+owner] = data
			} else {
				p.d.values[at] = data
			}
		case word == "DATASPACE":
			from := p.at
			if p.at++; p.peek(0) == "{" {
				p.block()
			}
			if owner == "" {
				p.d.spaces[at] = strings.Join(p.words[from:p.at], " ")
			}
		case word == "HARDLINK":
			p.d.links[at] = "hard " + unquoted(p.peek(0))
			p.at++
		case word == "{":
			p.at--
			p.block()
		}
	}
}

// part walks over what has a name.
func (p *dumpParser) part(word, name, at string) {
	p.at++
	below := path.Join(at, name)
	switch word {
	case "HDF5":
		p.at++
		p.body("", "/")
	case "GROUP", "DATASET":
		if below == "/" || name == "/" {
			below = "/"
		}
		p.d.groups[below] = word == "GROUP"
		p.at++
		p.body("", below)
	case "ATTRIBUTE":
		p.at++
		p.body("@"+name, at)
	case "SOFTLINK", "EXTERNAL_LINK":
		inner := p.block()
		p.d.links[below] = strings.Join(inner, " ")
	default:
		p.block()
	}
}

// unquoted is the text of a quoted string.
func unquoted(s string) string {
	v, err := strconv.Unquote(signExtended.Replace(s))
	if err != nil {
		return s
	}
	return v
}

// printer gives the words that h5dump prints for canonical bytes.
type printer struct {
	b    []byte
	list []string
}

func (p *printer) take(n int) []byte {
	b := p.b[:n]
	p.b = p.b[n:]
	return b
}

func (p *printer) add(words ...string) { p.list = append(p.list, words...) }

func (p *printer) element(t *datatype.Datatype) {
	switch t.Class {
	case datatype.Integer:
		p.add(integerText(p.take(wide(t.Size)), t.Signed))
	case datatype.Float:
		p.add(floatText(p.take(realSize(t))))
	case datatype.Bitfield:
		p.bits(t)
	case datatype.Time:
		p.take(t.Size)
		p.add("?")
	case datatype.String:
		p.text(t)
	case datatype.Opaque:
		var list []string
		for _, c := range p.take(t.Size) {
			list = append(list, fmt.Sprintf("%02x", c))
		}
		p.octets(list)
	case datatype.Enum:
		p.enum(t)
	case datatype.Reference:
		p.reference(t)
	case datatype.Compound, datatype.Array, datatype.VLen:
		p.composed(t)
	}
}

// bits are printed one byte after the other.
func (p *printer) bits(t *datatype.Datatype) {
	var list []string
	for _, c := range p.take(t.Size) {
		list = append(list, fmt.Sprintf("%02x", c))
	}
	p.octets(list)
}

// octets are printed as they are stored, except for a single one.
func (p *printer) octets(list []string) {
	if len(list) == 1 {
		list[0] = "0x" + list[0]
	}
	p.add(strings.Join(list, ":"))
}

func (p *printer) text(t *datatype.Datatype) {
	var s []byte
	if t.Variable {
		s = p.take(int(binary.LittleEndian.Uint32(p.take(4))))
	} else {
		s = p.take(t.Size)
		if t.Pad != datatype.SpacePad {
			s, _, _ = bytesCut(s)
		}
	}
	p.add("\"" + string(s))
}

func bytesCut(s []byte) (before, after []byte, found bool) {
	if i := slices.Index(s, 0); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, nil, false
}

func (p *printer) enum(t *datatype.Datatype) {
	b := p.take(wide(t.Base.Size))
	v, _ := strconv.ParseInt(integerText(b, t.Base.Signed), 10, 64)
	for _, m := range t.Enum {
		if enumValue(t, m) == v {
			p.add(strings.Fields(m.Name)...)
			return
		}
	}
	p.add("?")
}

func (p *printer) reference(t *datatype.Datatype) {
	target := string(p.take(int(binary.LittleEndian.Uint32(p.take(4)))))
	p.add("→" + target)
	if t.RefKind == datatype.RegionReference && target != "" {
		p.take(1)
		rank := binary.LittleEndian.Uint32(p.take(4))
		p.take(8)
		p.take(int(16 * rank))
	}
}

func (p *printer) composed(t *datatype.Datatype) {
	switch t.Class {
	case datatype.Compound:
		p.add("{")
		for _, m := range t.Members {
			p.element(m.Type)
		}
		p.add("}")
	case datatype.Array:
		p.add("[")
		for range t.Size / t.Base.Size {
			p.element(t.Base)
		}
		p.add("]")
	case datatype.VLen:
		n := binary.LittleEndian.Uint32(p.take(4))
		p.add("(")
		for range n {
			p.element(t.Base)
		}
		p.add(")")
	}
}

// wide is the size of a number's canonical form.
func wide(size int) int {
	n := 1
	for n < size {
		n *= 2
	}
	return n
}

// realSize is the size of a float's canonical form.
func realSize(t *datatype.Datatype) int {
	if t.Size == 4 || t.Size == 2 && t.MantSize == 10 {
		return t.Size
	}
	return 8
}

func integerText(b []byte, signed bool) string {
	v := uint64(0)
	for i, c := range b {
		v |= uint64(c) << (8 * i)
	}
	if shift := 64 - 8*len(b); signed {
		return fmt.Sprint(int64(v<<shift) >> shift)
	}
	return fmt.Sprint(v)
}

func floatText(b []byte) string {
	switch len(b) {
	case 2:
		return realText(halfValue(binary.LittleEndian.Uint16(b)))
	case 4:
		return realText(float64(math.Float32frombits(binary.LittleEndian.Uint32(b))))
	}
	return realText(math.Float64frombits(binary.LittleEndian.Uint64(b)))
}

// halfValue is the number that binary16 stands for.
func halfValue(b uint16) float64 {
	exp, mant := int(b>>10)&31, float64(b&1023)
	v := math.Ldexp(1+mant/1024, exp-15)
	switch {
	case exp == 31 && mant != 0:
		v = math.NaN()
	case exp == 31:
		v = math.Inf(1)
	case exp == 0:
		v = math.Ldexp(mant/1024, -14)
	}
	if b&0x8000 != 0 {
		v = -v
	}
	return v
}

func realText(v float64) string {
	if math.IsNaN(v) {
		return "nan"
	}
	return strconv.FormatFloat(v, 'g', 17, 64)
}

// printed gives what h5dump must print for elements.
func printed(t *datatype.Datatype, linked bool, want [][]byte) ([]string, error) {
	c, err := digest.CompileCanonical(t)
	if err != nil {
		return nil, err
	}
	p := &printer{}
	for _, b := range want {
		if p.b = b; !linked {
			if p.b, err = c.Append(nil, b, nil); err != nil {
				return nil, err
			}
		}
		p.element(t)
	}
	return p.list, nil
}

// sameWords compares what is printed with what must be; it gives a reason
// where they differ.
func sameWords(got, want []string) string {
	if len(got) != len(want) {
		return fmt.Sprintf("%d words, want %d: %.160q, want %.160q", len(got), len(want), got, want)
	}
	for i, w := range want {
		g := got[i]
		if strings.HasPrefix(w, "\"") {
			// A string without a heap object is printed as NULL.
			if g = "\"" + strings.TrimPrefix(unquoted(g), "NULL"); strings.TrimRight(g, "\x00") != strings.TrimRight(w, "\x00") {
				return fmt.Sprintf("word %d is %q, want %q", i, g, w)
			}
			continue
		}
		if a, err := strconv.ParseFloat(g, 64); err == nil {
			if b, err := strconv.ParseFloat(w, 64); err == nil && (a == b && math.Signbit(a) == math.Signbit(b) || a != a && b != b) {
				continue
			}
		}
		if strings.TrimPrefix(g, "-") == "nan" && w == "nan" {
			continue
		}
		if g != w && w != "?" {
			return fmt.Sprintf("word %d is %q, want %q", i, g, w)
		}
	}
	return ""
}

// dumped holds a file against what h5dump prints; it gives the number of values
// that agree.
func (e *expected) dumped(t *testing.T, dir string) (values int) {
	t.Helper()
	f := &faults{t: t, name: e.name}
	d, err := h5dumpTells(t, dir, e.name)
	if err != nil && !e.unreadable(h5dumpCannot) {
		f.add("", "h5dump: %v", err)
	}
	for path, o := range e.objects {
		if o.facts["kind"] != "dataset" {
			continue
		}
		reason := h5dumpCannot(o)
		want, err := printed(o.kind.t, o.kind.linked, o.want)
		if err != nil {
			f.add(path, "%v", err)
			continue
		}
		got := d.values[path]
		if first, ok := strings.CutPrefix(d.links[path], "hard "); ok {
			got = d.values[first]
		}
		if o.kind.family == "reference" {
			got = references(got)
		}
		difference := sameWords(got, want)
		if len(want) == 0 && len(d.values[path]) == 0 {
			difference = ""
		}
		switch {
		case difference == "" && reason != "" && len(o.want) > 0 && !strings.HasPrefix(reason, sometimes):
			f.add(path, "h5dump reads it, although %s", reason)
		case difference == "":
			values++
		case reason == "":
			f.add(path, "h5dump: %s", difference)
		}
	}
	return values
}

// references makes one word of what h5dump prints for a reference: the path,
// which follows the address. What it leads to follows in brackets.
func references(words []string) []string {
	p := &dumpParser{words: words}
	var list []string
	for p.at < len(words) {
		w := words[p.at]
		p.at++
		switch w {
		case "NULL":
			list = append(list, "→")
		case "DATASET", "GROUP":
			for p.at < len(words)-1 && words[p.at][0] != '"' {
				p.at++
			}
			list = append(list, "→"+strings.Trim(p.peek(0), "\""))
			for p.at++; p.peek(0) == "{" || p.peek(0) == "DATA"; {
				if p.peek(0) == "DATA" {
					p.at++
				}
				p.block()
			}
		default:
			list = append(list, w)
		}
	}
	return list
}

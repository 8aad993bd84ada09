//go:build interop

package interop

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"testing"

	"gables/digest"
	"gables/hdf5"
	"gables/hdf5/dataspace"
	"gables/hdf5/datatype"
)

// subject is a file under test: gables' view of it, by path.
type subject struct {
	t       *testing.T
	f       *hdf5.File
	objects map[string]*digest.Object
	faults  int
}

// maxFaults is how many differences of one file are told apart.
const maxFaults = 20

func open(t *testing.T, dir, name string) *subject {
	t.Helper()
	f, err := hdf5.Open(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	m, err := digest.File(t.Context(), f, digest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := &subject{t: t, f: f, objects: map[string]*digest.Object{}}
	for _, o := range m.Objects {
		s.objects[o.Path] = o
	}
	return s
}

// fault reports a difference.
func (s *subject) fault(path, format string, args ...any) {
	s.t.Helper()
	if s.faults++; s.faults <= maxFaults {
		s.t.Errorf("%s: %s", path, fmt.Sprintf(format, args...))
	} else if s.faults == maxFaults+1 {
		s.t.Error("and more")
	}
}

// compare holds the file against all that a witness says; it gives the paths of
// the datasets that agree in every respect.
func (s *subject) compare(lines []line) map[string]bool {
	s.t.Helper()
	good, attrs, seen := map[string]bool{}, map[string]int{}, map[string]bool{}
	for _, l := range lines {
		seen[l.Path] = true
		o := s.objects[l.Path]
		before := s.faults
		switch {
		case o == nil:
			s.fault(l.Path, "is not in the digest")
		case l.Attr != nil:
			attrs[l.Path]++
			s.attribute(o, l)
		case l.Links != nil:
			s.links(o, *l.Links)
		case l.Bytes != nil:
			s.dataset(o, l)
			// Where two witnesses speak, both must agree.
			agreed, said := good[l.Path]
			good[l.Path] = s.faults == before && (agreed || !said)
		}
	}
	for path, o := range s.objects {
		if !seen[path] {
			s.fault(path, "is unknown to the witness")
		}
		if o.Error != "" && o.Content == nil {
			s.fault(path, "%s", o.Error)
		}
		if len(o.Attributes) != attrs[path] || o.AttributesError != "" {
			s.fault(path, "%d attributes, want %d %s", len(o.Attributes), attrs[path], o.AttributesError)
		}
	}
	return good
}

func (s *subject) attribute(o *digest.Object, l line) {
	s.t.Helper()
	for _, a := range o.Attributes {
		if a.Name == *l.Attr {
			s.value(l.Path+"@"+a.Name, a.Value, a.Error, l)
			return
		}
	}
	s.fault(l.Path, "no attribute %q", *l.Attr)
}

func (s *subject) value(path string, v *digest.Value, fault string, l line) {
	s.t.Helper()
	switch {
	case v == nil:
		s.fault(path, "no value: %s", fault)
	case v.Bytes != *l.Bytes || v.SHA256 != l.SHA256:
		s.fault(path, "%d bytes with SHA-256 %.12s, want %d with %.12s; it begins %s", v.Bytes, v.SHA256, *l.Bytes, l.SHA256, v.Head)
	}
}

func (s *subject) links(o *digest.Object, want []link) {
	s.t.Helper()
	if len(o.Links) != len(want) {
		s.fault(o.Path, "%d links, want %d", len(o.Links), len(want))
		return
	}
	for i, w := range want {
		k := o.Links[i]
		if got := (link{k.Name, k.Kind, text(k.File), text(k.Target)}); got != w {
			s.fault(o.Path, "link %d is %v, want %v", i, got, w)
		}
	}
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func (s *subject) dataset(o *digest.Object, l line) {
	s.t.Helper()
	if o.Content == nil || o.Value == nil {
		s.fault(o.Path, "no value: %s", o.Error)
		return
	}
	s.value(o.Path, o.Value, o.Error, l)
	d, err := s.f.Dataset(o.Path)
	if err != nil {
		s.fault(o.Path, "%v", err)
		return
	}
	s.typed(d, l)
	for _, sel := range l.Select {
		s.selected(d, sel)
	}
}

// selected reads a part of a dataset.
func (s *subject) selected(d *hdf5.Dataset, sel selection) {
	s.t.Helper()
	which := sel.selection(d.Shape())
	b, err := d.Space().Bind(which)
	if err != nil {
		s.fault(d.Path(), "%+v: %v", sel, err)
		return
	}
	dst := make([]byte, b.Count()*uint64(d.Type().Size))
	n, err := d.ReadRaw(context.Background(), dst, which)
	if err != nil || uint64(n) != b.Count() {
		s.fault(d.Path(), "%+v: %d elements, want %d: %v", sel, n, b.Count(), err)
		return
	}
	if sum(dst) != sel.SHA256 {
		s.fault(d.Path(), "%+v: other bytes: % x…", sel, dst[:min(len(dst), 32)])
	}
}

func (sel selection) selection(shape []uint64) dataspace.Selection {
	switch {
	case sel.Box != nil:
		return dataspace.Hyperslab(sel.Box[0], sel.Box[1], sel.Box[2], sel.Box[3])
	case sel.Points != nil:
		return dataspace.Points(len(shape), sel.Points)
	}
	n := uint64(1)
	for _, d := range shape {
		n *= d
	}
	mask := make([]bool, n)
	for _, i := range sel.Mask {
		mask[i] = true
	}
	return dataspace.Mask(shape, mask)
}

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// typed reads numbers as Go's type of their size: those have canonical bytes
// of their own.
func (s *subject) typed(d *hdf5.Dataset, l line) {
	s.t.Helper()
	t := d.Type()
	if l.Witness != "" || t.BitOffset != 0 || t.Precision != 8*t.Size {
		return
	}
	switch {
	case t.Class == datatype.Integer && t.Signed:
		asSigned(s, d, l)
	case t.Class == datatype.Integer:
		asUnsigned(s, d, l)
	case t.Class == datatype.Float && t.Norm == datatype.NormImplied && t.Size == 4 && t.Bias == 127:
		numbers[float32](s, d, l)
	case t.Class == datatype.Float && t.Norm == datatype.NormImplied && t.Size == 8 && t.Bias == 1023:
		numbers[float64](s, d, l)
	}
}

func asSigned(s *subject, d *hdf5.Dataset, l line) {
	switch d.Type().Size {
	case 1:
		numbers[int8](s, d, l)
	case 2:
		numbers[int16](s, d, l)
	case 4:
		numbers[int32](s, d, l)
	case 8:
		numbers[int64](s, d, l)
	}
}

func asUnsigned(s *subject, d *hdf5.Dataset, l line) {
	switch d.Type().Size {
	case 1:
		numbers[uint8](s, d, l)
	case 2:
		numbers[uint16](s, d, l)
	case 4:
		numbers[uint32](s, d, l)
	case 8:
		numbers[uint64](s, d, l)
	}
}

func numbers[T any](s *subject, d *hdf5.Dataset, l line) {
	s.t.Helper()
	values, err := hdf5.Read[T](context.Background(), d)
	if err != nil {
		s.fault(d.Path(), "Read: %v", err)
		return
	}
	var b bytes.Buffer
	if err := binary.Write(&b, binary.LittleEndian, values); err != nil {
		s.fault(d.Path(), "%v", err)
	}
	if uint64(b.Len()) != *l.Bytes || sum(b.Bytes()) != l.SHA256 {
		s.fault(d.Path(), "Read gives other values: %v…", values[:min(len(values), 8)])
	}
}

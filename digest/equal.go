package digest

import (
	"fmt"
	"slices"
)

// Incomplete lists what the manifest does not cover: objects, links and
// attributes with errors, and datasets of which only a corner was read.
func (m *Manifest) Incomplete() []string {
	var list []string
	add := func(path, why string) {
		if why != "" {
			list = append(list, quoted(path)+": "+quoted(why))
		}
	}
	add(m.File, m.Error)
	for _, o := range m.Objects {
		add(o.Path, o.Error)
		add(o.Path, o.AttributesError)
		if o.Content != nil && o.Value == nil {
			add(o.Path, o.Skipped)
		}
		if o.Storing != nil && o.Fill != nil {
			add(o.Path, o.Fill.Error)
		}
		for _, l := range o.Links {
			add(o.Path+"/"+l.Name, l.Error)
		}
		for _, a := range o.Attributes {
			add(o.Path+"@"+a.Name, a.Error)
		}
	}
	return list
}

// Damaged tells whether something could not be read; a dataset that was left
// out for its size is not damaged.
func (m *Manifest) Damaged() bool {
	if m.Error != "" {
		return true
	}
	return slices.ContainsFunc(m.Objects, func(o *Object) bool {
		return o.Error != "" || o.AttributesError != "" || o.Storing != nil && o.Fill != nil && o.Fill.Error != "" ||
			slices.ContainsFunc(o.Links, func(l Link) bool { return l.Error != "" }) ||
			slices.ContainsFunc(o.Attributes, func(a *Attribute) bool { return a.Error != "" })
	})
}

// Equal tells whether both files are known to hold the same data, however they
// store it: the same objects by path, links, attributes, shapes and values.
// What could not be read, or only in part, is never equal.
func Equal(a, b *Manifest) bool {
	return len(a.Incomplete()) == 0 && len(b.Incomplete()) == 0 && len(Differences(a, b)) == 0
}

// Differences lists the lines (see Object.Lines) that only one of two
// manifests has: those of a with "-", of b with "+", by object path.
func Differences(a, b *Manifest) []string {
	lines := func(m *Manifest) map[string][]string {
		by := map[string][]string{}
		for _, o := range m.Objects {
			by[o.Path] = append(by[o.Path], o.Lines()...)
		}
		return by
	}
	inA, inB := lines(a), lines(b)
	var paths []string
	for p := range inA {
		paths = append(paths, p)
	}
	for p := range inB {
		if inA[p] == nil {
			paths = append(paths, p)
		}
	}
	slices.Sort(paths)
	var list []string
	for _, p := range paths {
		list = append(list, only("-", inA[p], inB[p])...)
		list = append(list, only("+", inB[p], inA[p])...)
	}
	return list
}

// only gives the lines of x that y does not have.
func only(sign string, x, y []string) []string {
	have := map[string]bool{}
	for _, l := range y {
		have[l] = true
	}
	var list []string
	for _, l := range x {
		if !have[l] {
			list = append(list, fmt.Sprintf("%s %s", sign, l))
		}
	}
	return list
}

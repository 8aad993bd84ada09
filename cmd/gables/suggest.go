package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"gables/hdf5"
	"gables/hdf5/h5err"
)

// suggestLinks is how many links of a group are compared with a name.
const suggestLinks = 20000

// explain says of a path that leads nowhere in which group which link is
// missing, and which one may have been meant.
func explain(ctx context.Context, f *hdf5.File, path string, err error) error {
	if !errors.Is(err, h5err.ErrNotFound) {
		return unread(err)
	}
	g, e := f.Root()
	at := "/"
	for _, name := range strings.Split(path, "/") {
		if name == "" || e != nil {
			continue
		}
		if _, e := g.Link(name); errors.Is(e, h5err.ErrNotFound) {
			return unread(fmt.Errorf("%s: no link %q in %s%s: %w", f.Name(), name, at, meant(ctx, g, name), h5err.ErrNotFound))
		}
		at = join(at, name)
		o, e2 := g.Object(name)
		if e2 != nil {
			break // a link that dangles: the error says where it points
		}
		sub, ok := o.(*hdf5.Group)
		if !ok {
			return unread(fmt.Errorf("%s: %s is a %s, nothing is below it: %w", f.Name(), at, hdf5.KindOf(o), h5err.ErrNotFound))
		}
		g = sub
	}
	return unread(err)
}

// meant suggests a link of g for a name that it lacks.
func meant(ctx context.Context, g *hdf5.Group, name string) string {
	var names []string
	for l, err := range g.Links(ctx, hdf5.AsStored) {
		if err != nil || len(names) == suggestLinks {
			break
		}
		names = append(names, l.Name)
	}
	if best := nearest(name, names); best != "" {
		return fmt.Sprintf("; did you mean %q?", best)
	}
	return ""
}

// nearest gives the name that differs least, or none if all are far.
func nearest(name string, names []string) string {
	best, limit := "", 1+len(name)/3
	for _, n := range names {
		d := distance(strings.ToLower(name), strings.ToLower(n), limit)
		if d > limit {
			continue
		}
		if d < limit || best == "" {
			best, limit = n, d
		}
	}
	if best != "" {
		return best
	}
	for _, n := range names {
		if len(name) > 2 && strings.Contains(strings.ToLower(n), strings.ToLower(name)) {
			return n
		}
	}
	return ""
}

// distance is how many bytes must be changed, added or taken away to make b of
// a, or more than limit.
func distance(a, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit || len(a) > 256 {
		return limit + 1
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

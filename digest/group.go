package digest

import (
	"context"
	"encoding/hex"
	"strconv"

	"gables/hdf5"
)

// group describes the links of g.
func (r *run) group(ctx context.Context, g *hdf5.Group, x *Object) error {
	var err error
	if x.Storage, err = g.Storage(); err != nil {
		return err
	}
	x.Links = []Link{}
	for l, err := range g.Links(ctx, hdf5.ByName) {
		if err != nil {
			return err
		}
		x.Links = append(x.Links, r.link(g, l))
	}
	return nil
}

func (r *run) link(g *hdf5.Group, l hdf5.Link) Link {
	x := Link{Name: clean(l.Name), Kind: l.Kind.String()}
	if l.UTF8 {
		x.Charset = "utf8"
	}
	if l.HasOrder {
		x.Order = &l.Order
	}
	switch l.Kind {
	case hdf5.HardLink:
		r.hardLink(&x, l)
	case hdf5.SoftLink:
		x.Target = cleanText(l.Target)
		r.softLink(&x, g, l)
	case hdf5.ExternalLink:
		x.File, x.Target = cleanText(l.File), cleanText(l.Target)
	default:
		x.Kind = "user" + strconv.Itoa(l.Type)
		// The reference gives the data of a registered link class only, and has
		// none registered.
		x.Data, x.Stored = new(string), hex.EncodeToString(l.Data)
	}
	return x
}

// hardLink names the target, or tells why it has no path.
func (r *run) hardLink(x *Link, l hdf5.Link) {
	if p, ok := r.paths[l.Address]; ok {
		x.Object = clean(p)
		return
	}
	x.Error = "the walk did not reach the object"
	if _, err := r.f.ObjectAt(l.Address, ""); err != nil {
		x.Error = text(err)
	}
}

func (r *run) softLink(x *Link, g *hdf5.Group, l hdf5.Link) {
	o, err := g.Object(l.Name)
	resolves := err == nil
	x.Resolves = &resolves
	if err != nil {
		return
	}
	x.TargetType = hdf5.KindOf(o)
	if o.File().Same(r.f) {
		x.Object = unreachable
		if p, ok := r.paths[o.Address()]; ok {
			x.Object = clean(p)
		}
	}
}

// cleanText is the part before the first NUL, as a name.
func cleanText(s string) *string {
	s = clean(cText(s))
	return &s
}

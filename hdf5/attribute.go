package hdf5

import (
	"cmp"
	"fmt"
	"iter"
	"reflect"
	"slices"

	"gables/hdf5/dataspace"
	"gables/hdf5/datatype"
	"gables/hdf5/h5err"
	"gables/internal/object"
)

// Attribute is a small named value that belongs to an object
// (Spec: IV.A.2.m). Its value is in memory; only variable-length parts are
// read from the file when they are asked for.
type Attribute struct {
	n *node
	a *object.Attribute
}

// AttributeSeq yields attributes; one that can't be decoded comes with its
// error and the others follow.
type AttributeSeq = iter.Seq2[*Attribute, error]

// Attributes lists the attributes: in the order of creation where the object
// tracks it, by name otherwise. An attribute whose type or value can't be
// decoded is yielded together with the error.
func (n *node) Attributes() AttributeSeq {
	return func(yield func(*Attribute, error) bool) {
		list, err := n.attributes()
		for _, a := range list {
			if !yield(&Attribute{n, a}, n.wrapAttr(a.Name, a.Err)) {
				return
			}
		}
		if err != nil {
			yield(nil, n.wrap(err))
		}
	}
}

func (n *node) attributes() ([]*object.Attribute, error) {
	n, err := n.enter()
	if err != nil {
		return nil, err
	}
	defer n.leave()
	var list []*object.Attribute
	tracked := true
	for a, e := range n.s.graph.Attributes(n.h) {
		if e == nil && len(list) >= n.s.conf.limits.Objects {
			e = h5err.Limit("object header", "attributes", "more than %d", len(list))
		}
		if e != nil {
			err = e
			break
		}
		tracked = tracked && a.HasOrder
		list = append(list, a)
	}
	slices.SortStableFunc(list, func(a, b *object.Attribute) int {
		if tracked {
			return cmp.Compare(a.Order, b.Order)
		}
		return cmp.Compare(a.Name, b.Name)
	})
	return list, err
}

// Attribute gives the attribute of that name; ErrNotFound when there is none.
func (n *node) Attribute(name string) (*Attribute, error) {
	n, err := n.enter()
	if err != nil {
		return nil, err
	}
	defer n.leave()
	a, ok, err := n.s.graph.LookupAttribute(n.h, name)
	if err != nil {
		return nil, n.wrapAttr(name, err)
	}
	if !ok {
		return nil, n.wrapAttr(name, h5err.ErrNotFound)
	}
	return &Attribute{n, a}, n.wrapAttr(name, a.Err)
}

// wrapAttr adds file, path and attribute name to an error.
func (n *node) wrapAttr(name string, err error) error {
	if err == nil {
		return nil
	}
	return n.wrap(fmt.Errorf("attribute %q: %w", name, err))
}

// enter begins a call on the state that is valid now, where the attribute may
// have another value; a.n.leave must follow when it gives no error.
func (a *Attribute) enter() (*Attribute, error) {
	n, err := a.n.enter()
	if err != nil || n == a.n {
		return a, err
	}
	now, ok, err := n.s.graph.LookupAttribute(n.h, a.a.Name)
	if err == nil && !ok {
		err = h5err.ErrNotFound
	}
	if err == nil {
		err = now.Err
	}
	if err != nil {
		n.leave()
		return nil, n.wrapAttr(a.a.Name, err)
	}
	return &Attribute{n, now}, nil
}

// Name is the attribute's name.
func (a *Attribute) Name() string { return a.a.Name }

// Type is the stored datatype; nil when it could not be decoded.
func (a *Attribute) Type() *datatype.Datatype { return a.a.Type }

// Space is the dataspace; nil when it could not be decoded.
func (a *Attribute) Space() *dataspace.Dataspace { return a.a.Space }

// Order is the order of creation, and whether the object tracks it.
func (a *Attribute) Order() (int, bool) { return int(a.a.Order), a.a.HasOrder }

// Bytes are the elements as stored, row-major: [Count]Type.Size. They must not
// be changed.
func (a *Attribute) Bytes() []byte { return a.a.Data }

// Err tells why type or value can't be had; nil when they can.
func (a *Attribute) Err() error { return a.n.wrapAttr(a.a.Name, a.a.Err) }

// ReadAttribute gives all elements of an attribute as T, row-major: one for a
// scalar, none for a null dataspace. What can't be had exactly is ErrType.
func ReadAttribute[T any](a *Attribute, opts ...datatype.Options) ([]T, error) {
	if a.a.Err != nil {
		return nil, a.Err()
	}
	a, err := a.enter()
	if err != nil {
		return nil, err
	}
	defer a.n.leave()
	var o datatype.Options
	if len(opts) > 0 {
		o = opts[0]
	}
	c, err := datatype.Compile(a.a.Type, reflect.TypeFor[T](), o)
	if err != nil {
		return nil, a.n.wrapAttr(a.a.Name, err)
	}
	n := len(a.a.Data) / a.a.Type.Size
	if limit := a.n.s.conf.limits.Alloc / int64(max(1, c.Target().Size())); int64(n) > limit {
		return nil, a.n.wrapAttr(a.a.Name, h5err.ErrLimit)
	}
	out := make([]T, n)
	if err := datatype.Decode(c, out, a.a.Data, a.n.s.newHeap()); err != nil {
		return nil, a.n.wrapAttr(a.a.Name, err)
	}
	return out, nil
}

// AttributeValue gives the single element of the attribute name of o.
func AttributeValue[T any](o Object, name string) (T, error) {
	var zero T
	a, err := o.Attribute(name)
	if err != nil {
		return zero, err
	}
	list, err := ReadAttribute[T](a)
	if err != nil {
		return zero, err
	}
	if len(list) != 1 {
		return zero, a.n.wrapAttr(name, fmt.Errorf("%d elements, want one: %w", len(list), h5err.ErrType))
	}
	return list[0], nil
}

// Any gives all elements as dynamic values, row-major.
func (a *Attribute) Any() ([]any, error) {
	if a.a.Err != nil {
		return nil, a.Err()
	}
	a, err := a.enter()
	if err != nil {
		return nil, err
	}
	defer a.n.leave()
	list, err := anyValues(a.a.Type, a.a.Data, a.n.s.newHeap())
	return list, a.n.wrapAttr(a.a.Name, err)
}

func anyValues(t *datatype.Datatype, data []byte, h datatype.Heap) ([]any, error) {
	list := make([]any, 0, len(data)/t.Size)
	for ; len(data) >= t.Size; data = data[t.Size:] {
		v, err := t.Any(data[:t.Size], h)
		if err != nil {
			return list, err
		}
		list = append(list, v)
	}
	return list, nil
}

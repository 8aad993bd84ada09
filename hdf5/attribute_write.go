package hdf5

import (
	"fmt"
	"reflect"
	"slices"

	"gables/hdf5/dataspace"
	"gables/hdf5/datatype"
	"gables/hdf5/h5err"
	"gables/internal/format"
	"gables/internal/wire"
)

// editObject runs an operation on the object, which must not have been deleted.
func (n *node) editObject(operation func(w *writer) error) error {
	w, err := n.f.edit()
	if err != nil {
		return err
	}
	defer n.f.done()
	return n.wrap(w.edit(func() error {
		if w.deletedSince(n.h.Address, n.s) || w.src.deletedSince(n.h.Address, n.s.transaction) {
			return h5err.New(h5err.ErrNotFound, "", "", "the object was deleted")
		}
		return operation(w)
	}))
}

// SetAttributeRaw gives the object an attribute, in place of one of that name:
// data is the elements as stored, row-major. Variable-length data in it is
// descriptors into this file's heaps.
func (n *node) SetAttributeRaw(name string, t *datatype.Datatype, s *dataspace.Dataspace, data []byte) error {
	return n.editObject(func(w *writer) error {
		return w.setAttribute(n, name, t, s, func(*datatype.Datatype) ([]byte, error) { return data, nil })
	})
}

// setAttribute stores what encode gives for the type as it is stored.
func (w *writer) setAttribute(n *node, name string, t *datatype.Datatype, s *dataspace.Dataspace, encode func(*datatype.Datatype) ([]byte, error)) error {
	m, err := w.attribute(name, t, s, encode)
	if err != nil {
		return fmt.Errorf("attribute %q: %w", name, err)
	}
	old, err := w.editor.SetAttribute(n.h.Address, m)
	if err != nil {
		return fmt.Errorf("attribute %q: %w", name, err)
	}
	if m.TypeShared {
		if _, err := w.editor.AddReference(wire.Address(t.Committed), 1); err != nil {
			return err
		}
	}
	return w.forgetAttribute(old)
}

// attribute encodes an attribute message.
func (w *writer) attribute(name string, t *datatype.Datatype, s *dataspace.Dataspace, encode func(*datatype.Datatype) ([]byte, error)) (*format.Attribute, error) {
	if name == "" {
		return nil, h5err.New(h5err.ErrSelection, "", "", "an empty name")
	}
	if t.Committed == 0 {
		var err error
		if t, err = format.FitDatatype(t, w.editor.Low, w.sb.Sizes); err != nil {
			return nil, err
		}
	}
	n := normalSpace(s)
	if err := n.Validate(); err != nil {
		return nil, err
	}
	m := &format.Attribute{Name: name, UTF8: !isASCII(name)}
	var err error
	if m.Data, err = encode(t); err != nil {
		return nil, err
	}
	count, err := n.Count()
	if err != nil {
		return nil, err
	}
	if want, ok := wire.Mul(count, uint64(t.Size)); !ok || want != uint64(len(m.Data)) {
		return nil, h5err.New(h5err.ErrSelection, "", "", "%d bytes for %d elements of %d", len(m.Data), count, t.Size)
	}
	var flags uint8
	if m.Datatype, flags, err = w.editor.EncodeType(t); err != nil {
		return nil, err
	}
	m.TypeShared = flags&format.MsgFlagShared != 0
	m.Dataspace, err = w.editor.EncodeSpace(n)
	return m, err
}

// forgetAttribute gives back what an attribute that was taken away referred to.
func (w *writer) forgetAttribute(old *format.Attribute) error {
	if old == nil || !old.TypeShared {
		return nil
	}
	p, err := format.DecodeSharedMessage(old.Datatype, w.sb.Sizes)
	if err != nil || p.InHeap {
		return err
	}
	_, err = w.editor.AddReference(p.Header, -1)
	return err
}

// RemoveAttribute takes an attribute away; ErrNotFound when there is none of
// that name.
func (n *node) RemoveAttribute(name string) error {
	return n.editObject(func(w *writer) error {
		old, err := w.editor.RemoveAttribute(n.h.Address, name)
		if err != nil {
			return err
		}
		return w.forgetAttribute(old)
	})
}

// RenameAttribute gives an attribute another name. ErrExists: there is one of
// that name; ErrNotFound: there is none to be renamed.
func (n *node) RenameAttribute(from, to string) error {
	return n.editObject(func(w *writer) error {
		old, err := w.editor.RemoveAttribute(n.h.Address, from)
		if err != nil {
			return err
		}
		m := *old
		m.Name, m.UTF8 = to, !isASCII(to)
		m.Data = slices.Clone(old.Data)
		replaced, err := w.editor.SetAttribute(n.h.Address, &m)
		if err == nil && replaced != nil {
			err = fmt.Errorf("attribute %q: %w", to, h5err.ErrExists)
		}
		return err
	})
}

// SetComment gives the object a comment; an empty one takes it away.
func (n *node) SetComment(text string) error {
	return n.editObject(func(w *writer) error {
		var body []byte
		if text != "" {
			body = format.AppendComment(nil, text)
		}
		return w.editor.SetMessage(n.h.Address, format.MsgComment, body)
	})
}

// SetAttribute gives o an attribute with one value: a scalar of the type that
// datatype.Of gives for T, where a string becomes a fixed-length UTF-8 one. It
// takes the place of an attribute of that name.
func SetAttribute[T any](o Object, name string, value T) error {
	return setAttributes(o, name, []T{value}, &dataspace.Dataspace{Kind: dataspace.Scalar}, nil)
}

// SetAttributeArray gives o an attribute with the extents shape; nil stands for
// one dimension.
func SetAttributeArray[T any](o Object, name string, values []T, shape []uint64) error {
	if shape == nil {
		shape = []uint64{uint64(len(values))}
	}
	return setAttributes(o, name, values, &dataspace.Dataspace{Kind: dataspace.Simple, Dims: shape}, nil)
}

// SetAttributeAs gives o an attribute whose values are stored as t, scalar
// where shape is nil.
func SetAttributeAs[T any](o Object, name string, t *datatype.Datatype, values []T, shape []uint64) error {
	s := &dataspace.Dataspace{Kind: dataspace.Simple, Dims: shape}
	if shape == nil {
		s.Kind = dataspace.Scalar
	}
	return setAttributes(o, name, values, s, t)
}

func setAttributes[T any](o Object, name string, values []T, s *dataspace.Dataspace, t *datatype.Datatype) error {
	n := nodeOf(o)
	if t == nil {
		var err error
		if t, err = typeFor(values); err != nil {
			return n.wrapAttr(name, err)
		}
	}
	return n.editObject(func(w *writer) error {
		return w.setAttribute(n, name, t, s, func(stored *datatype.Datatype) ([]byte, error) {
			c, err := datatype.CompileEncode(stored, reflect.TypeFor[T](), datatype.Options{})
			if err != nil {
				return nil, err
			}
			data := make([]byte, len(values)*stored.Size)
			return data, datatype.Encode(c, data, values, lockedHeap{heapWriter{w}})
		})
	})
}

// typeFor is the datatype that values of T are stored as when nothing is said:
// strings get the length of the longest.
func typeFor[T any](values []T) (*datatype.Datatype, error) {
	if texts, ok := any(values).([]string); ok {
		size := 1
		for _, s := range texts {
			size = max(size, len(s))
		}
		return datatype.FixedString(size, datatype.NullPad, datatype.UTF8)
	}
	return datatype.Of[T]()
}

// nodeOf gives what all kinds of objects share.
func nodeOf(o Object) *node {
	switch o := o.(type) {
	case *Group:
		return o.node
	case *Dataset:
		return o.node
	case *NamedDatatype:
		return o.node
	}
	panic("hdf5: an Object that this package did not make")
}

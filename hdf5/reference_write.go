package hdf5

import (
	"fmt"

	"gables/hdf5/datatype"
	"gables/hdf5/h5err"
	"gables/internal/format"
	"gables/internal/wire"
)

// Reference makes a reference to an object of this file, to be stored in a
// dataset or attribute of it whose type is datatype.NewReference(ObjectReference).
func (f *File) Reference(o Object) (datatype.Ref, error) {
	if !sameFile(f, o.File()) {
		return datatype.Ref{}, h5err.In(fmt.Errorf("a reference can't lead to %s in another file: %w", o.Path(), h5err.ErrOutside), f.name, "")
	}
	a := wire.NewAppender(nil, f.now().sb.Sizes)
	a.Address(wire.Address(o.Address()))
	return datatype.Ref{Kind: datatype.ObjectReference, Raw: string(a.Buf)}, nil
}

// RegionReference makes a reference to a part of a dataset of this file, for
// elements of type datatype.NewReference(RegionReference). A part is a
// regular hyperslab; the zero Slab is all of the dataset.
func (f *File) RegionReference(d *Dataset, part Slab) (datatype.Ref, error) {
	w, err := f.edit()
	if err != nil {
		return datatype.Ref{}, err
	}
	defer f.done()
	if !sameFile(f, d.f) {
		return datatype.Ref{}, h5err.In(fmt.Errorf("a reference can't lead to %s in another file: %w", d.path, h5err.ErrOutside), f.name, "")
	}
	sel, err := part.selection(len(d.space.Dims))
	if err != nil {
		return datatype.Ref{}, d.wrap(err)
	}
	r := datatype.Ref{Kind: datatype.RegionReference}
	err = w.edit(func() error {
		b, err := format.AppendRegion(nil, d.h.Address, sel, w.editor.Low, w.sb.Sizes)
		if err != nil {
			return err
		}
		addr, index, err := w.editor.Heap.Insert(b)
		if err != nil {
			return err
		}
		a := wire.NewAppender(nil, w.sb.Sizes)
		a.Address(addr)
		a.U32(uint32(index))
		r.Raw = string(a.Buf)
		return nil
	})
	return r, d.wrap(err)
}

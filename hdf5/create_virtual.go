package hdf5

import (
	"slices"
	"strings"

	"gables/hdf5/h5err"
	"gables/internal/format"
	"gables/internal/heap"
	"gables/internal/wire"
)

// VirtualMapping says which elements of a virtual dataset come from where.
// Both selections have as many elements; an unlimited one is a Slab whose Count
// has dataspace.Unlimited in one dimension, in both or with a printf-style name
// ("%b" stands for the number of the block) in the virtual one alone.
type VirtualMapping struct {
	File    string // "." is the file itself
	Dataset string
	Source  Slab // in the source
	Virtual Slab // in the virtual dataset
}

// Slab is a regular hyperslab as it is stored: Count blocks of extent Block,
// Stride apart, from Start on. All nil stands for everything; Stride and Block
// that are nil are ones.
type Slab struct{ Start, Stride, Count, Block []uint64 }

// selection checks a slab and turns it into its stored form.
func (s Slab) selection(rank int) (*format.Selection, error) {
	if s.Start == nil && s.Count == nil {
		return &format.Selection{Kind: format.SelectionAll}, nil
	}
	ones := slices.Repeat([]uint64{1}, len(s.Start))
	f := &format.Selection{Kind: format.SelectionHyperslab, Rank: len(s.Start), Start: s.Start, Stride: s.Stride, Count: s.Count, Block: s.Block}
	if f.Stride == nil {
		f.Stride = ones
	}
	if f.Block == nil {
		f.Block = ones
	}
	for _, v := range [][]uint64{f.Start, f.Stride, f.Count, f.Block} {
		if len(v) != len(s.Start) || rank >= 0 && len(v) != rank {
			return nil, h5err.New(h5err.ErrSelection, "", "", "a slab %v for rank %d", s, rank)
		}
	}
	return f, nil
}

// virtual makes the layout of a virtual dataset and the heap object that has
// its mappings.
func (n *newDataset1) virtual() (*format.Layout, error) {
	list := make([]format.VirtualMapping, len(n.o.Virtual))
	for i, m := range n.o.Virtual {
		if m.File == "" || m.Dataset == "" {
			return nil, h5err.New(h5err.ErrSelection, "", "", "mapping %d names no file or no dataset", i)
		}
		v := format.VirtualMapping{File: m.File, Dataset: m.Dataset}
		var err error
		if v.Source, err = m.Source.selection(-1); err == nil {
			v.Virtual, err = m.Virtual.selection(len(n.s.Dims))
		}
		if err != nil {
			return nil, err
		}
		list[i] = v
	}
	b, err := format.AppendVirtual(nil, list, n.w.editor.Low, n.w.sb.Sizes)
	if err != nil {
		return nil, err
	}
	addr, index, err := n.w.editor.Heap.Insert(b)
	return &format.Layout{Class: format.LayoutVirtual, Version: format.LayoutVersion(format.LayoutVirtual, false, n.w.editor.Low),
		HeapAddress: addr, HeapIndex: uint32(index)}, err
}

// external makes the message that names the raw files, and the heap of their
// names.
func (n *newDataset1) external() (*format.ExternalFiles, error) {
	size, err := n.bytes()
	if err != nil {
		return nil, err
	}
	if err := checkExternal(n.o.External, size); err != nil {
		return nil, err
	}
	x := &format.ExternalFiles{}
	room := 8
	for _, f := range n.o.External {
		room += (len(f.Name)+8)&^7 + 8
	}
	if x.Heap, err = heap.NewLocal(n.w.draft, room); err != nil {
		return nil, err
	}
	names, err := heap.EditLocal(n.w.draft, x.Heap)
	if err != nil {
		return nil, err
	}
	for _, f := range n.o.External {
		e := format.ExternalFile{Offset: f.Offset, Size: f.Size}
		if f.Unlimited {
			e.Size = ^uint64(0)
		}
		if e.NameOffset, err = names.Insert([]byte(f.Name)); err != nil {
			return nil, err
		}
		x.Files = append(x.Files, e)
	}
	return x, nil
}

// checkExternal holds the parts against the data's bytes.
func checkExternal(files []ExternalFile, size uint64) error {
	room, ok := uint64(0), true
	for i, f := range files {
		if f.Name == "" || strings.ContainsRune(f.Name, 0) {
			return h5err.New(h5err.ErrSelection, "", "", "raw file name %q", f.Name)
		}
		if f.Unlimited {
			if i != len(files)-1 {
				return h5err.New(h5err.ErrSelection, "", "", "raw file %q takes all that follows, but is not the last", f.Name)
			}
			return nil
		}
		if room, ok = wire.Add(room, f.Size); !ok {
			return nil
		}
	}
	if room < size {
		return h5err.New(h5err.ErrSelection, "", "", "raw files of %d bytes for data of %d", room, size)
	}
	return nil
}

package btree

import (
	"bytes"
	"fmt"

	"gables/hdf5/h5err"
	"gables/internal/draft"
	"gables/internal/format"
	"gables/internal/freespace"
	"gables/internal/wire"
)

const (
	symbolNodeName    = "symbol table node"
	freespaceMetadata = freespace.Metadata
)

// Symbols edits the links of an old-style group: a version 1 B-tree of symbol
// table nodes. The root's address never changes. It belongs to one goroutine
// and may be kept over operations of the draft. Spec: III.A.1, III.B.
type Symbols struct {
	tree  v1Edit
	slots int // entries of a symbol table node
	entry int // bytes of one
	name  func(offset uint64) ([]byte, error)
}

// symbolShape gives the nodes of a group's tree.
func symbolShape(s wire.Sizes, internalK int) format.BTreeV1Shape {
	return format.BTreeV1Shape{Type: format.BTreeV1Group, Sizes: s, KeySize: s.Length, Slots: 2 * internalK}
}

// NewSymbols makes the tree of an empty group and gives its address.
func NewSymbols(d *draft.Draft, internalK int) (wire.Address, error) {
	shape := symbolShape(d.Sizes(), internalK)
	return createV1(d, &shape)
}

// EditSymbols edits the tree at root with the file's fan-outs. name gives the
// text at an offset of the group's local heap, without its NUL; it is valid
// until the next call.
func EditSymbols(d *draft.Draft, root wire.Address, leafK, internalK int, name func(offset uint64) ([]byte, error)) (*Symbols, error) {
	if leafK < 1 || leafK > 1<<14 || internalK < 1 || internalK > 1<<14 {
		return nil, h5err.Corrupt("superblock", "group K", "%d and %d", leafK, internalK)
	}
	return &Symbols{
		tree:  v1Edit{d: d, root: root, shape: symbolShape(d.Sizes(), internalK), right: true},
		slots: 2 * leafK, entry: format.SymbolTableEntrySize(d.Sizes()), name: name,
	}, nil
}

// at is where entry i of a symbol table node begins.
func (s *Symbols) at(i int) int { return 8 + i*s.entry }

// node gives a symbol table node and its number of symbols.
func (s *Symbols) node(addr wire.Address) (*draft.Block, int, error) {
	b, err := s.tree.d.Block(addr, s.at(s.slots))
	n := 0
	if err == nil {
		n, err = format.CheckSymbolNode(b.Bytes(), s.slots)
	}
	return b, n, h5err.At(err, symbolNodeName, uint64(addr))
}

// compare orders a wanted name and the one at an offset of the heap, which
// stands in b.
func (s *Symbols) compare(name, b []byte) (int, error) {
	other, err := s.name(wire.Uint(b))
	return bytes.Compare(name, other), err
}

// locate finds the symbol table node for a name, and the name's place in it. b
// is nil in an empty tree.
func (s *Symbols) locate(name []byte) (b *draft.Block, n, place int, found bool, err error) {
	err = s.tree.descend(func(key []byte) (bool, error) {
		side, err := s.compare(name, key)
		return side > 0, err
	})
	if err != nil || s.tree.leaf().n == 0 {
		return nil, 0, 0, false, err
	}
	if b, n, err = s.node(s.tree.child()); err != nil {
		return nil, 0, 0, false, err
	}
	lo, hi := 0, n
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		at := s.at(mid)
		side, err := s.compare(name, b.Bytes()[at:at+s.tree.shape.KeySize])
		switch {
		case err != nil:
			return nil, 0, 0, false, err
		case side == 0:
			return b, n, mid, true, nil
		case side < 0:
			hi = mid
		default:
			lo = mid + 1
		}
	}
	return b, n, lo, false, nil
}

// Find gives the entry of a name.
func (s *Symbols) Find(name []byte) (e format.SymbolTableEntry, ok bool, err error) {
	b, _, place, ok, err := s.locate(name)
	if err != nil || !ok {
		return e, false, err
	}
	e, err = s.decode(b, place)
	return e, err == nil, err
}

func (s *Symbols) decode(b *draft.Block, i int) (format.SymbolTableEntry, error) {
	r := wire.NewReader(b.Bytes()[s.at(i):s.at(i+1)], s.tree.shape.Sizes)
	e := format.DecodeSymbolTableEntry(r)
	return e, h5err.At(r.Err(), symbolNodeName, uint64(b.Address()))
}

// Insert adds an entry whose name is in the heap already. ErrExists if there is
// one of that name.
func (s *Symbols) Insert(e format.SymbolTableEntry) error {
	return s.tree.d.Do(func() error {
		name, err := s.name(e.NameOffset)
		if err != nil {
			return err
		}
		name = bytes.Clone(name)
		b, n, place, found, err := s.locate(name)
		switch {
		case err != nil:
			return err
		case found:
			return fmt.Errorf("link %q: %w", name, h5err.ErrExists)
		case b == nil:
			return s.first(&e)
		case n < s.slots:
			if err := s.put(b, n, place, &e); err != nil || place < n {
				return err
			}
			return s.setKey(s.tree.leaf().i+1, e.NameOffset)
		}
		return s.split(b, place, &e)
	})
}

// first makes the first node of an empty group: its left key is the empty name.
func (s *Symbols) first(e *format.SymbolTableEntry) error {
	b, err := s.newNode()
	if err != nil {
		return err
	}
	if err := s.put(b, 0, 0, e); err != nil {
		return err
	}
	var left, right [8]byte
	wire.PutUint(right[:], e.NameOffset)
	k := s.tree.shape.KeySize
	s.tree.first(left[:k], b.Address(), right[:k])
	return nil
}

func (s *Symbols) newNode() (*draft.Block, error) {
	b, err := s.tree.d.New(s.at(s.slots))
	if err == nil {
		err = fits(b.Address(), s.tree.shape.Sizes)
	}
	if err != nil {
		return nil, err
	}
	copy(b.Edit(0, 6), "SNOD\x01\x00")
	return b, nil
}

// put writes an entry at a place of a node that has n < slots.
func (s *Symbols) put(b *draft.Block, n, place int, e *format.SymbolTableEntry) error {
	p := b.Edit(s.at(place), s.at(n+1))
	copy(p[s.entry:], p)
	s.setCount(b, n+1)
	return s.encode(p[:s.entry], e)
}

// encode writes e over p, which is as long.
func (s *Symbols) encode(p []byte, e *format.SymbolTableEntry) error {
	_, err := format.AppendSymbolTableEntry(p[:0], e, s.tree.shape.Sizes)
	return err
}

func (s *Symbols) setCount(b *draft.Block, n int) {
	wire.PutUint(b.Edit(format.SymbolNodeCountAt, format.SymbolNodeCountAt+2), uint64(n))
}

// setKey makes the name at an offset key j of the leaf.
func (s *Symbols) setKey(j int, offset uint64) error {
	var key [8]byte
	wire.PutUint(key[:], offset)
	return s.tree.setKey(j, key[:s.tree.shape.KeySize])
}

// split halves a full node and puts the entry into one of the halves; the key
// between them is the last name of the left one.
func (s *Symbols) split(b *draft.Block, place int, e *format.SymbolTableEntry) error {
	half := s.slots / 2
	twin, err := s.newNode()
	if err != nil {
		return err
	}
	twin.Put(s.at(0), b.Bytes()[s.at(half):s.at(s.slots)])
	s.setCount(twin, half)
	clear(b.Edit(s.at(half), s.at(s.slots)))
	s.setCount(b, half)
	i := s.tree.leaf().i
	last := half
	if place <= half {
		err = s.put(b, half, place, e)
		last++
	} else {
		err = s.put(twin, half, place-half, e)
	}
	if err == nil && place == s.slots {
		err = s.setKey(i+1, e.NameOffset)
	}
	if err != nil {
		return err
	}
	var key [8]byte
	k := s.tree.shape.KeySize
	copy(key[:k], b.Bytes()[s.at(last-1):])
	return s.tree.insert(i+1, key[:k], twin.Address())
}

// Replace writes e over the entry of the same name. ErrNotFound if there is none.
func (s *Symbols) Replace(name []byte, e format.SymbolTableEntry) error {
	return s.tree.d.Do(func() error {
		b, n, place, found, err := s.locate(name)
		if err != nil {
			return err
		}
		if !found {
			return fmt.Errorf("link %q: %w", name, h5err.ErrNotFound)
		}
		if err := s.encode(b.Edit(s.at(place), s.at(place+1)), &e); err != nil || place+1 < n {
			return err
		}
		return s.setKey(s.tree.leaf().i+1, e.NameOffset)
	})
}

// Remove takes the entry of a name out and gives it. ErrNotFound if there is
// none. The text may be freed from the heap afterwards: no key refers to it.
func (s *Symbols) Remove(name []byte) (e format.SymbolTableEntry, err error) {
	err = s.tree.d.Do(func() error {
		b, n, place, found, err := s.locate(name)
		if err != nil {
			return err
		}
		if !found {
			return fmt.Errorf("link %q: %w", name, h5err.ErrNotFound)
		}
		if e, err = s.decode(b, place); err != nil {
			return err
		}
		if n == 1 {
			s.free(b.Address())
			return s.tree.remove()
		}
		p := b.Edit(s.at(place), s.at(n))
		copy(p, p[s.entry:])
		clear(p[len(p)-s.entry:])
		s.setCount(b, n-1)
		if place < n-1 {
			return nil
		}
		return s.setKey(s.tree.leaf().i+1, wire.Uint(b.Bytes()[s.at(n-2):s.at(n-2)+s.tree.shape.KeySize]))
	})
	return e, err
}

func (s *Symbols) free(addr wire.Address) {
	s.tree.d.Free(freespaceMetadata, addr, uint64(s.at(s.slots)))
}

// Each visits all entries in the order of their names. visit must not edit the
// group.
func (s *Symbols) Each(visit func(format.SymbolTableEntry) error) error {
	left := budget(s.tree.d.Size())
	return s.tree.each(func(v V1Entry) error { return s.eachIn(v.Child, &left, visit) }, nil)
}

func (s *Symbols) eachIn(addr wire.Address, left *budget, visit func(format.SymbolTableEntry) error) error {
	b, n, err := s.node(addr)
	if err != nil {
		return err
	}
	if err := left.spend(uint64(s.at(s.slots)), symbolNodeName, addr); err != nil {
		return err
	}
	for i := range n {
		e, err := s.decode(b, i)
		if err != nil {
			return err
		}
		if err := visit(e); err != nil {
			return err
		}
	}
	return nil
}

// Free visits all entries, if visit is not nil, and frees every node.
func (s *Symbols) Free(visit func(format.SymbolTableEntry) error) error {
	return s.tree.d.Do(func() error {
		var nodes, leaves []wire.Address
		left := budget(s.tree.d.Size())
		err := s.tree.each(func(v V1Entry) error {
			leaves = append(leaves, v.Child)
			if visit == nil {
				_, _, err := s.node(v.Child)
				return err
			}
			return s.eachIn(v.Child, &left, visit)
		}, func(addr wire.Address) { nodes = append(nodes, addr) })
		if err != nil {
			return err
		}
		for _, a := range leaves {
			s.free(a)
		}
		for _, a := range nodes {
			s.tree.free(a)
		}
		return nil
	})
}

package nbit

import (
	"cmp"
	"slices"
	"sync"

	"gables/hdf5/h5err"
)

// kind is a class of the client data's description.
type kind uint32

const (
	number   kind = 1
	array    kind = 2
	compound kind = 3
	opaque   kind = 4 // stored as whole bytes
)

// maxDepth is how deep arrays and compounds may nest.
const maxDepth = 32

// node is one datatype of the description. Its parts are the nodes behind it
// up to end: one for an array, any number for a compound.
type node struct {
	kind      kind
	end       int    // index of the first node that is no part of this one
	offset    int    // bytes from the start of the compound around it
	size      int    // bytes decoded, at least 1
	bits      uint64 // bits packed, 1 to 8*size
	big       bool   // number: most significant byte first
	precision uint   // number: significant bits, at least 1
	shift     uint   // number: insignificant bits below them
	count     int    // array: elements
}

// plan is a parsed description; nodes[0] is the element.
type plan struct {
	nodes  []node
	values []uint32 // what is not parsed yet
	limit  int      // most bytes of the element
	lost   bool     // libhdf5 has lost its place in the description
}

var plans = sync.Pool{New: func() any { return new(plan) }}

// parse replaces the plan by the description in values, which it must use up.
// Whatever is accepted needs no more than limit steps for each element.
func (p *plan) parse(values []uint32, limit int) error {
	p.nodes, p.values, p.limit, p.lost = p.nodes[:0], values, limit, false
	err := p.node(0)
	left := len(p.values)
	p.values = nil
	if err == nil && left > 0 {
		err = h5err.Corrupt(structure, "client data", "%d values behind the description", left)
	}
	if err == nil && p.nodes[0].kind == opaque {
		err = h5err.Corrupt(structure, "client data", "bytes said to be packed")
	}
	return err
}

// next takes one value.
func (p *plan) next() (uint32, error) {
	if len(p.values) == 0 {
		return 0, h5err.Corrupt(structure, "client data", "ends within a description")
	}
	v := p.values[0]
	p.values = p.values[1:]
	return v, nil
}

// node appends the description that values starts with, and its parts.
func (p *plan) node(depth int) error {
	if depth > maxDepth {
		return h5err.Limit(structure, "client data", "types nested more than %d deep", maxDepth)
	}
	class, err := p.next()
	if err != nil {
		return err
	}
	size, err := p.next()
	if err != nil {
		return err
	}
	if size == 0 {
		return h5err.Corrupt(structure, "client data", "a type of no bytes")
	}
	if uint64(size) > uint64(p.limit) {
		return h5err.Limit(structure, "client data", "a type of %d bytes, limit %d", size, p.limit)
	}
	at := len(p.nodes)
	p.nodes = append(p.nodes, node{kind: kind(class), size: int(size)})
	switch kind(class) {
	case number:
		err = p.number(at)
	case array:
		err = p.array(at, depth)
	case compound:
		err = p.compound(at, depth)
	case opaque:
		p.nodes[at].bits = 8 * uint64(size)
	default:
		err = h5err.Corrupt(structure, "client data", "class %d", class)
	}
	p.nodes[at].end = len(p.nodes)
	return err
}

// number reads byte order, precision and bit offset.
func (p *plan) number(at int) error {
	if len(p.values) < 3 {
		return h5err.Corrupt(structure, "client data", "ends within a number")
	}
	order, precision, shift := p.values[0], p.values[1], p.values[2]
	p.values = p.values[3:]
	n := &p.nodes[at]
	if order > 1 {
		return h5err.Corrupt(structure, "byte order", "%d, want 0 or 1", order)
	}
	if precision == 0 || uint64(precision)+uint64(shift) > 8*uint64(n.size) {
		return h5err.Corrupt(structure, "precision", "%d bits above %d in a number of %d bytes", precision, shift, n.size)
	}
	n.big, n.precision, n.shift, n.bits = order == 1, uint(precision), uint(shift), uint64(precision)
	return nil
}

// array reads the base type. An array of bytes is bytes.
//
// Behind an array of arrays or compounds libhdf5 (seen in 2.0.0) goes on
// at the wrong value of the client data, when it packs as when it unpacks.
func (p *plan) array(at, depth int) error {
	loses := len(p.values) > 0 && (kind(p.values[0]) == array || kind(p.values[0]) == compound)
	defer func() { p.lost = p.lost || loses }()
	if err := p.node(depth + 1); err != nil {
		return err
	}
	n, base := &p.nodes[at], &p.nodes[at+1]
	if n.size%base.size != 0 {
		return h5err.Corrupt(structure, "client data", "an array of %d bytes with elements of %d", n.size, base.size)
	}
	n.count = n.size / base.size
	n.bits = uint64(n.count) * base.bits
	if base.kind == opaque {
		n.kind = opaque
		p.nodes = p.nodes[:at+1]
	}
	return nil
}

// compound reads the members, which must lie inside and apart from each other;
// so no element costs more steps than it has bytes.
func (p *plan) compound(at, depth int) error {
	count, err := p.next()
	if err != nil {
		return err
	}
	if count == 0 || uint64(count) > uint64(len(p.values)) {
		return h5err.Corrupt(structure, "client data", "a compound of %d members", count)
	}
	free, ordered := 0, true
	for range count {
		if p.lost {
			return h5err.Unsupported(structure, "client data", "a member behind an array of arrays or compounds, which libhdf5 does not store")
		}
		offset, err := p.next()
		if err != nil {
			return err
		}
		member := len(p.nodes)
		if err := p.node(depth + 1); err != nil {
			return err
		}
		whole, m := &p.nodes[at], &p.nodes[member]
		if uint64(offset)+uint64(m.size) > uint64(whole.size) {
			return h5err.Corrupt(structure, "client data", "a member of %d bytes at %d of %d", m.size, offset, whole.size)
		}
		m.offset = int(offset)
		ordered = ordered && m.offset >= free
		free = m.offset + m.size
		whole.bits += m.bits
		// Overlap can't be told before the last member; this alone bounds the work.
		if whole.bits > 8*uint64(whole.size) {
			return h5err.Corrupt(structure, "client data", "members wider than their compound of %d bytes", whole.size)
		}
	}
	if !ordered {
		return p.apart(at, len(p.nodes))
	}
	return nil
}

// apart refuses members of the compound at that share a byte. end is where its
// parts end.
func (p *plan) apart(at, end int) error {
	var members []node
	for i := at + 1; i < end; i = p.nodes[i].end {
		members = append(members, p.nodes[i])
	}
	slices.SortFunc(members, func(a, b node) int { return cmp.Compare(a.offset, b.offset) })
	for i := 1; i < len(members); i++ {
		if prev := members[i-1]; members[i].offset < prev.offset+prev.size {
			return h5err.Corrupt(structure, "client data", "members share byte %d", members[i].offset)
		}
	}
	return nil
}

package nbit

import (
	"slices"

	"gables/hdf5/filter"
	"gables/hdf5/filter/internal/bitpack"
	"gables/hdf5/h5err"
)

// Encode applies the filter as filter.Encoder says. Where the client data says
// that nothing is packed it gives src itself. What lies outside the precision
// of a number, and between the members of a compound, is lost. The result has
// one byte more than its bits fill where they fill whole bytes, as libhdf5's.
func (Filter) Encode(dst, src []byte, c filter.Chunk) ([]byte, error) {
	v := c.Values
	if len(v) < 3 || uint64(v[0]) != uint64(len(v)) {
		return nil, h5err.Corrupt(structure, "client data", "%d values", len(v))
	}
	if v[1] != 0 {
		return src, nil
	}
	p := plans.Get().(*plan)
	defer plans.Put(p)
	if err := p.parse(v[3:], len(src)); err != nil {
		return nil, err
	}
	root := &p.nodes[0]
	count := uint64(v[2])
	if count*uint64(root.size) != uint64(len(src)) {
		return nil, h5err.Corrupt(structure, "size", "%d bytes, want %d elements of %d", len(src), count, root.size)
	}
	size := int(count*root.bits/8) + 1
	dst = slices.Grow(dst[:0], size)[:size]
	k := packer{nodes: p.nodes}
	k.w.Reset(dst)
	k.elements(src, int(count))
	return k.w.Bytes(), nil
}

// packer walks the elements once, by the plan.
type packer struct {
	w     bitpack.Writer
	nodes []node
	vals  [batch]uint64
}

// elements packs count elements of type nodes[0].
func (k *packer) elements(src []byte, count int) {
	root := &k.nodes[0]
	if root.kind == number {
		k.numbers(src, root, count)
		return
	}
	for range count {
		k.value(src[:root.size], 0)
		src = src[root.size:]
	}
}

// value packs one value of type nodes[at].
func (k *packer) value(src []byte, at int) {
	n := &k.nodes[at]
	switch n.kind {
	case number:
		k.numbers(src, n, 1)
	case opaque:
		k.bytes(src)
	case compound:
		for i := at + 1; i < n.end; {
			m := &k.nodes[i]
			k.value(src[m.offset:m.offset+m.size], i)
			i = m.end
		}
	case array:
		base := &k.nodes[at+1]
		if base.kind == number {
			k.numbers(src, base, n.count)
			return
		}
		for i := range n.count {
			k.value(src[i*base.size:(i+1)*base.size], at+1)
		}
	}
}

// numbers packs count numbers of type n.
func (k *packer) numbers(src []byte, n *node, count int) {
	if n.size > 8 {
		for i := range count {
			k.wide(src[i*n.size:(i+1)*n.size], n)
		}
		return
	}
	for count > 0 {
		part := k.vals[:min(count, batch)]
		bitpack.Load(part, src, n.size, n.big)
		if n.shift > 0 {
			for i := range part {
				part[i] >>= n.shift & 63
			}
		}
		k.w.PutAll(part, n.precision)
		src = src[len(part)*n.size:]
		count -= len(part)
	}
}

// bytes packs whole bytes.
func (k *packer) bytes(src []byte) {
	for _, b := range src {
		k.w.Put(uint64(b), 8)
	}
}

// wide packs a number of more than 8 bytes.
func (k *packer) wide(src []byte, n *node) {
	top := n.shift + n.precision // bit behind the number
	for top > n.shift {
		low := max((top-1)&^7, n.shift) // the number's lowest bit in this byte
		at := int(low / 8)
		if n.big {
			at = n.size - 1 - at
		}
		width := top - low
		k.w.Put(uint64(src[at])>>(low&7)&(1<<width-1), width)
		top = low
	}
}

package heap

import (
	"gables/hdf5/h5err"
	"gables/internal/metacache"
	"gables/internal/wire"
)

// collection is a global heap collection: "GCOL", version, reserved 3, size,
// then objects: index 2, references 2, reserved 4, size, data padded to 8.
// Object 0 is the free space. Both kinds of header are padded to 8 as well,
// which shows where lengths are narrow (testdata/sizes_8_4_v0.h5 of package
// hdf5). It has no checksum. Spec: III.E.
type collection struct {
	objects map[uint16][]byte
}

// GlobalObject gives the data of one object of a global heap collection, which
// must not be written to.
func GlobalObject(c *metacache.Cache, addr wire.Address, index uint32) ([]byte, error) {
	col, err := metacache.Load(c, metacache.GlobalHeap, addr, func() (*collection, int64, error) {
		return readCollection(c, addr)
	})
	if err != nil {
		return nil, h5err.At(err, "global heap collection", uint64(addr))
	}
	if index > 0xffff || index == 0 {
		return nil, h5err.At(h5err.Corrupt("global heap collection", "object index", "%d", index), "", uint64(addr))
	}
	b, ok := col.objects[uint16(index)]
	if !ok {
		return nil, h5err.At(h5err.Corrupt("global heap collection", "object index", "no object %d", index), "", uint64(addr))
	}
	return b, nil
}

func readCollection(c *metacache.Cache, addr wire.Address) (*collection, int64, error) {
	head := uint64(globalHead(c.Sizes()))
	b, err := c.Bytes(addr, head)
	if err != nil {
		return nil, 0, err
	}
	r := wire.NewReader(b, c.Sizes())
	r.Signature("GCOL")
	if v := r.U8(); v != 1 && r.Err() == nil {
		return nil, 0, h5err.Unsupported("global heap collection", "version", "got %d, know 1", v)
	}
	r.Skip(3)
	size := r.Length()
	if r.Err() == nil && size < head {
		return nil, 0, h5err.Corrupt("global heap collection", "size", "%d bytes", size)
	}
	if r.Err() != nil {
		return nil, 0, r.Err()
	}
	if b, err = c.Bytes(addr, size); err != nil {
		return nil, 0, err
	}
	col, err := decodeCollection(b[head:], c.Sizes())
	return col, int64(size), err
}

// globalHead is the size of the header of a collection, and of an object.
func globalHead(s wire.Sizes) int { return (8 + s.Length + 7) &^ 7 }

func decodeCollection(b []byte, s wire.Sizes) (*collection, error) {
	col := &collection{objects: map[uint16][]byte{}}
	r := wire.NewReader(b, s)
	head := globalHead(s)
	for r.Len() >= head {
		index := r.U16()
		r.Skip(6)
		size := r.Length()
		r.Skip(head - 8 - s.Length)
		if index == 0 {
			break
		}
		if size > uint64(r.Len()) {
			return nil, h5err.Corrupt("global heap collection", "object size", "object %d: %d bytes, %d remain", index, size, r.Len())
		}
		if _, twice := col.objects[index]; twice {
			return nil, h5err.Corrupt("global heap collection", "object index", "%d occurs twice", index)
		}
		col.objects[index] = r.Bytes(int(size))
		r.Skip(min(int(-size&7), r.Len()))
	}
	return col, r.Err()
}

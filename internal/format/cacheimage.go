package format

import (
	"gables/hdf5/h5err"
	"gables/internal/wire"
)

// CacheImageMessage says where the metadata cache image lies.
type CacheImageMessage struct {
	Address wire.Address
	Size    uint64
}

// DecodeCacheImageMessage reads version, address, length.
// Spec: IV.A.2.y; source: libhdf5's H5Omdc.c.
func DecodeCacheImageMessage(b []byte, s wire.Sizes) (*CacheImageMessage, error) {
	const name = "metadata cache image message"
	r := wire.NewReader(b, s)
	if v := r.U8(); v != 0 && r.Err() == nil {
		return nil, unknownVersion(name, v, "0")
	}
	m := &CacheImageMessage{Address: r.Address(), Size: r.Length()}
	return m, inRecord(name, r.Err())
}

// CachedMetadata is a piece of metadata that stands in the cache image in place
// of what the file has at its address.
type CachedMetadata struct {
	Address wire.Address
	Data    []byte
}

// DecodeCacheImage reads a metadata cache image: "MDCI", version, flags,
// length of the entries, their number 4; each entry: type, flags, ring, age,
// flush dependency counts 2·3, place in the LRU list 4, address, length,
// parents' addresses, data; checksum 4. Source: libhdf5's H5Cimage.c.
func DecodeCacheImage(b []byte, s wire.Sizes) ([]CachedMetadata, error) {
	const name = "metadata cache image"
	body, err := verify(name, b)
	if err != nil {
		return nil, err
	}
	r := wire.NewReader(body, s)
	r.Signature("MDCI")
	if v := r.U8(); v != 0 && r.Err() == nil {
		return nil, unknownVersion(name, v, "0")
	}
	r.Skip(1 + s.Length)
	n := r.U32()
	if least := uint64(14 + s.Offset + s.Length); uint64(n)*least > uint64(r.Len()) {
		return nil, h5err.Corrupt(name, "number of entries", "%d, %d bytes remain", n, r.Len())
	}
	list := make([]CachedMetadata, 0, n)
	for range n {
		r.Skip(4 + 2 + 2)
		parents := int(r.U16())
		r.Skip(4)
		e := CachedMetadata{Address: r.Address()}
		size := r.Length()
		r.Skip(parents * s.Offset)
		if size > uint64(r.Len()) {
			return nil, h5err.Corrupt(name, "entry size", "%d bytes, %d remain", size, r.Len())
		}
		e.Data = r.Bytes(int(size))
		list = append(list, e)
	}
	return list, inRecord(name, r.Err())
}

package format

import (
	"encoding/binary"
	"math/bits"

	"gables/hdf5/h5err"
	"gables/internal/wire"
)

// Client identifiers of fixed and extensible arrays (Spec: VII).
const (
	arrayChunks         = 0
	arrayFilteredChunks = 1
)

// ChunkElementShape gives the widths of an array index's elements: an address,
// for filtered chunks also a stored size and a filter mask of 4 bytes.
// Spec: VII.
type ChunkElementShape struct {
	Address int // width of the address
	Size    int // width of the stored size; 0 when chunks are not filtered
}

// Bytes is the size of one element.
func (s ChunkElementShape) Bytes() int {
	if s.Size == 0 {
		return s.Address
	}
	return s.Address + s.Size + 4
}

// Decode reads an element, or the start of a B-tree v2 record, of at least
// Bytes bytes. Size and mask are zero where chunks are not filtered. Spec: VII.
func (s ChunkElementShape) Decode(b []byte) (addr wire.Address, size uint64, mask uint32) {
	addr = addressFrom(b[:s.Address])
	if s.Size > 0 {
		n := s.Address + s.Size
		size, mask = wire.Uint(b[s.Address:n]), binary.LittleEndian.Uint32(b[n:])
	}
	return addr, size, mask
}

// ChunkSizeWidth is the width of a filtered chunk's stored size: from layout
// message version 5 on that of lengths, before it one byte more than the
// unfiltered size needs. Spec: VII.
func ChunkSizeWidth(layoutVersion uint8, chunkBytes uint64, s wire.Sizes) int {
	if layoutVersion >= 5 {
		return s.Length
	}
	log2 := max(0, bits.Len64(chunkBytes)-1)
	return min(8, 1+(log2+8)/8)
}

// ChunkElements is a run of elements of an array index, decoded in place.
type ChunkElements struct {
	shape ChunkElementShape
	raw   []byte
}

// Len is the number of elements.
func (e *ChunkElements) Len() int { return len(e.raw) / e.shape.Bytes() }

// Size is the number of bytes that are kept alive.
func (e *ChunkElements) Size() int { return len(e.raw) }

// Shape gives the widths of the elements.
func (e *ChunkElements) Shape() ChunkElementShape { return e.shape }

// At decodes element i, 0 ≤ i < Len, as Decode does. Spec: VII.
func (e *ChunkElements) At(i int) (addr wire.Address, size uint64, mask uint32) {
	n := e.shape.Bytes()
	return e.shape.Decode(e.raw[i*n : (i+1)*n])
}

// DecodeChunkPage reads exactly one page of a fixed or extensible array's data
// block: elements, checksum 4. Spec: VII.
func DecodeChunkPage(b []byte, shape ChunkElementShape) (*ChunkElements, error) {
	body, err := verify("chunk index page", b)
	if err != nil {
		return nil, err
	}
	return newChunkElements("chunk index page", body, shape)
}

// newChunkElements wraps whole elements.
func newChunkElements(name string, b []byte, shape ChunkElementShape) (*ChunkElements, error) {
	if len(b)%shape.Bytes() != 0 {
		return nil, h5err.Corrupt(name, "elements", "%d bytes are no multiple of %d", len(b), shape.Bytes())
	}
	return &ChunkElements{shape: shape, raw: b}, nil
}

// decodeArrayPrefix reads the version, client and header address with which
// every block of an array index begins, behind its signature.
func decodeArrayPrefix(name string, r *wire.Reader, filtered bool, owner wire.Address) error {
	r.Skip(4)
	version, client, header := r.U8(), r.U8(), r.Address()
	if r.Err() != nil {
		return inRecord(name, r.Err())
	}
	if version != 0 {
		return unknownVersion(name, version, "0")
	}
	if err := checkArrayClient(name, client, filtered); err != nil {
		return err
	}
	if header != owner {
		return h5err.Corrupt(name, "header address", "got 0x%x, want 0x%x", uint64(header), uint64(owner))
	}
	return nil
}

func checkArrayClient(name string, client uint8, filtered bool) error {
	want := uint8(arrayChunks)
	if filtered {
		want = arrayFilteredChunks
	}
	switch {
	case client > arrayFilteredChunks:
		return h5err.Unsupported(name, "client", "%d", client)
	case client != want:
		return h5err.Corrupt(name, "client", "got %d, the filter pipeline wants %d", client, want)
	}
	return nil
}

// bitAt tells bit i of a bitmap whose first bit is the highest of its first byte.
func bitAt(b []byte, i uint64) bool { return b[i/8]&(0x80>>(i%8)) != 0 }

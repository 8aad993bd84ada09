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

// Store writes an element over b, which has Bytes bytes. A value that does not
// fit its field is ErrLimit. Spec: VII.
func (s ChunkElementShape) Store(b []byte, addr wire.Address, size uint64, mask uint32) error {
	if s.Size > 0 {
		if s.Size < 8 && size>>(8*s.Size) != 0 {
			return h5err.Limit("chunk index element", "size", "%d does not fit %d bytes", size, s.Size)
		}
		n := s.Address + s.Size
		wire.PutUint(b[s.Address:n], size)
		binary.LittleEndian.PutUint32(b[n:], mask)
	}
	return PutAddress(b[:s.Address], addr)
}

// AppendChunkElements appends n elements whose chunks are not allocated: their
// addresses are undefined, all else is 0. Spec: VII.
func AppendChunkElements(b []byte, s ChunkElementShape, n uint64) []byte {
	rest := s.Bytes() - s.Address
	for range n {
		for range s.Address {
			b = append(b, 0xff)
		}
		b = append(b, make([]byte, rest)...)
	}
	return b
}

// AppendChunkPage appends a page of n elements whose chunks are not allocated.
// Spec: VII.
func AppendChunkPage(b []byte, s ChunkElementShape, n uint64) []byte {
	from := len(b)
	b = append(AppendChunkElements(b, s, n), 0, 0, 0, 0)
	seal(b[from:])
	return b
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

// arrayPrefix appends what decodeArrayPrefix reads, with the signature before it.
func (e *encoder) arrayPrefix(tag string, filtered bool, owner wire.Address) {
	e.String(tag)
	e.U8(0)
	e.U8(arrayClient(filtered))
	e.address("header address", owner)
}

func arrayClient(filtered bool) uint8 {
	if filtered {
		return arrayFilteredChunks
	}
	return arrayChunks
}

// checkArrayBlock judges the start of a block of an array that is to be edited.
func checkArrayBlock(name, tag string, b []byte, address int, filtered bool, owner wire.Address) error {
	if string(b[:4]) != tag {
		return h5err.Corrupt(name, "signature", "got %q, want %q", b[:4], tag)
	}
	if b[4] != 0 {
		return unknownVersion(name, b[4], "0")
	}
	if err := checkArrayClient(name, b[5], filtered); err != nil {
		return err
	}
	if header := addressFrom(b[6 : 6+address]); header != owner {
		return h5err.Corrupt(name, "header address", "got 0x%x, want 0x%x", uint64(header), uint64(owner))
	}
	return nil
}

func checkArrayClient(name string, client uint8, filtered bool) error {
	want := arrayClient(filtered)
	switch {
	case client > arrayFilteredChunks:
		return h5err.Unsupported(name, "client", "%d", client)
	case client != want:
		return h5err.Corrupt(name, "client", "got %d, the filter pipeline wants %d", client, want)
	}
	return nil
}

// bitAt tells bit i of a bitmap whose first bit is the highest of its first byte.
func bitAt(b []byte, i uint64) bool { return b[i/8]&bitMask(i) != 0 }

func bitMask(i uint64) byte { return 0x80 >> (i % 8) }

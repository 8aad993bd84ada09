package compute

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"strings"
	"unsafe"

	"gables/hdf5/datatype"
	"gables/hdf5/h5err"
)

// hostOrder is the byte order of this process.
var hostOrder = func() datatype.ByteOrder {
	if binary.NativeEndian.Uint16([]byte{1, 0}) == 1 {
		return datatype.LittleEndian
	}
	return datatype.BigEndian
}()

// source says where the numbers of a dataset's elements are and what they
// become in memory.
type source struct {
	t      *datatype.Datatype // of the number
	offset int                // in the element, bytes
	stride int                // bytes of an element
	kind   reflect.Kind       // Int8 … Uint64, Float32, Float64
	big    bool               // plain: stored in big-endian order
	conv   *datatype.Conversion
}

// maxElement bounds scratch memory, which holds at least one element.
const maxElement = 256 << 20

// newSource finds the numbers of an element of t: all of it, or the member
// named column.
func newSource(t *datatype.Datatype, column string) (source, error) {
	s := source{t: t, stride: t.Size}
	if t.Size > maxElement {
		return s, fmt.Errorf("elements of %d bytes, limit %d: %w", t.Size, maxElement, h5err.ErrLimit)
	}
	if column != "" {
		if err := s.descend(column); err != nil {
			return s, err
		}
	}
	if s.t.Class == datatype.Enum && s.t.Base != nil {
		s.t = s.t.Base
	}
	return s, s.choose()
}

// descend follows the path of a member; "/" goes into a compound member.
func (s *source) descend(column string) error {
	if s.t.Class != datatype.Compound {
		return fmt.Errorf("column %q of %s, which is no compound: %w", column, s.t.Class, h5err.ErrType)
	}
	for _, m := range s.t.Members {
		rest, below := strings.CutPrefix(column, m.Name+"/")
		if m.Name != column && !(below && m.Type.Class == datatype.Compound) {
			continue
		}
		if m.Offset < 0 || m.Offset > s.t.Size-m.Type.Size {
			return h5err.Corrupt("datatype message", "member offset", "%d of %q in %d bytes", m.Offset, m.Name, s.t.Size)
		}
		s.t, s.offset = m.Type, s.offset+m.Offset
		if m.Name == column {
			return nil
		}
		return s.descend(rest)
	}
	return fmt.Errorf("no column %q: %w", column, h5err.ErrNotFound)
}

// choose picks the kind that numbers have in memory.
func (s *source) choose() error {
	t := s.t
	switch t.Class {
	case datatype.Integer, datatype.Bitfield, datatype.Time:
		s.kind = reflect.Uint64
		if t.Class == datatype.Time || t.Class == datatype.Integer && t.Signed {
			s.kind = reflect.Int64
		}
		narrow := map[int]reflect.Kind{1: s.kind - 3, 2: s.kind - 2, 4: s.kind - 1, 8: s.kind}[t.Size]
		if t.Class != datatype.Time && narrow != 0 && s.plain(narrow) {
			return nil
		}
	case datatype.Float:
		if t.Size == 4 && s.plain(reflect.Float32) || t.Size == 8 && s.plain(reflect.Float64) {
			return nil
		}
		s.kind = reflect.Float64
	case datatype.Compound:
		return fmt.Errorf("no column of the compound was named: %w", h5err.ErrType)
	default:
		return fmt.Errorf("%s is no number: %w", t.Class, h5err.ErrType)
	}
	var err error
	// A sum rounds anyhow; what is out of range stays an error.
	s.conv, err = datatype.Compile(t, goTypes[s.kind], datatype.Options{Lossy: datatype.LossyPrecision})
	return err
}

// plain tells whether t is stored as k in memory, but for the byte order.
func (s *source) plain(k reflect.Kind) bool {
	t := *s.t
	t.Order = hostOrder
	c, err := datatype.Compile(&t, goTypes[k], datatype.Options{})
	if err != nil || !c.Identity() || s.t.Order > datatype.BigEndian {
		return false
	}
	s.kind, s.big = k, s.t.Order == datatype.BigEndian && t.Size > 1
	return true
}

var goTypes = map[reflect.Kind]reflect.Type{
	reflect.Int8: reflect.TypeFor[int8](), reflect.Uint8: reflect.TypeFor[uint8](),
	reflect.Int16: reflect.TypeFor[int16](), reflect.Uint16: reflect.TypeFor[uint16](),
	reflect.Int32: reflect.TypeFor[int32](), reflect.Uint32: reflect.TypeFor[uint32](),
	reflect.Int64: reflect.TypeFor[int64](), reflect.Uint64: reflect.TypeFor[uint64](),
	reflect.Float32: reflect.TypeFor[float32](), reflect.Float64: reflect.TypeFor[float64](),
}

// class is how the numbers are summed.
func (s *source) class() class {
	switch {
	case s.kind >= reflect.Float32:
		return floating
	case s.kind >= reflect.Uint:
		return unsigned
	}
	return signed
}

// number is what numbers become in memory.
type number interface {
	int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 | float32 | float64
}

// tileLen is how many values are worked on at once: 32 KiB of float64 stay in
// the first-level cache between two looks at them.
const tileLen = 4096

// loader gives values of type T out of stored elements. It has scratch memory
// and serves one goroutine at a time.
type loader[T number] struct {
	source
	vals   []T    // [tileLen], made when first needed
	packed []byte // numbers without what lies between them
}

// most is how many values load gives at once: a tile, unless their stored form
// is so large that packing it would take much memory.
func (l *loader[T]) most() int {
	if l.conv == nil {
		return tileLen
	}
	return min(tileLen, max(1, 1<<20/l.t.Size))
}

// view gives all n values from data as they lie there, or nil where they must
// be loaded: in another order, with gaps, or not aligned.
func (l *loader[T]) view(data []byte, n int) []T {
	var zero T
	size := int(unsafe.Sizeof(zero))
	if l.conv != nil || l.stride != size || n == 0 || size > 1 && l.big != (hostOrder == datatype.BigEndian) {
		return nil
	}
	p := unsafe.Pointer(unsafe.SliceData(data[:n*size]))
	if uintptr(p)%unsafe.Alignof(zero) != 0 {
		return nil
	}
	return unsafe.Slice((*T)(p), n)
}

// load gives n ≤ most values: of the element at index at and each step-th
// one behind it. They are valid until the next call.
func (l *loader[T]) load(data []byte, at, step, n int) ([]T, error) {
	if l.vals == nil {
		l.vals = make([]T, tileLen)
	}
	dst := l.vals[:n]
	gap := step * l.stride
	from := data[at*l.stride+l.offset:]
	if l.conv == nil {
		loadPlain(dst, from, gap, l.big)
		return dst, nil
	}
	if gap != l.t.Size {
		from = l.pack(from, gap, n)
	}
	return dst, l.conv.Convert(unsafe.Pointer(&dst[0]), from, n, nil)
}

// pack copies n numbers to where no gaps are between them.
func (l *loader[T]) pack(from []byte, gap, n int) []byte {
	size := l.t.Size
	if l.packed == nil {
		l.packed = make([]byte, l.most()*size)
	}
	for i := range n {
		copy(l.packed[i*size:(i+1)*size], from[i*gap:])
	}
	return l.packed[:n*size]
}

// loadPlain loads numbers that lie gap bytes apart.
func loadPlain[T number](dst []T, src []byte, gap int, big bool) {
	p := unsafe.Pointer(unsafe.SliceData(dst))
	switch unsafe.Sizeof(dst[0]) {
	case 1:
		for i, d := 0, unsafe.Slice((*uint8)(p), len(dst)); i < len(d); i++ {
			d[i] = src[i*gap]
		}
	case 2:
		load16(unsafe.Slice((*uint16)(p), len(dst)), src, gap, big)
	case 4:
		load32(unsafe.Slice((*uint32)(p), len(dst)), src, gap, big)
	case 8:
		load64(unsafe.Slice((*uint64)(p), len(dst)), src, gap, big)
	}
}

func load16(dst []uint16, src []byte, gap int, big bool) {
	if big {
		for i := range dst {
			dst[i] = binary.BigEndian.Uint16(src[i*gap:])
		}
		return
	}
	for i := range dst {
		dst[i] = binary.LittleEndian.Uint16(src[i*gap:])
	}
}

func load32(dst []uint32, src []byte, gap int, big bool) {
	if big {
		for i := range dst {
			dst[i] = binary.BigEndian.Uint32(src[i*gap:])
		}
		return
	}
	for i := range dst {
		dst[i] = binary.LittleEndian.Uint32(src[i*gap:])
	}
}

func load64(dst []uint64, src []byte, gap int, big bool) {
	if big {
		for i := range dst {
			dst[i] = binary.BigEndian.Uint64(src[i*gap:])
		}
		return
	}
	for i := range dst {
		dst[i] = binary.LittleEndian.Uint64(src[i*gap:])
	}
}

var complexType = reflect.TypeFor[complex128]()

package digest

import (
	"encoding/binary"
	"fmt"
	"slices"

	"gables/hdf5/datatype"
	"gables/hdf5/h5err"
)

// Source follows what stored elements refer to.
type Source interface {
	datatype.Heap
	// AppendReference appends the canonical bytes of a reference to dst.
	AppendReference(dst []byte, r datatype.Ref) ([]byte, error)
}

// Canonical turns stored elements of one datatype into canonical bytes. It is
// immutable and safe for concurrent use.
type Canonical struct {
	t        *datatype.Datatype
	k        kernel
	identity bool
}

// kernel appends n elements that lie one behind the other in src.
type kernel func(e *encoder, src []byte, n int) error

// CompileCanonical prepares the serialisation of elements of t. Errors:
// ErrUnsupported and ErrCorrupt for a type that can't be decoded.
func CompileCanonical(t *datatype.Datatype) (*Canonical, error) {
	if t == nil || t.Size < 1 {
		return nil, fmt.Errorf("datatype without a size: %w", h5err.ErrCorrupt)
	}
	k, err := compile(t)
	if err != nil {
		return nil, err
	}
	c := &Canonical{t: t, k: k, identity: k == nil}
	if k == nil {
		c.k = copyOf(t.Size)
	}
	return c, nil
}

// Identity tells whether stored bytes are the canonical bytes.
func (c *Canonical) Identity() bool { return c.identity }

// Append appends the canonical bytes of all elements of src to dst; s may be
// nil for a type without variable-length parts and references. Errors are
// those of s, and ErrCorrupt where src is no whole number of elements.
func (c *Canonical) Append(dst, src []byte, s Source) ([]byte, error) {
	if len(src)%c.t.Size != 0 {
		return dst, fmt.Errorf("%d bytes for elements of %d: %w", len(src), c.t.Size, h5err.ErrCorrupt)
	}
	e := encoder{buf: dst, src: s}
	err := c.k(&e, src, len(src)/c.t.Size)
	return e.buf, err
}

// encoder collects canonical bytes. With out it never holds much more than
// flushBytes: what one heap object may be referred to for is not bounded.
type encoder struct {
	buf []byte
	src Source
	out func([]byte)
}

const flushBytes = 128 << 10

// bytes takes canonical bytes, without copying them where they are many.
func (e *encoder) bytes(b []byte) {
	if e.out != nil && len(e.buf)+len(b) > flushBytes {
		e.flush()
		if len(b) > flushBytes/2 {
			e.out(b)
			return
		}
	}
	e.buf = append(e.buf, b...)
}

// grow gives n new bytes at the end of the buffer, to be written by the caller.
func (e *encoder) grow(n int) []byte {
	if e.out != nil && len(e.buf)+n > flushBytes {
		e.flush()
	}
	at := len(e.buf)
	e.buf = slices.Grow(e.buf, n)[:at+n]
	return e.buf[at:]
}

func (e *encoder) flush() {
	e.out(e.buf)
	e.buf = e.buf[:0]
}

func (e *encoder) count(n int) { binary.LittleEndian.PutUint32(e.grow(4), uint32(n)) }

// maxNumber bounds the bytes of a number: its bits lie below 2^17, and a size
// that a file merely declares must not take memory.
const maxNumber = 1 << 16

// compile gives the kernel for t; nil where stored bytes are canonical.
func compile(t *datatype.Datatype) (kernel, error) {
	number := t.Class == datatype.Integer || t.Class == datatype.Bitfield || t.Class == datatype.Float || t.Class == datatype.Time
	if number && t.Size > maxNumber {
		return nil, fmt.Errorf("%v of %d bytes: %w", t.Class, t.Size, h5err.ErrUnsupported)
	}
	switch t.Class {
	case datatype.Integer, datatype.Bitfield:
		return compileInteger(t), nil
	case datatype.Float:
		return compileFloat(t)
	case datatype.Time:
		if t.Order == datatype.BigEndian {
			return swap(t.Size), nil
		}
		return nil, nil
	case datatype.Opaque:
		return nil, nil
	case datatype.String:
		if t.Variable {
			return textKernel(t), nil
		}
		return nil, nil
	case datatype.Reference:
		return referenceKernel(t), nil
	case datatype.Compound:
		return compileCompound(t)
	case datatype.Enum, datatype.VLen, datatype.Array, datatype.Complex:
		return compileNested(t)
	}
	return nil, fmt.Errorf("class %d: %w", t.Class, h5err.ErrUnsupported)
}

func compileNested(t *datatype.Datatype) (kernel, error) {
	if t.Base == nil || t.Base.Size < 1 {
		return nil, fmt.Errorf("%v without a base: %w", t.Class, h5err.ErrCorrupt)
	}
	base, err := compile(t.Base)
	if err != nil {
		return nil, err
	}
	if t.Class == datatype.VLen {
		return sequenceKernel(t, base), nil
	}
	each := t.Size / t.Base.Size
	if each*t.Base.Size != t.Size {
		return nil, fmt.Errorf("%v of %d bytes with a base of %d: %w", t.Class, t.Size, t.Base.Size, h5err.ErrCorrupt)
	}
	if base == nil || each == 1 {
		return base, nil
	}
	return func(e *encoder, src []byte, n int) error { return base(e, src, n*each) }, nil
}

// copyOf copies elements as they are.
func copyOf(size int) kernel {
	return func(e *encoder, src []byte, n int) error {
		e.bytes(src[:n*size])
		return nil
	}
}

func sequenceKernel(t *datatype.Datatype, base kernel) kernel {
	if base == nil {
		base = copyOf(t.Base.Size)
	}
	return func(e *encoder, src []byte, n int) error {
		for ; n > 0; n-- {
			b, count, err := t.Content(src[:t.Size], e.src)
			if err != nil {
				return err
			}
			e.count(count)
			if err := base(e, b, count); err != nil {
				return err
			}
			src = src[t.Size:]
		}
		return nil
	}
}

func textKernel(t *datatype.Datatype) kernel {
	return func(e *encoder, src []byte, n int) error {
		for ; n > 0; n-- {
			b, count, err := t.Content(src[:t.Size], e.src)
			if err != nil {
				return err
			}
			e.count(count)
			e.bytes(b)
			src = src[t.Size:]
		}
		return nil
	}
}

func referenceKernel(t *datatype.Datatype) kernel {
	return func(e *encoder, src []byte, n int) error {
		if e.src == nil {
			return fmt.Errorf("reference without a file: %w", h5err.ErrUnsupported)
		}
		for ; n > 0; n-- {
			if e.out != nil && len(e.buf) > flushBytes {
				e.flush()
			}
			var err error
			if e.buf, err = e.src.AppendReference(e.buf, datatype.Ref{Kind: t.RefKind, Raw: string(src[:t.Size])}); err != nil {
				return err
			}
			src = src[t.Size:]
		}
		return nil
	}
}

// step is a member of a compound, or several neighbours that are copied.
type step struct {
	offset, size int
	k            kernel // nil: copy
}

func compileCompound(t *datatype.Datatype) (kernel, error) {
	var steps []step
	for _, i := range memberOrder(t) {
		m := t.Members[i]
		k, err := compile(m.Type)
		if err != nil {
			return nil, fmt.Errorf("member %q: %w", m.Name, err)
		}
		if last := len(steps) - 1; k == nil && last >= 0 && steps[last].k == nil && steps[last].offset+steps[last].size == m.Offset {
			steps[last].size += m.Type.Size
			continue
		}
		steps = append(steps, step{m.Offset, m.Type.Size, k})
	}
	if len(steps) == 1 && steps[0].k == nil && steps[0].size == t.Size {
		return nil, nil
	}
	return func(e *encoder, src []byte, n int) error {
		for ; n > 0; n-- {
			for _, s := range steps {
				b := src[s.offset : s.offset+s.size]
				if s.k == nil {
					e.bytes(b)
				} else if err := s.k(e, b, 1); err != nil {
					return err
				}
			}
			src = src[t.Size:]
		}
		return nil
	}, nil
}

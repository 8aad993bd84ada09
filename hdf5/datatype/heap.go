package datatype

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"gables/hdf5/h5err"
)

// Heap gives the global heap objects that variable-length data lives in. The
// caller's implementation bounds what one read may deliver. Addresses are as
// stored, with the width's all ones given as all ones of 64 bits.
type Heap interface {
	// Object gives the bytes of an object; they are not changed and not kept.
	Object(addr uint64, index uint32) ([]byte, error)
}

// content gives the bytes of the elements that descriptor b refers to, and
// their count. Spec: VIII, "Disk Format: Variable-Length": count, address,
// index. A count or address of 0 and an undefined address are empty, as
// libhdf5 has it.
func content(b []byte, base *Datatype, h Heap) ([]byte, int, error) {
	if len(b) < 9 || len(b) > 16 {
		return nil, 0, fmt.Errorf("variable-length descriptor of %d bytes: %w", len(b), h5err.ErrCorrupt)
	}
	count := uint64(binary.LittleEndian.Uint32(b))
	addr := loadUint(b[4:len(b)-4], LittleEndian)
	undefined := ^uint64(0) >> (8 * (16 - len(b)))
	if count == 0 || addr == 0 || addr == undefined {
		return nil, 0, nil
	}
	if h == nil {
		return nil, 0, fmt.Errorf("variable-length data without a heap: %w", h5err.ErrUnsupported)
	}
	obj, err := h.Object(addr, binary.LittleEndian.Uint32(b[len(b)-4:]))
	if err != nil {
		return nil, 0, err
	}
	need := count * uint64(base.Size)
	if base.Size < 1 || need > uint64(len(obj)) {
		return nil, 0, fmt.Errorf("heap object of %d bytes at 0x%x for %d elements of %d: %w",
			len(obj), addr, count, base.Size, h5err.ErrCorrupt)
	}
	return obj[:need], int(count), nil
}

// Content gives the stored elements that a variable-length element b refers
// to, and their count: elements of Base for a sequence, bytes up to the first
// NUL for a string. They must not be changed. ErrType: t is of fixed length;
// ErrCorrupt and the heap's own as for Any.
func (t *Datatype) Content(b []byte, h Heap) (elements []byte, n int, err error) {
	switch {
	case t.Class == VLen:
		return content(b, t.Base, h)
	case t.Class == String && t.Variable:
		s, err := t.text(b, h)
		return s, len(s), err
	}
	return nil, 0, fmt.Errorf("%s is not of variable length: %w", short(t), h5err.ErrType)
}

// text gives the characters of a string element without its padding: a
// variable-length one ends at its first NUL like a C string. The result may
// be a part of b or of a heap object.
func (t *Datatype) text(b []byte, h Heap) ([]byte, error) {
	if t.Variable {
		obj, _, err := content(b, t.charType(), h)
		if err != nil {
			return nil, err
		}
		return cutNUL(obj), nil
	}
	switch t.Pad {
	case NullTerm:
		return cutNUL(b), nil
	case NullPad:
		return bytes.TrimRight(b, "\x00"), nil
	case SpacePad:
		return bytes.TrimRight(b, " "), nil
	}
	return nil, fmt.Errorf("string padding %d: %w", t.Pad, h5err.ErrUnsupported)
}

var oneByte = &Datatype{Class: Integer, Version: 1, Size: 1, Precision: 8}

// charType is the character type of a variable-length string.
func (t *Datatype) charType() *Datatype {
	if t.Base != nil {
		return t.Base
	}
	return oneByte
}

func cutNUL(b []byte) []byte {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		return b[:i]
	}
	return b
}

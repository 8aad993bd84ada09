package datatype

import (
	"fmt"

	"gables/hdf5/h5err"
)

// Text gives the characters of one string element without its padding. The
// result may be a part of src or of a heap object and must not be changed.
// Errors: ErrType where t is no string, else those of Any.
func (t *Datatype) Text(src []byte, h Heap) ([]byte, error) {
	if t.Class != String {
		return nil, fmt.Errorf("text of %s: %w", short(t), h5err.ErrType)
	}
	if t.Size < 1 || len(src) < t.Size {
		return nil, fmt.Errorf("%d bytes of an element of %d: %w", len(src), t.Size, h5err.ErrCorrupt)
	}
	return t.text(src[:t.Size], h)
}

// Sequence gives the stored elements that one variable-length element refers
// to, [n]Base.Size bytes, and n. They must not be changed. Errors: ErrType
// where t is no sequence, else those of Any.
func (t *Datatype) Sequence(src []byte, h Heap) (elements []byte, n int, err error) {
	if t.Class != VLen || t.Base == nil {
		return nil, 0, fmt.Errorf("sequence of %s: %w", short(t), h5err.ErrType)
	}
	if t.Size < 1 || len(src) < t.Size {
		return nil, 0, fmt.Errorf("%d bytes of an element of %d: %w", len(src), t.Size, h5err.ErrCorrupt)
	}
	return content(src[:t.Size], t.Base, h)
}

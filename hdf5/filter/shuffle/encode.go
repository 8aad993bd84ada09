package shuffle

import (
	"slices"

	"gables/hdf5/filter"
	"gables/hdf5/h5err"
)

// Encode shuffles src. It gives src itself where there is nothing to move.
func (codec) Encode(dst, src []byte, c filter.Chunk) ([]byte, error) {
	size, err := elementSize(c)
	if err != nil {
		return nil, err
	}
	if len(src)/size <= 1 || size == 1 {
		return src, nil
	}
	dst = slices.Grow(dst[:0], len(src))[:len(src)]
	Shuffle(dst, src, size)
	return dst, nil
}

// Local gives the element's size, whatever the user's parameters are.
func (codec) Local(_ []uint32, d filter.Described) ([]uint32, error) {
	if d.Type.Size <= 0 {
		return nil, h5err.Unsupported("shuffle filter", "datatype", "element of %d bytes", d.Type.Size)
	}
	return []uint32{uint32(d.Type.Size)}, nil
}

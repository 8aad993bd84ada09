package szip

import (
	"gables/hdf5/datatype"
	"gables/hdf5/filter"
	"gables/hdf5/h5err"
)

// Bits of the options mask that only an encoder minds.
const (
	optionK13  = 1
	optionChip = 2
	optionLSB  = 8
	optionRaw  = 128
)

// What libhdf5 allows.
const (
	maxStoredBlock    = 32
	maxStoredScanline = 4096
	maxStoredBlocks   = 128 // of a scanline
)

// Local takes the options mask and the pixels per block and adds what libhdf5
// tells of the dataset: byte order, bits per pixel and pixels per scanline.
// Client data that is complete already is made anew from its first two values.
func (Filter) Local(values []uint32, d filter.Described) ([]uint32, error) {
	if len(values) != 2 && len(values) != 4 {
		return nil, h5err.New(h5err.ErrSelection, structure, "parameters", "%d, want options mask and pixels per block", len(values))
	}
	mask, block := values[0]&^optionChip|optionK13|optionRaw, values[1]
	if mask&^uint32(optionsKnown) != 0 || block < 2 || block > maxStoredBlock || block%2 != 0 {
		return nil, h5err.New(h5err.ErrSelection, structure, "parameters", "options mask 0x%x, %d pixels per block", values[0], block)
	}
	bits, big, err := pixel(d.Type)
	if err != nil {
		return nil, err
	}
	mask &^= optionLSB | optionMSB
	if big {
		mask |= optionMSB
	} else {
		mask |= optionLSB
	}
	line, err := scanline(d.Chunk, uint64(block))
	return []uint32{mask, block, bits, line}, err
}

// pixel gives the bits of t that are coded and its byte order.
func pixel(t *datatype.Datatype) (bits uint32, big bool, err error) {
	n := t
	for n.Base != nil {
		n = n.Base // as libhdf5: an enum, array or complex is what it is made of
	}
	width := 8 * t.Size
	switch n.Class {
	case datatype.Integer, datatype.Float, datatype.Time, datatype.Bitfield:
	default:
		return 0, false, h5err.Unsupported(structure, "datatype", "class %s", t.Class)
	}
	if width <= 0 || n.Order > datatype.BigEndian || n.Precision <= 0 {
		return 0, false, h5err.Unsupported(structure, "datatype", "%d bits of %d, byte order %d", n.Precision, width, n.Order)
	}
	precision := n.Precision
	if precision < width && n.BitOffset != 0 {
		precision = width
	}
	switch {
	case precision > 64:
		return 0, false, h5err.Unsupported(structure, "datatype", "%d bits", precision)
	case precision > 32:
		precision = 64
	case precision > 24:
		precision = 32
	}
	// libhdf5 takes three bytes for pixels of four and stores garbage.
	p := params{planes: 1}
	if precision >= 32 {
		p.planes, precision = precision/8, 8
	}
	p.sampleBytes, _ = sampleLayout(uint(precision))
	if t.Size%p.pixelBytes() != 0 {
		return 0, false, h5err.Unsupported(structure, "datatype", "%d bytes in pixels of %d", t.Size, p.pixelBytes())
	}
	return uint32(precision * p.planes), n.Order == datatype.BigEndian, nil
}

// scanline is the fastest dimension, or all of a chunk that is narrower than a
// block, within the bounds.
func scanline(chunk []uint64, block uint64) (uint32, error) {
	if len(chunk) == 0 {
		return 0, h5err.Unsupported(structure, "chunk", "no dimensions")
	}
	line := chunk[len(chunk)-1]
	if line > maxStoredScanline {
		return uint32(block * maxStoredBlocks), nil
	}
	if line < block {
		line = 1
		for _, n := range chunk {
			line = min(line*n, 1<<32) // dimensions are below 1<<32
		}
		if line < block {
			return 0, h5err.Unsupported(structure, "chunk", "%d elements, %d pixels per block", line, block)
		}
	}
	return uint32(min(line, block*maxStoredBlocks)), nil
}

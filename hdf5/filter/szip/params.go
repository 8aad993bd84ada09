package szip

import "gables/hdf5/h5err"

// Bits of the options mask that matter to a decoder. The others say how the
// encoder chose (1: k = 13 allowed, 2: chip, 4: entropy coding), restate the
// default (8: least significant byte first) or concern a header that HDF5
// never stores (128: raw).
const (
	optionMSB = 16 // samples are stored most significant byte first
	optionNN  = 32 // samples are coded as differences from their predecessor

	optionsKnown = 1 | 2 | 4 | 8 | optionMSB | optionNN | 128
)

const (
	maxBlock    = 64      // CCSDS 121.0-B-3; HDF5 writes at most 32
	maxScanline = 1 << 20 // HDF5 writes at most 4096
	segment     = 64      // blocks of one segment of an interval
)

// params is the client data, checked, and what follows from it.
type params struct {
	nn, msb     bool
	block       int  // samples of a block
	bits        uint // of a sample, 1 to 32
	sampleBytes int  // bytes in which a sample is stored
	planes      int  // bytes of a pixel that is coded byte by byte, else 1
	scanline    int  // samples between reference samples, without filling
	interval    int  // scanline, filled up to whole blocks
	idBits      uint // width of the code option identification
}

// pixelBytes is the size of one pixel of the dataset.
func (p *params) pixelBytes() int { return p.planes * p.sampleBytes }

// parseParams checks the client data.
func parseParams(values []uint32) (params, error) {
	var p params
	if len(values) != 4 {
		return p, h5err.Corrupt(structure, "client data", "%d values, want 4", len(values))
	}
	mask, block, bits, scanline := values[0], values[1], values[2], values[3]
	if mask&^uint32(optionsKnown) != 0 {
		return p, h5err.Unsupported(structure, "options mask", "0x%x", mask)
	}
	if block == 0 || scanline == 0 {
		return p, h5err.Corrupt(structure, "client data", "%d pixels per block, %d per scanline", block, scanline)
	}
	if block < 2 || block > maxBlock {
		return p, h5err.Unsupported(structure, "pixels per block", "%d, want 2 to %d", block, maxBlock)
	}
	if scanline > maxScanline {
		return p, h5err.Unsupported(structure, "pixels per scanline", "%d, want at most %d", scanline, maxScanline)
	}
	if bits == 0 || bits > 32 && bits != 64 {
		return p, h5err.Corrupt(structure, "bits per pixel", "%d, want 1 to 32 or 64", bits)
	}
	p.nn, p.msb = mask&optionNN != 0, mask&optionMSB != 0
	p.block, p.scanline = int(block), int(scanline)
	p.interval = (p.scanline + p.block - 1) / p.block * p.block
	p.planes = 1
	if bits == 32 || bits == 64 {
		p.planes, bits = int(bits/8), 8
	}
	p.bits = uint(bits)
	p.sampleBytes, p.idBits = sampleLayout(p.bits)
	return p, nil
}

// sampleLayout gives a sample's size in bytes and the width of the option
// identification.
func sampleLayout(bits uint) (size int, idBits uint) {
	switch {
	case bits > 16:
		return 4, 5
	case bits > 8:
		return 2, 4
	}
	return 1, 3
}

package szip

import (
	"encoding/binary"

	"gables/hdf5/h5err"
)

// decoder turns coded data sets into the bytes of one chunk. It belongs to one
// goroutine.
type decoder struct {
	params
	r     bitReader
	max   uint32 // largest value of a sample
	last  uint32 // the sample before the block, for differences
	line  int    // samples of the current interval so far, filling included
	out   []byte
	done  int // samples that out holds
	total int // samples that out shall hold
	at    int // where in out the next sample goes
	blk   [maxBlock]uint32
}

// reset makes d ready to fill out from src.
func (d *decoder) reset(p *params, src, out []byte) {
	d.params = *p
	d.r = bitReader{src: src}
	d.max = uint32(uint64(1)<<p.bits - 1)
	d.last, d.line, d.done, d.at = 0, 0, 0, 0
	d.out, d.total = out, len(out)/p.sampleBytes
}

// release drops the slices that d must not keep.
func (d *decoder) release() { d.r.src, d.out = nil, nil }

// run decodes until out is full.
func (d *decoder) run() error {
	for d.done < d.total {
		blocks, err := d.codedSet()
		if err != nil {
			return err
		}
		for ; blocks > 0; blocks-- {
			if d.nn {
				d.undoDifferences()
			}
			d.emit()
			if blocks > 1 {
				clear(d.blk[:d.block])
			}
		}
	}
	return nil
}

// first is the index of the first coded value of the block: 1 where a
// reference sample stands in front.
func (d *decoder) first() int {
	if d.nn && d.line == 0 {
		return 1
	}
	return 0
}

// codedSet reads one coded data set into blk, reference sample included, and
// tells how many blocks it stands for; all of them but the first are zeros.
func (d *decoder) codedSet() (int, error) {
	id, ok := d.r.take(d.idBits)
	if !ok {
		return 0, d.ended()
	}
	if id == 1<<d.idBits-1 {
		return 1, d.uncompressed()
	}
	extension := uint32(0)
	if id == 0 {
		if extension, ok = d.r.take(1); !ok {
			return 0, d.ended()
		}
	}
	if d.first() == 1 {
		if d.blk[0], ok = d.r.take(d.bits); !ok {
			return 0, d.ended()
		}
	}
	switch {
	case id != 0:
		return 1, d.split(uint(id) - 1)
	case extension == 1:
		return 1, d.secondExtension()
	}
	return d.zeroBlocks()
}

// ended is the error of a stream that stops before the chunk is full.
func (d *decoder) ended() error {
	return h5err.Corrupt(structure, "coded data sets", "end after %d of %d samples", d.done, d.total)
}

// wide is the error of a value that does not fit its bits.
func (d *decoder) wide() error {
	return h5err.Corrupt(structure, "coded data sets", "a value behind sample %d has more than %d bits", d.done, d.bits)
}

// emit puts blk into out, without filling and without what the chunk does not
// need, and moves on by one block.
func (d *decoder) emit() {
	n := min(d.block, d.scanline-d.line, d.total-d.done)
	if d.line += d.block; d.line >= d.interval {
		d.line = 0
	}
	if n <= 0 {
		return
	}
	d.done += n
	if d.planes > 1 {
		d.emitPlane(d.blk[:n])
		return
	}
	out := d.out[d.at : d.at+n*d.sampleBytes]
	d.at += len(out)
	store(out, d.blk[:n], d.sampleBytes, d.msb)
}

// emitPlane puts one byte into each of the next pixels, from pixel to pixel and
// then from byte to byte.
func (d *decoder) emitPlane(blk []uint32) {
	at := d.at
	for _, v := range blk {
		d.out[at] = byte(v)
		if at += d.planes; at >= len(d.out) {
			at -= len(d.out) - 1
		}
	}
	d.at = at
}

// store writes samples of the given size in their byte order.
func store(out []byte, blk []uint32, size int, msb bool) {
	switch {
	case size == 1:
		for i, v := range blk {
			out[i] = byte(v)
		}
	case size == 2 && msb:
		for i, v := range blk {
			binary.BigEndian.PutUint16(out[2*i:], uint16(v))
		}
	case size == 2:
		for i, v := range blk {
			binary.LittleEndian.PutUint16(out[2*i:], uint16(v))
		}
	case msb:
		for i, v := range blk {
			binary.BigEndian.PutUint32(out[4*i:], v)
		}
	default:
		for i, v := range blk {
			binary.LittleEndian.PutUint32(out[4*i:], v)
		}
	}
}

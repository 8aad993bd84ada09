package chunkio

import (
	"encoding/binary"
	"sync"

	"gables/hdf5/dataspace"
	"gables/internal/wire"
)

// worker is the scratch memory of one goroutine that reads.
type worker struct {
	d       *Dataset
	s       Sink
	stored  []byte // a chunk as stored
	chunk   []byte // a chunk decoded
	gather  []byte // elements gathered from a stride
	fill    []byte // the fill value repeated
	fillFor *Dataset
	pinned  *cached // the chunk of the cache that is in use
	origin  [33]uint64
	err     error
}

var workers = sync.Pool{New: func() any { return new(worker) }}

func (d *Dataset) worker(s Sink) *worker {
	w := workers.Get().(*worker)
	w.d, w.s, w.err = d, s, nil
	return w
}

// keep is the most scratch memory that a pooled worker holds on to.
const keep = 16 << 20

// unpin gives back the chunk of the cache that was in use.
func (w *worker) unpin() {
	if w.pinned != nil {
		w.pinned.unpin()
		w.pinned = nil
	}
}

func (w *worker) release() {
	w.unpin()
	w.d, w.s, w.fillFor, w.err = nil, nil, nil, nil
	if cap(w.stored)+cap(w.chunk) > keep {
		w.stored, w.chunk = nil, nil
	}
	workers.Put(w)
}

// room gives n bytes of *b, growing it.
func room(b *[]byte, n int) []byte {
	if cap(*b) < n {
		*b = make([]byte, n)
	}
	return (*b)[:n]
}

// scatter delivers the selected elements of the box at origin, whose bytes are
// data.
func (w *worker) scatter(b *dataspace.Bound, origin, dims []uint64, data []byte) error {
	es := uint64(w.d.ElementSize)
	w.err = nil
	b.Runs(origin, dims, func(r dataspace.Run) bool {
		if r.Step == 1 || r.N == 1 {
			src := data[r.Box*es : (r.Box+r.N)*es]
			if dst := w.s.Direct(r.Mem, r.N); dst != nil {
				copy(dst, src)
				return true
			}
			w.err = w.s.Put(r.Mem, src)
			return w.err == nil
		}
		w.err = w.strided(r, data)
		return w.err == nil
	})
	return w.err
}

// strided gathers the elements of a run with gaps, at most gatherBytes at once.
func (w *worker) strided(r dataspace.Run, data []byte) error {
	const gatherBytes = 256 << 10
	es := w.d.ElementSize
	most := uint64(max(1, gatherBytes/es))
	at := int64(r.Box)
	for done := uint64(0); done < r.N; {
		n := min(most, r.N-done)
		dst := w.s.Direct(r.Mem+done, n)
		direct := dst != nil
		if !direct {
			dst = room(&w.gather, int(n)*es)
		}
		pick(dst, data, at, r.Step, int(n), es)
		if !direct {
			if err := w.s.Put(r.Mem+done, dst); err != nil {
				return err
			}
		}
		done += n
		at += int64(n) * r.Step
	}
	return nil
}

// pick copies n elements of es bytes, which begin at element at of src and
// are step elements apart.
func pick(dst, src []byte, at, step int64, n, es int) {
	switch es {
	case 1:
		for i := range n {
			dst[i] = src[at]
			at += step
		}
	case 2:
		for i := range n {
			binary.NativeEndian.PutUint16(dst[i*2:], binary.NativeEndian.Uint16(src[at*2:]))
			at += step
		}
	case 4:
		for i := range n {
			binary.NativeEndian.PutUint32(dst[i*4:], binary.NativeEndian.Uint32(src[at*4:]))
			at += step
		}
	case 8:
		for i := range n {
			binary.NativeEndian.PutUint64(dst[i*8:], binary.NativeEndian.Uint64(src[at*8:]))
			at += step
		}
	default:
		for i := range n {
			copy(dst[i*es:(i+1)*es], src[int(at)*es:])
			at += step
		}
	}
}

// filled gives n bytes of repeated fill value; n is a multiple of the element
// size. The memory is valid until the next call.
func (w *worker) filled(n int) []byte {
	if w.fillFor == w.d && len(w.fill) >= n {
		return w.fill[:n]
	}
	b := room(&w.fill, n)
	w.fill, w.fillFor = b, w.d
	repeat(b, w.d.Fill)
	return b
}

// repeat fills b with copies of one element; nil stands for zeros.
func repeat(b, element []byte) {
	if len(element) == 0 || len(b) == 0 {
		clear(b)
		return
	}
	for n := copy(b, element); n < len(b); n *= 2 {
		copy(b[n:], b[:n])
	}
}

// fillBox delivers the fill value for the selected elements of a box.
func (w *worker) fillBox(b *dataspace.Bound, origin, dims []uint64) error {
	const fillBytes = 64 << 10
	es := w.d.ElementSize
	most := uint64(max(1, fillBytes/es))
	w.err = nil
	b.Runs(origin, dims, func(r dataspace.Run) bool {
		for done := uint64(0); done < r.N; {
			n := min(most, r.N-done)
			if dst := w.s.Direct(r.Mem+done, r.N-done); dst != nil {
				repeat(dst, w.d.Fill)
				return true
			}
			if w.err = w.s.Put(r.Mem+done, w.filled(int(n)*es)); w.err != nil {
				return false
			}
			done += n
		}
		return true
	})
	return w.err
}

// bytes gives n stored bytes at a, without copying where the driver can.
func (w *worker) bytes(a wire.Address, n uint64) ([]byte, error) {
	if v := view(w.d.Cache.Driver(), uint64(a), n); v != nil {
		return v, nil
	}
	buf := room(&w.stored, int(n))
	return buf, w.d.Cache.ReadFull(buf, a)
}

package filter

import (
	"fmt"
	"sync"
	"unsafe"

	"gables/hdf5/h5err"
)

// Stage is one filter of a pipeline with its stored parameters.
type Stage struct {
	ID       ID
	Name     string   // as stored; often empty
	Optional bool     // a chunk may have been written without it
	Flags    uint16   // as stored; bit 0 is Optional
	Values   []uint32 // client data as stored
}

// Pipeline is a dataset's filters in the order in which writing applies them.
// It is immutable once made and safe for any number of goroutines.
type Pipeline struct {
	stages  []Stage
	filters []Filter // nil where the registry had none
	missing []error
}

// NewPipeline looks the stages up in r. A filter that is not registered is no
// error until a chunk needs it.
func NewPipeline(r *Registry, stages []Stage) *Pipeline {
	p := &Pipeline{stages: stages, filters: make([]Filter, len(stages)), missing: make([]error, len(stages))}
	for i, s := range stages {
		p.filters[i], p.missing[i] = r.Lookup(s.ID, s.Name)
	}
	return p
}

// Stages gives the filters in the order in which writing applies them; the
// slice must not be changed.
func (p *Pipeline) Stages() []Stage {
	if p == nil {
		return nil
	}
	return p.stages
}

// Empty tells whether no filter is in the pipeline.
func (p *Pipeline) Empty() bool { return p == nil || len(p.stages) == 0 }

// buffers are the two places between which the inner stages alternate.
type buffers struct{ b [2][]byte }

var bufferPool = sync.Pool{New: func() any { return new(buffers) }}

// release keeps the memory for the next chunk, unless it is large.
func (b *buffers) release() {
	const keep = 16 << 20
	for i := range b.b {
		if cap(b.b[i]) > keep {
			b.b[i] = nil
		}
	}
	bufferPool.Put(b)
}

// Decode undoes the pipeline on the stored bytes src and fills dst, whose
// length is that of the unfiltered chunk. Bit i of mask says that stage i was
// skipped when the chunk was written. No intermediate result may be larger
// than limit bytes. elementSize is that of the dataset's type.
func (p *Pipeline) Decode(dst, src []byte, mask uint32, elementSize, limit int) error {
	if p.Empty() {
		return p.finish(dst, src)
	}
	bufs := bufferPool.Get().(*buffers)
	defer bufs.release()
	cur, turn, last := src, 0, p.last(mask)
	for i := len(p.stages) - 1; i >= 0; i-- {
		if skipped(mask, i) {
			continue
		}
		if p.filters[i] == nil {
			return p.missing[i]
		}
		c := Chunk{Values: p.stages[i].Values, Size: p.sizeAfter(i, mask, len(dst)), Limit: limit, ElementSize: elementSize}
		out := bufs.b[turn][:0]
		if i == last {
			out = dst[:0:len(dst)]
		}
		next, err := p.filters[i].Decode(out, cur, c)
		if err != nil {
			return fmt.Errorf("filter %d (%s): %w", p.stages[i].ID, p.filters[i].Name(), err)
		}
		// A part of the input stays where it is; above all, the file's own
		// bytes must never become scratch memory.
		if !within(next, cur) {
			if i != last && cap(next) > cap(bufs.b[turn]) {
				bufs.b[turn] = next[:0]
			}
			turn = 1 - turn
		}
		cur = next
	}
	return p.finish(dst, cur)
}

// finish holds the result to the chunk's length and puts it into dst unless
// the last stage has done so.
func (p *Pipeline) finish(dst, got []byte) error {
	if len(got) != len(dst) {
		return h5err.Corrupt("chunk", "size", "%d bytes after the filters, want %d", len(got), len(dst))
	}
	if len(got) > 0 && &got[0] != &dst[0] {
		copy(dst, got)
	}
	return nil
}

// skipped tells whether bit i of mask is set; stages beyond 32 have no bit.
func skipped(mask uint32, i int) bool { return i < 32 && mask>>i&1 != 0 }

// last is the stage whose result is the chunk: the first that is not skipped.
func (p *Pipeline) last(mask uint32) int {
	for i := range p.stages {
		if !skipped(mask, i) {
			return i
		}
	}
	return -1
}

// sizeAfter is the length that undoing stage i must give, or -1 where a stage
// before it changes the length in a way that is not known beforehand.
func (p *Pipeline) sizeAfter(i int, mask uint32, size int) int {
	for k := 0; k < i; k++ {
		if skipped(mask, k) {
			continue
		}
		switch p.stages[k].ID {
		case Shuffle:
		case Fletcher32:
			size += 4
		default:
			return -1
		}
	}
	return size
}

// within tells whether a begins inside b, so that its memory is b's.
func within(a, b []byte) bool {
	if cap(a) == 0 || cap(b) == 0 {
		return false
	}
	p, q := uintptr(unsafe.Pointer(unsafe.SliceData(a))), uintptr(unsafe.Pointer(unsafe.SliceData(b)))
	return p >= q && p < q+uintptr(cap(b))
}

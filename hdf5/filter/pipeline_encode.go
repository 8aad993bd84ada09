package filter

import (
	"fmt"
	"slices"

	"gables/hdf5/datatype"
	"gables/hdf5/h5err"
)

// Encode applies the pipeline to src, one unfiltered chunk of a dataset whose
// elements have elementSize bytes. It writes into dst[:0] while the capacity
// suffices and takes new memory otherwise, as append does; the result is src
// itself, or a part of it, where no stage changed anything. src is never
// written to and neither slice is kept.
//
// Bit i of mask says that stage i is optional and was skipped because it gave
// ErrNoGain or failed. What a stage that is not optional gives is an error, and
// so is ErrUnsupported for a stage that can't encode, optional or not.
func (p *Pipeline) Encode(dst, src []byte, elementSize int) (out []byte, mask uint32, err error) {
	if p.Empty() {
		return src, 0, nil
	}
	if err := p.Encodable(); err != nil {
		return nil, 0, err
	}
	bufs := bufferPool.Get().(*buffers)
	defer bufs.release()
	cur, turn := src, 0
	for i, s := range p.stages {
		place := bufs.b[turn][:0]
		if i == len(p.stages)-1 {
			place = dst[:0]
		}
		c := Chunk{Values: s.Values, Size: len(cur), Limit: len(cur), ElementSize: elementSize}
		next, err := p.filters[i].(Encoder).Encode(place, cur, c)
		if err != nil {
			// Only 32 stages have a bit that could tell readers.
			if !s.Optional || i >= 32 {
				return nil, 0, fmt.Errorf("filter %d (%s): %w", s.ID, p.filters[i].Name(), err)
			}
			mask |= 1 << i
			continue
		}
		if !within(next, cur) {
			if i != len(p.stages)-1 && cap(next) > cap(bufs.b[turn]) {
				bufs.b[turn] = next[:0]
			}
			turn = 1 - turn
		}
		cur = next
	}
	if within(cur, bufs.b[0]) || within(cur, bufs.b[1]) {
		cur = append(dst[:0], cur...) // scratch memory goes back to the pool
	}
	return cur, mask, nil
}

// Encodable tells whether every stage can be applied: nil, or ErrUnsupported
// with the filter that can't.
func (p *Pipeline) Encodable() error {
	for i, s := range p.Stages() {
		if p.filters[i] == nil {
			return p.missing[i]
		}
		if _, ok := p.filters[i].(Encoder); !ok {
			return noEncoder(s.ID, p.filters[i])
		}
	}
	return nil
}

// Local gives a copy of stages whose client data is what is to be stored for a
// new dataset, made by each filter from the user's parameters. ErrUnsupported
// for a filter that r does not know, that can't encode, or that can't be
// applied to such a dataset, even where it is optional: nobody asks for a
// filter that never runs. ErrSelection for parameters that make no sense.
func Local(r *Registry, stages []Stage, d Described) ([]Stage, error) {
	out := slices.Clone(stages)
	for i, s := range stages {
		f, err := r.Lookup(s.ID, s.Name)
		if err != nil {
			return nil, err
		}
		e, ok := f.(Encoder)
		if !ok {
			return nil, noEncoder(s.ID, f)
		}
		if variable(d.Type) {
			if !s.Optional {
				return nil, h5err.Unsupported("filter pipeline", "datatype", "filter %d (%s), not optional, on values of variable length", s.ID, f.Name())
			}
			continue
		}
		if out[i].Values, err = e.Local(s.Values, d); err != nil {
			return nil, fmt.Errorf("filter %d (%s): %w", s.ID, f.Name(), err)
		}
	}
	return out, nil
}

func variable(t *datatype.Datatype) bool {
	return t.Class == datatype.VLen || t.Class == datatype.String && t.Variable
}

func noEncoder(id ID, f Filter) error {
	return fmt.Errorf("filter %d (%s) only decodes: %w", id, f.Name(), h5err.ErrUnsupported)
}

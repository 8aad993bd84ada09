package driver

import (
	"errors"
	"io"
	"sort"

	"gables/hdf5/h5err"
)

// Part is one file of a set that is seen as a single address space.
type Part struct {
	Start  uint64 // position of the part's first byte
	Extent uint64 // positions that belong to the part, whether it has bytes there or not
	Driver Driver
}

// Joined shows several files as one: the members of a family lie one after the
// other, those of a multi-file each at the start of its own region.
type Joined struct {
	parts []Part // by Start
	size  uint64
}

// Join owns the parts from then on. They must not overlap.
func Join(parts []Part) (*Joined, error) {
	j := &Joined{parts: append([]Part(nil), parts...)}
	sort.Slice(j.parts, func(a, b int) bool { return j.parts[a].Start < j.parts[b].Start })
	for i, p := range j.parts {
		end := p.Start + p.Extent
		if end < p.Start || (i+1 < len(j.parts) && end > j.parts[i+1].Start) {
			return nil, errors.Join(h5err.Corrupt("driver info", "member address", "members overlap at 0x%x", p.Start), j.Close())
		}
		if n := min(p.Driver.Size(), p.Extent); n > 0 {
			j.size = max(j.size, p.Start+n)
		}
	}
	return j, nil
}

// Size is the end of the last part that has bytes.
func (j *Joined) Size() uint64 { return j.size }

// Spans tells where the parts have bytes: each Part with Extent the bytes that
// are there, without its driver; those without any are left out.
func (j *Joined) Spans() []Part {
	var list []Part
	for _, p := range j.parts {
		if n := min(p.Driver.Size(), p.Extent); n > 0 {
			list = append(list, Part{Start: p.Start, Extent: n})
		}
	}
	return list
}

// ReadAt reads from as many parts as p covers. Positions that lie in a region
// beyond the bytes of its file are not there: io.EOF.
func (j *Joined) ReadAt(p []byte, off uint64) (int, error) {
	done := 0
	for done < len(p) {
		part := j.find(off)
		if part == nil {
			return done, io.EOF
		}
		in := off - part.Start
		n := len(p) - done
		if room := part.Extent - in; uint64(n) > room {
			n = int(room)
		}
		got, err := part.Driver.ReadAt(p[done:done+n], in)
		done += got
		off += uint64(got)
		if got < n {
			if err == nil {
				err = io.ErrUnexpectedEOF
			}
			return done, err
		}
	}
	return done, nil
}

// find gives the part whose region holds off.
func (j *Joined) find(off uint64) *Part {
	i := sort.Search(len(j.parts), func(i int) bool { return j.parts[i].Start > off }) - 1
	if i < 0 || off-j.parts[i].Start >= j.parts[i].Extent {
		return nil
	}
	return &j.parts[i]
}

// Close closes every part.
func (j *Joined) Close() error {
	var errs []error
	for _, p := range j.parts {
		errs = append(errs, p.Driver.Close())
	}
	return errors.Join(errs...)
}

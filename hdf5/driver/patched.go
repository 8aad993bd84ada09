package driver

import (
	"errors"
	"io"
	"sort"
)

// Patch is bytes that stand in place of those of a file.
type Patch struct {
	Start uint64
	Data  []byte
}

// Patched is a driver of which some bytes are replaced. View shows the
// driver's own bytes: it is meant for raw data, which is never patched.
func Patched(d Driver, patches []Patch) Driver {
	p := patched{d, append([]Patch(nil), patches...), d.Size()}
	sort.Slice(p.patches, func(i, j int) bool { return p.patches[i].Start < p.patches[j].Start })
	for _, x := range p.patches {
		p.size = max(p.size, x.Start+uint64(len(x.Data)))
	}
	if v, ok := d.(Viewer); ok {
		return patchedViewer{p, v}
	}
	return p
}

type patched struct {
	Driver
	patches []Patch // by Start
	size    uint64
}

func (p patched) Size() uint64 { return p.size }

// ReadAt reads from the driver and then lays the patches over it.
func (p patched) ReadAt(b []byte, off uint64) (int, error) {
	n, err := p.Driver.ReadAt(b, off)
	if err != nil && !errors.Is(err, io.EOF) {
		return n, err
	}
	end := off + uint64(len(b))
	i := sort.Search(len(p.patches), func(i int) bool {
		return p.patches[i].Start+uint64(len(p.patches[i].Data)) > off
	})
	for ; i < len(p.patches) && p.patches[i].Start < end; i++ {
		x := p.patches[i]
		from, skip := uint64(0), uint64(0)
		if x.Start > off {
			from = x.Start - off
		} else {
			skip = off - x.Start
		}
		// What the file lacks counts as read only where a patch joins on.
		if got := copy(b[from:], x.Data[skip:]); from <= uint64(n) {
			n = max(n, int(from)+got)
		}
	}
	if n == len(b) {
		return n, nil
	}
	return n, io.EOF
}

type patchedViewer struct {
	patched
	v Viewer
}

func (p patchedViewer) View(off uint64, n int) []byte { return p.v.View(off, n) }

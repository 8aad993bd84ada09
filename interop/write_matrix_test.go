//go:build interop

package interop

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gables/hdf5"
	"gables/hdf5/datatype"
	"gables/hdf5/filter"
)

// maker writes a file of the matrix and notes what must be found in it.
type maker struct {
	t   *testing.T
	f   *hdf5.File
	e   *expected
	x   targets
	dir string
	new bool // the file has the formats from 1.10 on
}

func newMaker(t *testing.T, dir, name string, low hdf5.Libver, opts ...hdf5.Option) *maker {
	t.Helper()
	f, err := hdf5.Create(filepath.Join(dir, name), append(opts, hdf5.WithLibver(low), hdf5.WithDurability(hdf5.NoDurability))...)
	must(t, err)
	m := &maker{t: t, f: f, e: &expected{name: name, objects: map[string]*thing{}}, dir: dir, new: low >= hdf5.V110}
	m.x, err = makeTargets(f)
	must(t, err)
	d, err := f.Dataset("/target")
	must(t, err)
	var want [][]byte
	for i := range 60 {
		want = append(want, le(int64(i)))
	}
	m.note("/target", d, kindNamed("int64le"), plan{name: "contiguous"}, pack{}, dims(6, 10), hdf5.DatasetOptions{}, want)
	for _, g := range []string{"/group", "/group/inner"} {
		m.e.objects[g] = &thing{facts: map[string]string{"kind": "group", "references": "1", "order": ""}}
	}
	return m
}

// done closes the file and completes what is expected of it.
func (m *maker) done() *expected {
	m.t.Helper()
	must(m.t, m.f.Flush(bg))
	for path, o := range m.e.objects {
		if len(o.pack.stages) > 0 {
			o.applied = m.appliedTo(path)
			m.e.proved(o)
		}
	}
	must(m.t, m.f.Close())
	m.e.linkFacts()
	return m.e
}

// appliedTo tells the filters that a chunk of a dataset went through.
func (m *maker) appliedTo(path string) map[filter.ID]bool {
	m.t.Helper()
	d, err := m.f.Dataset(path)
	must(m.t, err)
	ids := map[filter.ID]bool{}
	err = d.Chunks(bg, func(c hdf5.Chunk) error {
		for i, s := range d.Filters() {
			if c.FilterMask>>i&1 == 0 {
				ids[s.ID] = true
			}
		}
		return nil
	})
	must(m.t, err)
	return ids
}

// proved notes that all filters of a pack were applied.
func (e *expected) proved(o *thing) {
	for _, s := range o.pack.stages {
		if !o.applied[s.ID] {
			return
		}
	}
	if e.packs == nil {
		e.packs = map[string]int{}
	}
	e.packs[o.pack.name]++
}

func (m *maker) note(path string, d *hdf5.Dataset, k kind, p plan, c pack, shape []uint64, o hdf5.DatasetOptions, want [][]byte) {
	facts := layoutFacts(d, k, p, shape, o)
	facts["value"] = valueText(k.linked, want)
	m.e.objects[path] = &thing{facts: facts, kind: k, plan: p, pack: c, shape: shape, want: want}
}

// fits tells whether a case exists.
func (m *maker) fits(k kind, p plan, c pack) bool {
	switch {
	case p.only != nil && !slices.Contains(p.only, k.name), m.new && !p.new, !m.new && !p.old:
		return false
	case c.takes != nil && !c.takes(k):
		return false
	case strings.HasPrefix(c.name, "szip") && strings.HasSuffix(c.name, "8") && count(p.o.Chunk) < 8:
		return false // libhdf5 takes no more pixels in a block than in a chunk
	case p.o.Compact && count(p.shape)*k.t.Size > 60000:
		return false
	}
	return p.name != "external" || !k.linked
}

// add writes the dataset of one case.
func (m *maker) add(k kind, p plan, c pack) {
	m.t.Helper()
	if !m.fits(k, p, c) {
		return
	}
	path := "/" + k.name + "/" + p.label() + "/" + suffixed("data", c.name)
	r := seeded(m.e.name + path)
	o := p.o
	o.Parents, o.Filters = true, c.stages
	if p.filled && !k.linked {
		o.Fill = fillOf(k)
	}
	if p.name == "external" {
		o.External = externals(m.e.name+path, uint64(count(p.shape)*k.t.Size))
	}
	var d *hdf5.Dataset
	var err error
	if isNull(p.shape) {
		d, err = m.f.CreateDatasetSpace(path, k.t, spaceOf(p.shape), o)
	} else {
		d, err = m.f.CreateDataset(path, k.t, p.shape, o)
	}
	if err != nil {
		m.t.Errorf("%s %s: %v", m.e.name, path, err)
		return
	}
	want, err := fillDataset(d, k, p, o.Fill, m.x, r)
	if err != nil {
		m.t.Errorf("%s %s: %v", m.e.name, path, err)
		return
	}
	if c.lossy {
		want = m.read(d)
	}
	if c.name == "nbit" && k.family == "int of odd precision" {
		want = significant(k.t, want)
	}
	m.note(path, d, k, p, c, p.shape, o, want)
}

// read is what gables itself reads, for filters that lose bits.
func (m *maker) read(d *hdf5.Dataset) (want [][]byte) {
	m.t.Helper()
	must(m.t, m.f.Flush(bg))
	b := make([]byte, count(d.Shape())*d.Type().Size)
	_, err := d.ReadRaw(bg, b)
	must(m.t, err)
	return slices.Collect(slices.Chunk(b, d.Type().Size))
}

// significant drops the bits that are no part of the numbers, as the n-bit
// filter does.
func significant(t *datatype.Datatype, want [][]byte) [][]byte {
	mask := (uint64(1)<<t.Precision - 1) << t.BitOffset
	list := make([][]byte, len(want))
	for i, b := range want {
		list[i] = slices.Clone(b)
		for k := range b {
			at := k
			if t.Order == bigEndian {
				at = len(b) - 1 - k
			}
			list[i][at] &= byte(mask >> (8 * k))
		}
	}
	return list
}

// externals are two raw files, the first in part.
func externals(label string, size uint64) []hdf5.ExternalFile {
	name := strings.NewReplacer("/", "_", ".h5", "").Replace(label)
	return []hdf5.ExternalFile{{Name: name + "_1.raw", Offset: 3, Size: size / 2}, {Name: name + "_2.raw", Unlimited: true}}
}

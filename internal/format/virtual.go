package format

import (
	"strings"

	"gables/hdf5/dataspace"
	"gables/hdf5/h5err"
	"gables/internal/checksum"
	"gables/internal/wire"
)

// Flags of a mapping in version 1 of the mapping block.
const (
	virtualFileShared    = 1 << 0 // the file name is that of an earlier mapping
	virtualDatasetShared = 1 << 1 // the dataset name is
	virtualSameFile      = 1 << 2 // the source is in the file itself
)

// minVirtualMapping is the least that a mapping takes: two selections of 16
// bytes and something for the names.
const minVirtualMapping = 2*16 + 2

// VirtualMapping says which elements of a virtual dataset are which elements
// of a source dataset. Spec: III.F.
type VirtualMapping struct {
	File, Dataset               string // as stored, with their percent signs
	Source, Virtual             *Selection
	SourceAxis, VirtualAxis     int  // the unlimited dimension, or -1
	Blocks                      bool // every block of Virtual has a source of its own, named by its number
	FilePattern, DatasetPattern VirtualName
}

// DecodeVirtual reads the global heap object that holds the mappings of a
// virtual dataset: version 1, count (length), mappings, checksum 4. Version 0
// of a mapping: file name, dataset name (NUL-terminated), source selection,
// virtual selection. Version 1: flags 1, then the same, where a name is left
// out for the file itself, and is the number (length) of an earlier mapping
// that has it where it is shared. libhdf5 writes version 1 from 2.0 on, where it
// is the shorter one. Spec: III.F.
func DecodeVirtual(b []byte, s wire.Sizes) ([]VirtualMapping, error) {
	const name = "virtual dataset mappings"
	r := wire.NewReader(b, s)
	version := r.U8()
	if r.Err() == nil && version > 1 {
		return nil, unknownVersion(name, version, "0 and 1")
	}
	if len(b) < 5+s.Length {
		return nil, h5err.Corrupt(name, "size", "%d bytes", len(b))
	}
	body := b[:len(b)-4]
	if got, want := checksum.Lookup3(body), uint32(wire.Uint(b[len(b)-4:])); got != want {
		return nil, h5err.New(h5err.ErrChecksum, name, "checksum", "computed 0x%08x, stored 0x%08x", got, want)
	}
	r = wire.NewReader(body, s)
	r.Skip(1)
	n := r.Length()
	if n > uint64(r.Len()/minVirtualMapping) {
		return nil, h5err.Corrupt(name, "number of mappings", "%d in %d bytes", n, r.Len())
	}
	list := make([]VirtualMapping, n)
	for i := range list {
		if err := list[i].decode(r, version, list[:i]); err != nil {
			return nil, inRecord(name, err)
		}
	}
	if r.Len() > 0 {
		return nil, h5err.Corrupt(name, "size", "%d bytes behind the last mapping", r.Len())
	}
	return list, nil
}

// AppendVirtual appends the heap object of a virtual dataset with these
// mappings, in the version that libhdf5 writes under the low bound. Of a mapping
// only names and selections are looked at. Errors: those of AppendSelection,
// ErrSelection for mappings that DecodeVirtual would refuse, ErrUnsupported for
// a name with a NUL. Spec: III.F.
func AppendVirtual(b []byte, list []VirtualMapping, low Bound, s wire.Sizes) ([]byte, error) {
	e := newEncoder("virtual dataset mappings", b, s)
	e.virtual(list, low, 0)
	if low >= BoundV200 && e.err == nil {
		shared := newEncoder(e.structure, b[:len(b):len(b)], s)
		if shared.virtual(list, low, 1); shared.Len() <= e.Len() {
			return shared.done(b)
		}
	}
	return e.done(b)
}

// virtual appends the whole block in one version.
func (e *encoder) virtual(list []VirtualMapping, low Bound, version uint8) {
	start := e.Len()
	e.U8(version)
	e.length("number of mappings", uint64(len(list)))
	files, datasets := map[string]int{}, map[string]int{}
	for i := range list {
		m := list[i]
		if m.Source == nil || m.Virtual == nil {
			e.fail(badSelection("mapping", "%d has none", i))
			return
		}
		if err := m.check(); err != nil {
			e.fail(badSelection("mapping", "%d: %v", i, err))
			return
		}
		if strings.IndexByte(m.File+m.Dataset, 0) >= 0 {
			e.fail(noForm("source name", "a NUL in %q, %q", m.File, m.Dataset))
		}
		if version == 0 {
			e.CString(m.File)
			e.CString(m.Dataset)
		} else {
			e.sharedNames(&m, i, files, datasets)
		}
		e.selection(m.Source, low)
		e.selection(m.Virtual, low)
	}
	e.Zero(4)
	seal(e.Buf[start:])
}

// sharedNames appends flags and names of mapping i; files and datasets hold
// where a name was first.
func (e *encoder) sharedNames(m *VirtualMapping, i int, files, datasets map[string]int) {
	at := e.Len()
	e.U8(0)
	flags := uint32(0)
	if m.File == "." {
		flags = virtualSameFile
	} else {
		flags = bit(e.sharedName(m.File, i, files), 0)
	}
	flags |= bit(e.sharedName(m.Dataset, i, datasets), 1)
	e.Buf[at] = uint8(flags)
}

// sharedName appends a name, or the number of an earlier mapping that has it
// where that is not longer.
func (e *encoder) sharedName(name string, i int, known map[string]int) bool {
	first, found := known[name]
	if found && len(name)+1 >= e.Sizes.Length {
		e.length("shared name", uint64(first))
		return true
	}
	if !found {
		known[name] = i
	}
	e.CString(name)
	return false
}

// decode reads one mapping; earlier are those before it.
func (m *VirtualMapping) decode(r *wire.Reader, version uint8, earlier []VirtualMapping) error {
	flags := uint8(0)
	if version > 0 {
		flags = r.U8()
	}
	if flags&^(virtualFileShared|virtualDatasetShared|virtualSameFile) != 0 {
		return h5err.Unsupported("", "flags", "0x%02x", flags)
	}
	switch flags & (virtualFileShared | virtualSameFile) {
	case 0:
		m.File = r.CString()
	case virtualSameFile:
		m.File = "."
	case virtualFileShared:
		if o := sharedName(r, earlier); o != nil {
			m.File = o.File
		}
	default:
		return h5err.Corrupt("", "flags", "0x%02x", flags)
	}
	if flags&virtualDatasetShared == 0 {
		m.Dataset = r.CString()
	} else if o := sharedName(r, earlier); o != nil {
		m.Dataset = o.Dataset
	}
	if r.Err() != nil {
		return r.Err()
	}
	var err error
	if m.Source, err = DecodeSelection(r); err != nil {
		return err
	}
	if m.Virtual, err = DecodeSelection(r); err != nil {
		return err
	}
	return m.check()
}

// sharedName gives the earlier mapping whose number is next.
func sharedName(r *wire.Reader, earlier []VirtualMapping) *VirtualMapping {
	i := r.Length()
	if r.Err() == nil && i >= uint64(len(earlier)) {
		r.Fail(h5err.Corrupt("", "shared name", "of mapping %d, in mapping %d", i, len(earlier)))
	}
	if r.Err() != nil {
		return nil
	}
	return &earlier[i]
}

// check finds the unlimited dimensions and holds the mapping to the rules for
// them.
func (m *VirtualMapping) check() error {
	if m.Source.Kind == SelectionPoints || m.Virtual.Kind == SelectionPoints {
		return h5err.Unsupported("", "selection", "points in a mapping")
	}
	var err error
	if m.SourceAxis, err = m.Source.unlimitedAxis(); err != nil {
		return err
	}
	if m.VirtualAxis, err = m.Virtual.unlimitedAxis(); err != nil {
		return err
	}
	if m.FilePattern, err = parseVirtualName(m.File); err != nil {
		return err
	}
	if m.DatasetPattern, err = parseVirtualName(m.Dataset); err != nil {
		return err
	}
	numbered := m.FilePattern.Numbered() || m.DatasetPattern.Numbered()
	m.Blocks = m.VirtualAxis >= 0 && m.SourceAxis < 0
	switch {
	case m.VirtualAxis < 0 && m.SourceAxis >= 0:
		return h5err.Corrupt("", "selection", "an unlimited source for a limited part")
	case m.Blocks != numbered:
		return h5err.Corrupt("", "source name", "%q in %q, unlimited dimensions %d of the source and %d", m.Dataset, m.File, m.SourceAxis, m.VirtualAxis)
	case m.Blocks && m.Virtual.Count[m.VirtualAxis] != dataspace.Unlimited:
		return h5err.Corrupt("", "selection", "an unlimited block for numbered sources")
	}
	return nil
}

// unlimitedAxis gives the dimension without end, of which there may be one.
func (s *Selection) unlimitedAxis() (int, error) {
	axis := -1
	for i := range s.Count {
		if s.Count[i] != dataspace.Unlimited && s.Block[i] != dataspace.Unlimited {
			continue
		}
		if axis >= 0 {
			return 0, h5err.Corrupt("dataspace selection", "count", "dimensions %d and %d are unlimited", axis, i)
		}
		axis = i
	}
	return axis, nil
}

// VirtualName is the name of a source: the literal parts between the places
// where the number of a block stands.
type VirtualName []string

// parseVirtualName: %b stands for the number, %% for a percent sign.
func parseVirtualName(s string) (VirtualName, error) {
	parts := VirtualName{""}
	for {
		lit, rest, found := strings.Cut(s, "%")
		parts[len(parts)-1] += lit
		switch {
		case !found:
			return parts, nil
		case strings.HasPrefix(rest, "%"):
			parts[len(parts)-1] += "%"
		case strings.HasPrefix(rest, "b"):
			parts = append(parts, "")
		default:
			return nil, h5err.Corrupt("", "source name", "%q behind a percent sign", rest)
		}
		s = rest[1:]
	}
}

// Numbered tells whether the name has a place for a number.
func (n VirtualName) Numbered() bool { return len(n) > 1 }

// With puts a number into its places, in decimal.
func (n VirtualName) With(number string) string { return strings.Join(n, number) }

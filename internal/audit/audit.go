// Package audit walks all structures of a file, claims the bytes of each, and
// checks what they say: checksums, the order of trees, counts, where links and
// references lead, whether chunks decode. It shares the decoders of package
// format with the readers, but not their walks, so that it sees more of a
// damaged file and finds what a look-up would miss. What nobody claims is lost
// space; what two claim is damage. It changes nothing.
package audit

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"gables/hdf5/h5err"
	"gables/internal/chunkio"
	"gables/internal/format"
	"gables/internal/metacache"
	"gables/internal/object"
	"gables/internal/wire"
)

// Source is the state of a file that is checked. All positions are relative to
// the base address.
type Source struct {
	Graph     *object.Graph
	Super     *format.Superblock
	UserBlock uint64                // bytes before the superblock
	Space     *format.FileSpaceInfo // nil when the file says nothing
	LeafK     int                   // half the entries of a symbol table node
	InternalK int                   // half the children of a group B-tree's node
	ChunkK    int                   // half the children of a chunk B-tree's node
	Regions   []Range               // where the file has bytes, ascending
	Free      []Range               // what a writer knows to be unused
	Pool      *chunkio.Pool
	// Resolve follows a soft or external link of the group at an address.
	Resolve func(group wire.Address, l *format.Link) error
	// Raw opens an external raw file.
	Raw func(name string) error
}

// Options say how much is checked.
type Options struct {
	Quick    bool // chunks are not decoded, unless they refer to variable-length data
	Most     int  // findings that are kept; 0: 1000
	Workers  int  // 0: as the pool has
	Map      bool // the report tells who uses what
	Progress func(path string, done, total uint64)
}

// Level is how bad a finding is.
type Level uint8

// The levels.
const (
	Note    Level = iota // legal, but perhaps not meant
	Warning              // space is lost, or something could not be checked
	Damage               // bytes break a rule of the format
)

// Finding is one thing that is not as it should be.
type Finding struct {
	Level Level
	Path  string
	Err   error // holds structure and address
}

// Report is what was found.
type Report struct {
	Size       uint64 // bytes of the file, user block included
	Live       [kinds]uint64
	Structures [kinds]uint64
	Free       uint64  // declared to be unused
	Lost       []Range // claimed by nobody
	Map        []Extent

	Groups, Datasets, Datatypes, Attributes, Links uint64
	Chunks                                         uint64 // that are stored
	Decoded                                        uint64 // bytes that chunks have without their filters

	Findings []Finding
	Levels   [3]uint64 // how many there are of each level
}

// auditor is one check.
type auditor struct {
	Source
	ctx     context.Context
	o       Options
	cache   *metacache.Cache
	sizes   wire.Sizes
	claims  claims
	objects map[wire.Address]*known
	queue   []*known
	values  values

	doubtful bool // what is looked at may not be what it is taken for

	mu     sync.Mutex // guards report's findings and what is told
	report *Report
	told   map[string]bool
}

// known is an object that something leads to.
type known struct {
	addr  wire.Address
	path  string
	links uint32 // hard links, and uses of a committed datatype
	said  uint32 // what the header counts
	read  bool
}

// Run checks a file. It gives an error only when ctx ends it.
func Run(ctx context.Context, src Source, o Options) (*Report, error) {
	if o.Most == 0 {
		o.Most = 1000
	}
	a := &auditor{Source: src, ctx: ctx, o: o, cache: src.Graph.Cache, sizes: src.Graph.Cache.Sizes(),
		objects: map[wire.Address]*known{}, report: &Report{}, told: map[string]bool{}}
	a.claims.space = src.Regions
	a.values.init(a)
	a.file()
	a.find(src.Super.Root, "/").links++
	for len(a.queue) > 0 && ctx.Err() == nil {
		k := a.queue[0]
		a.queue = a.queue[1:]
		a.object(k)
	}
	a.counts()
	a.end()
	a.values.finish()
	a.settle()
	return a.report, ctx.Err()
}

// find gives the object at an address, to be looked at in its turn.
func (a *auditor) find(addr wire.Address, path string) *known {
	k := a.objects[addr]
	if k == nil {
		k = &known{addr: addr, path: path}
		a.objects[addr] = k
		a.queue = append(a.queue, k)
	}
	return k
}

// claim notes that a structure takes n bytes, and tells whether the file has them.
func (a *auditor) claim(path string, kind Kind, addr wire.Address, n uint64) bool {
	if n == 0 {
		return true
	}
	end, ok := wire.Add(uint64(addr), n)
	if !addr.Defined() || !ok {
		a.damage(path, kind, addr, "address", "%d bytes at an address that is not in any file", n)
		return false
	}
	r := Range{uint64(addr), end}
	a.claims.add(path, claim{Range: r, kind: kind})
	if !a.claims.within(r) {
		a.add(Damage, path, h5err.At(h5err.New(h5err.ErrTruncated, kind.String(), "", "%d bytes, of which some lie beyond the end of the file", n), "", uint64(addr)))
		return false
	}
	return true
}

// damage reports a broken rule.
func (a *auditor) damage(path string, kind Kind, addr wire.Address, field, text string, args ...any) {
	a.add(Damage, path, h5err.At(h5err.Corrupt(kind.String(), field, text, args...), "", uint64(addr)))
}

// fault reports an error of decoding: what is legal but unknown, or beyond a
// limit, is no damage.
func (a *auditor) fault(path string, kind Kind, addr wire.Address, err error) {
	if err == nil || a.ctx.Err() != nil && errors.Is(err, a.ctx.Err()) {
		return
	}
	a.add(levelOf(err), path, h5err.At(err, kind.String(), uint64(addr)))
}

func levelOf(err error) Level {
	if errors.Is(err, h5err.ErrUnsupported) || errors.Is(err, h5err.ErrLimit) {
		return Warning
	}
	return Damage
}

// add keeps a finding.
func (a *auditor) add(l Level, path string, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.report
	text := path + err.Error()
	if a.told[text] {
		return
	}
	if len(a.told) < 4*a.o.Most {
		a.told[text] = true
	}
	r.Levels[l]++
	switch {
	case len(r.Findings) < a.o.Most:
		r.Findings = append(r.Findings, Finding{l, path, err})
	case l > Note:
		a.replace(Finding{l, path, err})
	}
}

// replace puts a finding in the place of a lesser one: what is damaged must not
// be hidden by many notes.
func (a *auditor) replace(f Finding) {
	if a.report.Levels[Damage] > uint64(a.o.Most) {
		return
	}
	for i := range a.report.Findings {
		if a.report.Findings[i].Level < f.Level {
			a.report.Findings[i] = f
			return
		}
	}
}

// decoded counts bytes that chunks have without their filters.
func (a *auditor) decoded(n uint64) {
	a.mu.Lock()
	a.report.Decoded += n
	a.mu.Unlock()
}

// progress tells how far the check is.
func (a *auditor) progress(path string) {
	if a.o.Progress != nil {
		total := uint64(0)
		for _, r := range a.Regions {
			total += r.Size()
		}
		a.o.Progress(path, min(a.claims.sum(), total), total)
	}
}

// counts compares how many links lead to each object with what it says.
func (a *auditor) counts() {
	for _, k := range a.objects {
		switch {
		case !k.read || k.links == k.said:
		case k.links > k.said:
			a.damage(k.path, ObjectHeader, k.addr, "reference count", "%d, but %d links lead to the object", k.said, k.links)
		default:
			a.add(Warning, k.path, h5err.At(h5err.New(errCount, ObjectHeader.String(), "reference count", "%d, but only %d links lead to the object", k.said, k.links), "", uint64(k.addr)))
		}
	}
}

// errCount says that a count is higher than what it counts, which costs space
// once that is removed.
var errCount = errors.New("count too high")

// errOutside says that a chunk is stored for a place that the dataset has not.
var errOutside = errors.New("outside the dataset")

// settle turns claims into sums, and those that collide into findings.
func (a *auditor) settle() {
	u := a.claims.settle(a.o.Most)
	r := a.report
	r.Live, r.Structures, r.Free, r.Lost = u.live, a.claims.counts, u.free, u.lost
	if a.o.Map {
		r.Map = a.claims.extents()
	}
	r.Live[UserBlock] = a.UserBlock
	r.Size = a.UserBlock
	for _, s := range a.Regions {
		r.Size += s.Size()
	}
	for _, o := range u.overlaps {
		who := func(k Kind, path string, free bool) string {
			if free {
				return "declared free space"
			}
			return fmt.Sprintf("%s of %s", k, path)
		}
		a.damage(o.FirstPath, o.First, wire.Address(o.At), "", "%d bytes are both %s and %s", o.Size(),
			who(o.First, o.FirstPath, o.FirstIsFree), who(o.Second, o.SecondPath, o.SecondFree))
	}
}

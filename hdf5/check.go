package hdf5

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"gables/hdf5/driver"
	"gables/hdf5/h5err"
	"gables/internal/audit"
	"gables/internal/format"
	"gables/internal/wire"
)

// CheckOptions say how much Check looks at. The zero value is everything.
type CheckOptions struct {
	Quick    bool // do not decode chunks, unless they refer to variable-length data
	Most     int  // findings that the report keeps; 0: 1000
	Workers  int  // most goroutines; 0: as the file was opened
	Map      bool // the report tells what each range is used for
	Progress func(path string, done, total uint64)
}

// Severity is how bad a finding is.
type Severity uint8

// The severities.
const (
	Note    Severity = iota // legal, but perhaps not meant: a link that leads nowhere
	Warning                 // space is lost, or something could not be checked
	Damage                  // bytes break a rule of the format
)

// String is the severity's name.
func (s Severity) String() string { return [...]string{"note", "warning", "damage"}[s] }

// Finding is one thing that is not as it should be.
type Finding struct {
	Severity  Severity
	Path      string // of the object; in parentheses where none is concerned
	Structure string // the specification's name; empty when it is not known
	Address   uint64 // relative to the base address
	Located   bool   // whether Address is known
	Err       error
}

// Usage is what one kind of structure takes.
type Usage struct {
	Kind  string
	Bytes uint64
	Count uint64 // structures
}

// Space is a range of a file, relative to the base address.
type Space struct{ Address, Size uint64 }

// Extent is a range of the file and what it is used for. Structures of one kind
// and object that follow each other are one.
type Extent struct {
	Space
	Kind string // as in Usage; "free" where the file declares it to be
	Path string // of the object; in parentheses where none is concerned
}

// Report is what Check found. Live, Free and Unaccounted together are Size.
type Report struct {
	Size        uint64   // bytes of the file, or of all members together
	Live        uint64   // bytes that something uses
	Used        []Usage  // Live by kind; kinds that do not occur are left out
	Free        uint64   // bytes that the file declares to be free
	Unaccounted uint64   // bytes that nothing leads to: lost space
	Lost        []Space  // where those are, ascending
	Map         []Extent // by address, with CheckOptions.Map

	Groups, Datasets, Datatypes, Attributes, Links uint64
	Chunks                                         uint64 // that are stored
	Decoded                                        uint64 // bytes that the decoded chunks have without their filters

	Findings []Finding // damage first
	Damages  uint64    // how many there are, also beyond CheckOptions.Most
	Warnings uint64
	Notes    uint64
}

// Damaged tells whether a rule of the format is broken.
func (r *Report) Damaged() bool { return r.Damages > 0 }

// Check walks every structure of a file, claims its bytes, and checks what it
// says: checksums, trees, counts of links, where links and references lead,
// whether chunks and attributes decode. Damage is not an error of Check but a
// finding, and does not stop it. Of a handle for writing it checks the state
// with all changes. Errors: ErrClosed, that of ctx, and those of writing
// changed chunks.
func Check(ctx context.Context, f *File, o CheckOptions) (*Report, error) {
	if f.w != nil {
		if err := f.settle(ctx); err != nil {
			return nil, err
		}
	}
	s, err := f.enter()
	if err != nil {
		return nil, err
	}
	defer f.leave(s)
	r, err := audit.Run(ctx, f.auditSource(s), audit.Options{Quick: o.Quick, Most: o.Most, Workers: o.Workers, Map: o.Map, Progress: o.Progress})
	if err != nil {
		return nil, h5err.In(err, f.name, "")
	}
	return newReport(f, r), nil
}

// settle puts all changed chunks into the draft.
func (f *File) settle(ctx context.Context) error {
	w, err := f.edit()
	if err != nil {
		return err
	}
	defer f.done()
	list := w.all()
	defer unlockAll(list)
	for _, d := range list {
		if err := d.settle(ctx); err != nil {
			return h5err.In(err, f.name, "")
		}
	}
	return nil
}

func (f *File) auditSource(s *store) audit.Source {
	k := nodeSizesOf(s.sb, s.btreeK)
	src := audit.Source{Graph: s.graph, Super: s.sb, UserBlock: s.at, Space: s.ext, LeafK: k.leaf, InternalK: k.internal, ChunkK: k.chunk,
		Pool: s.pool, Regions: regionsOf(s)}
	src.Resolve = func(group wire.Address, l *format.Link) error {
		r := resolver{hops: s.conf.limits.Links}
		defer r.done()
		at, err := r.follow(place{f, s, group}, l)
		if err == nil {
			_, err = at.s.graph.Open(at.addr)
		}
		return err
	}
	src.Raw = func(name string) error {
		d, err := s.folder.open(name, s.conf)
		if err != nil {
			return &h5err.FormatError{Structure: "external raw file", Detail: name, Err: err}
		}
		return d.Close()
	}
	if s.w != nil {
		src.UserBlock, src.Free = f.w.base, []audit.Range{}
		for _, list := range f.w.draft.Space.Unused() {
			for _, r := range list {
				src.Free = append(src.Free, audit.Range{At: r.At, End: r.End})
			}
		}
	}
	return src
}

// regionsOf tells where the file has bytes, from the base address on.
func regionsOf(s *store) []audit.Range {
	if j, ok := s.drv.(*driver.Joined); ok && s.at == 0 {
		var list []audit.Range
		for _, p := range j.Spans() {
			if n := len(list); n > 0 && list[n-1].End == p.Start {
				list[n-1].End += p.Extent
				continue
			}
			list = append(list, audit.Range{At: p.Start, End: p.Start + p.Extent})
		}
		return list
	}
	if s.w != nil {
		return []audit.Range{{At: 0, End: s.w.draft.Space.End()}}
	}
	return []audit.Range{{At: 0, End: s.drv.Size() - s.at}}
}

func newReport(f *File, r *audit.Report) *Report {
	t := &Report{Size: r.Size, Free: r.Free, Groups: r.Groups, Datasets: r.Datasets, Datatypes: r.Datatypes, Attributes: r.Attributes,
		Links: r.Links, Chunks: r.Chunks, Decoded: r.Decoded, Notes: r.Levels[audit.Note], Warnings: r.Levels[audit.Warning], Damages: r.Levels[audit.Damage]}
	for k, n := range r.Live {
		if t.Live += n; n > 0 {
			t.Used = append(t.Used, Usage{audit.Kind(k).String(), n, r.Structures[k]})
		}
	}
	for _, l := range r.Lost {
		t.Unaccounted += l.Size()
		t.Lost = append(t.Lost, Space{l.At, l.Size()})
	}
	for _, e := range r.Map {
		kind := e.Kind.String()
		if e.Free {
			kind = "free"
		}
		t.Map = append(t.Map, Extent{Space{e.At, e.Size()}, kind, e.Path})
	}
	for _, x := range r.Findings {
		g := Finding{Severity: Severity(x.Level), Path: x.Path, Err: h5err.In(x.Err, f.name, x.Path)}
		var fe *h5err.FormatError
		if errors.As(x.Err, &fe) {
			g.Structure, g.Address, g.Located = fe.Structure, fe.Address, fe.HasAddr
		}
		t.Findings = append(t.Findings, g)
	}
	slices.SortStableFunc(t.Findings, func(a, b Finding) int { return int(b.Severity) - int(a.Severity) })
	return t
}

// Complete is the error of a report that is not what one write in one go leaves
// behind: damage, warnings, or space that nobody accounts for; nil when there
// is nothing of it.
func (r *Report) Complete() error {
	var errs []error
	for _, x := range r.Findings {
		if x.Severity >= Warning {
			errs = append(errs, x.Err)
		}
	}
	if r.Unaccounted > 0 {
		errs = append(errs, fmt.Errorf("%d bytes that nothing leads to, first at 0x%x: %w", r.Unaccounted, r.Lost[0].Address, h5err.ErrCorrupt))
	}
	return errors.Join(errs...)
}

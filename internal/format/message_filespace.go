package format

import "gables/internal/wire"

// FileSpaceInfo says how the file's free space is managed. Spec: IV.A.2.x.
type FileSpaceInfo struct {
	Version   uint8
	Strategy  string // "fsm-aggr", "page", "aggr", "none"
	Persist   bool
	Threshold uint64 // smallest free range that is remembered
	PageSize  uint64 // version 1

	// PageEnd: a free range of metadata that ends this near to the end of its
	// page is not remembered; version 1.
	PageEnd uint16

	// EndOfFile is the end of the file before the free-space managers were given
	// their own space, Undefined where there is none; version 1.
	EndOfFile wire.Address

	Managers []wire.Address // headers of the free-space managers that there are
	Slots    []wire.Address // [6 in version 0, 12 in version 1] with Undefined for those that there are not; nil unless Persist
}

var fileSpaceStrategies = [...]string{"fsm-aggr", "page", "aggr", "none"}

// DecodeFileSpaceInfo reads a file space info message.
//
//	version 0: version, strategy, threshold, [6 managers]
//	version 1: version, strategy, persist, threshold, page size, page end 2,
//	  end of file, [12 managers]
//
// Spec: IV.A.2.x.
func DecodeFileSpaceInfo(b []byte, s wire.Sizes) (*FileSpaceInfo, error) {
	const name = "file space info message"
	r := wire.NewReader(b, s)
	f := &FileSpaceInfo{Version: r.U8(), EndOfFile: wire.Undefined}
	strategy := r.U8()
	n := 0
	switch {
	case r.Err() != nil:
	case f.Version == 0:
		// Strategies of 1.10's predecessors: 1 persist, 2 managers, 3 aggregators, 4 none.
		f.Strategy = [...]string{"unknown", "fsm-aggr", "fsm-aggr", "aggr", "none"}[min(int(strategy), 4)]
		f.Persist, f.Threshold, n = strategy == 1, r.Length(), 6
	case f.Version == 1:
		f.Strategy = "unknown"
		if int(strategy) < len(fileSpaceStrategies) {
			f.Strategy = fileSpaceStrategies[strategy]
		}
		f.Persist = r.U8() != 0
		f.Threshold, f.PageSize = r.Length(), r.Length()
		f.PageEnd, f.EndOfFile = r.U16(), r.Address()
		n = 12
	default:
		return nil, unknownVersion(name, f.Version, "0 and 1")
	}
	for i := 0; f.Persist && i < n; i++ {
		a := r.Address()
		f.Slots = append(f.Slots, a)
		if a.Defined() {
			f.Managers = append(f.Managers, a)
		}
	}
	return f, inRecord(name, r.Err())
}

// AppendFileSpaceInfo appends a file space info message of f.Version; it stores
// Slots, not Managers. ErrUnsupported says that the version can't hold f,
// ErrLimit that a field does not fit. Spec: IV.A.2.x.
func AppendFileSpaceInfo(b []byte, f *FileSpaceInfo, s wire.Sizes) ([]byte, error) {
	e := newEncoder("file space info message", b, s)
	n, strategy := 12, -1
	for i, name := range fileSpaceStrategies {
		if name == f.Strategy {
			strategy = i
		}
	}
	e.U8(f.Version)
	switch f.Version {
	case 0:
		n, strategy = 6, fileSpaceV0(f)
		e.U8(uint8(strategy))
		e.length("threshold", f.Threshold)
	case 1:
		e.U8(uint8(strategy))
		if e.U8(0); f.Persist {
			e.Buf[e.Len()-1] = 1
		}
		e.length("threshold", f.Threshold)
		e.length("page size", f.PageSize)
		e.U16(f.PageEnd)
		e.address("end of file", f.EndOfFile)
	default:
		e.fail(unknownVersion("", f.Version, "0 and 1"))
	}
	if !f.Persist {
		n = 0
	}
	if strategy < 0 {
		e.fail(noForm("strategy", "%q, persistent %t, in version %d", f.Strategy, f.Persist, f.Version))
	}
	if len(f.Slots) != n {
		e.fail(noForm("managers", "%d, want %d", len(f.Slots), n))
	}
	for _, a := range f.Slots {
		e.address("manager", a)
	}
	return e.done(b)
}

// fileSpaceV0 is the number of a strategy in version 0, -1 when it has none.
func fileSpaceV0(f *FileSpaceInfo) int {
	switch {
	case f.Strategy == "fsm-aggr" && f.Persist:
		return 1
	case f.Persist:
		return -1
	case f.Strategy == "fsm-aggr":
		return 2
	case f.Strategy == "aggr":
		return 3
	case f.Strategy == "none":
		return 4
	}
	return -1
}

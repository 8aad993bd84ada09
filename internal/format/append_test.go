package format

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"gables/hdf5/dataspace"
	"gables/hdf5/h5err"
	"gables/internal/wire"
)

// roll makes random fields for the widths of a file.
type roll struct {
	*rand.Rand
	s wire.Sizes
}

func (r roll) yes() bool   { return r.IntN(2) == 0 }
func (r roll) u16() uint16 { return uint16(r.Uint32()) }

// wide is a value of n bytes, now and then the one that stands for none.
func (r roll) wide(n int) uint64 {
	if r.IntN(5) == 0 {
		return ^uint64(0)
	}
	return r.fits(n)
}

// fits is a value of n bytes other than all ones.
func (r roll) fits(n int) uint64 {
	v := r.Uint64() >> (64 - 8*n)
	return min(v>>r.IntN(8*n), ^uint64(0)>>(64-8*n)-1)
}

func (r roll) address() wire.Address { return wire.Address(r.wide(r.s.Offset)) }
func (r roll) length() uint64        { return r.wide(r.s.Length) }

func (r roll) bytes(most int) []byte {
	b := make([]byte, r.IntN(most+1))
	for i := range b {
		b[i] = byte(1 + r.IntN(255))
	}
	return b
}

func (r roll) text(least, most int) string {
	return string(r.bytes(most-least)) + strings.Repeat("x", least)
}

func (r roll) time() time.Time { return time.Unix(int64(r.Uint32()), 0).UTC() }

func (r roll) space() *dataspace.Dataspace {
	d := &dataspace.Dataspace{Kind: dataspace.Kind(r.IntN(3)), Dims: []uint64{}}
	if d.Kind != dataspace.Simple {
		return d
	}
	for range 1 + r.IntN(4) {
		d.Dims = append(d.Dims, r.fits(r.s.Length))
	}
	if r.yes() {
		for _, n := range d.Dims {
			d.MaxDims = append(d.MaxDims, max(n, r.length()))
		}
	}
	return d
}

func (r roll) link() *Link {
	l := &Link{Name: r.text(1, 300), HasOrder: r.yes(), UTF8: r.yes()}
	if l.HasOrder {
		l.Order = int64(r.Uint64())
	}
	switch r.IntN(4) {
	case 0:
		l.Header = r.address()
	case 1:
		l.Type, l.Target = LinkSoft, r.text(1, 40)
	case 2:
		l.Type, l.File, l.Target = LinkExternal, r.text(0, 40), r.text(0, 40)
	default:
		l.Type, l.Data = LinkType(65+r.IntN(190)), r.bytes(40)
	}
	return l
}

func (r roll) attribute() *Attribute {
	a := &Attribute{Name: r.text(0, 30), UTF8: r.yes(), TypeShared: r.yes(), SpaceShared: r.yes(),
		Datatype: r.bytes(40), Dataspace: r.bytes(40), Data: r.bytes(40)}
	a.Version = AttributeVersion(a, Bound(r.IntN(3)))
	return a
}

func (r roll) dense(orderWidth int) *DenseInfo {
	d := &DenseInfo{TracksOrder: r.yes(), IndexOrder: r.yes(), Heap: r.address(), NameIndex: r.address(), OrderIndex: wire.Undefined}
	if d.TracksOrder {
		d.MaxOrder = r.Uint64() >> (64 - 8*orderWidth)
	}
	if d.IndexOrder {
		d.OrderIndex = r.address()
	}
	return d
}

func (r roll) fill() *Fill {
	f := &Fill{State: FillState(r.IntN(3)), Alloc: uint8(r.IntN(4)), Time: uint8(r.IntN(4))}
	if f.State == FillUser {
		f.Value = append(r.bytes(20), 0)
	}
	return f
}

func (r roll) pipeline(version uint8) []FilterSpec {
	list := []FilterSpec{}
	for range r.IntN(5) {
		f := FilterSpec{ID: r.u16() >> r.IntN(12), Flags: r.u16(), Name: r.text(0, 20), Values: []uint32{}}
		if version == 2 && f.ID < 256 {
			f.Name = ""
		}
		for range r.IntN(5) {
			f.Values = append(f.Values, r.Uint32())
		}
		list = append(list, f)
	}
	return list
}

func (r roll) fileSpace() *FileSpaceInfo {
	f := &FileSpaceInfo{Version: uint8(r.IntN(2)), Strategy: fileSpaceStrategies[r.IntN(4)], Persist: r.yes(), Threshold: r.length(), EndOfFile: wire.Undefined}
	n := 12
	if f.Version == 0 {
		n = 6
		if f.Persist {
			f.Strategy = "fsm-aggr"
		} else if f.Strategy == "page" {
			f.Strategy = "none"
		}
	} else {
		f.PageSize, f.PageEnd, f.EndOfFile = r.length(), r.u16(), r.address()
	}
	for i := 0; f.Persist && i < n; i++ {
		a := r.address()
		f.Slots = append(f.Slots, a)
		if a.Defined() {
			f.Managers = append(f.Managers, a)
		}
	}
	return f
}

func (r roll) groupInfo() *GroupInfo {
	g := &GroupInfo{r.yes(), 8, 6, r.yes(), 4, 8}
	if g.HasPhaseChange {
		g.MaxCompact, g.MinDense = r.u16(), r.u16()
	}
	if g.HasEstimate {
		g.Entries, g.NameLength = r.u16(), r.u16()
	}
	return g
}

func (r roll) shared() SharedMessage {
	m := SharedMessage{Version: uint8(1 + r.IntN(3))}
	if m.Version == 3 && r.yes() {
		m.InHeap = true
		copy(m.HeapID[:], "\x00"+r.text(7, 20))
		return m
	}
	m.Header = r.address()
	return m
}

func (r roll) entry() SymbolTableEntry {
	e := SymbolTableEntry{NameOffset: r.Uint64() >> (64 - 8*r.s.Length), Header: r.address(), CacheType: uint32(r.IntN(3))}
	switch e.CacheType {
	case CacheGroup:
		e.BTree, e.Heap = r.address(), r.address()
	case CacheSoftLink:
		e.LinkOffset = r.Uint32()
	}
	return e
}

func (r roll) superblock() *Superblock {
	s := &Superblock{Version: uint8(r.IntN(4)), Sizes: r.s, Base: r.address(), EndOfFile: r.address(),
		Extension: wire.Undefined, FreeSpace: wire.Undefined, DriverInfo: wire.Undefined}
	if s.Version >= 2 {
		s.Flags, s.Extension, s.Root = r.Uint32()>>24, r.address(), r.address()
		return s
	}
	s.Flags, s.LeafK, s.InternalK, s.FreeSpace, s.DriverInfo = r.Uint32(), max(1, r.u16()), max(1, r.u16()), r.address(), r.address()
	if s.Version == 1 {
		s.ChunkK = r.u16()
	}
	s.RootEntry = r.entry()
	s.Root = s.RootEntry.Header
	return s
}

// comesBack holds a record to decode∘append = identity, behind bytes that were there.
func comesBack[T any](t *testing.T, name string, v T, appendTo func([]byte, T) ([]byte, error), decode func([]byte) (T, error)) {
	t.Helper()
	b, err := appendTo([]byte("before"), v)
	if err != nil || !bytes.HasPrefix(b, []byte("before")) {
		t.Fatalf("%s: %+v: %q, %v", name, v, b, err)
	}
	got, err := decode(b[len("before"):])
	if err != nil || !reflect.DeepEqual(got, v) {
		t.Fatalf("%s: % x: %v\n got %+v\nwant %+v", name, b, err, got, v)
	}
}

func sizedAppend[T any](s wire.Sizes, f func([]byte, T, wire.Sizes) ([]byte, error)) func([]byte, T) ([]byte, error) {
	return func(b []byte, v T) ([]byte, error) { return f(b, v, s) }
}

func sizedDecode[T any](s wire.Sizes, f func([]byte, wire.Sizes) (T, error)) func([]byte) (T, error) {
	return func(b []byte) (T, error) { return f(b, s) }
}

func always[T any](f func([]byte, T) []byte) func([]byte, T) ([]byte, error) {
	return func(b []byte, v T) ([]byte, error) { return f(b, v), nil }
}

func TestWhatIsAppendedIsDecodedAgain(t *testing.T) {
	r := roll{Rand: rand.New(rand.NewPCG(1, 2))}
	for i := range 2000 {
		s := unlike[i%len(unlike)]
		r.s = s
		d := r.space()
		for v := DataspaceVersion(d, BoundEarliest); v <= 2; v++ {
			comesBack(t, "dataspace", d, func(b []byte, d *dataspace.Dataspace) ([]byte, error) { return AppendDataspace(b, d, v, s) }, sizedDecode(s, DecodeDataspace))
		}
		comesBack(t, "link", r.link(), sizedAppend(s, AppendLink), sizedDecode(s, DecodeLink))
		comesBack(t, "attribute", r.attribute(), AppendAttribute, DecodeAttribute)
		comesBack(t, "link info", r.dense(8), sizedAppend(s, AppendLinkInfo), sizedDecode(s, DecodeLinkInfo))
		comesBack(t, "attribute info", r.dense(2), sizedAppend(s, AppendAttributeInfo), sizedDecode(s, DecodeAttributeInfo))
		comesBack(t, "group info", r.groupInfo(), always(AppendGroupInfo), DecodeGroupInfo)
		for v := uint8(1); v <= 3; v++ {
			comesBack(t, "fill", r.fill(), func(b []byte, f *Fill) ([]byte, error) { return AppendFill(b, f, v) }, DecodeFill)
		}
		for v := uint8(1); v <= 2; v++ {
			comesBack(t, "pipeline", r.pipeline(v), func(b []byte, f []FilterSpec) ([]byte, error) { return AppendPipeline(b, f, v) }, DecodePipeline)
		}
		comesBack(t, "file space", r.fileSpace(), sizedAppend(s, AppendFileSpaceInfo), sizedDecode(s, DecodeFileSpaceInfo))
		comesBack(t, "continuation", Continuation{r.address(), r.length()}, sizedAppend(s, AppendContinuationMessage), sizedDecode(s, DecodeContinuationMessage))
		comesBack(t, "shared", r.shared(), sizedAppend(s, AppendSharedMessage), sizedDecode(s, DecodeSharedMessage))
		comesBack(t, "symbol table", &SymbolTable{r.address(), r.address()}, sizedAppend(s, AppendSymbolTable), sizedDecode(s, DecodeSymbolTable))
		e := r.entry()
		comesBack(t, "entry", &e, sizedAppend(s, AppendSymbolTableEntry), func(b []byte) (*SymbolTableEntry, error) {
			rd := wire.NewReader(b, s)
			e := DecodeSymbolTableEntry(rd)
			return &e, rd.Err()
		})
		comesBack(t, "external files", &ExternalFiles{r.address(), []ExternalFile{{r.length(), r.length(), r.length()}, {r.length(), 0, r.length()}}},
			sizedAppend(s, AppendExternalFiles), sizedDecode(s, DecodeExternalFiles))
		comesBack(t, "time", r.time(), AppendModTime, DecodeModTime)
		comesBack(t, "count", r.Uint32(), always(AppendRefCount), DecodeRefCount)
		comesBack(t, "K", &BTreeK{r.u16(), r.u16(), r.u16()}, always(AppendBTreeK), DecodeBTreeK)
		comesBack(t, "comment", r.text(0, 20), always(AppendComment), func(b []byte) (string, error) { return DecodeComment(b), nil })
		sb := r.superblock()
		comesBack(t, "superblock", sb, AppendSuperblock, DecodeSuperblock)
		if b, _ := AppendSuperblock(nil, sb); len(b) != SuperblockBytes(sb.Version, s) {
			t.Fatalf("%+v: %d bytes, want %d", sb, len(b), SuperblockBytes(sb.Version, s))
		}
	}
}

// refused holds appending v to an error, with the bytes before it as they were.
func refused(t *testing.T, name string, want error, appendTo func([]byte) ([]byte, error)) {
	t.Helper()
	b, err := appendTo([]byte("before"))
	if !errors.Is(err, want) || string(b) != "before" {
		t.Errorf("%s: %q, %v, want %v", name, b, err, want)
	}
	if err != nil && strings.HasPrefix(err.Error(), ":") {
		t.Errorf("%s: %v does not tell its structure", name, err)
	}
}

// refusal is a record by what is wrong with it.
type refusal map[string]func([]byte) ([]byte, error)

var (
	narrow, full = wire.Sizes{Offset: 4, Length: 2}, wire.Sizes{Offset: 8, Length: 8}
	long         = strings.Repeat("n", 1<<16)
)

// badSpace appends a dataspace.
func badSpace(kind dataspace.Kind, version uint8, s wire.Sizes, dims, limits []uint64) func([]byte) ([]byte, error) {
	return func(b []byte) ([]byte, error) {
		return AppendDataspace(b, &dataspace.Dataspace{Kind: kind, Dims: dims, MaxDims: limits}, version, s)
	}
}

func TestMessagesThatTheFormatLacksAreRefused(t *testing.T) {
	for name, f := range (refusal{
		"null in version 1":    badSpace(dataspace.Null, 1, full, nil, nil),
		"rank 0 in version 1":  badSpace(dataspace.Simple, 1, full, nil, nil),
		"version 3":            badSpace(dataspace.Scalar, 3, full, nil, nil),
		"a scalar of rank 1":   badSpace(dataspace.Scalar, 2, full, []uint64{1}, nil),
		"kind 3":               badSpace(3, 2, full, nil, nil),
		"rank 33":              badSpace(dataspace.Simple, 2, full, make([]uint64, 33), nil),
		"limits of rank 2":     badSpace(dataspace.Simple, 2, full, []uint64{1}, []uint64{1, 1}),
		"limit below size":     badSpace(dataspace.Simple, 2, full, []uint64{2}, []uint64{1}),
		"link without name":    func(b []byte) ([]byte, error) { return AppendLink(b, &Link{}, full) },
		"link of type 2":       func(b []byte) ([]byte, error) { return AppendLink(b, &Link{Name: "n", Type: 2}, full) },
		"soft link to nothing": func(b []byte) ([]byte, error) { return AppendLink(b, &Link{Name: "n", Type: LinkSoft}, full) },
		"NUL in a file name": func(b []byte) ([]byte, error) {
			return AppendLink(b, &Link{Name: "n", Type: LinkExternal, File: "a\x00b"}, full)
		},
		"attribute version 4":  func(b []byte) ([]byte, error) { return AppendAttribute(b, &Attribute{Version: 4}) },
		"UTF-8 in version 2":   func(b []byte) ([]byte, error) { return AppendAttribute(b, &Attribute{Version: 2, UTF8: true}) },
		"shared in version 1":  func(b []byte) ([]byte, error) { return AppendAttribute(b, &Attribute{Version: 1, SpaceShared: true}) },
		"NUL in a name":        func(b []byte) ([]byte, error) { return AppendAttribute(b, &Attribute{Version: 1, Name: "a\x00"}) },
		"fill without value":   func(b []byte) ([]byte, error) { return AppendFill(b, &Fill{State: FillUser}, 3) },
		"fill with two states": func(b []byte) ([]byte, error) { return AppendFill(b, &Fill{State: FillUndefined, Value: []byte{1}}, 3) },
		"fill at time 4":       func(b []byte) ([]byte, error) { return AppendFill(b, &Fill{Time: 4}, 2) },
		"fill of version 4":    func(b []byte) ([]byte, error) { return AppendFill(b, &Fill{}, 4) },
		"old and default":      func(b []byte) ([]byte, error) { return AppendFillOld(b, &Fill{State: FillDefault}) },
		"33 filters":           func(b []byte) ([]byte, error) { return AppendPipeline(b, make([]FilterSpec, 33), 1) },
		"pipeline version 3":   func(b []byte) ([]byte, error) { return AppendPipeline(b, nil, 3) },
	}) {
		refused(t, name, h5err.ErrUnsupported, f)
	}
}

func TestRecordsThatTheFormatLacksAreRefused(t *testing.T) {
	for name, f := range (refusal{
		"persistent aggregates": func(b []byte) ([]byte, error) {
			return AppendFileSpaceInfo(b, &FileSpaceInfo{Strategy: "aggr", Persist: true}, full)
		},
		"persistent nowhere": func(b []byte) ([]byte, error) {
			return AppendFileSpaceInfo(b, &FileSpaceInfo{Version: 1, Strategy: "page", Persist: true}, full)
		},
		"unknown strategy": func(b []byte) ([]byte, error) {
			return AppendFileSpaceInfo(b, &FileSpaceInfo{Version: 1, Strategy: "unknown"}, full)
		},
		"heap in version 2": func(b []byte) ([]byte, error) {
			return AppendSharedMessage(b, SharedMessage{Version: 2, InHeap: true}, full)
		},
		"cache type 3": func(b []byte) ([]byte, error) {
			return AppendSymbolTableEntry(b, &SymbolTableEntry{CacheType: 3}, full)
		},
		"leaf K 0":             func(b []byte) ([]byte, error) { return AppendSuperblock(b, &Superblock{Sizes: full, InternalK: 1}) },
		"superblock version 4": func(b []byte) ([]byte, error) { return AppendSuperblock(b, &Superblock{Sizes: full, Version: 4}) },
		"header version 3":     func(b []byte) ([]byte, error) { return AppendObjectHeaderPrefix(b, &ObjectHeader{Version: 3}) },
		"header flags": func(b []byte) ([]byte, error) {
			return AppendObjectHeader(b, &ObjectHeader{Version: 2, Flags: 0x40}, nil)
		},
		"old header of 4": func(b []byte) ([]byte, error) {
			return AppendObjectHeader(b, &ObjectHeader{Version: 1}, make([]byte, 4))
		},
		"unshareable, shared": func(b []byte) ([]byte, error) { return AppendMessage(b, &ObjectHeader{Version: 1}, &Message{Flags: 6}) },
		"old gap":             func(b []byte) ([]byte, error) { return AppendNIL(b, &ObjectHeader{Version: 1}, 12) },
	}) {
		refused(t, name, h5err.ErrUnsupported, f)
	}
	refused(t, "widths", h5err.ErrCorrupt, func(b []byte) ([]byte, error) {
		return AppendSuperblock(b, &Superblock{Sizes: wire.Sizes{Offset: 3, Length: 8}})
	})
}

func TestWhatNoRecordCanHoldIsRefused(t *testing.T) {
	for name, f := range (refusal{
		"size of all ones":      badSpace(dataspace.Simple, 2, full, []uint64{dataspace.Unlimited}, nil),
		"size of 3 bytes":       badSpace(dataspace.Simple, 2, narrow, []uint64{1 << 16}, nil),
		"all ones of 2 bytes":   badSpace(dataspace.Simple, 2, narrow, []uint64{1<<16 - 1}, nil),
		"limit of 3 bytes":      badSpace(dataspace.Simple, 1, narrow, []uint64{1}, []uint64{1 << 16}),
		"address of 5 bytes":    func(b []byte) ([]byte, error) { return AppendLink(b, &Link{Name: "n", Header: 1 << 32}, narrow) },
		"address of 4 all ones": func(b []byte) ([]byte, error) { return AppendLink(b, &Link{Name: "n", Header: 1<<32 - 1}, narrow) },
		"long soft link": func(b []byte) ([]byte, error) {
			return AppendLink(b, &Link{Name: "n", Type: LinkSoft, Target: long}, full)
		},
		"long external link": func(b []byte) ([]byte, error) {
			return AppendLink(b, &Link{Name: "n", Type: LinkExternal, File: long[3:], Target: "a"}, full)
		},
		"long user-defined link": func(b []byte) ([]byte, error) {
			return AppendLink(b, &Link{Name: "n", Type: 65, Data: []byte(long)}, full)
		},
		"long attribute name": func(b []byte) ([]byte, error) { return AppendAttribute(b, &Attribute{Version: 1, Name: long[1:]}) },
		"long attribute type": func(b []byte) ([]byte, error) {
			return AppendAttribute(b, &Attribute{Version: 3, Datatype: []byte(long)})
		},
		"client data": func(b []byte) ([]byte, error) {
			return AppendPipeline(b, []FilterSpec{{Values: make([]uint32, 1<<16)}}, 2)
		},
		"old filter name": func(b []byte) ([]byte, error) { return AppendPipeline(b, []FilterSpec{{Name: long[7:]}}, 1) },
		"65,536th attribute": func(b []byte) ([]byte, error) {
			return AppendAttributeInfo(b, &DenseInfo{TracksOrder: true, MaxOrder: 1 << 16}, full)
		},
		"time before 1970": func(b []byte) ([]byte, error) { return AppendModTime(b, time.Unix(-1, 0)) },
		"time after 2106":  func(b []byte) ([]byte, error) { return AppendModTime(b, time.Unix(1<<32, 0)) },
		"header without times": func(b []byte) ([]byte, error) {
			return AppendObjectHeader(b, &ObjectHeader{Version: 2, Flags: HeaderTimes}, nil)
		},
		"chunk wider than told": func(b []byte) ([]byte, error) {
			return AppendObjectHeader(b, &ObjectHeader{Version: 2}, make([]byte, 256))
		},
		"old message of 65,529": func(b []byte) ([]byte, error) {
			return AppendMessage(b, &ObjectHeader{Version: 1}, &Message{Data: make([]byte, 65529)})
		},
		"message of 65,536": func(b []byte) ([]byte, error) {
			return AppendMessage(b, &ObjectHeader{Version: 2}, &Message{Data: make([]byte, 65536)})
		},
		"message of type 256": func(b []byte) ([]byte, error) {
			return AppendMessage(b, &ObjectHeader{Version: 2}, &Message{Type: 256})
		},
		"flags of 9 bits": func(b []byte) ([]byte, error) {
			return AppendSuperblock(b, &Superblock{Sizes: full, Version: 3, Flags: 256})
		},
		"name offset of 3 bytes": func(b []byte) ([]byte, error) {
			return AppendSymbolTableEntry(b, &SymbolTableEntry{NameOffset: 1 << 16}, narrow)
		},
		"continuation of 3 bytes": func(b []byte) ([]byte, error) { return AppendContinuationMessage(b, Continuation{0, 1 << 16}, narrow) },
	}) {
		refused(t, name, h5err.ErrLimit, f)
	}
	if _, err := AppendMessage(nil, &ObjectHeader{Version: 1}, &Message{Data: make([]byte, 65528)}); err != nil {
		t.Error(err)
	}
}

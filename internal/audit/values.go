package audit

import (
	"encoding/binary"
	"errors"
	"sync"

	"gables/hdf5/datatype"
	"gables/hdf5/h5err"
	"gables/internal/format"
	"gables/internal/heap"
	"gables/internal/wire"
)

// values follows what stored elements refer to: variable-length data in the
// global heap, objects and regions. It is safe for any number of goroutines.
type values struct {
	a     *auditor
	types sync.Map // *datatype.Datatype → whether its elements refer to something

	mu      sync.Mutex // guards all below
	heaps   map[wire.Address]error
	nested  map[nestedKey]bool
	targets map[wire.Address]string // objects that references lead to, and from where
}

// nestedKey is a heap object that holds elements which refer to others.
type nestedKey struct {
	addr  wire.Address
	index uint32
	t     *datatype.Datatype
}

func (v *values) init(a *auditor) {
	v.a, v.heaps = a, map[wire.Address]error{}
	v.nested, v.targets = map[nestedKey]bool{}, map[wire.Address]string{}
}

// holds tells whether elements of a type refer to something.
func (v *values) holds(t *datatype.Datatype) bool {
	if t == nil {
		return false
	}
	if known, ok := v.types.Load(t); ok {
		return known.(bool)
	}
	known := t.Class == datatype.VLen || t.Class == datatype.Reference || t.Class == datatype.String && t.Variable ||
		t.Class == datatype.Array && v.holds(t.Base)
	for _, m := range t.Members {
		known = v.holds(m.Type) || known
	}
	v.types.Store(t, known)
	return known
}

// elements looks at whole elements of a type.
func (v *values) elements(path string, t *datatype.Datatype, b []byte) {
	if !v.holds(t) {
		return
	}
	for ; len(b) >= t.Size && t.Size > 0 && v.a.ctx.Err() == nil; b = b[t.Size:] {
		v.element(path, t, b[:t.Size])
	}
}

// element looks at one element of a type that refers to something.
func (v *values) element(path string, t *datatype.Datatype, b []byte) {
	switch t.Class {
	case datatype.Compound:
		for _, m := range t.Members {
			if end := m.Offset + m.Type.Size; m.Offset >= 0 && end <= len(b) {
				v.elements(path, m.Type, b[m.Offset:end])
			}
		}
	case datatype.Array:
		v.elements(path, t.Base, b)
	case datatype.VLen, datatype.String:
		v.sequence(path, t, b)
	case datatype.Reference:
		v.reference(path, t, b)
	}
}

// sequence looks at a descriptor: count 4, heap address, index 4.
func (v *values) sequence(path string, t *datatype.Datatype, b []byte) {
	if len(b) != 8+v.a.sizes.Offset {
		v.fail(path, wire.Undefined, h5err.Corrupt("variable-length descriptor", "size", "%d bytes", len(b)))
		return
	}
	count := uint64(binary.LittleEndian.Uint32(b))
	addr := wire.NewReader(b[4:], v.a.sizes).Address()
	index := binary.LittleEndian.Uint32(b[len(b)-4:])
	if count == 0 || addr == 0 || !addr.Defined() {
		return
	}
	size := uint64(1)
	if t.Base != nil {
		size = uint64(t.Base.Size)
	}
	obj, err := v.object(path, addr, index)
	if err == nil && count*size > uint64(len(obj)) {
		err = h5err.Corrupt(GlobalHeap.String(), "object", "%d bytes for %d elements of %d", len(obj), count, size)
	}
	if err != nil {
		v.fail(path, addr, err)
		return
	}
	if t.Base == nil || !v.holds(t.Base) || v.met(nestedKey{addr, index, t.Base}) {
		return
	}
	v.elements(path, t.Base, obj[:count*size])
}

// met tells whether a heap object was looked at as that type before: a billion
// elements may refer to one.
func (v *values) met(k nestedKey) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.nested[k] {
		return true
	}
	v.nested[k] = true
	return false
}

// object gives a global heap object, and claims its collection.
func (v *values) object(path string, addr wire.Address, index uint32) ([]byte, error) {
	if err := v.collection(path, addr); err != nil {
		return nil, err
	}
	return heap.GlobalObject(v.a.cache, addr, index)
}

// errKnown stands for a collection whose fault has been told.
var errKnown = errors.New("told before")

// collection claims a global heap collection when it is met first.
func (v *values) collection(path string, addr wire.Address) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	err, known := v.heaps[addr]
	if known {
		if err != nil {
			err = errKnown
		}
		return err
	}
	head := uint64(8 + v.a.sizes.Length)
	b, err := v.a.cache.Bytes(addr, head)
	if err == nil {
		r := wire.NewReader(b, v.a.sizes)
		r.Signature("GCOL")
		r.Skip(4)
		size := r.Length()
		if err = r.Err(); err == nil {
			v.a.claim("(global heap)", GlobalHeap, addr, size)
		}
	}
	v.heaps[addr] = err
	return err
}

// fail reports a value that leads nowhere; one fault is told for each heap.
func (v *values) fail(path string, addr wire.Address, err error) {
	if !errors.Is(err, errKnown) {
		v.a.fault(path, GlobalHeap, addr, err)
	}
}

// reference looks at one reference.
func (v *values) reference(path string, t *datatype.Datatype, b []byte) {
	if (datatype.Ref{Kind: t.RefKind, Raw: string(b)}).Null() {
		return
	}
	s := v.a.sizes
	r := wire.NewReader(b, s)
	switch t.RefKind {
	case datatype.ObjectReference:
		v.target(path, r.Address())
	case datatype.RegionReference:
		addr, index := r.Address(), r.U32()
		obj, err := v.object(path, addr, index)
		if err == nil {
			var target wire.Address
			if target, _, err = format.DecodeRegion(obj, s); err == nil {
				v.target(path, target)
			}
		}
		if err != nil {
			v.fail(path, addr, err)
		}
	default:
		v.standard(path, b)
	}
}

// standard looks at a reference of H5T_STD_REF.
func (v *values) standard(path string, b []byte) {
	ref, n, id, err := format.DecodeStdReference(b, v.a.sizes)
	if err == nil && ref.InHeap() {
		var obj []byte
		if obj, err = v.object(path, id.Address, id.Index); err == nil {
			if uint64(n) > uint64(len(obj)) {
				err = h5err.Corrupt("reference", "size", "%d bytes, the heap object has %d", n, len(obj))
			} else {
				err = ref.DecodeObject(obj[:n], v.a.sizes)
			}
		}
	}
	if err != nil {
		v.fail(path, id.Address, err)
		return
	}
	if ref.File == "" {
		v.target(path, ref.Object)
	}
}

// mostTargets bounds what is remembered of references.
const mostTargets = 1 << 20

func (v *values) target(path string, addr wire.Address) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if _, ok := v.targets[addr]; !ok && len(v.targets) < mostTargets {
		v.targets[addr] = path
	}
}

// finish tells which references lead to nothing: that is legal, as nothing keeps
// an object alive for them.
func (v *values) finish() {
	for addr, path := range v.targets {
		if v.a.objects[addr] == nil {
			v.a.add(Note, path, h5err.At(h5err.New(h5err.ErrNotFound, "reference", "", "no link leads to the object"), "", uint64(addr)))
		}
	}
}

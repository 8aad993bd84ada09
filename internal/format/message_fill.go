package format

import (
	"math"

	"gables/hdf5/h5err"
	"gables/internal/wire"
)

// FillState says whether a dataset has a fill value and whose it is.
type FillState uint8

// The states of a fill value.
const (
	FillUndefined FillState = iota // nothing is written to new space
	FillDefault                    // zeros
	FillUser                       // Value
)

// Times at which a fill value is written. Spec: IV.A.2.f.
const (
	FillTimeAlloc = 0
	FillTimeNever = 1
	FillTimeIfSet = 2
)

// Fill is the fill value message. Spec: IV.A.2.e and f.
type Fill struct {
	State FillState
	Alloc uint8 // when space is taken: 1 early, 2 late, 3 incremental
	Time  uint8
	Value []byte // one element as stored
}

// DecodeFill reads a fill value message of version 1 to 3. Spec: IV.A.2.f.
func DecodeFill(b []byte) (*Fill, error) {
	const name = "fill value message"
	r := wire.NewReader(b, wire.Sizes{})
	f := &Fill{State: FillDefault}
	version := r.U8()
	stored := false
	switch {
	case r.Err() != nil:
	case version == 1 || version == 2:
		f.Alloc, f.Time = r.U8(), r.U8()
		if r.U8() != 0 {
			stored = true
		} else {
			f.State = FillUndefined
		}
	case version == 3:
		flags := r.U8()
		if flags&0xc0 != 0 {
			return nil, h5err.Corrupt(name, "flags", "0x%02x", flags)
		}
		f.Alloc, f.Time = flags&3, flags>>2&3
		stored = flags&0x20 != 0
		if flags&0x10 != 0 {
			if stored {
				return nil, h5err.Corrupt(name, "flags", "a value that is undefined and stored")
			}
			f.State = FillUndefined
		}
	default:
		return nil, unknownVersion(name, version, "1 to 3")
	}
	if stored {
		f.value(r)
	}
	return f, inRecord(name, r.Err())
}

// DecodeFillOld reads an old fill value message: size 4, value. Spec: IV.A.2.e.
func DecodeFillOld(b []byte) (*Fill, error) {
	r := wire.NewReader(b, wire.Sizes{})
	f := &Fill{State: FillDefault, Alloc: 2, Time: FillTimeIfSet}
	f.value(r)
	if f.State == FillDefault {
		// libhdf5 reads an empty old message as "undefined".
		f.State = FillUndefined
	}
	return f, inRecord("old fill value message", r.Err())
}

// value takes size and value; a negative size says that there is none.
func (f *Fill) value(r *wire.Reader) {
	n := int32(r.U32())
	if n < 0 {
		f.State = FillUndefined
		return
	}
	if int(n) > r.Len() {
		r.Fail(h5err.Corrupt("", "size", "%d bytes, %d remain", n, r.Len()))
		return
	}
	if n > 0 {
		f.State, f.Value = FillUser, r.Bytes(int(n))
	}
}

// FillVersion is the version of the message that libhdf5 chooses; beside version
// 2 it writes a user's value as an old fill value message too.
func FillVersion(low Bound) uint8 { return low.of([...]uint8{2, 3, 3, 3, 3, 3}) }

// AppendFill appends a fill value message of version 1 to 3. ErrUnsupported
// says that its fields contradict each other or the version. Spec: IV.A.2.f.
func AppendFill(b []byte, f *Fill, version uint8) ([]byte, error) {
	e := newEncoder("fill value message", b, wire.Sizes{})
	e.checkFill(f)
	e.U8(version)
	switch version {
	case 1, 2:
		e.U8(f.Alloc)
		e.U8(f.Time)
		if f.State == FillUndefined {
			e.U8(0)
			break
		}
		e.U8(1)
		e.fillValue(f)
	case 3:
		flags := f.Alloc | f.Time<<2
		switch f.State {
		case FillUndefined:
			flags |= 0x10
		case FillUser:
			flags |= 0x20
		}
		e.U8(flags)
		if f.State == FillUser {
			e.fillValue(f)
		}
	default:
		e.fail(unknownVersion("", version, "1 to 3"))
	}
	return e.done(b)
}

// AppendFillOld appends an old fill value message, which libhdf5 writes behind
// one of version 2 when there is a value. Spec: IV.A.2.e.
func AppendFillOld(b []byte, f *Fill) ([]byte, error) {
	e := newEncoder("old fill value message", b, wire.Sizes{})
	e.checkFill(f)
	if f.State == FillDefault {
		e.fail(noForm("state", "it can't tell the default from none"))
	}
	e.fillValue(f)
	return e.done(b)
}

func (e *encoder) checkFill(f *Fill) {
	switch {
	case f.State > FillUser || (f.State == FillUser) != (len(f.Value) > 0):
		e.fail(noForm("state", "%d with a value of %d bytes", f.State, len(f.Value)))
	case f.Alloc > 3 || f.Time > 3:
		e.fail(noForm("time", "allocated at %d, written at %d", f.Alloc, f.Time))
	}
}

// fillValue appends size and value.
func (e *encoder) fillValue(f *Fill) {
	if len(f.Value) > math.MaxInt32 {
		e.fail(h5err.Limit("", "size", "%d bytes", len(f.Value)))
	}
	e.U32(uint32(len(f.Value)))
	e.Bytes(f.Value)
}

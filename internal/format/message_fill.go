package format

import (
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

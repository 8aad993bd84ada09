package format

import (
	"encoding/binary"
	"time"

	"gables/hdf5/h5err"
	"gables/internal/checksum"
	"gables/internal/wire"
)

// encoder appends the fields of one record and keeps the first fault, as a
// wire.Reader does: a value that its field can't hold is ErrLimit, a form that
// the format does not have is ErrUnsupported. It belongs to one goroutine.
type encoder struct {
	wire.Appender
	structure string
	err       error
}

func newEncoder(structure string, b []byte, s wire.Sizes) encoder {
	return encoder{Appender: wire.Appender{Buf: b, Sizes: s}, structure: structure}
}

// fail keeps err unless there is one.
func (e *encoder) fail(err error) {
	if e.err == nil {
		e.err = inRecord(e.structure, err)
	}
}

// uint appends v in n bytes if it fits them.
func (e *encoder) uint(field string, v uint64, n int) {
	if n < 8 && v>>(8*n) != 0 {
		e.fail(h5err.Limit("", field, "%d does not fit %d bytes", v, n))
	}
	e.Uint(v, n)
}

// wide appends v in n bytes, where all ones stand for all ones in 64 bits.
func (e *encoder) wide(field string, v uint64, n int) {
	if n < 8 && v != ^uint64(0) && v >= 1<<(8*n)-1 {
		e.fail(h5err.Limit("", field, "0x%x does not fit the %d bytes that the file gives it", v, n))
	}
	if n == 8 { // nearly every file; half the time of an entry of a symbol table
		e.U64(v)
		return
	}
	e.Uint(v, n)
}

func (e *encoder) address(field string, v wire.Address) { e.wide(field, uint64(v), e.Sizes.Offset) }
func (e *encoder) length(field string, v uint64)        { e.wide(field, v, e.Sizes.Length) }

// seconds appends a time as 4 bytes since 1970.
func (e *encoder) seconds(field string, t time.Time) {
	v := t.Unix()
	if v < 0 || v>>32 != 0 {
		e.fail(h5err.Limit("", field, "%v does not fit 4 bytes of seconds since 1970", t))
	}
	e.U32(uint32(v))
}

// done gives the record behind what b had, or b itself and the fault.
func (e *encoder) done(b []byte) ([]byte, error) {
	if e.err != nil {
		return b, e.err
	}
	return e.Buf, nil
}

// noForm is the error for a value that no record of this version can hold.
func noForm(field, format string, args ...any) error {
	return h5err.Unsupported("", field, format, args...)
}

// seal writes the lookup3 checksum of the bytes before them into the last four
// bytes of b; verify compares it.
func seal(b []byte) {
	n := len(b) - 4
	binary.LittleEndian.PutUint32(b[n:], checksum.Lookup3(b[:n]))
}

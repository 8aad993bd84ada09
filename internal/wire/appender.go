package wire

import "encoding/binary"

// Appender makes a record: the counterpart of Reader. It belongs to one
// goroutine. The zero value with Sizes set is ready.
type Appender struct {
	Buf   []byte
	Sizes Sizes
}

// NewAppender appends to b with the widths of the file.
func NewAppender(b []byte, s Sizes) *Appender { return &Appender{Buf: b, Sizes: s} }

// Len is how many bytes the record has so far, with those it was begun with.
func (a *Appender) Len() int { return len(a.Buf) }

// U8 appends one byte.
func (a *Appender) U8(v uint8) { a.Buf = append(a.Buf, v) }

// U16 appends two bytes.
func (a *Appender) U16(v uint16) { a.Buf = binary.LittleEndian.AppendUint16(a.Buf, v) }

// U32 appends four bytes.
func (a *Appender) U32(v uint32) { a.Buf = binary.LittleEndian.AppendUint32(a.Buf, v) }

// U64 appends eight bytes.
func (a *Appender) U64(v uint64) { a.Buf = binary.LittleEndian.AppendUint64(a.Buf, v) }

// Uint appends the low n bytes of v, 0 ≤ n ≤ 8.
func (a *Appender) Uint(v uint64, n int) {
	for ; n > 0; n-- {
		a.Buf = append(a.Buf, byte(v))
		v >>= 8
	}
}

// Address appends an address; Undefined is all ones in every width.
func (a *Appender) Address(v Address) { a.Uint(uint64(v), a.Sizes.Offset) }

// Length appends a length; all ones in 64 bits is all ones in every width.
func (a *Appender) Length(v uint64) { a.Uint(v, a.Sizes.Length) }

// Bytes appends b.
func (a *Appender) Bytes(b []byte) { a.Buf = append(a.Buf, b...) }

// String appends s without a terminator.
func (a *Appender) String(s string) { a.Buf = append(a.Buf, s...) }

// CString appends s and a NUL.
func (a *Appender) CString(s string) { a.Buf = append(append(a.Buf, s...), 0) }

// Zero appends n zero bytes.
func (a *Appender) Zero(n int) {
	for ; n > 0; n-- {
		a.Buf = append(a.Buf, 0)
	}
}

// Pad appends zeros until the bytes since from are a multiple of n.
func (a *Appender) Pad(from, n int) { a.Zero((n - (len(a.Buf)-from)%n) % n) }

// PutUint writes the low len(b) bytes of v over b, which has at most 8; an
// Address that is Undefined becomes all ones in every width.
func PutUint(b []byte, v uint64) {
	if len(b) == 8 {
		binary.LittleEndian.PutUint64(b, v)
		return
	}
	for i := range b {
		b[i] = byte(v)
		v >>= 8
	}
}

// Package datatype describes HDF5's datatypes and converts values between
// them and Go's. It parses no file and does no I/O. A Datatype is immutable
// once made and safe for any number of goroutines.
package datatype

// Class is the kind of a datatype (Spec: IV.A.2.d).
type Class uint8

// The datatype classes, numbered as in the file.
const (
	Integer Class = iota // "fixed-point"
	Float
	Time
	String // fixed length, or variable length where Variable is set
	Bitfield
	Opaque
	Compound
	Reference
	Enum
	VLen
	Array
	Complex
)

var classNames = [...]string{"integer", "float", "time", "string", "bitfield", "opaque", "compound",
	"reference", "enum", "vlen", "array", "complex"}

// String is the class's customary name.
func (c Class) String() string {
	if int(c) < len(classNames) {
		return classNames[c]
	}
	return "unknown class"
}

// ByteOrder is how the bytes of a number lie in the file.
type ByteOrder uint8

// The byte orders.
const (
	LittleEndian ByteOrder = iota
	BigEndian
	VAX // middle-endian: little-endian 16-bit words, most significant word first
)

// Normalization says what the most significant bit of a mantissa means.
type Normalization uint8

// The mantissa normalisations, numbered as in the file.
const (
	NormNone    Normalization = iota // as stored
	NormMSBSet                       // always 1, and stored
	NormImplied                      // always 1, and not stored
)

// StringPad is how a string shorter than its space ends.
type StringPad uint8

// The paddings, numbered as in the file.
const (
	NullTerm StringPad = iota
	NullPad
	SpacePad
)

// Charset is how text is encoded.
type Charset uint8

// The character sets, numbered as in the file.
const (
	ASCII Charset = iota
	UTF8
)

// ReferenceKind tells the kinds of references apart.
type ReferenceKind uint8

// The reference kinds, numbered as in the file.
const (
	ObjectReference    ReferenceKind = iota // H5R_OBJECT1: an address
	RegionReference                         // H5R_DATASET_REGION1: a global heap ID
	ObjectReference2                        // H5R_OBJECT2 (H5T_STD_REF)
	RegionReference2                        // H5R_DATASET_REGION2 (H5T_STD_REF)
	AttributeReference                      // H5R_ATTR (H5T_STD_REF)
)

// Datatype describes one element as stored. Which fields have a meaning
// depends on Class.
type Datatype struct {
	Class   Class
	Version uint8 // of the message that it came from, 1 to 5
	Size    int   // bytes of one element as stored in a dataset

	Order     ByteOrder // integer, float, time, bitfield, and enum and complex through Base
	Precision int       // significant bits: integer, float, time, bitfield
	BitOffset int       // position of the least significant bit: the same
	LoPad     bool      // bits below the value are ones
	HiPad     bool      // bits above the value are ones
	Signed    bool      // integer: two's complement

	// Float fields: positions and widths in bits.
	SignPos, ExpPos, ExpSize, MantPos, MantSize int
	Bias                                        uint64
	Norm                                        Normalization
	IntPad                                      bool // bits between the fields are ones

	Variable bool      // string: of variable length
	Pad      StringPad // string
	Charset  Charset   // string

	Tag string // opaque

	Members []Member // compound, in the file's order
	Packed  bool     // compound: members fill Size without gaps, in order

	Enum []EnumMember // enum, in the file's order

	Dims []int // array

	RefKind    ReferenceKind // reference
	RefVersion uint8         // reference: encoding version of H5T_STD_REF

	Base *Datatype // enum, vlen, array, complex

	Committed uint64 // address of the committed datatype's object header; 0 when none
}

// Member is one field of a compound.
type Member struct {
	Name   string
	Offset int // bytes from the start of the element
	Type   *Datatype
}

// EnumMember is a name for a value.
type EnumMember struct {
	Name  string
	Value []byte // Base.Size bytes, as stored
}

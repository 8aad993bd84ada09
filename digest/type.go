package digest

import (
	"math/big"
	"slices"
	"strconv"

	"gables/hdf5/datatype"
)

// Type describes a datatype. Which fields are set depends on Class. Sizes and
// offsets are those that libhdf5 shows: stored ones, save that references and
// variable-length parts take the room that they have in memory on 64 bits.
type Type struct {
	Class string `json:"class"`
	Size  *int   `json:"size,omitempty"` // bytes; absent for what has no size of its own

	Order     string `json:"order,omitempty"` // le, be or vax
	Precision *int   `json:"precision,omitempty"`
	BitOffset *int   `json:"bitoffset,omitempty"`
	Signed    *bool  `json:"signed,omitempty"`
	*FloatFields

	Charset  string `json:"cset,omitempty"` // ascii or utf8
	Pad      string `json:"pad,omitempty"`  // nullterm, nullpad or spacepad
	Variable bool   `json:"variable,omitempty"`

	Tag     *string  `json:"tag,omitempty"`     // opaque
	Members []Member `json:"members,omitempty"` // compound and enum
	Base    *Type    `json:"base,omitempty"`    // enum, vlen, array, complex
	Dims    []int    `json:"dims,omitempty"`    // array
	Kind    string   `json:"kind,omitempty"`    // reference: object, region or std

	Canon     string `json:"canon,omitempty"`     // canonical form of a number
	Committed string `json:"committed,omitempty"` // path of the named datatype
}

// FloatFields are positions and widths in bits.
type FloatFields struct {
	SignPos  int    `json:"spos"`
	ExpPos   int    `json:"epos"`
	ExpSize  int    `json:"esize"`
	MantPos  int    `json:"mpos"`
	MantSize int    `json:"msize"`
	Bias     uint64 `json:"ebias"`
	Norm     string `json:"norm"` // implied, msbset or none
	IEEE     bool   `json:"ieee"` // binary16, binary32 or binary64
}

// Member is a field of a compound, or a name of an enum.
type Member struct {
	Name   string `json:"name"`
	Offset *int   `json:"offset,omitempty"` // compound
	Type   *Type  `json:"type,omitempty"`
	Value  string `json:"value,omitempty"` // enum: decimal
}

// Describe gives the description of t, without Committed.
func Describe(t *datatype.Datatype) *Type {
	d := &Type{Class: t.Class.String()}
	if size := t.Size; t.Class != datatype.VLen && !t.Variable {
		if layout := memoryLayout(t); layout != nil {
			size = layout.size
		}
		d.Size = &size
	}
	switch t.Class {
	case datatype.Integer, datatype.Bitfield, datatype.Float, datatype.Time:
		d.number(t)
	case datatype.String:
		d.Variable = t.Variable
		d.Charset = pick(t.Charset, "ascii", "utf8")
		d.Pad = pick(t.Pad, "nullterm", "nullpad", "spacepad")
	case datatype.Opaque:
		tag := clean(t.Tag)
		d.Tag = &tag
	case datatype.Compound:
		d.compound(t)
	case datatype.Reference:
		d.Kind = pick(t.RefKind, "object", "region", "std", "std", "std")
		if d.Kind == "std" {
			d.Size = nil
		}
	case datatype.Enum:
		d.Base = Describe(t.Base)
		for _, m := range t.Enum {
			d.Members = append(d.Members, Member{Name: clean(m.Name), Value: decimal(t.Base, m.Value)})
		}
	default:
		d.Base = Describe(t.Base)
		d.Dims = slices.Clone(t.Dims)
	}
	return d
}

// pick names an enumerator.
func pick[T ~uint8](v T, names ...string) string {
	if int(v) < len(names) {
		return names[v]
	}
	return "?"
}

func (d *Type) number(t *datatype.Datatype) {
	d.Order = pick(t.Order, "le", "be", "vax")
	if t.Class == datatype.Time {
		d.Canon = "time" + strconv.Itoa(8*t.Size)
		return
	}
	precision, offset := t.Precision, t.BitOffset
	d.Precision, d.BitOffset = &precision, &offset
	switch t.Class {
	case datatype.Float:
		ieee := isIEEE(t)
		d.FloatFields = &FloatFields{t.SignPos, t.ExpPos, t.ExpSize, t.MantPos, t.MantSize, t.Bias,
			pick(t.Norm, "none", "msbset", "implied"), ieee}
		d.Canon = "float64"
		if ieee {
			d.Canon = "float" + strconv.Itoa(8*t.Size)
		}
	case datatype.Integer:
		signed := t.Signed
		d.Signed = &signed
		d.Canon = "uint" + strconv.Itoa(8*canonicalWidth(t.Size))
		if signed {
			d.Canon = d.Canon[1:]
		}
	default:
		d.Canon = "uint" + strconv.Itoa(8*canonicalWidth(t.Size))
	}
}

func (d *Type) compound(t *datatype.Datatype) {
	order := memberOrder(t)
	layout := memoryLayout(t)
	for i, k := range order {
		m := t.Members[k]
		offset := m.Offset
		if layout != nil {
			offset = layout.offsets[i]
		}
		d.Members = append(d.Members, Member{Name: clean(m.Name), Offset: &offset, Type: Describe(m.Type)})
	}
}

// decimal is the value of all stored bytes of an enum's member, whatever its
// base's precision.
func decimal(base *datatype.Datatype, b []byte) string {
	be := slices.Clone(b)
	if base.Order != datatype.BigEndian {
		slices.Reverse(be)
	}
	v := new(big.Int).SetBytes(be)
	if base.Signed && len(be) > 0 && be[0]&0x80 != 0 {
		v.Sub(v, new(big.Int).Lsh(big.NewInt(1), uint(8*len(be))))
	}
	return v.String()
}

// layout is what a compound or another type becomes in libhdf5's memory.
type layout struct {
	size    int
	offsets []int // compound: in memberOrder
}

// Sizes in libhdf5's memory on 64-bit machines.
const (
	memorySequence = 16 // hvl_t
	memoryText     = 8  // char *
	memoryObject   = 8  // hobj_ref_t
	memoryRegion   = 12 // hdset_reg_ref_t
	memoryStdRef   = 64 // H5R_ref_t
)

// memoryLayout gives the form that t takes in memory; nil where it is the
// stored one. libhdf5 shows types of open objects in this form.
func memoryLayout(t *datatype.Datatype) *layout {
	if !hasPointers(t) {
		return nil
	}
	switch t.Class {
	case datatype.VLen:
		return &layout{size: memorySequence}
	case datatype.String:
		return &layout{size: memoryText}
	case datatype.Reference:
		return &layout{size: referenceMemory(t.RefKind)}
	case datatype.Array:
		return &layout{size: t.Size / t.Base.Size * memoryLayout(t.Base).size}
	}
	l, grown := &layout{}, 0
	for _, k := range memberOrder(t) {
		m := t.Members[k]
		l.offsets = append(l.offsets, m.Offset+grown)
		if in := memoryLayout(m.Type); in != nil {
			grown += in.size - m.Type.Size
		}
	}
	l.size = t.Size + grown
	return l
}

func referenceMemory(k datatype.ReferenceKind) int {
	switch k {
	case datatype.ObjectReference:
		return memoryObject
	case datatype.RegionReference:
		return memoryRegion
	}
	return memoryStdRef
}

// hasPointers tells whether elements of t have another form in memory.
func hasPointers(t *datatype.Datatype) bool {
	switch t.Class {
	case datatype.VLen, datatype.Reference:
		return true
	case datatype.String:
		return t.Variable
	case datatype.Array:
		return hasPointers(t.Base)
	case datatype.Compound:
		return slices.ContainsFunc(t.Members, func(m datatype.Member) bool { return hasPointers(m.Type) })
	}
	return false
}

// memberOrder gives a compound's members in the order in which they are listed
// and serialised: the file's, but by offset where libhdf5 has to lay the
// compound out anew, as it sorts them then.
func memberOrder(t *datatype.Datatype) []int {
	order := make([]int, len(t.Members))
	for i := range order {
		order[i] = i
	}
	if hasPointers(t) {
		slices.SortStableFunc(order, func(a, b int) int { return t.Members[a].Offset - t.Members[b].Offset })
	}
	return order
}

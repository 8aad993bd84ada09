package digest

import (
	"math"
	"strconv"

	"gables/hdf5/dataspace"
)

// Manifest describes a file. Error is set, and Objects is nil, when the file
// could not be opened.
type Manifest struct {
	File       string      `json:"file,omitempty"`   // base name
	Size       uint64      `json:"size"`             // bytes
	SHA256     string      `json:"sha256,omitempty"` // of the file itself
	Superblock *Superblock `json:"superblock,omitempty"`
	Driver     string      `json:"driver,omitempty"`  // sec2, family, split or multi
	Members    []string    `json:"members,omitempty"` // files of a family or multi-file
	Note       string      `json:"note,omitempty"`
	Error      string      `json:"error,omitempty"`
	Objects    []*Object   `json:"objects,omitzero"` // breadth first
}

// Superblock is what the container says of itself.
type Superblock struct {
	Version    int    `json:"version"`
	UserBlock  uint64 `json:"userblock"`
	SizeofAddr int    `json:"sizeof_addr"`
	SizeofSize int    `json:"sizeof_size"`
	Extension  bool   `json:"extension"`
}

// Object describes a group, a dataset or a committed datatype. Its Path is the
// first by which a walk, breadth first and by the bytes of the names, reaches
// it. Names and paths are UTF-8; other bytes stand as \xHH.
type Object struct {
	Path       string `json:"path"`
	Type       string `json:"type"` // group, dataset or datatype
	References int    `json:"refcount"`
	Storage    string `json:"storage,omitempty"` // group: symbol_table, compact or dense
	Links      []Link `json:"links,omitzero"`    // group: by the bytes of the names
	Extent
	Datatype *Type `json:"dtype,omitempty"`
	*Storing
	Attributes      []*Attribute `json:"attrs,omitzero"` // by the bytes of the names
	AttributesError string       `json:"attrs_error,omitempty"`
	Header          *Header      `json:"oh,omitempty"`
	Error           string       `json:"error,omitempty"`
	*Content
}

// Link is an entry of a group.
type Link struct {
	Name       string  `json:"name"`
	Kind       string  `json:"kind"` // hard, soft, external, userN
	Charset    string  `json:"cset,omitempty"`
	Order      *int64  `json:"corder,omitempty"`
	Object     string  `json:"object,omitempty"` // path of the target in this file
	File       *string `json:"file,omitempty"`   // external
	Target     *string `json:"target,omitempty"` // soft, external
	Data       *string `json:"data,omitempty"`   // of user-defined links: what a reader without their class is told, nothing
	Stored     string  `json:"stored,omitempty"` // of user-defined links: the data in hexadecimal
	Resolves   *bool   `json:"resolves,omitempty"`
	TargetType string  `json:"target_type,omitempty"`
	Error      string  `json:"error,omitempty"`
}

// Attribute is a value that belongs to an object.
type Attribute struct {
	Name  string `json:"name"`
	Order *int   `json:"corder,omitempty"`
	Extent
	Datatype *Type  `json:"dtype,omitempty"`
	Value    *Value `json:"value,omitempty"`
	Error    string `json:"error,omitempty"`
}

// Extent is a dataspace.
type Extent struct {
	Space    string   `json:"space,omitempty"` // scalar, simple or null
	Shape    []uint64 `json:"shape,omitzero"`
	MaxShape []Max    `json:"maxshape,omitzero"`
}

// Max is a maximum extent; JSON has -1 for an unlimited one.
type Max uint64

// MarshalJSON gives a number.
func (m Max) MarshalJSON() ([]byte, error) {
	if uint64(m) == dataspace.Unlimited {
		return []byte("-1"), nil
	}
	return strconv.AppendUint(nil, uint64(m), 10), nil
}

// UnmarshalJSON takes what MarshalJSON gives.
func (m *Max) UnmarshalJSON(b []byte) error {
	if string(b) == "-1" {
		*m = math.MaxUint64
		return nil
	}
	v, err := strconv.ParseUint(string(b), 10, 64)
	*m = Max(v)
	return err
}

// Storing is how a dataset's elements are stored.
type Storing struct {
	Layout   string          `json:"layout"` // compact, contiguous, chunked or virtual
	Chunk    []uint64        `json:"chunk,omitzero"`
	External []External      `json:"external,omitzero"`
	Virtual  []VirtualSource `json:"virtual,omitzero"`
	Filters  []Filter        `json:"filters"`
	Fill     *Fill           `json:"fill"`
	Stored   *uint64         `json:"storage_size,omitempty"` // bytes of raw data in the file
}

// External is a part of a dataset's data in a raw file. Offset is signed, as
// libhdf5 shows it; Size is -1 for all that follows.
type External struct {
	File   string `json:"file"`
	Offset int64  `json:"offset"`
	Size   Max    `json:"size"`
}

// VirtualSource is where one mapping of a virtual dataset takes elements from.
type VirtualSource struct {
	File    string `json:"file"`
	Dataset string `json:"dataset"`
}

// Filter is a stage of a filter pipeline.
type Filter struct {
	ID     uint16   `json:"id"`
	Flags  uint16   `json:"flags"`
	Values []uint32 `json:"cd_values"`
	Name   string   `json:"name"`
}

// Fill is a fill value: the canonical bytes of one element, or their SHA-256
// where they are more than 256.
type Fill struct {
	Defined string `json:"defined"` // undefined, default or user
	Time    string `json:"time"`
	Alloc   string `json:"alloc"`
	Hex     string `json:"hex,omitempty"`
	SHA256  string `json:"sha256,omitempty"`
	Error   string `json:"error,omitempty"`
}

// Content is a dataset's value: all of it, or for one that is too large the
// reason and the value of a corner.
type Content struct {
	Value   *Value  `json:"value,omitempty"`
	Skipped string  `json:"skipped,omitempty"`
	Corner  *Corner `json:"corner,omitempty"`
}

// Value stands for canonical bytes.
type Value struct {
	Count  uint64 `json:"nelem"`
	Bytes  uint64 `json:"nbytes"`
	SHA256 string `json:"sha256"`
	Head   string `json:"head"` // the first 32 bytes, hexadecimal
}

// Corner is the value of the block that starts at 0 and has the extents Extent.
type Corner struct {
	Value
	Extent []uint64 `json:"count"`
}

// Header says how an object is stored: for people, not for comparison.
type Header struct {
	Version         int      `json:"version"`
	Blocks          int      `json:"chunks"`
	Messages        []uint16 `json:"msgs"`
	DenseAttributes bool     `json:"dense_attrs"`
	LayoutVersion   int      `json:"layout_version,omitempty"`
	ChunkIndex      string   `json:"chunk_index,omitempty"`
}

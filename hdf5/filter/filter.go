// Package filter defines what a filter of HDF5's pipeline is and keeps the
// registry of those that a file may use. The codecs live in the folders below,
// each of which takes and gives bytes and opens no file. A Filter and a
// Registry are safe for any number of goroutines.
package filter

import (
	"fmt"
	"maps"
	"sync/atomic"

	"gables/hdf5/h5err"
)

// ID is a filter identification value (Spec: IV.A.2.l; above 255 as registered
// with the HDF Group).
type ID uint16

// The filters that gables knows.
const (
	Deflate     ID = 1
	Shuffle     ID = 2
	Fletcher32  ID = 3
	Szip        ID = 4
	NBit        ID = 5
	ScaleOffset ID = 6
	LZO         ID = 305
	BZip2       ID = 307
	LZF         ID = 32000
	Blosc       ID = 32001
	LZ4         ID = 32004
	Bitshuffle  ID = 32008
	ZFP         ID = 32013
	Zstd        ID = 32015
	Blosc2      ID = 32026
)

// Filter undoes one stage of a pipeline.
type Filter interface {
	// ID is the identification value that the pipeline message stores.
	ID() ID
	// Name is the customary name, for people.
	Name() string
	// Decode undoes the filter on src. It writes into dst[:0] while the
	// capacity suffices and takes new memory otherwise, as append does; the
	// result may instead be a part of src. src is never written to, and
	// neither slice is kept. Bytes that break the codec's rules, or a length
	// other than c.Size where that is known, give ErrCorrupt; more than
	// c.Limit bytes give ErrLimit; a failed checksum gives ErrChecksum; a
	// variant that is not known gives ErrUnsupported.
	Decode(dst, src []byte, c Chunk) ([]byte, error)
}

// Registry maps identification values to filters. The zero value is empty.
// Reads take no lock.
type Registry struct {
	m atomic.Pointer[map[ID]Filter]
}

// NewRegistry holds the given filters.
func NewRegistry(filters ...Filter) *Registry {
	r := &Registry{}
	for _, f := range filters {
		r.Register(f)
	}
	return r
}

// Register adds f, in place of an earlier filter of the same ID.
func (r *Registry) Register(f Filter) {
	for {
		old := r.m.Load()
		next := map[ID]Filter{}
		if old != nil {
			next = maps.Clone(*old)
		}
		next[f.ID()] = f
		if r.m.CompareAndSwap(old, &next) {
			return
		}
	}
}

// Lookup gives the filter of that ID, or ErrUnsupported with its number and,
// where known, its name.
func (r *Registry) Lookup(id ID, name string) (Filter, error) {
	if m := r.m.Load(); m != nil {
		if f, ok := (*m)[id]; ok {
			return f, nil
		}
	}
	if name == "" {
		name = registered[id]
	}
	if name != "" {
		return nil, fmt.Errorf("filter %d (%s): %w", id, name, h5err.ErrUnsupported)
	}
	return nil, fmt.Errorf("filter %d: %w", id, h5err.ErrUnsupported)
}

// Clone is an independent copy of the registry.
func (r *Registry) Clone() *Registry {
	c := &Registry{}
	if m := r.m.Load(); m != nil {
		cp := maps.Clone(*m)
		c.m.Store(&cp)
	}
	return c
}

// registered names filters of HDF Group's list that gables does not decode, so
// that the error tells the user what is missing.
var registered = map[ID]string{
	32002: "MAFISC", 32003: "Snappy", 32005: "APAX",
	32006: "CBF", 32007: "JPEG-XR", 32009: "SPDP", 32010: "LPC-Rice", 32011: "CCSDS-123",
	32012: "JPEG-LS", 32014: "FPZip", 32016: "B3D", 32017: "SZ", 32018: "FCIDECOMP", 32019: "JPEG",
	32020: "VBZ", 32021: "FAPEC", 32022: "BitGroom", 32023: "Granular BitRound", 32024: "SZ3",
	32025: "Delta-Rice", 32027: "FLAC", 32028: "H5Z-SPERR",
}

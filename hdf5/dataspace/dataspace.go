// Package dataspace holds the shapes of datasets, selections within them, and
// the iteration that turns a selection into boxes (chunks) and runs of
// elements (Spec: IV.A.2.b for the shapes). It is arithmetic only: it knows no
// element type, takes no bytes and does no I/O.
//
// A Selection is made without a shape; Bind checks it against one. Selections
// and Bounds are immutable and safe for any number of goroutines.
package dataspace

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"gables/hdf5/h5err"
	"gables/internal/wire"
)

// Unlimited is a maximum extent without end, or a count of a hyperslab that
// takes as much as the extent gives.
const Unlimited = ^uint64(0)

// MaxRank is how many dimensions a dataspace may have.
const MaxRank = 32

// MaxExtent is the greatest extent that Bind accepts: coordinates fit int64.
const MaxExtent = math.MaxInt64

// Kind tells scalar, simple and null dataspaces apart.
type Kind uint8

// The kinds, numbered as the message's type byte.
const (
	Scalar Kind = iota // one element, no dimension
	Simple             // a rectangle of elements
	Null               // no element at all
)

// Dataspace is the shape of a dataset or attribute. Its fields are not to be
// changed once other goroutines see it.
type Dataspace struct {
	Kind    Kind
	Dims    []uint64 // [rank], extents
	MaxDims []uint64 // [rank], may hold Unlimited; nil = same as Dims
}

// Rank is the number of dimensions.
func (s *Dataspace) Rank() int { return len(s.Dims) }

// CanGrow tells whether a dataset with this space may become larger.
func (s *Dataspace) CanGrow() bool { return s.MaxDims != nil && !slices.Equal(s.Dims, s.MaxDims) }

// Count is the number of elements. ErrLimit says that it does not fit 64 bits.
func (s *Dataspace) Count() (uint64, error) {
	if s.Kind == Null {
		return 0, nil
	}
	n, ok := wire.Product(s.Dims)
	if !ok {
		return 0, h5err.Limit("dataspace", "dimensions", "%v has more than 2^64-1 elements", s)
	}
	return n, nil
}

// String gives "scalar", "null" or extents such as "(3, 4/unlimited)", where
// a maximum follows an extent that may change.
func (s *Dataspace) String() string {
	switch s.Kind {
	case Scalar:
		return "scalar"
	case Null:
		return "null"
	}
	var b strings.Builder
	b.WriteByte('(')
	for i, d := range s.Dims {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.FormatUint(d, 10))
		if i >= len(s.MaxDims) || s.MaxDims[i] == d {
			continue
		}
		if s.MaxDims[i] == Unlimited {
			b.WriteString("/unlimited")
		} else {
			fmt.Fprintf(&b, "/%d", s.MaxDims[i])
		}
	}
	b.WriteByte(')')
	return b.String()
}

// Validate gives ErrCorrupt where the fields break a rule of the format.
func (s *Dataspace) Validate() error {
	if s.Kind > Null {
		return h5err.Corrupt("dataspace", "type", "got %d, want 0, 1 or 2", s.Kind)
	}
	if s.Kind != Simple && (len(s.Dims) > 0 || len(s.MaxDims) > 0) {
		return h5err.Corrupt("dataspace", "dimensionality", "a %v dataspace has %d dimensions", s, len(s.Dims))
	}
	if len(s.Dims) > MaxRank {
		return h5err.Corrupt("dataspace", "dimensionality", "got %d, want at most %d", len(s.Dims), MaxRank)
	}
	if s.MaxDims != nil && len(s.MaxDims) != len(s.Dims) {
		return h5err.Corrupt("dataspace", "maximum sizes", "got %d for %d dimensions", len(s.MaxDims), len(s.Dims))
	}
	for i, d := range s.Dims {
		if d == Unlimited {
			return h5err.Corrupt("dataspace", "dimension sizes", "dimension %d is unlimited", i)
		}
		if s.MaxDims != nil && d > s.MaxDims[i] {
			return h5err.Corrupt("dataspace", "maximum sizes", "dimension %d is %d, its maximum %d", i, d, s.MaxDims[i])
		}
	}
	return nil
}

// Bind is sel.Bind for the dataspace: a null one takes only All and None, and
// gives a Bound that selects nothing.
func (s *Dataspace) Bind(sel Selection) (*Bound, error) {
	if s.Kind != Null {
		return sel.Bind(s.Dims)
	}
	if _, none := sel.rule.(noneRule); !none && !sel.IsAll() {
		return nil, fmt.Errorf("a null dataspace has no elements to select: %w", h5err.ErrSelection)
	}
	return None().Bind(nil)
}

package diff

import "math"

// Options change what counts as a difference. The zero value compares
// everything exactly.
type Options struct {
	// Relative and Absolute are tolerances: numbers a and b are equal when
	// |a-b| ≤ max(Absolute, Relative·max(|a|, |b|)).
	Relative, Absolute float64
	StructureOnly      bool // values are not looked at
	NoAttributes       bool
	Most               int // differences of values that are told of one dataset or attribute; 0: 10
	Workers            int // most goroutines that decode; 0: as the files were opened
	// Progress, if set, is called from the calling goroutine, with the bytes of
	// values that have been compared.
	Progress func(path string, bytes uint64)
}

func (o *Options) exact() bool { return o.Relative == 0 && o.Absolute == 0 }

// near tells whether two numbers are equal within the tolerances.
func (o *Options) near(a, b float64) bool {
	if a == b || math.IsNaN(a) && math.IsNaN(b) {
		return true
	}
	if o.exact() || math.IsNaN(a) || math.IsNaN(b) || math.IsInf(a, 0) || math.IsInf(b, 0) {
		return false
	}
	return math.Abs(a-b) <= max(o.Absolute, o.Relative*max(math.Abs(a), math.Abs(b)))
}

// Kind is what differs.
type Kind string

// The kinds.
const (
	OnlyFirst  Kind = "only in the first"
	OnlySecond Kind = "only in the second"
	LinkKind   Kind = "link"
	ObjectKind Kind = "kind"
	Type       Kind = "type"
	Shape      Kind = "shape"
	Value      Kind = "value"
	More       Kind = "more"   // further values of the same dataset, which are not listed
	Unread     Kind = "unread" // it could not be compared
)

// Difference is one thing that is not the same.
type Difference struct {
	Path string // of the object; "path@name" for an attribute
	Kind Kind
	Text string // what the two have; empty where the kind says all
	Err  error  // Unread: why
}

// Result sums up a comparison.
type Result struct {
	Differences uint64 // things and values that differ, listed or not
	Unread      uint64 // things that could not be compared
	Objects     uint64 // pairs that were compared
	Values      uint64 // pairs of elements
}

// Same tells whether no difference was found and everything could be compared.
func (r *Result) Same() bool { return r.Differences == 0 && r.Unread == 0 }

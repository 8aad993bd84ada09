package format

// Bound is the oldest library release that has to understand a new record:
// what libhdf5 calls the low bound of a file. Each record says in its XxxVersion
// which version follows from it.
type Bound uint8

// The bounds, oldest first.
const (
	BoundEarliest Bound = iota // every release
	BoundV18
	BoundV110
	BoundV112
	BoundV114
	BoundV200
)

// BoundLatest is the newest.
const BoundLatest = BoundV200

// of takes the entry of a bound; what is newer than the last counts as that.
func (b Bound) of(versions [BoundLatest + 1]uint8) uint8 { return versions[min(b, BoundLatest)] }

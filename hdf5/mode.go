package hdf5

import (
	"fmt"

	"gables/hdf5/h5err"
)

// Mode is how a file is opened, as h5py and PyTables have it.
type Mode uint8

// The modes.
const (
	ModeRead      Mode = iota // "r": the file must exist
	ModeReadWrite             // "r+": the file must exist
	ModeAppend                // "a": the file is made if it is absent
	ModeCreate                // "w": the file is made anew; an old one is there until the first Flush
	ModeCreateNew             // "x": the file must not exist
)

var modeNames = [...]string{"r", "r+", "a", "w", "x"}

// String is the mode's customary letter.
func (m Mode) String() string {
	if int(m) < len(modeNames) {
		return modeNames[m]
	}
	return "unknown mode"
}

// ParseMode takes "r", "r+", "a", "w", "w-" or "x"; ErrSelection for any other text.
func ParseMode(s string) (Mode, error) {
	for i, n := range modeNames {
		if s == n {
			return Mode(i), nil
		}
	}
	if s == "w-" {
		return ModeCreateNew, nil
	}
	return 0, fmt.Errorf("mode %q; there are r, r+, a, w and x: %w", s, h5err.ErrSelection)
}

// Libver is how new the encodings are that a writer chooses when it makes a
// file: the low bound of libhdf5's library versions.
type Libver uint8

// The bounds.
const (
	Earliest Libver = iota // superblock 0, what every release reads and PyTables writes
	V18                    // superblock 2
	V110                   // superblock 3
	V112                   // and newer references
	V114                   // what libhdf5 1.14 writes with its latest bounds
)

// Latest is the newest bound that releases in wide use read.
const Latest = V114

var libverNames = [...]string{"earliest", "v18", "v110", "v112", "v114"}

// String is the bound's name in h5py and h5repack.
func (v Libver) String() string {
	if int(v) < len(libverNames) {
		return libverNames[v]
	}
	return "unknown bound"
}

// ParseLibver takes a bound's name, or "latest".
func ParseLibver(s string) (Libver, error) {
	for i, n := range libverNames {
		if s == n {
			return Libver(i), nil
		}
	}
	if s == "latest" {
		return Latest, nil
	}
	return 0, fmt.Errorf("library bound %q; there are earliest, v18, v110, v112, v114 and latest: %w", s, h5err.ErrSelection)
}

// Durability says what survives a crash.
type Durability uint8

// The levels.
const (
	// Full keeps what Flush has acknowledged, also when power is lost.
	Full Durability = iota
	// Normal loses nothing when the process dies; when power is lost it may lose
	// the last flushes, and the file is consistent.
	Normal
	// NoDurability writes as libhdf5 does: a crash while it flushes may cost the file.
	NoDurability
)

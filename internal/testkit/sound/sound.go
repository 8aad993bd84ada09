// Package sound is what a test of writing ends with: the file that was written
// is checked as gables check does it. It stands apart from testkit, which the
// packages below hdf5 use.
package sound

import (
	"testing"

	"gables/hdf5"
)

// Strict says what is held against a file beside damage and warnings.
type Strict uint8

// The degrees.
const (
	// Usual lets bytes be lost: those that were freed and that the file does not
	// remember.
	Usual Strict = iota
	// Whole wants every byte to be in use or declared free: as it is through a
	// handle for writing, and in files that remember their free space.
	Whole
)

// File checks an open file and fails the test unless it is sound. It gives the
// report.
func File(t testing.TB, f *hdf5.File, s Strict) *hdf5.Report {
	t.Helper()
	r, err := hdf5.Check(t.Context(), f, hdf5.CheckOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Live+r.Free+r.Unaccounted != r.Size {
		t.Errorf("%d bytes in use, %d free and %d lost are not %d", r.Live, r.Free, r.Unaccounted, r.Size)
	}
	if s == Whole {
		if err := r.Complete(); err != nil {
			t.Errorf("%v; lost %v", err, r.Lost)
		}
		return r
	}
	for _, x := range r.Findings {
		if x.Severity > hdf5.Note {
			t.Errorf("%s: %v", x.Severity, x.Err)
		}
	}
	return r
}

// Path is File for a file that is not open.
func Path(t testing.TB, path string, s Strict) *hdf5.Report {
	t.Helper()
	f, err := hdf5.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return File(t, f, s)
}

// Image is File for a file in memory.
func Image(t testing.TB, image []byte, s Strict) *hdf5.Report {
	t.Helper()
	f, err := hdf5.OpenBytes(image)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return File(t, f, s)
}

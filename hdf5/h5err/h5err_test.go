package h5err

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"
)

func TestTextTellsWhereFromTheOutsideIn(t *testing.T) {
	err := In(At(Corrupt("fractal heap", "heap ID length", "%d", 9), "", 0x1f0), "run.h5", "/a/b")
	const want = "run.h5: /a/b: fractal heap at 0x1f0: heap ID length: 9: corrupt"
	if err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
	if s := (&FormatError{Err: ErrClosed}).Error(); s != "file is closed" {
		t.Errorf("got %q", s)
	}
	if s := (&FormatError{Structure: "superblock", HasAddr: true}).Error(); s != "superblock at 0x0" {
		t.Errorf("address 0 is a place: %q", s)
	}
}

func TestEachMakerCarriesItsSentinel(t *testing.T) {
	for sentinel, err := range map[error]error{
		ErrCorrupt:     Corrupt("s", "f", "%d", 1),
		ErrUnsupported: Unsupported("s", "f", "x"),
		ErrLimit:       Limit("s", "f", "x"),
		ErrChecksum:    New(ErrChecksum, "s", "f", "x"),
	} {
		var fe *FormatError
		if !errors.Is(err, sentinel) || !errors.As(err, &fe) || fe.Structure != "s" || fe.Field != "f" {
			t.Errorf("%v: %+v", sentinel, fe)
		}
		for _, other := range []error{ErrCorrupt, ErrUnsupported, ErrLimit, ErrChecksum, ErrTruncated} {
			if other != sentinel && errors.Is(err, other) {
				t.Errorf("%v is also %v", err, other)
			}
		}
	}
}

func TestTheInnermostPlaceStays(t *testing.T) {
	inner := At(Corrupt("node", "", "bad"), "other name", 5)
	outer := At(fmt.Errorf("chunk 3: %w", inner), "tree", 99)
	var fe *FormatError
	if !errors.As(outer, &fe) || fe.Address != 5 || fe.Structure != "node" {
		t.Errorf("%v", outer)
	}
	if again := At(inner, "tree", 99); again != inner {
		t.Errorf("%v", again)
	}
	plain := At(fs.ErrClosed, "tree", 7)
	if !errors.As(plain, &fe) || fe.Address != 7 || !errors.Is(plain, fs.ErrClosed) {
		t.Errorf("%v", plain)
	}
	if At(nil, "tree", 1) != nil || In(nil, "f", "p") != nil {
		t.Error("no error became one")
	}
}

func TestFileAndPathAreAddedOnceAndTheCauseIsNotChanged(t *testing.T) {
	shared := Corrupt("node", "", "bad")
	a, b := In(shared, "a.h5", "/x"), In(shared, "b.h5", "/y")
	var fe *FormatError
	if errors.As(shared, &fe); fe.File != "" || fe.Path != "" {
		t.Fatalf("the shared error was written to: %+v", fe)
	}
	if a.Error() == b.Error() || In(a, "c.h5", "/z") != a {
		t.Errorf("%v, %v", a, b)
	}
	half := In(In(ErrClosed, "", "/p"), "f.h5", "")
	if errors.As(half, &fe); fe.File != "f.h5" || fe.Path != "/p" {
		t.Errorf("%+v", fe)
	}
	// errors that are met by several goroutines at once must not be written to either
	at := At(shared, "tree", 3)
	if errors.As(shared, &fe); fe.HasAddr || at == shared {
		t.Error("At wrote to its argument")
	}
}

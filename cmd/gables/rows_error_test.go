package main

import (
	"bytes"
	"context"
	"testing"
)

func TestNothingIsWrittenWhenNothingCouldBeRead(t *testing.T) {
	var out, notes bytes.Buffer
	root := newRoot()
	root.SetOut(&out)
	root.SetErr(&notes)
	root.SetArgs([]string{"cat", "../../hdf5/testdata/raw.h5:/absent"})
	if err := root.ExecuteContext(context.Background()); exitCode(err) != exitUnread || out.Len() > 0 {
		t.Errorf("got %q and %v", out.String(), err)
	}
}

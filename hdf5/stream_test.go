package hdf5_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"gables/hdf5"
	"gables/hdf5/dataspace"
)

// TestStreamGivesTheElementsInOrder holds the parts of every dataset against
// one read of all, for several sizes of parts and selections.
func TestStreamGivesTheElementsInOrder(t *testing.T) {
	f, err := hdf5.Open("../cmd/gables/testdata/kinds.h5")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for path, selections := range map[string][]string{
		"/packed": {"", "3:90:7, -2:", "::-1", "[5, 1, 1]", "17"}, "/cube": {"", "1", ":, ::2"}, "/scalar": {""}, "/zero": {""}, "/texts": {"", "1:3"},
	} {
		d, err := f.Dataset(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range selections {
			for _, limit := range []uint64{0, 1, 7, 1000} {
				sameAsOneRead(t, d, text, limit)
			}
		}
	}
}

func sameAsOneRead(t *testing.T, d *hdf5.Dataset, text string, limit uint64) {
	t.Helper()
	sel := dataspace.Text(text)
	b, err := d.Bind(sel)
	if err != nil {
		t.Fatal(err)
	}
	want := make([]byte, b.Count()*uint64(d.Type().Size))
	if _, err := d.ReadRaw(t.Context(), want, sel); err != nil {
		t.Fatal(err)
	}
	var got []byte
	next := uint64(0)
	err = d.Stream(t.Context(), sel, limit, func(b hdf5.Block) error {
		if limit > 0 && b.N > limit || b.Seq != next || uint64(len(b.Data)) != b.N*uint64(d.Type().Size) {
			t.Errorf("%s[%s]: part %d of %d elements, %d bytes", d.Path(), text, b.Seq, b.N, len(b.Data))
		}
		next++
		got = append(got, b.Data...)
		return nil
	})
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s[%s] in parts of %d: %d bytes, want %d; %v", d.Path(), text, limit, len(got), len(want), err)
	}
}

func TestStreamEndsWithTheVisitorsErrorOrTheContext(t *testing.T) {
	f, err := hdf5.Open("../cmd/gables/testdata/kinds.h5")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d, err := f.Dataset("/packed")
	if err != nil {
		t.Fatal(err)
	}
	enough, calls := errors.New("enough"), 0
	err = d.Stream(t.Context(), dataspace.All(), 10, func(hdf5.Block) error { calls++; return enough })
	if !errors.Is(err, enough) || calls != 1 {
		t.Errorf("%d calls, %v", calls, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = d.Stream(ctx, dataspace.All(), 10, func(hdf5.Block) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

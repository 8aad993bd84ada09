package datatype_test

import (
	"errors"
	"testing"

	"gables/hdf5/datatype"
	"gables/hdf5/h5err"
)

// shelf is a heap of one object.
type shelf struct{ data []byte }

func (s shelf) Object(uint64, uint32) ([]byte, error) { return s.data, nil }

func TestTextAndSequenceGiveWhatElementsReferTo(t *testing.T) {
	char := &datatype.Datatype{Class: datatype.Integer, Size: 1, Precision: 8}
	descriptor := []byte{3, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0}
	vl := &datatype.Datatype{Class: datatype.String, Variable: true, Size: 16, Base: char}
	if s, err := vl.Text(descriptor, shelf{[]byte("ab\x00c")}); err != nil || string(s) != "ab" {
		t.Errorf("got %q, %v", s, err)
	}
	fixed := &datatype.Datatype{Class: datatype.String, Size: 4, Pad: datatype.SpacePad}
	if s, err := fixed.Text([]byte("ab  x"), nil); err != nil || string(s) != "ab" {
		t.Errorf("got %q, %v", s, err)
	}
	list := &datatype.Datatype{Class: datatype.VLen, Size: 16, Base: char}
	if b, n, err := list.Sequence(descriptor, shelf{[]byte{1, 2, 3, 4}}); err != nil || n != 3 || string(b) != "\x01\x02\x03" {
		t.Errorf("got %v, %d, %v", b, n, err)
	}
	if _, _, err := list.Sequence(descriptor, shelf{[]byte{1}}); !errors.Is(err, h5err.ErrCorrupt) {
		t.Errorf("short object: %v", err)
	}
	if _, err := list.Text(descriptor, nil); !errors.Is(err, h5err.ErrType) {
		t.Errorf("text of a sequence: %v", err)
	}
	if _, _, err := fixed.Sequence(descriptor, nil); !errors.Is(err, h5err.ErrType) {
		t.Errorf("sequence of a text: %v", err)
	}
	for _, short := range [][]byte{nil, descriptor[:15]} {
		if _, err := vl.Text(short, nil); !errors.Is(err, h5err.ErrCorrupt) {
			t.Errorf("short text: %v", err)
		}
	}
}

package fletcher32

import (
	"bytes"
	"errors"
	"testing"

	"gables/hdf5/filter"
	"gables/hdf5/h5err"
	"gables/internal/testkit"
)

func TestEncodeGivesLibhdf5sBytes(t *testing.T) {
	for _, s := range testkit.Alone(t, "testdata", filter.Fletcher32) {
		src, err := New().Decode(nil, s.Raw, s.Chunk())
		if err != nil {
			t.Fatal(err)
		}
		for _, dst := range [][]byte{nil, make([]byte, 3), make([]byte, 0, len(src)+9)} {
			got, err := New().(filter.Encoder).Encode(dst, src, s.Chunk())
			if err != nil || !bytes.Equal(got, s.Raw) {
				t.Fatalf("%d bytes: %v", len(src), err)
			}
		}
	}
}

func TestThereIsNoClientData(t *testing.T) {
	e := New().(filter.Encoder)
	if got, err := e.Local(nil, filter.Described{}); err != nil || len(got) != 0 {
		t.Error(got, err)
	}
	if _, err := e.Local([]uint32{1}, filter.Described{}); !errors.Is(err, h5err.ErrSelection) {
		t.Error(err)
	}
}

func TestEncoderKeepsItsContract(t *testing.T) {
	testkit.Encoding{
		Filter: New(),
		Values: [][]uint32{nil},
		Sizes:  []int{0, 1, 2, 3, 300, 50001},
		Most:   func(n int) int { return n + sumSize },
	}.Run(t)
}

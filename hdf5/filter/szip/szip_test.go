package szip

import (
	"encoding/binary"
	"errors"
	"testing"

	"gables/hdf5/filter"
	"gables/hdf5/h5err"
	"gables/internal/testkit"
)

// witnesses are chunks that szlib or libhdf5 wrote (testdata/make_witness.py).
func witnesses(t testing.TB) []testkit.Stored {
	t.Helper()
	return testkit.Lines(t, "testdata/witness.jsonl.gz", 200)
}

func TestFilterKeepsItsContract(t *testing.T) {
	testkit.Contract{Filter: New(), ID: filter.Szip, Name: "szip", Stored: witnesses(t), Padded: true, Damaged: 3000}.Run(t)
}

func TestEveryShortStreamIsCorrupt(t *testing.T) {
	for _, w := range witnesses(t)[:60] {
		for n := range len(w.Raw) {
			got, err := New().Decode(nil, w.Raw[:n], w.Chunk())
			if err == nil && w.Gives(got) {
				continue // only filling was cut off
			}
			if !errors.Is(err, h5err.ErrCorrupt) {
				t.Fatalf("%s cut to %d of %d: %v", w.Name, n, len(w.Raw), err)
			}
		}
	}
}

func TestAHalvedStreamIsNeverEnough(t *testing.T) {
	for _, w := range witnesses(t)[:60] {
		// Constant data may need no more than its first data sets.
		if len(w.Raw) < w.Size/4 {
			continue
		}
		if _, err := New().Decode(nil, w.Raw[:len(w.Raw)/2], w.Chunk()); !errors.Is(err, h5err.ErrCorrupt) {
			t.Fatalf("%s: %v", w.Name, err)
		}
	}
}

func TestRefusesBadParameters(t *testing.T) {
	w := witnesses(t)[0]
	for _, c := range []struct {
		name   string
		values []uint32
		want   error
	}{
		{"none", nil, h5err.ErrCorrupt},
		{"three", []uint32{160, 8, 8}, h5err.ErrCorrupt},
		{"five", []uint32{160, 8, 8, 64, 0}, h5err.ErrCorrupt},
		{"unknown option", []uint32{160 | 1<<20, 8, 8, 64}, h5err.ErrUnsupported},
		{"no block", []uint32{160, 0, 8, 64}, h5err.ErrCorrupt},
		{"huge block", []uint32{160, 1 << 31, 8, 64}, h5err.ErrUnsupported},
		{"no bits", []uint32{160, 8, 0, 64}, h5err.ErrCorrupt},
		{"33 bits", []uint32{160, 8, 33, 64}, h5err.ErrCorrupt},
		{"no scanline", []uint32{160, 8, 8, 0}, h5err.ErrCorrupt},
		{"huge scanline", []uint32{160, 8, 8, 1 << 31}, h5err.ErrUnsupported},
	} {
		ch := w.Chunk()
		ch.Values = c.values
		if _, err := New().Decode(nil, w.Raw, ch); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func TestHoldsTheStoredSizeAgainstChunkLimitAndStream(t *testing.T) {
	w := witnesses(t)[0]
	ch := w.Chunk()
	ch.Size++
	if _, err := New().Decode(nil, w.Raw, ch); !errors.Is(err, h5err.ErrCorrupt) {
		t.Errorf("other size: %v", err)
	}
	ch = w.Chunk()
	ch.Limit = w.Size - 1
	if _, err := New().Decode(nil, w.Raw, ch); !errors.Is(err, h5err.ErrLimit) {
		t.Errorf("limit: %v", err)
	}
	bomb := binary.LittleEndian.AppendUint32(nil, 1<<28)
	bomb = append(bomb, make([]byte, 100)...)
	ch = filter.Chunk{Values: []uint32{160, 8, 8, 64}, Size: -1, Limit: 1 << 28}
	if allocated := testing.AllocsPerRun(5, func() {
		if _, err := New().Decode(nil, bomb, ch); !errors.Is(err, h5err.ErrCorrupt) {
			t.Errorf("bomb: %v", err)
		}
	}); allocated > 20 {
		t.Errorf("%v allocations", allocated)
	}
}

func TestRefusesSamplesWiderThanTheirBits(t *testing.T) {
	// Two bits for each sample, option k = 4: the lower part alone is too wide.
	src := []byte{2, 0, 0, 0, 0b101_11_111, 0b1_1111_000}
	_, err := New().Decode(nil, src, filter.Chunk{Values: []uint32{128, 2, 2, 2}, Size: 2, Limit: 2})
	if !errors.Is(err, h5err.ErrCorrupt) {
		t.Error(err)
	}
}

func TestRefusesMoreZeroBlocksThanTheScanlineHas(t *testing.T) {
	// Option 0, extension 0, count 9 (fundamental sequence of nine zeros).
	src := []byte{64, 0, 0, 0, 0b000_0_0000, 0b00000_1_00, 0, 0}
	_, err := New().Decode(nil, src, filter.Chunk{Values: []uint32{128, 8, 8, 32}, Size: 64, Limit: 64})
	if !errors.Is(err, h5err.ErrCorrupt) {
		t.Error(err)
	}
}

func FuzzDecode(f *testing.F) {
	testkit.FuzzValues(f, New(), witnesses(f), nil)
}

package szip

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"os"
	"testing"

	"gables/hdf5/filter"
	"gables/hdf5/h5err"
)

// witness is one chunk that szlib or libhdf5 wrote, with what it decodes into.
type witness struct {
	Name   string
	Values []uint32
	Size   int
	Src    []byte
	Want   []byte
}

func (w *witness) chunk() filter.Chunk {
	return filter.Chunk{Values: w.Values, Size: len(w.Want), Limit: len(w.Want) + 1, ElementSize: w.Size}
}

// witnesses reads the committed cases and those of the file named by
// GABLES_SZIP_WITNESS, if any.
func witnesses(t testing.TB) []witness {
	t.Helper()
	var all []witness
	for _, name := range []string{"testdata/witness.jsonl.gz", os.Getenv("GABLES_SZIP_WITNESS")} {
		if name == "" {
			continue
		}
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		dec := json.NewDecoder(z)
		for {
			var w witness
			if err := dec.Decode(&w); err == io.EOF {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			all = append(all, w)
		}
	}
	if len(all) < 200 {
		t.Fatalf("only %d witnesses", len(all))
	}
	return all
}

func TestDecodesWhatSzlibAndLibhdf5Wrote(t *testing.T) {
	bad := 0
	for i, w := range witnesses(t) {
		got, err := New().Decode(nil, w.Src, w.chunk())
		if err != nil || !bytes.Equal(got, w.Want) {
			t.Errorf("case %d %s %v: %v, equal %t", i, w.Name, w.Values, err, bytes.Equal(got, w.Want))
			if bad++; bad > 10 {
				t.FailNow()
			}
		}
	}
}

func TestUsesTheMemoryGivenAndLeavesTheSourceAlone(t *testing.T) {
	w := witnesses(t)[0]
	src := bytes.Clone(w.Src)
	dst := make([]byte, 0, len(w.Want))
	got, err := New().Decode(dst, src, w.chunk())
	if err != nil || !bytes.Equal(got, w.Want) {
		t.Fatal(err)
	}
	if &got[0] != &dst[:1][0] {
		t.Error("took new memory although dst suffices")
	}
	if !bytes.Equal(src, w.Src) {
		t.Error("changed src")
	}
}

func TestStaleMemoryDoesNotShowThrough(t *testing.T) {
	for _, w := range witnesses(t)[:100] {
		dst := bytes.Repeat([]byte{0xa5}, len(w.Want))
		if got, err := New().Decode(dst, w.Src, w.chunk()); err != nil || !bytes.Equal(got, w.Want) {
			t.Fatalf("%s: %v", w.Name, err)
		}
	}
}

func TestEveryShortStreamIsCorrupt(t *testing.T) {
	for _, w := range witnesses(t)[:60] {
		for n := range len(w.Src) {
			got, err := New().Decode(nil, w.Src[:n], w.chunk())
			if err == nil && bytes.Equal(got, w.Want) {
				continue // only filling was cut off
			}
			if !errors.Is(err, h5err.ErrCorrupt) {
				t.Fatalf("%s cut to %d of %d: %v", w.Name, n, len(w.Src), err)
			}
		}
	}
}

func TestAHalvedStreamIsNeverEnough(t *testing.T) {
	for _, w := range witnesses(t)[:60] {
		// Constant data may need no more than its first data sets.
		if len(w.Src) < len(w.Want)/4 {
			continue
		}
		if _, err := New().Decode(nil, w.Src[:len(w.Src)/2], w.chunk()); !errors.Is(err, h5err.ErrCorrupt) {
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
		ch := w.chunk()
		ch.Values = c.values
		if _, err := New().Decode(nil, w.Src, ch); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func TestHoldsTheStoredSizeAgainstChunkLimitAndStream(t *testing.T) {
	w := witnesses(t)[0]
	ch := w.chunk()
	ch.Size++
	if _, err := New().Decode(nil, w.Src, ch); !errors.Is(err, h5err.ErrCorrupt) {
		t.Errorf("other size: %v", err)
	}
	ch = w.chunk()
	ch.Limit = len(w.Want) - 1
	if _, err := New().Decode(nil, w.Src, ch); !errors.Is(err, h5err.ErrLimit) {
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
	for _, w := range witnesses(f)[:100] {
		v := w.Values
		f.Add(v[0], v[1], v[2], v[3], len(w.Want), w.Src)
	}
	f.Fuzz(func(t *testing.T, mask, block, bits, scanline uint32, size int, src []byte) {
		const limit = 1 << 20
		c := filter.Chunk{Values: []uint32{mask, block, bits, scanline}, Size: size, Limit: limit}
		got, err := New().Decode(nil, src, c)
		if err == nil && (len(got) > limit || size >= 0 && len(got) != size) {
			t.Fatalf("%d bytes, asked for %d", len(got), size)
		}
		if err != nil && !errors.Is(err, h5err.ErrCorrupt) && !errors.Is(err, h5err.ErrUnsupported) && !errors.Is(err, h5err.ErrLimit) {
			t.Fatal(err)
		}
	})
}

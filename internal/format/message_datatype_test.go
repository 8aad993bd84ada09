package format

import (
	"bufio"
	"encoding/hex"
	"errors"
	"os"
	"strings"
	"testing"

	"gables/hdf5/datatype"
	"gables/hdf5/h5err"
	"gables/internal/wire"
)

var typeSizes = wire.Sizes{Offset: 8, Length: 8}

// decodeType decodes b as a file with 8-byte addresses has it.
func decodeType(b []byte) (*datatype.Datatype, *wire.Reader, error) {
	r, l := wire.NewReader(b, typeSizes), wire.DefaultLimits()
	t, err := DecodeDatatype(r, &l)
	return t, r, err
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// typeWitnesses gives messages that libhdf5 wrote, with their descriptions;
// DATATYPES names a bigger file than testdata's.
func typeWitnesses(t testing.TB) (messages [][]byte, texts []string) {
	name := "testdata/message_datatype.txt"
	if s := os.Getenv("DATATYPES"); s != "" {
		name = s
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		m, text, _ := strings.Cut(s.Text(), "\t")
		messages, texts = append(messages, unhex(t, m)), append(texts, text)
	}
	if len(messages) < 100 {
		t.Fatalf("%d witnesses", len(messages))
	}
	return messages, texts
}

func TestDatatypesOfLibhdf5AreUnderstood(t *testing.T) {
	messages, texts := typeWitnesses(t)
	versions := map[uint8]int{}
	for i, m := range messages {
		dt, r, err := decodeType(m)
		if err != nil {
			t.Errorf("%s: %v", texts[i], err)
			continue
		}
		if got := dt.String(); got != texts[i] {
			t.Errorf("%x:\n got %s\nwant %s", m, got, texts[i])
		}
		// Headers of version 1 pad messages to 8 bytes, and nothing else follows.
		if r.Len() > 7 {
			t.Errorf("%s: %d bytes left", texts[i], r.Len())
		}
		versions[dt.Version]++
		if again, _, _ := decodeType(m); !datatype.Equal(dt, again) {
			t.Errorf("%s is not equal to itself", texts[i])
		}
	}
	for v := uint8(1); v <= 5; v++ {
		if versions[v] == 0 {
			t.Errorf("no witness of version %d", v)
		}
	}
	t.Logf("%d messages, versions %v", len(messages), versions)
}

func TestTruncatedDatatypesAreCorrupt(t *testing.T) {
	messages, texts := typeWitnesses(t)
	for i, m := range messages {
		_, r, err := decodeType(m)
		if err != nil {
			continue
		}
		need := r.Pos()
		for n := range need {
			if _, _, err := decodeType(m[:n]); !errors.Is(err, h5err.ErrCorrupt) {
				t.Fatalf("%s: %d of %d bytes: %v", texts[i], n, need, err)
			}
		}
	}
}

const (
	i4     = "1008000004000000 0000 2000 "
	f8     = "11203f0008000000 0000 4000 340b0034 ff030000 "
	noDims = "00000000 00000000 00000000 00000000 00000000 00000000 00000000 "
)

func TestBrokenDatatypesAreRefusedWithTheirSentinel(t *testing.T) {
	corrupt, unsupported := h5err.ErrCorrupt, h5err.ErrUnsupported
	for _, c := range []struct {
		what, bytes string
		want        error
	}{
		{"size 0", "1008000000000000 0000 2000", corrupt},
		{"version 0", "0008000004000000 0000 2000", unsupported},
		{"version 6", "6008000004000000 0000 2000", unsupported},
		{"class 12", "1c00000004000000", unsupported},
		{"precision 0", "1008000004000000 0000 0000", corrupt},
		{"precision beyond size", "1008000004000000 0100 2000", corrupt},
		{"bitfield beyond size", "1400000001000000 0000 0900", corrupt},
		{"time beyond size", "1200000004000000 2100", corrupt},
		{"exponent of 0 bits", "11203f0008000000 0000 4000 34000034 ff030000", corrupt},
		{"exponent outside", "11203f0008000000 0000 4000 360b0034 ff030000", corrupt},
		{"mantissa outside", "11203f0008000000 0000 4000 340b3c34 ff030000", corrupt},
		{"mantissa over exponent", "11203f0008000000 0000 4000 320b0034 ff030000", corrupt},
		{"sign outside", "1120400008000000 0000 4000 340b0034 ff030000", corrupt},
		{"sign in mantissa", "1120200008000000 0000 4000 340b0034 ff030000", corrupt},
		{"normalization 3", "11303f0008000000 0000 4000 340b0034 ff030000", unsupported},
		{"order bit 6 alone", "31603f0008000000 0000 4000 340b0034 ff030000", unsupported},
		{"string padding 3", "1303000004000000", unsupported},
		{"charset 2", "1320000004000000", unsupported},
		{"opaque tag length 3", "1503000004000000 616200", corrupt},
		{"reference kind 5", "1705000008000000", unsupported},
		{"H5T_STD_REF of version 0", "4702000012000000", unsupported},
		{"compound without members", "3600000004000000", corrupt},
		{"member outside", "3601000004000000 6100 01" + i4, corrupt},
		{"member behind its compound", "3601000004000000 6100 ff" + i4, corrupt},
		{"five dimensions in version 1", "1601000004000000 6100000000000000 00000000 05" + noDims[2:] + i4, corrupt},
		{"name without NUL", "3601000004000000 61616161", corrupt},
		{"array of rank 0", "3a00000004000000 00" + i4, corrupt},
		{"array of rank 33", "3a00000004000000 21" + strings.Repeat("01000000", 33) + i4, corrupt},
		{"dimension of 0", "3a00000004000000 01 00000000" + i4, corrupt},
		{"array size too great", "3a00000009000000 01 02000000" + i4, corrupt},
		{"array size too small", "3a00000007000000 01 02000000" + i4, corrupt},
		{"array overflow", "3a00000004000000 03 01000040 01000040 01000040" + i4, corrupt},
		{"enum of floats", "1800000008000000" + f8, corrupt},
		{"enum of another size", "1800000002000000" + i4, corrupt},
		{"enum values missing", "3801000004000000" + i4 + "6100 000000", corrupt},
		{"vlen of another size", "1900000008000000" + i4, corrupt},
		{"vlen kind 2", "1902000010000000" + i4, unsupported},
		{"vlen string of wide characters", "1901000010000000" + i4, corrupt},
		{"heterogeneous complex", "5b00000010000000" + f8, unsupported},
		{"polar complex", "5b03000010000000" + f8, unsupported},
		{"complex of integers", "5b01000008000000" + i4, unsupported},
		{"complex of another size", "5b01000018000000" + f8, corrupt},
	} {
		if _, _, err := decodeType(unhex(t, c.bytes)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.what, err, c.want)
		}
	}
}

func TestDatatypesThatNoLibraryWritesTodayAreUnderstood(t *testing.T) {
	for _, c := range []struct{ bytes, want string }{
		// A version 1 member with two dimensions of four.
		{"1601000018000000 6100000000000000 00000000 02000000 00000000 00000000 02000000 03000000 00000000 00000000" + i4,
			"compound{a:array[2,3](int32le)}"},
		{"1701000008000000", "reference(region)"},
		{"4712000012000000", "reference(object2)"},
		{"4713000012000000", "reference(region2)"},
		{"4714000012000000", "reference(attribute)"},
		// Bit 6 of the byte order counts from version 3 on.
		{"11613f0008000000 0000 4000 340b0034 ff030000", "float64be"},
		{"1008000004000000 0500 0300", "int32le(3 bits at 5)"},
		{"31613f0008000000 0000 4000 340b0034 ff030000", "float64vax(64 bits at 0, sign 63, exponent 11 at 52, mantissa 52 at 0, bias 1023, implied)"},
	} {
		dt, r, err := decodeType(unhex(t, c.bytes))
		if err != nil || dt.String() != c.want || r.Len() != 0 {
			t.Errorf("%s: %v, %v, %d bytes left, want %s", c.bytes, dt, err, r.Len(), c.want)
		}
	}
}

func TestDescriptorSizeFollowsTheAddressWidth(t *testing.T) {
	for offset, size := range map[int]string{2: "0a", 4: "0c", 8: "10"} {
		l := wire.DefaultLimits()
		b := unhex(t, "19000000"+size+"000000"+i4)
		dt, err := DecodeDatatype(wire.NewReader(b, wire.Sizes{Offset: offset, Length: 8}), &l)
		if err != nil || dt.Size != 8+offset {
			t.Errorf("offsets of %d bytes: %v, %v", offset, dt, err)
		}
		if _, err := DecodeDatatype(wire.NewReader(b, wire.Sizes{Offset: 10 - offset, Length: 8}), &l); err == nil {
			t.Errorf("descriptor of %d bytes taken for offsets of %d", 8+offset, 10-offset)
		}
	}
}

func TestNestingStopsAtTheLimit(t *testing.T) {
	nested := func(n int) []byte {
		return unhex(t, strings.Repeat("1900000010000000", n-1)+i4)
	}
	if _, _, err := decodeType(nested(32)); err != nil {
		t.Errorf("32 levels: %v", err)
	}
	if _, _, err := decodeType(nested(33)); !errors.Is(err, h5err.ErrLimit) {
		t.Errorf("33 levels: %v", err)
	}
}

func FuzzDecodeDatatype(f *testing.F) {
	messages, _ := typeWitnesses(f)
	for _, m := range messages {
		f.Add(m)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		dt, r, err := decodeType(b)
		if err != nil {
			if !errors.Is(err, h5err.ErrCorrupt) && !errors.Is(err, h5err.ErrUnsupported) && !errors.Is(err, h5err.ErrLimit) {
				t.Fatalf("no sentinel: %v", err)
			}
			return
		}
		again, _, err := decodeType(b[:r.Pos()])
		if err != nil || !datatype.Equal(dt, again) || dt.String() != again.String() {
			t.Fatalf("%v decoded again: %v, %v", dt, again, err)
		}
		if n := min(dt.Size, 1<<16); n == dt.Size {
			if _, err := dt.Any(make([]byte, n), nil); err != nil && !errors.Is(err, h5err.ErrUnsupported) {
				t.Fatalf("zeros of %v: %v", dt, err)
			}
		}
	})
}

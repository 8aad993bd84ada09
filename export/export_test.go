package export

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"

	"gables/hdf5"
	"gables/hdf5/datatype"
	"gables/hdf5/h5err"
)

func integer(size int, signed bool) *datatype.Datatype {
	return &datatype.Datatype{Class: datatype.Integer, Version: 1, Size: size, Precision: 8 * size, Signed: signed}
}

func float(size int) *datatype.Datatype {
	t := &datatype.Datatype{Class: datatype.Float, Version: 1, Size: size, Precision: 8 * size, SignPos: 8*size - 1, Norm: datatype.NormImplied}
	switch size {
	case 2:
		t.ExpPos, t.ExpSize, t.MantSize, t.Bias = 10, 5, 10, 15
	case 4:
		t.ExpPos, t.ExpSize, t.MantSize, t.Bias = 23, 8, 23, 127
	case 8:
		t.ExpPos, t.ExpSize, t.MantSize, t.Bias = 52, 11, 52, 1023
	case 16:
		t.ExpPos, t.ExpSize, t.MantSize, t.Bias = 112, 15, 112, 16383
	}
	return t
}

func fixed(size int) *datatype.Datatype {
	return &datatype.Datatype{Class: datatype.String, Version: 1, Size: size, Pad: datatype.NullPad, Charset: datatype.UTF8}
}

func array(base *datatype.Datatype, dims ...int) *datatype.Datatype {
	n := base.Size
	for _, d := range dims {
		n *= d
	}
	return &datatype.Datatype{Class: datatype.Array, Version: 3, Size: n, Dims: dims, Base: base}
}

func compound(members ...datatype.Member) *datatype.Datatype {
	t := &datatype.Datatype{Class: datatype.Compound, Version: 3}
	for _, m := range members {
		m.Offset = t.Size
		t.Members = append(t.Members, m)
		t.Size += m.Type.Size
	}
	return t
}

func member(name string, t *datatype.Datatype) datatype.Member {
	return datatype.Member{Name: name, Type: t}
}

func one(t *testing.T, dt *datatype.Datatype, s Style, src []byte) string {
	t.Helper()
	f, err := NewFormat(dt, s, nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := f.Append(nil, src)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestEscapeLeavesNothingForTheTerminal(t *testing.T) {
	for in, want := range map[string]string{
		"plain": "plain", "é 漢": "é 漢", "a\\b": "a\\b", "a\\\x1b": `a\\\x1b`, "\x1b[31m": `\x1b[31m`, "a\nb\tc": `a\nb\tc`,
		"\xff\xfe": `\xff\xfe`, "\u202eevil": `\u202eevil`, "\u009b31m": `\u009b31m`, "\x7f": `\x7f`, "\ufffd": "\ufffd", "": "",
	} {
		if got := Escape(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestJSONStringsComeBack(t *testing.T) {
	for _, in := range []string{"", "plain", "é\"\\\n\t\r\x00\x1b\x7f", "\u009b\u2028", "\U0001F600\U000E0001", "\xff"} {
		var got string
		if err := json.Unmarshal(AppendJSON(nil, in), &got); err != nil {
			t.Fatalf("%q: %v", in, err)
		}
		if want := strings.ReplaceAll(in, "\xff", `\xff`); got != want {
			t.Errorf("%q: got %q", in, got)
		}
	}
}

func TestFloatsAreTheShortestThatReadBack(t *testing.T) {
	for v, want := range map[float64]string{0.1: "0.1", 1: "1.0", 1e15: "1000000000000000.0", 1e16: "1e+16", 1e-4: "0.0001", 1e-5: "1e-05",
		math.Inf(1): "inf", math.Inf(-1): "-inf", 0: "0.0", 5e-324: "5e-324", math.MaxFloat64: "1.7976931348623157e+308"} {
		if got := string(AppendFloat(nil, v, Text)); got != want {
			t.Errorf("%v: got %s, want %s", v, got, want)
		}
	}
	if got := string(AppendFloat(nil, math.NaN(), JSON)); got != `"NaN"` {
		t.Errorf("got %s", got)
	}
}

func TestEveryHalfReadsBack(t *testing.T) {
	dt := float(2)
	for bits := range 1 << 16 {
		src := binary.LittleEndian.AppendUint16(nil, uint16(bits))
		v, _, err := dt.Float64(src)
		if err != nil {
			t.Fatal(err)
		}
		if math.IsNaN(v) {
			continue
		}
		x, err := strconv.ParseFloat(one(t, dt, CSV, src), 64)
		if err != nil {
			t.Fatal(err)
		}
		if !math.IsInf(x, 0) {
			x = roundHalf(x)
		}
		if x != v || math.Signbit(x) != math.Signbit(v) {
			t.Fatalf("%#04x is %v, printed as %s", bits, v, one(t, dt, CSV, src))
		}
	}
}

// TestWideFloatsKeepTheirDigits has the shortest texts of binary128 values.
func TestWideFloatsKeepTheirDigits(t *testing.T) {
	third := []byte{0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0xfd, 0x3f}
	if got := one(t, float(16), Text, third); got != "0.3333333333333333333333333333333333" {
		t.Errorf("got %s", got)
	}
	least := make([]byte, 16)
	least[0] = 1
	if got := one(t, float(16), Text, least); got != "6e-4966" {
		t.Errorf("the least denormal is %s", got)
	}
}

func TestIntegersHaveAllTheirDigits(t *testing.T) {
	ones := bytes.Repeat([]byte{0xff}, 16)
	for _, c := range []struct {
		dt   *datatype.Datatype
		want string
	}{
		{integer(1, true), "-1"}, {integer(1, false), "255"}, {integer(2, false), "65535"}, {integer(8, true), "-1"},
		{integer(8, false), "18446744073709551615"}, {integer(3, false), "16777215"}, {integer(16, false), "340282366920938463463374607431768211455"},
		{&datatype.Datatype{Class: datatype.Integer, Size: 4, Precision: 5, BitOffset: 3, Signed: true}, "-1"},
	} {
		if got := one(t, c.dt, JSON, ones); got != c.want {
			t.Errorf("%v: got %s, want %s", c.dt, got, c.want)
		}
	}
}

// record is what the tests of tables write.
func record() (*datatype.Datatype, []byte) {
	t := compound(member("n", integer(2, true)), member("s", fixed(4)), member("m", array(integer(1, false), 2, 2)),
		member("sub", compound(member("x", float(8)), member("a/b", integer(1, true)))))
	row := func(n int16, s string, x float64) []byte {
		b := binary.LittleEndian.AppendUint16(nil, uint16(n))
		b = append(append(b, s...), make([]byte, 4-len(s))...)
		b = append(b, 1, 2, 3, 4)
		return append(binary.LittleEndian.AppendUint64(b, math.Float64bits(x)), 7)
	}
	return t, append(row(1, `a,"`, 0.5), row(-2, "é", math.NaN())...)
}

var makers = map[string]func(*bytes.Buffer, Spec) (Writer, error){
	"csv":   func(b *bytes.Buffer, s Spec) (Writer, error) { return NewCSV(b, s) },
	"jsonl": func(b *bytes.Buffer, s Spec) (Writer, error) { return NewJSONLines(b, s) },
	"table": func(b *bytes.Buffer, s Spec) (Writer, error) { return NewTable(b, s) },
	"npy":   func(b *bytes.Buffer, s Spec) (Writer, error) { return NewNPY(b, s) },
	"grid":  func(b *bytes.Buffer, s Spec) (Writer, error) { return NewGrid(b, s) },
}

func write(t *testing.T, format string, s Spec, data []byte, part int) string {
	t.Helper()
	f, err := hdf5.Open("../cmd/gables/testdata/kinds.h5")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s.Context = NewContext(t.Context(), f)
	var b bytes.Buffer
	w, err := makers[format](&b, s)
	for err == nil && len(data) > 0 {
		n := min(part, len(data))
		err = w.Write(data[:n])
		data = data[n:]
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTablesInEachFormat(t *testing.T) {
	dt, data := record()
	for format, want := range map[string]string{
		"csv":   "n,s,\"m[0,0]\",\"m[0,1]\",\"m[1,0]\",\"m[1,1]\",sub/x,sub/a/b\n1,\"a,\"\"\",1,2,3,4,0.5,7\n-2,é,1,2,3,4,nan,7\n",
		"jsonl": "{\"n\": 1, \"s\": \"a,\\\"\", \"m\": [[1, 2], [3, 4]], \"sub\": {\"x\": 0.5, \"a/b\": 7}}\n{\"n\": -2, \"s\": \"é\", \"m\": [[1, 2], [3, 4]], \"sub\": {\"x\": \"NaN\", \"a/b\": 7}}\n",
		"table": " n  s    m              sub/x  sub/a/b\n 1  a,\"  [[1 2] [3 4]]    0.5        7\n-2  é    [[1 2] [3 4]]    nan        7\n",
	} {
		if got := write(t, format, Spec{Type: dt, Shape: []uint64{2}}, data, dt.Size); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", format, got, want)
		}
	}
}

func TestColumnsArePickedByPath(t *testing.T) {
	dt, data := record()
	s := Spec{Type: dt, Shape: []uint64{2}, Columns: []string{"sub/a/b", "n"}}
	if got, want := write(t, "csv", s, data, len(data)), "sub/a/b,n\n7,1\n7,-2\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	s.NoHeader = true
	if got, want := write(t, "csv", s, data, len(data)), "7,1\n7,-2\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, err := Columns(dt, []string{"nope"}); !errors.Is(err, h5err.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if _, err := Columns(integer(4, true), []string{"n"}); !errors.Is(err, h5err.ErrType) {
		t.Errorf("got %v", err)
	}
}

func TestTheCutOfThePartsChangesNothing(t *testing.T) {
	data := make([]byte, 2*3*40*50)
	for i := range data {
		data[i] = byte(i * 7)
	}
	for format := range makers {
		s := Spec{Type: integer(2, true), Shape: []uint64{3, 40, 50}, Width: 80}
		if format == "table" {
			s.Type = compound(member("a", integer(1, false)), member("b", integer(1, true)))
		}
		whole := write(t, format, s, data, len(data))
		if got := write(t, format, s, data, 30); got != whole {
			t.Errorf("%s differs when it is written in parts", format)
		}
		if n := len(whole); n < 6000 {
			t.Errorf("%s: %d bytes", format, n)
		}
	}
}

func TestTheMiddleOfLongAxesIsLeftOut(t *testing.T) {
	data := make([]byte, 2*9*10)
	for i := range data {
		data[i] = byte(i)
	}
	s := Spec{Type: integer(1, false), Shape: []uint64{2, 9, 10}, Edge: 1}
	want := "[[[  0 ...   9]\n  ...\n  [ 80 ...  89]]\n\n [[ 90 ...  99]\n  ...\n  [170 ... 179]]]\n"
	if got := write(t, "grid", s, data, 7); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	s.Sparse = true
	var shown []byte
	for _, i := range []int{0, 9, 80, 89, 90, 99, 170, 179} {
		shown = append(shown, data[i])
	}
	if got := write(t, "grid", s, shown, 3); got != want {
		t.Errorf("sparse: got\n%s\nwant\n%s", got, want)
	}
}

func TestEmptyLinesOfCSVAreMarked(t *testing.T) {
	s := Spec{Type: fixed(1), Shape: []uint64{2}}
	if got := write(t, "csv", s, []byte("\x00a"), 2); got != "\"\"\na\n" {
		t.Errorf("got %q", got)
	}
	s.Shape = []uint64{1, 2}
	if got := write(t, "csv", s, []byte("\x00a"), 2); got != ",a\n" {
		t.Errorf("got %q", got)
	}
}

func TestNpyHeadersGrowWithTheType(t *testing.T) {
	members := make([]datatype.Member, 5000)
	for i := range members {
		members[i] = member("column"+strconv.Itoa(i), integer(1, false))
	}
	for _, c := range []struct {
		dt      *datatype.Datatype
		version byte
	}{{integer(4, true), 1}, {compound(members...), 2}, {compound(member("漢", integer(1, true))), 3}} {
		got := write(t, "npy", Spec{Type: c.dt, Shape: []uint64{0}}, nil, 1)
		if got[6] != c.version || len(got)%64 != 0 || got[len(got)-1] != '\n' {
			t.Errorf("%s: version %d, %d bytes", clip(c.dt.String()), got[6], len(got))
		}
	}
}

func TestNpyRefusesWhatNumpyLacks(t *testing.T) {
	vl := &datatype.Datatype{Class: datatype.String, Size: 16, Variable: true}
	for _, dt := range []*datatype.Datatype{vl, compound(member("s", vl)), {Class: datatype.VLen, Size: 16, Base: integer(1, true)},
		{Class: datatype.Reference, Size: 8}, integer(16, true)} {
		if _, err := NewNPY(&bytes.Buffer{}, Spec{Type: dt}); !errors.Is(err, h5err.ErrUnsupported) {
			t.Errorf("%v: got %v", dt, err)
		}
	}
	w, err := NewNPY(&bytes.Buffer{}, Spec{Type: float(16), Shape: []uint64{1}})
	if err != nil {
		t.Fatal(err)
	}
	third := []byte{0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0xfd, 0x3f}
	if err := w.Write(third); !errors.Is(err, h5err.ErrType) {
		t.Errorf("a binary128 that float64 can't hold: got %v", err)
	}
}

func TestShapesThatDoNotFitAreRefused(t *testing.T) {
	f, err := NewFormat(integer(2, true), Text, nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, shape := range [][]uint64{{1 << 40}, {2, 2}, {math.MaxUint64, math.MaxUint64}} {
		if _, err := f.AppendAll(nil, make([]byte, 4), shape, Text); !errors.Is(err, h5err.ErrCorrupt) {
			t.Errorf("%v: got %v", shape, err)
		}
	}
	if _, err := f.Append(nil, nil); !errors.Is(err, h5err.ErrCorrupt) {
		t.Errorf("no bytes: got %v", err)
	}
}

// FuzzFormats writes a record with strings, floats and nested parts.
func FuzzFormats(f *testing.F) {
	dt, data := record()
	f.Add(data)
	file, err := hdf5.Open("../cmd/gables/testdata/kinds.h5")
	if err != nil {
		f.Fatal(err)
	}
	c := NewContext(f.Context(), file)
	f.Fuzz(func(t *testing.T, data []byte) {
		data = data[:len(data)/dt.Size*dt.Size]
		for _, format := range []string{"csv", "jsonl", "table", "npy"} {
			var b bytes.Buffer
			w, err := makers[format](&b, Spec{Type: dt, Shape: []uint64{uint64(len(data) / dt.Size)}, Context: c, Options: Options{Escape: true}})
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Write(data); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if format != "npy" && bytes.ContainsRune(b.Bytes(), '\x1b') {
				t.Errorf("%s lets an escape through: %q", format, b.Bytes())
			}
			if format == "jsonl" {
				for _, l := range bytes.Split(bytes.TrimSpace(b.Bytes()), []byte("\n")) {
					if len(l) > 0 && !json.Valid(l) {
						t.Errorf("not JSON: %s", l)
					}
				}
			}
		}
	})
}

func BenchmarkFloats(b *testing.B) {
	const n = 100000
	data := make([]byte, 0, 8*n)
	for i := range n {
		data = binary.LittleEndian.AppendUint64(data, math.Float64bits(math.Sqrt(float64(i))))
	}
	file, err := hdf5.Open("../cmd/gables/testdata/kinds.h5")
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	for _, format := range []string{"csv", "jsonl", "grid", "npy"} {
		b.Run(format, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			var out bytes.Buffer
			for range b.N {
				out.Reset()
				w, err := makers[format](&out, Spec{Type: float(8), Shape: []uint64{n}, Context: NewContext(b.Context(), file)})
				if err == nil {
					err = w.Write(data)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

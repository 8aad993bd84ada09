package digest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"gables/hdf5"
	"gables/hdf5/datatype"
	"gables/hdf5/h5err"
)

func manifestOf(t *testing.T, path string, o Options) *Manifest {
	t.Helper()
	m, err := Path(context.Background(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// values gives the values of a manifest by path and path@attribute.
func values(m *Manifest) map[string]*Value {
	all := map[string]*Value{}
	for _, o := range m.Objects {
		if o.Content != nil && o.Value != nil {
			all[o.Path] = o.Value
		}
		for _, a := range o.Attributes {
			all[o.Path+"@"+a.Name] = a.Value
		}
	}
	return all
}

func TestEveryFormHasTheBytesThatTheRulesGive(t *testing.T) {
	text, err := os.ReadFile("testdata/canonical.json")
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]string
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	got := values(manifestOf(t, "testdata/canonical.h5", Options{}))
	if len(want) < 50 || len(got) != len(want) {
		t.Errorf("%d values, want %d", len(got), len(want))
	}
	for name, h := range want {
		b, _ := hex.DecodeString(h)
		sum := sha256.Sum256(b)
		v := got[name]
		switch {
		case v == nil:
			t.Errorf("%s: no value", name)
		case v.SHA256 != hex.EncodeToString(sum[:]) || v.Bytes != uint64(len(b)):
			t.Errorf("%s: %d bytes beginning %s, want %d beginning %.64s", name, v.Bytes, v.Head, len(b), h)
		}
	}
}

func TestAppendGivesTheSameBytesForOneElementAndForMany(t *testing.T) {
	f, err := hdf5.Open("testdata/canonical.h5")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for o, err := range f.Walk(context.Background()) {
		d, ok := o.(*hdf5.Dataset)
		if err != nil || !ok {
			continue
		}
		n, _ := d.Space().Count()
		c, err := CompileCanonical(d.Type())
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, int(n)*d.Type().Size)
		if _, err := d.ReadRaw(context.Background(), b); err != nil {
			t.Fatal(err)
		}
		w := newFollower(f, nil)
		w.nextBlock()
		whole, err := c.Append(nil, b, w)
		if err != nil {
			t.Fatal(d.Path(), err)
		}
		var parts []byte
		for ; len(b) > 0; b = b[d.Type().Size:] {
			if parts, err = c.Append(parts, b[:d.Type().Size], w); err != nil {
				t.Fatal(err)
			}
		}
		if string(parts) != string(whole) {
			t.Errorf("%s: parts differ from the whole", d.Path())
		}
	}
}

func TestAppendRefusesPartsOfElements(t *testing.T) {
	c, err := CompileCanonical(&datatype.Datatype{Class: datatype.Integer, Size: 4, Precision: 32})
	if err != nil || !c.Identity() {
		t.Fatal(err, c.Identity())
	}
	if _, err := c.Append(nil, make([]byte, 6), nil); !errors.Is(err, h5err.ErrCorrupt) {
		t.Errorf("got %v", err)
	}
	if _, err := CompileCanonical(&datatype.Datatype{Class: 31, Size: 4}); !errors.Is(err, h5err.ErrUnsupported) {
		t.Errorf("got %v", err)
	}
}

func TestDeclaredSizeOfANumberTakesNoMemory(t *testing.T) {
	for _, class := range []datatype.Class{datatype.Float, datatype.Integer, datatype.Bitfield, datatype.Time} {
		huge := &datatype.Datatype{Class: class, Size: 1<<31 - 1, Precision: 32, SignPos: 31, ExpPos: 23, ExpSize: 8, MantSize: 23,
			Bias: 127, Norm: datatype.NormImplied, Order: datatype.BigEndian}
		n := testing.AllocsPerRun(1, func() {
			if _, err := CompileCanonical(huge); !errors.Is(err, h5err.ErrUnsupported) {
				t.Errorf("%v: got %v", class, err)
			}
		})
		if n > 20 {
			t.Errorf("%v: %v allocations", class, n)
		}
	}
}

func TestLayoutAndByteOrderDoNotShow(t *testing.T) {
	a, b := manifestOf(t, "testdata/layout_le.h5", Options{}), manifestOf(t, "testdata/layout_be.h5", Options{})
	if d := Differences(a, b); len(d) > 0 || !Equal(a, b) || a.Total() != b.Total() {
		t.Errorf("differences: %s", strings.Join(d, "\n"))
	}
	b.Objects[1].Value.SHA256 = "0"
	if Equal(a, b) || len(Differences(a, b)) != 2 {
		t.Errorf("another value is not seen: %v", Differences(a, b))
	}
}

func TestWhatIsNotReadIsNeverEqual(t *testing.T) {
	m := manifestOf(t, "testdata/odd.h5", Options{})
	if Equal(m, m) || len(m.Incomplete()) != 2 || m.Damaged() {
		t.Errorf("incomplete: %v", m.Incomplete())
	}
}

func TestOddNamesLinksAndSizes(t *testing.T) {
	m := manifestOf(t, "testdata/odd.h5", Options{})
	by := map[string]*Object{}
	for _, o := range m.Objects {
		by[o.Path] = o
	}
	if m.Superblock.UserBlock != 512 || by[`/caf\xe9`] == nil {
		t.Errorf("user block %d, objects %v", m.Superblock.UserBlock, m.Objects)
	}
	ints := func(n int, b string) string {
		s := sha256.Sum256([]byte(strings.Repeat(b, n)))
		return hex.EncodeToString(s[:])
	}
	if c := by["/big"].Corner; by["/big"].Value != nil || c == nil || c.SHA256 != ints(1024, "\x03\x00\x00\x00") {
		t.Errorf("/big: %+v", by["/big"].Content)
	}
	if c := by["/big2"].Corner; c == nil || c.Count != 48 || c.SHA256 != ints(48, "\x01\x00") {
		t.Errorf("/big2: %+v", by["/big2"].Content)
	}
	if by["/typed"].Datatype.Committed != "/type" {
		t.Errorf("committed %q", by["/typed"].Datatype.Committed)
	}
	for _, l := range by["/"].Links {
		if l.Kind == "soft" && (*l.Resolves || l.Object != "") {
			t.Errorf("link %+v", l)
		}
	}
	if l := by["/g"].Links[0]; l.Object != "/" || by["/"].References != 2 {
		t.Errorf("link %+v of an object with %d", l, by["/"].References)
	}
}

func TestTextHoldsNoEscapeSequence(t *testing.T) {
	var b strings.Builder
	m := manifestOf(t, "testdata/odd.h5", Options{})
	if err := m.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "\x1b") || !strings.Contains(b.String(), `"/esc\x1b[1m"`) {
		t.Errorf("%q", b.String())
	}
}

func TestObjectsBelowAPathOnly(t *testing.T) {
	m := manifestOf(t, "testdata/layout_le.h5", Options{Under: "/g/"})
	if len(m.Objects) != 2 || m.Objects[0].Path != "/g" || m.Objects[1].Path != "/g/b" {
		t.Errorf("%v", m.Objects)
	}
	if _, err := Path(context.Background(), "testdata/layout_le.h5", Options{Under: "/absent"}); !errors.Is(err, h5err.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

func TestManifestOfNoHDF5FileSaysWhy(t *testing.T) {
	m, err := Path(context.Background(), "testdata/make.py", Options{})
	if !errors.Is(err, h5err.ErrNotHDF5) || m.Error == "" || m.Objects != nil || len(m.SHA256) != 64 || m.Size == 0 {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestManifestSurvivesJSON(t *testing.T) {
	for _, name := range []string{"testdata/canonical.h5", "testdata/odd.h5"} {
		m := manifestOf(t, name, Options{})
		b, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		var back Manifest
		if err := json.Unmarshal(b, &back); err != nil {
			t.Fatal(err)
		}
		again, err := json.Marshal(&back)
		if err != nil || string(again) != string(b) || back.Total() != m.Total() {
			t.Errorf("%s changes: %v", name, err)
		}
	}
}

func TestCancelledContextEndsTheDigest(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Path(ctx, "testdata/canonical.h5", Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

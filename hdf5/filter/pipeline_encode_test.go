package filter

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"gables/hdf5/datatype"
	"gables/hdf5/h5err"
)

// fakeEncoder does to a chunk what encode says.
type fakeEncoder struct {
	id     ID
	encode func(dst, src []byte) ([]byte, error)
}

func (f fakeEncoder) ID() ID                                        { return f.id }
func (f fakeEncoder) Name() string                                  { return "fake" }
func (f fakeEncoder) Decode(_, src []byte, _ Chunk) ([]byte, error) { return src, nil }
func (f fakeEncoder) Encode(dst, src []byte, c Chunk) ([]byte, error) {
	if c.Size != len(src) || c.ElementSize != 4 {
		return nil, h5err.ErrCorrupt
	}
	return f.encode(dst, src)
}
func (f fakeEncoder) Local(values []uint32, d Described) ([]uint32, error) {
	if len(values) > 1 {
		return nil, h5err.ErrSelection
	}
	return []uint32{uint32(f.id), uint32(d.Type.Size)}, nil
}

// decoderOnly can't encode.
type decoderOnly struct{ fakeEncoder }

func (decoderOnly) Encode() {}

var (
	mark   = fakeEncoder{1, func(dst, src []byte) ([]byte, error) { return append(append(dst[:0], 'm'), src...), nil }}
	same   = fakeEncoder{2, func(_, src []byte) ([]byte, error) { return src, nil }}
	noGain = fakeEncoder{3, func(_, _ []byte) ([]byte, error) { return nil, ErrNoGain }}
	broken = fakeEncoder{4, func(_, _ []byte) ([]byte, error) { return nil, h5err.ErrUnsupported }}
	tail   = fakeEncoder{5, func(dst, src []byte) ([]byte, error) { return append(append(dst[:0], src...), 't'), nil }}
)

var fakes = NewRegistry(mark, same, noGain, broken, tail, decoderOnly{fakeEncoder{id: 6}})

func stagesOf(optional bool, ids ...ID) []Stage {
	var all []Stage
	for _, id := range ids {
		all = append(all, Stage{ID: id, Optional: optional})
	}
	return all
}

func TestEncodeAppliesTheStagesInOrder(t *testing.T) {
	for _, c := range []struct {
		ids  []ID
		want string
		mask uint32
	}{
		{nil, "data", 0},
		{[]ID{1}, "mdata", 0},
		{[]ID{1, 5}, "mdatat", 0},
		{[]ID{5, 1, 1, 5, 1}, "mmmdatatt", 0},
		{[]ID{2}, "data", 0},
		{[]ID{3}, "data", 1},
		{[]ID{3, 4, 2}, "data", 3},
		{[]ID{1, 3}, "mdata", 2},
		{[]ID{1, 5, 4}, "mdatat", 4},
		{[]ID{4, 1, 3, 5, 2}, "mdatat", 5},
		{[]ID{1, 2, 2}, "mdata", 0},
	} {
		for _, dst := range [][]byte{nil, make([]byte, 0, 64), make([]byte, 2)} {
			src := []byte("data")
			got, mask, err := NewPipeline(fakes, stagesOf(true, c.ids...)).Encode(dst, src, 4)
			if err != nil || string(got) != c.want || mask != c.mask || string(src) != "data" {
				t.Errorf("%d: %q, mask %b, %v; want %q, %b", c.ids, got, mask, err, c.want, c.mask)
			}
			if c.want != "data" && cap(dst) == 64 && &got[0] != &dst[:1][0] {
				t.Errorf("%d: dst was not used", c.ids)
			}
		}
	}
}

func TestEncodeGivesTheSourceWhereNothingWasApplied(t *testing.T) {
	src := []byte("data")
	for _, ids := range [][]ID{nil, {2}, {3}, {3, 2, 4}} {
		got, _, err := NewPipeline(fakes, stagesOf(true, ids...)).Encode(make([]byte, 64), src, 4)
		if err != nil || &got[0] != &src[0] {
			t.Errorf("%d: a copy, %v", ids, err)
		}
	}
}

func TestResultIsNoScratchMemory(t *testing.T) {
	p := NewPipeline(fakes, stagesOf(true, 1, 5, 3))
	first, _, err := p.Encode(nil, []byte("first"), 4)
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if _, _, err := p.Encode(nil, []byte("other"), 4); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(first, []byte("mfirstt")) {
		t.Errorf("%q", first)
	}
}

func TestStageThatIsNotOptionalMustNotFail(t *testing.T) {
	for id, want := range map[ID]error{3: ErrNoGain, 4: h5err.ErrUnsupported} {
		_, _, err := NewPipeline(fakes, stagesOf(false, 1, id)).Encode(nil, []byte("data"), 4)
		if !errors.Is(err, want) {
			t.Errorf("%d: %v", id, err)
		}
	}
}

func TestStageWithoutABitInTheMaskMustNotFail(t *testing.T) {
	stages := stagesOf(true, slices.Repeat([]ID{2}, 33)...)
	stages[31].ID = 3
	if _, mask, err := NewPipeline(fakes, stages).Encode(nil, []byte("data"), 4); err != nil || mask != 1<<31 {
		t.Errorf("%b, %v", mask, err)
	}
	stages[32].ID = 3
	if _, _, err := NewPipeline(fakes, stages).Encode(nil, []byte("data"), 4); !errors.Is(err, ErrNoGain) {
		t.Error(err)
	}
}

func TestFilterThatOnlyDecodesIsUnsupported(t *testing.T) {
	d := Described{Type: &datatype.Datatype{Class: datatype.Integer, Size: 4}}
	for _, id := range []ID{6, 99} {
		p := NewPipeline(fakes, stagesOf(true, 1, id))
		if err := p.Encodable(); !errors.Is(err, h5err.ErrUnsupported) {
			t.Errorf("%d: %v", id, err)
		}
		if _, _, err := p.Encode(nil, []byte("data"), 4); !errors.Is(err, h5err.ErrUnsupported) {
			t.Errorf("%d: %v", id, err)
		}
		if _, err := Local(fakes, stagesOf(true, 1, id), d); !errors.Is(err, h5err.ErrUnsupported) {
			t.Errorf("%d: %v", id, err)
		}
	}
	if err := NewPipeline(fakes, stagesOf(true, 1, 2)).Encodable(); err != nil {
		t.Error(err)
	}
	if err := (*Pipeline)(nil).Encodable(); err != nil {
		t.Error(err)
	}
}

func TestLocalMakesTheStoredClientData(t *testing.T) {
	d := Described{Type: &datatype.Datatype{Class: datatype.Integer, Size: 4}, Chunk: []uint64{3, 5}}
	user := []Stage{{ID: 1, Flags: 1, Optional: true, Name: "x", Values: []uint32{9}}, {ID: 2}}
	got, err := Local(fakes, user, d)
	if err != nil || !slices.Equal(got[0].Values, []uint32{1, 4}) || !slices.Equal(got[1].Values, []uint32{2, 4}) {
		t.Fatal(got, err)
	}
	if got[0].Name != "x" || got[0].Flags != 1 || !got[0].Optional || user[0].Values[0] != 9 {
		t.Error("another stage, or the user's changed", got, user)
	}
	user[1].Values = []uint32{1, 2}
	if _, err := Local(fakes, user, d); !errors.Is(err, h5err.ErrSelection) {
		t.Error(err)
	}
}

// HDF5 2.0 stores the same for a dataset of strings with optional filters, and
// refuses to make one with Fletcher-32.
func TestVariableLengthKeepsTheUsersParameters(t *testing.T) {
	for _, typ := range []*datatype.Datatype{{Class: datatype.VLen, Size: 16}, {Class: datatype.String, Variable: true, Size: 16}} {
		got, err := Local(fakes, []Stage{{ID: 1, Optional: true, Values: []uint32{9, 9}}, {ID: 2, Optional: true}}, Described{Type: typ})
		if err != nil || !slices.Equal(got[0].Values, []uint32{9, 9}) || got[1].Values != nil {
			t.Error(got, err)
		}
		if _, err := Local(fakes, stagesOf(false, 1), Described{Type: typ}); !errors.Is(err, h5err.ErrUnsupported) {
			t.Error(err)
		}
	}
}

package chunkindex

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"gables/hdf5/driver"
	"gables/hdf5/h5err"
	"gables/internal/draft"
	"gables/internal/freespace"
	"gables/internal/metacache"
	"gables/internal/wire"
)

// nowhere refuses raw data, which indexes do not write.
type nowhere struct{}

func (nowhere) WriteFresh([]byte, uint64) error { panic("raw data") }
func (nowhere) Stage([]byte, uint64) error      { panic("raw data") }

func draftOver(file []byte, s wire.Sizes) *draft.Draft {
	return draft.New(driver.Memory(file), nowhere{}, freespace.NewWith(uint64(len(file)), freespace.Options{}), s, wire.DefaultLimits())
}

func inUse(d *draft.Draft) uint64 { return d.Space.End() - d.Space.FreeSpace() }

// model is the chunks as they should be, by coordinates.
type model map[[4]uint64]Chunk

func spot(scaled []uint64) (k [4]uint64) { copy(k[:], scaled); return k }

// checkModel compares an editor, and the reading half, with a model.
func checkModel(t *testing.T, d *draft.Draft, e Editor, m model) {
	t.Helper()
	x, err := Open(metacache.New(d, d.Sizes(), wire.DefaultLimits()), e.Params())
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for c, err := range x.All() {
		want, ok := m[spot(c.Scaled)]
		if err != nil || !ok || want.Address != c.Address || want.Size != c.Size || want.Mask != c.Mask {
			t.Fatalf("chunk %v: %+v, want %+v %v: %v", c.Scaled, c, want, ok, err)
		}
		n++
	}
	if n != len(m) {
		t.Fatalf("%d chunks, want %d", n, len(m))
	}
	for k, want := range m {
		c, ok, err := e.Get(k[:len(e.Params().Dims)])
		if err != nil || !ok || c.Address != want.Address || c.Size != want.Size || c.Mask != want.Mask {
			t.Fatalf("chunk %v: %+v %v %v, want %+v", k, c, ok, err, want)
		}
	}
}

// chunkFor makes up a chunk that the index can hold.
func chunkFor(rng *rand.Rand, p *Params, scaled []uint64) Chunk {
	c := Chunk{Scaled: scaled, Address: wire.Address(rng.Uint64N(1 << 15)), Size: p.ChunkBytes}
	if p.Filtered {
		c.Size, c.Mask = 1+rng.Uint64N(2*p.ChunkBytes), rng.Uint32()
	}
	return c
}

// editStep puts or removes a chunk.
func editStep(t *testing.T, rng *rand.Rand, e Editor, m model, scaled []uint64, put bool) {
	t.Helper()
	p := e.Params()
	if put {
		c := chunkFor(rng, &p, scaled)
		if err := e.Put(c); err != nil {
			t.Fatal(scaled, err)
		}
		m[spot(scaled)] = c
		return
	}
	_, there := m[spot(scaled)]
	if err := e.Remove(scaled); there != (err == nil) || !there && !errors.Is(err, h5err.ErrNotFound) {
		t.Fatal(scaled, err)
	}
	delete(m, spot(scaled))
}

type editCase struct {
	name  string
	sizes wire.Sizes
	p     Params
	span  []uint64 // chunks in each dimension that are used
}

func editCases() []editCase {
	w, n := wire.Sizes{Offset: 8, Length: 8}, wire.Sizes{Offset: 4, Length: 8}
	un := uint64(unlimited)
	var list []editCase
	for _, filtered := range []bool{false, true} {
		list = append(list,
			editCase{"btree1", w, Params{Kind: BTreeV1, Dims: []uint64{4000, 70}, MaxDims: []uint64{un, 70}, ChunkDims: []uint64{2, 7}, ChunkBytes: 56, LayoutVersion: 3, Filtered: filtered}, []uint64{60, 10}},
			editCase{"btree1 of K 2", n, Params{Kind: BTreeV1, Dims: []uint64{4000}, MaxDims: []uint64{un}, ChunkDims: []uint64{2}, ChunkBytes: 16, LayoutVersion: 3, Filtered: filtered, ChunkK: 2}, []uint64{200}},
			editCase{"single", w, Params{Kind: Single, Dims: []uint64{5}, ChunkDims: []uint64{5}, ChunkBytes: 40, LayoutVersion: 4, Filtered: filtered}, []uint64{1}},
			editCase{"fixed", w, Params{Kind: FixedArray, Dims: []uint64{90, 30}, ChunkDims: []uint64{10, 4}, ChunkBytes: 80, LayoutVersion: 4, Filtered: filtered}, []uint64{9, 8}},
			editCase{"fixed paged", n, Params{Kind: FixedArray, Dims: []uint64{3000, 2}, MaxDims: []uint64{4000, 2}, ChunkDims: []uint64{1, 1}, ChunkBytes: 8, LayoutVersion: 4, Filtered: filtered}, []uint64{3000, 2}},
			editCase{"fixed of small pages", w, Params{Kind: FixedArray, Dims: []uint64{40, 7}, ChunkDims: []uint64{1, 1}, ChunkBytes: 300, LayoutVersion: 5, Filtered: filtered, PageBits: 2}, []uint64{40, 7}},
			editCase{"extensible", w, Params{Kind: ExtensibleArray, Dims: []uint64{9000}, MaxDims: []uint64{un}, ChunkDims: []uint64{3}, ChunkBytes: 24, LayoutVersion: 4, Filtered: filtered}, []uint64{3000}},
			editCase{"extensible, second axis", n, Params{Kind: ExtensibleArray, Dims: []uint64{6, 9000, 4}, MaxDims: []uint64{6, un, 8}, ChunkDims: []uint64{2, 3, 2}, ChunkBytes: 24, LayoutVersion: 5, Filtered: filtered}, []uint64{3, 400, 2}},
			editCase{"extensible, long", w, Params{Kind: ExtensibleArray, Dims: []uint64{1 << 40}, MaxDims: []uint64{un}, ChunkDims: []uint64{1}, ChunkBytes: 24, LayoutVersion: 4, Filtered: filtered}, []uint64{300000}},
			editCase{"btree2", w, Params{Kind: BTreeV2, Dims: []uint64{4000, 4000}, MaxDims: []uint64{un, un}, ChunkDims: []uint64{2, 7}, ChunkBytes: 56, LayoutVersion: 4, Filtered: filtered}, []uint64{60, 40}},
			editCase{"btree2 of small nodes", n, Params{Kind: BTreeV2, Dims: []uint64{4000, 4000}, MaxDims: []uint64{un, un}, ChunkDims: []uint64{2, 7}, ChunkBytes: 56, LayoutVersion: 5, Filtered: filtered, NodeSize: 256}, []uint64{60, 40}})
	}
	for i := range list {
		list[i].p.Address = wire.Undefined
	}
	return list
}

func TestIndexesAreEditedAsAMapIs(t *testing.T) {
	for i, c := range editCases() {
		t.Run(fmt.Sprintf("%s %v", c.name, c.p.Filtered), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(uint64(i), 1))
			d := draftOver(make([]byte, 96), c.sizes)
			e, err := NewEditor(d, c.p)
			if err != nil {
				t.Fatal(err)
			}
			m := model{}
			for phase := range 4 {
				for range 500 {
					scaled := make([]uint64, len(c.span))
					for u, n := range c.span {
						scaled[u] = rng.Uint64N(n)
					}
					editStep(t, rng, e, m, scaled, rng.IntN(10) < 8 == (phase%2 == 0))
				}
				checkModel(t, d, e, m)
				if e, err = NewEditor(d, e.Params()); err != nil {
					t.Fatal(err)
				}
			}
			if err := e.Free(); err != nil || inUse(d) != 96 || e.Address().Defined() {
				t.Fatal(inUse(d), e.Address(), err)
			}
		})
	}
}

func TestImplicitChunksAreAllocatedTogether(t *testing.T) {
	d := draftOver(make([]byte, 96), wire.Sizes{Offset: 8, Length: 8})
	e, err := NewEditor(d, Params{Kind: Implicit, Address: wire.Undefined, Dims: []uint64{10, 10}, MaxDims: []uint64{20, 10},
		ChunkDims: []uint64{3, 4}, ChunkBytes: 96, LayoutVersion: 4})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok, err := e.Get([]uint64{0, 0}); ok || err != nil {
		t.Fatal(ok, err)
	}
	if err := e.Create(); err != nil || inUse(d) != 96+7*3*96 {
		t.Fatal(inUse(d), err)
	}
	c, ok, err := e.Get([]uint64{3, 2})
	if err != nil || !ok || c.Address != e.Address()+11*96 {
		t.Fatal(c, ok, err)
	}
	c.Scaled = []uint64{3, 2}
	if err := e.Put(c); err != nil {
		t.Fatal(err)
	}
	c.Address++
	if err := e.Put(c); !errors.Is(err, h5err.ErrUnsupported) {
		t.Fatal(err)
	}
	if err := e.Resize([]uint64{20, 10}); err != nil {
		t.Fatal(err)
	}
	if _, ok, _ := e.Get([]uint64{6, 2}); !ok {
		t.Fatal("the last chunk is not there")
	}
	if err := e.Free(); err != nil || inUse(d) != 96 {
		t.Fatal(inUse(d), err)
	}
}

func TestShrinkingForgetsWhatLiesOutside(t *testing.T) {
	for _, far := range []uint64{30, 20000} {
		for _, c := range editCases() {
			if c.p.Kind != BTreeV2 && c.name != "extensible, second axis" && c.name != "btree1" {
				continue
			}
			rng := rand.New(rand.NewPCG(4, far))
			d := draftOver(make([]byte, 96), c.sizes)
			e, err := NewEditor(d, c.p)
			if err != nil {
				t.Fatal(err)
			}
			m := model{}
			for range 600 {
				scaled := make([]uint64, len(c.span))
				for u, n := range c.span {
					scaled[u] = rng.Uint64N(n)
				}
				editStep(t, rng, e, m, scaled, true)
			}
			was, now := slices.Clone(c.p.Dims), slices.Clone(c.p.Dims)
			for u, n := range c.p.MaxDims {
				if n == unlimited {
					was[u] = min(far, c.span[u]) * c.p.ChunkDims[u]
					now[u] = was[u]*2/3 + 1
					for k := range m {
						if k[u]*c.p.ChunkDims[u] >= was[u] {
							editStep(t, rng, e, m, slices.Clone(k[:len(was)]), false)
						}
					}
				}
			}
			if err := e.Resize(now); err != nil {
				t.Fatal(err)
			}
			gone := 0
			if err := Prune(e, was, func(c Chunk) error { gone++; return nil }); err != nil {
				t.Fatal(err)
			}
			before := len(m)
			maps.DeleteFunc(m, func(k [4]uint64, _ Chunk) bool {
				for u, n := range now {
					if k[u]*c.p.ChunkDims[u] >= n {
						return true
					}
				}
				return false
			})
			if gone != before-len(m) || gone == 0 {
				t.Fatalf("%s: %d gone, want %d", c.name, gone, before-len(m))
			}
			checkModel(t, d, e, m)
		}
	}
}

func TestAFailedPutLeavesTheIndexAsItWas(t *testing.T) {
	for _, c := range editCases() {
		if c.p.Kind == Single || !c.p.Filtered {
			continue
		}
		rng := rand.New(rand.NewPCG(1, 1))
		d := draftOver(make([]byte, 96), c.sizes)
		e, err := NewEditor(d, c.p)
		if err != nil {
			t.Fatal(err)
		}
		at := make([]uint64, len(c.span))
		fault := errors.New("fault")
		bad := Chunk{Scaled: at, Address: 1, Size: 1 << 62}
		if c.p.LayoutVersion < 5 {
			if err := e.Put(bad); !errors.Is(err, h5err.ErrLimit) || e.Address().Defined() || inUse(d) != 96 {
				t.Fatal(c.name, err, e.Address())
			}
		}
		m := model{}
		editStep(t, rng, e, m, at, true)
		for range 3 {
			if err := d.Do(func() error {
				for i := range uint64(200) {
					far := slices.Clone(at)
					far[0] = i % c.span[0]
					if err := e.Put(chunkFor(rng, &c.p, far)); err != nil {
						return err
					}
				}
				return fault
			}); err != fault {
				t.Fatal(c.name, err)
			}
			checkModel(t, d, e, m)
		}
		for range 300 {
			scaled := make([]uint64, len(c.span))
			for u, n := range c.span {
				scaled[u] = rng.Uint64N(n)
			}
			editStep(t, rng, e, m, scaled, true)
		}
		checkModel(t, d, e, m)
	}
}

func TestTheIndexIsChosenAsLibhdf5Does(t *testing.T) {
	for _, name := range witnessNames(t) {
		w := loadWitness(t, name)
		p := w.params()
		got := Choose(p.Dims, p.MaxDims, p.ChunkDims, p.Filtered, p.Kind == Implicit, p.LayoutVersion)
		if got != p.Kind {
			// Some datasets were made smaller after they were made.
			if p.Kind == Single && got == FixedArray && !slices.Equal(p.Dims, p.MaxDims) {
				continue
			}
			t.Errorf("%s: %v, want %v", filepath.Base(name), got, p.Kind)
		}
		usual := Params{Kind: p.Kind}.Usual()
		if usual.PageBits != p.PageBits || usual.MaxBits != p.MaxBits || usual.IndexElements != p.IndexElements ||
			usual.MinPointers != p.MinPointers || usual.MinElements != p.MinElements || usual.NodeSize != p.NodeSize ||
			usual.Split != p.Split || usual.Merge != p.Merge {
			t.Errorf("%s: parameters %+v, want %+v", filepath.Base(name), usual, p)
		}
	}
}

// python runs a script of testdata with h5py on a file.
func python(t *testing.T, script string, file []byte, want any) {
	t.Helper()
	program := os.Getenv("GABLES_PYTHON")
	if program == "" {
		return
	}
	dir := t.TempDir()
	path, list := filepath.Join(dir, "edited.h5"), filepath.Join(dir, "want.json")
	text, err := json.Marshal(want)
	if err == nil {
		err = errors.Join(os.WriteFile(list, text, 0o600), os.WriteFile(path, file, 0o600))
	}
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(program, filepath.Join("testdata", script), path, list).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, bytes.TrimSpace(out))
	}
}

// crcOf sums the bytes of a chunk.
func crcOf(file []byte, c Chunk) uint32 {
	return crc32.ChecksumIEEE(file[c.Address : uint64(c.Address)+c.Size])
}

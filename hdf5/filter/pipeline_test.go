package filter

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"

	"gables/hdf5/h5err"
)

// stage is a filter made of a function.
type stage struct {
	id ID
	f  func(dst, src []byte, c Chunk) ([]byte, error)
}

func (s stage) ID() ID       { return s.id }
func (s stage) Name() string { return fmt.Sprint("stage ", s.id) }
func (s stage) Decode(dst, src []byte, c Chunk) ([]byte, error) {
	return s.f(dst, src, c)
}

// add gives a filter that adds its first client value to each byte.
func add(id ID) Filter {
	return stage{id, func(dst, src []byte, c Chunk) ([]byte, error) {
		dst = dst[:0]
		for _, b := range src {
			dst = append(dst, b+byte(c.Values[0]))
		}
		return dst, nil
	}}
}

// cutter takes four bytes off the end without copying, as Fletcher-32 does.
func cutter(id ID) Filter {
	return stage{id, func(_, src []byte, c Chunk) ([]byte, error) {
		if len(src) < 4 {
			return nil, h5err.ErrCorrupt
		}
		return src[:len(src)-4], nil
	}}
}

// triple multiplies by three: filters do not commute.
func triple(id ID) Filter {
	return stage{id, func(dst, src []byte, _ Chunk) ([]byte, error) {
		dst = dst[:0]
		for _, b := range src {
			dst = append(dst, b*3)
		}
		return dst, nil
	}}
}

func TestStagesAreUndoneFromTheLastToTheFirst(t *testing.T) {
	r := NewRegistry(add(300), triple(301))
	p := NewPipeline(r, []Stage{{ID: 300, Values: []uint32{5}}, {ID: 301}})
	dst := make([]byte, 3)
	if err := p.Decode(dst, []byte{1, 2, 3}, 0, 1, 100); err != nil || !bytes.Equal(dst, []byte{8, 11, 14}) {
		t.Errorf("% d, %v", dst, err)
	}
}

func TestMaskBitsSkipStages(t *testing.T) {
	r := NewRegistry(add(300), triple(301), cutter(302))
	p := NewPipeline(r, []Stage{{ID: 300, Values: []uint32{5}}, {ID: 301}, {ID: 302}})
	full := []byte{1, 2, 3, 0, 0, 0, 0}
	for mask, want := range map[uint32][]byte{
		0b000: {8, 11, 14}, 0b001: {3, 6, 9}, 0b010: {6, 7, 8}, 0b011: {1, 2, 3},
		0b100: {8, 11, 14, 5, 5, 5, 5}, 0b110: {6, 7, 8, 5, 5, 5, 5}, 0b111: full, ^uint32(0): full,
	} {
		dst := make([]byte, len(want))
		if err := p.Decode(dst, full, mask, 1, 100); err != nil || !bytes.Equal(dst, want) {
			t.Errorf("mask %03b: % d, %v; want % d", mask, dst, err, want)
		}
	}
}

func TestAnUnknownFilterFailsOnlyWhereItIsNeeded(t *testing.T) {
	p := NewPipeline(NewRegistry(add(300)), []Stage{{ID: 300, Values: []uint32{1}}, {ID: 4711, Name: "mystery", Optional: true}})
	dst := make([]byte, 1)
	err := p.Decode(dst, []byte{1}, 0, 1, 100)
	if !errors.Is(err, h5err.ErrUnsupported) || !bytes.Contains([]byte(err.Error()), []byte("4711 (mystery)")) {
		t.Errorf("got %v", err)
	}
	if err := p.Decode(dst, []byte{1}, 0b10, 1, 100); err != nil || dst[0] != 2 {
		t.Errorf("skipped: %d, %v", dst[0], err)
	}
	_, err = NewRegistry().Lookup(32003, "")
	if !errors.Is(err, h5err.ErrUnsupported) || !bytes.Contains([]byte(err.Error()), []byte("Snappy")) {
		t.Errorf("a filter of the registry has a name: %v", err)
	}
}

func TestAResultOfAnotherLengthIsCorrupt(t *testing.T) {
	p := NewPipeline(NewRegistry(cutter(302)), []Stage{{ID: 302}})
	for _, n := range []int{0, 3, 4, 6, 7} {
		err := p.Decode(make([]byte, 5), make([]byte, 4+n), 0, 1, 100)
		if !errors.Is(err, h5err.ErrCorrupt) {
			t.Errorf("%d bytes for 5: %v", n, err)
		}
	}
	if err := (*Pipeline)(nil).Decode(make([]byte, 5), make([]byte, 6), 0, 1, 100); !errors.Is(err, h5err.ErrCorrupt) {
		t.Errorf("without filters: %v", err)
	}
	if err := (*Pipeline)(nil).Decode(nil, nil, 0, 1, 100); err != nil {
		t.Errorf("nothing: %v", err)
	}
}

// The stored bytes may be the map of the file: no stage may be given them, or
// a part of them, to write to, in this call or in a later one.
func TestStoredBytesNeverBecomeScratchMemory(t *testing.T) {
	src := bytes.Repeat([]byte{7}, 1<<16)
	want := bytes.Clone(src)
	scribble := stage{303, func(dst, src []byte, c Chunk) ([]byte, error) {
		out := append(dst[:0], src...)
		clear(dst[:cap(dst)])
		return append(out[:0], bytes.Repeat([]byte{1}, len(src))...), nil
	}}
	r := NewRegistry(cutter(302), scribble, add(300))
	for _, ids := range [][]ID{{302}, {303, 302}, {302, 303, 302}, {300, 302, 302}, {302, 302}, {303, 302, 303, 302, 303}} {
		var stages []Stage
		cut := 0
		for _, id := range ids {
			stages = append(stages, Stage{ID: id, Values: []uint32{1}})
			if id == 302 {
				cut += 4
			}
		}
		p := NewPipeline(r, stages)
		for range 5 {
			dst := make([]byte, len(src)-cut)
			if err := p.Decode(dst, src, 0, 1, 1<<20); err != nil {
				t.Fatalf("%v: %v", ids, err)
			}
			dst[0] ^= 0xff
		}
		if !bytes.Equal(src, want) {
			t.Fatalf("%v: the stored bytes were written to", ids)
		}
	}
}

func TestTheLastStageWritesWhereTheChunkBelongs(t *testing.T) {
	var given []byte
	probe := stage{304, func(dst, src []byte, c Chunk) ([]byte, error) {
		given = dst
		return append(dst[:0], src...), nil
	}}
	p := NewPipeline(NewRegistry(probe, cutter(302)), []Stage{{ID: 304}, {ID: 302}})
	dst := make([]byte, 8, 64)
	if err := p.Decode(dst, make([]byte, 12), 0, 1, 100); err != nil {
		t.Fatal(err)
	}
	if cap(given) != 8 || &given[:1][0] != &dst[0] {
		t.Errorf("room for %d bytes elsewhere", cap(given))
	}
}

func TestStagesAreToldTheirLength(t *testing.T) {
	sizes := map[ID]int{}
	probe := func(id ID) Filter {
		return stage{id, func(dst, src []byte, c Chunk) ([]byte, error) {
			sizes[id] = c.Size
			if c.Limit != 1000 || c.ElementSize != 8 {
				t.Errorf("limit %d, element size %d", c.Limit, c.ElementSize)
			}
			if id == Fletcher32 {
				return src[:len(src)-4], nil
			}
			return append(dst[:0], src...), nil
		}}
	}
	r := NewRegistry(probe(Shuffle), probe(Fletcher32), probe(Deflate), probe(300))
	p := NewPipeline(r, []Stage{{ID: Shuffle}, {ID: Fletcher32}, {ID: Deflate}, {ID: 300}})
	if err := p.Decode(make([]byte, 16), make([]byte, 20), 0, 8, 1000); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[ID]int{Shuffle: 16, Fletcher32: 16, Deflate: 20, 300: -1} {
		if sizes[id] != want {
			t.Errorf("filter %d: %d bytes, want %d", id, sizes[id], want)
		}
	}
	// A skipped stage changes no length.
	if err := p.Decode(make([]byte, 16), make([]byte, 16), 0b0010, 8, 1000); err != nil || sizes[Deflate] != 16 {
		t.Errorf("deflate: %d bytes, %v", sizes[Deflate], err)
	}
}

func TestAnErrorNamesTheFilter(t *testing.T) {
	bad := stage{305, func([]byte, []byte, Chunk) ([]byte, error) { return nil, h5err.ErrChecksum }}
	err := NewPipeline(NewRegistry(bad), []Stage{{ID: 305}}).Decode(make([]byte, 1), make([]byte, 1), 0, 1, 10)
	if !errors.Is(err, h5err.ErrChecksum) || err.Error() != "filter 305 (stage 305): checksum mismatch" {
		t.Errorf("got %v", err)
	}
}

func TestOnePipelineServesManyGoroutines(t *testing.T) {
	p := NewPipeline(NewRegistry(add(300), triple(301), cutter(302)),
		[]Stage{{ID: 300, Values: []uint32{5}}, {ID: 302}, {ID: 301}})
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for n := range 300 {
				src := bytes.Repeat([]byte{byte(g)}, n+4)
				dst := make([]byte, n)
				if err := p.Decode(dst, src, 0, 1, 1000); err != nil {
					t.Error(err)
					return
				}
				if !bytes.Equal(dst, bytes.Repeat([]byte{byte(g)*3 + 5}, n)) {
					t.Errorf("goroutine %d, %d bytes: another's result", g, n)
					return
				}
			}
		}()
	}
	wg.Wait()
}

func TestRegistriesAreIndependentCopies(t *testing.T) {
	r := NewRegistry(add(300))
	c := r.Clone()
	c.Register(add(301))
	if _, err := r.Lookup(301, ""); !errors.Is(err, h5err.ErrUnsupported) {
		t.Errorf("the original has what was added to the copy: %v", err)
	}
	if _, err := c.Lookup(300, ""); err != nil {
		t.Error(err)
	}
	if _, err := (&Registry{}).Clone().Lookup(300, ""); !errors.Is(err, h5err.ErrUnsupported) {
		t.Errorf("an empty registry: %v", err)
	}
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			c.Register(add(ID(1000 + i)))
		}()
	}
	wg.Wait()
	for i := range 50 {
		if _, err := c.Lookup(ID(1000+i), ""); err != nil {
			t.Errorf("a registration was lost: %v", err)
		}
	}
}

package hdf5_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gables/hdf5"
	"gables/hdf5/dataspace"
	"gables/hdf5/datatype"
	"gables/hdf5/filter"
	"gables/hdf5/h5err"
	"gables/internal/testkit/sound"
)

// sounding checks a file and ends the test unless it is sound.
func sounding(t *testing.T, f *hdf5.File, s sound.Strict, when string) {
	t.Helper()
	sound.File(t, f, s)
	if t.Failed() {
		t.Fatal(when)
	}
}

// scribbler changes a file at random.
type scribbler struct {
	t    *testing.T
	f    *hdf5.File
	r    *rand.Rand
	low  hdf5.Libver
	ctx  context.Context
	sets []string // datasets
	n    int
}

func (s *scribbler) name() string {
	s.n++
	return fmt.Sprintf("/%s/o%d", []string{"a", "b", "c/d"}[s.r.IntN(3)], s.n)
}

var deflated = []filter.Stage{{ID: filter.Shuffle, Optional: true}, {ID: filter.Deflate, Optional: true, Values: []uint32{1}}}

// dataset makes a dataset of any layout and writes to it.
func (s *scribbler) dataset() {
	o := hdf5.DatasetOptions{Parents: true}
	shape := []uint64{uint64(7 + s.r.IntN(60)), uint64(5 + s.r.IntN(20))}
	switch s.r.IntN(7) {
	case 0:
		o.Compact = true
	case 1:
		o.Chunk = []uint64{7, 5}
	case 2:
		o.Chunk, o.Filters = []uint64{7, 5}, deflated
	case 3:
		o.Chunk, o.MaxShape = []uint64{3, 4}, []uint64{dataspace.Unlimited, shape[1]}
	case 4:
		o.Chunk, o.MaxShape, o.Filters = []uint64{3, 4}, []uint64{dataspace.Unlimited, dataspace.Unlimited}, deflated
	case 5:
		o.Chunk = shape
	}
	p := s.name()
	if s.r.IntN(4) == 0 {
		d, err := s.f.CreateDataset(p, datatype.VLString(datatype.UTF8), shape, o)
		fatal(s.t, err)
		v := make([]string, shape[0]*shape[1])
		for i := range v {
			v[i] = strings.Repeat("x", s.r.IntN(40))
		}
		fatal(s.t, hdf5.Write(s.ctx, d, v))
		return
	}
	d, err := s.f.CreateDataset(p, datatype.Float64(datatype.LittleEndian), shape, o)
	fatal(s.t, err)
	s.sets = append(s.sets, p)
	s.write(d)
}

func (s *scribbler) write(d *hdf5.Dataset) {
	n := uint64(1)
	for _, e := range d.Shape() {
		n *= e
	}
	v := make([]float64, n)
	for i := range v {
		v[i] = float64(s.r.IntN(1 + s.r.IntN(1000)))
	}
	fatal(s.t, hdf5.Write(s.ctx, d, v))
}

// any gives a dataset that is still there; nil when there is none.
func (s *scribbler) any() *hdf5.Dataset {
	if len(s.sets) == 0 {
		return nil
	}
	d, err := s.f.Dataset(s.sets[s.r.IntN(len(s.sets))])
	if errors.Is(err, h5err.ErrNotFound) {
		return nil
	}
	fatal(s.t, err)
	return d
}

func (s *scribbler) attribute() {
	d := s.any()
	if d == nil {
		return
	}
	name := fmt.Sprintf("attribute %d", s.r.IntN(30))
	switch s.r.IntN(4) {
	case 0:
		fatal(s.t, hdf5.SetAttribute(d, name, s.r.Float64()))
	case 1:
		fatal(s.t, hdf5.SetAttribute(d, name, strings.Repeat("text ", s.r.IntN(50))))
	case 2:
		fatal(s.t, hdf5.SetAttributeArray(d, name, make([]int32, 1+s.r.IntN(300)), nil))
	case 3:
		if err := d.RemoveAttribute(name); !errors.Is(err, h5err.ErrNotFound) {
			fatal(s.t, err)
		}
	}
}

func (s *scribbler) step() {
	switch k := s.r.IntN(100); {
	case k < 30:
		s.dataset()
	case k < 55:
		s.attribute()
	case k < 65:
		if d := s.any(); d != nil {
			s.write(d)
		}
	case k < 72:
		if d := s.any(); d != nil {
			if shape := d.Shape(); d.Space().MaxDims[0] == dataspace.Unlimited {
				fatal(s.t, d.Resize(s.ctx, uint64(s.r.IntN(90)), shape[1]))
			}
		}
	case k < 80:
		if d := s.any(); d != nil {
			fatal(s.t, s.f.Remove(d.Path()))
		}
	case k < 84:
		if d := s.any(); d != nil {
			fatal(s.t, s.f.CreateHardLink(s.name(), d, hdf5.LinkOptions{Parents: true}))
		}
	case k < 88:
		fatal(s.t, s.f.CreateSoftLink(s.name(), "/nowhere", hdf5.LinkOptions{Parents: true}))
	case k < 90:
		_, err := s.f.CommitDatatype(s.name(), datatype.Must(datatype.Pack([]string{"x", "y"}, []*datatype.Datatype{datatype.Float64(datatype.LittleEndian), datatype.VLString(datatype.UTF8)})), hdf5.GroupOptions{Parents: true})
		fatal(s.t, err)
	case k < 96:
		_, err := s.f.CreateGroup(s.name(), hdf5.GroupOptions{Parents: true, TrackOrder: s.low > hdf5.Earliest && s.r.IntN(2) == 0})
		fatal(s.t, err)
	default:
		fatal(s.t, s.f.Flush(s.ctx))
	}
}

func TestEveryByteOfAWrittenFileIsAccountedFor(t *testing.T) {
	for _, low := range bounds {
		t.Run(low.String(), func(t *testing.T) {
			for seed := range uint64(6) {
				path := filepath.Join(t.TempDir(), "a.h5")
				f, err := hdf5.Create(path, hdf5.WithLibver(low), hdf5.WithDurability(hdf5.NoDurability))
				fatal(t, err)
				s := &scribbler{t: t, f: f, r: rand.New(rand.NewPCG(seed, 7)), low: low, ctx: context.Background()}
				for i := range 150 {
					s.step()
					if i%25 == 0 {
						sounding(t, f, sound.Whole, fmt.Sprintf("seed %d, step %d", seed, i))
					}
				}
				sounding(t, f, sound.Whole, fmt.Sprintf("seed %d, before the end", seed))
				fatal(t, f.Close())
				f, err = hdf5.Open(path)
				fatal(t, err)
				sounding(t, f, sound.Usual, fmt.Sprintf("seed %d, closed", seed))
				fatal(t, f.Close())
				_ = os.Remove(path)
			}
		})
	}
}

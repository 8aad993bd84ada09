package compute

import (
	"context"
	"fmt"
	"math/cmplx"
	"sync"

	"gables/hdf5"
	"gables/hdf5/datatype"
	"gables/hdf5/h5err"
)

// SumComplex adds up complex elements: of class Complex, or compounds {r, i} or
// {real, imag} of floats, as h5py and PyTables write them. Both parts are summed
// as Sum does; SkipNaN leaves out elements of which a part is NaN. Numbers that
// are not complex are ErrType.
func SumComplex(ctx context.Context, ds *hdf5.Dataset, opts ...Option) (complex128, error) {
	s, err := complexState(ctx, ds, opts)
	if err != nil {
		return 0, err
	}
	return complex(s[0].total(floating).Value, s[1].total(floating).Value), nil
}

// MeanComplex is the mean of complex elements; see SumComplex. NaN of none.
func MeanComplex(ctx context.Context, ds *hdf5.Dataset, opts ...Option) (complex128, error) {
	s, err := complexState(ctx, ds, opts)
	if err != nil {
		return cmplx.NaN(), err
	}
	return complex(s[0].mean(floating), s[1].mean(floating)), nil
}

// complexSources finds the two parts.
func complexSources(t *datatype.Datatype, column string) (re, im source, err error) {
	s := source{t: t, stride: t.Size}
	if column != "" {
		if err := s.descend(column); err != nil {
			return re, im, err
		}
	}
	if _, err := datatype.Compile(s.t, complexType, datatype.Options{Lossy: datatype.LossyPrecision}); err != nil {
		return re, im, err
	}
	re, im = s, s
	switch {
	case s.t.Class == datatype.Complex && s.t.Base != nil:
		re.t, im.t = s.t.Base, s.t.Base
		im.offset += s.t.Base.Size
	case len(s.t.Members) == 2:
		r, i := s.t.Members[0], s.t.Members[1]
		if i.Name[:1] == "r" {
			r, i = i, r
		}
		re.t, im.t = r.Type, i.Type
		re.offset += r.Offset
		im.offset += i.Offset
	default:
		return re, im, fmt.Errorf("%s is not complex: %w", s.t.Class, h5err.ErrType)
	}
	if err = re.choose(); err == nil {
		err = im.choose()
	}
	if err == nil && (re.class() != floating || im.class() != floating) {
		err = fmt.Errorf("complex numbers of %s: %w", re.t.Class, h5err.ErrType)
	}
	return re, im, err
}

func complexState(ctx context.Context, ds *hdf5.Dataset, opts []Option) ([2]state, error) {
	none := [2]state{newState(), newState()}
	conf := newConfig(opts)
	re, im, err := complexSources(ds.Type(), conf.column)
	if err != nil {
		return none, fmt.Errorf("%s: %w", ds.Path(), err)
	}
	p := &pass{ds: ds, conf: conf, src: re, op: opSum}
	if err := p.bind(); err != nil {
		return none, err
	}
	p.hands.New = func() any {
		r, _ := newFolder(re, opSum, false)
		i, _ := newFolder(im, opSum, false)
		return &hand{folder: r, imag: i}
	}
	var mu sync.Mutex // guards t
	t := tree[[2]state]{merge: func(a, b [2]state) [2]state {
		a[0].merge(&b[0], floating, opSum)
		a[1].merge(&b[1], floating, opSum)
		return a
	}}
	err = p.scan(ctx, func(h *hand, b hdf5.Block) error {
		s := none
		if err := h.foldComplex(&s, b.Data, int(b.N), conf.skip); err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		t.add(node[[2]state]{index: b.Seq, s: s})
		return nil
	})
	if s, ok := t.total(); ok {
		return s, err
	}
	return none, err
}

// foldComplex folds both parts; tiles with NaNs element by element under skip.
func (h *hand) foldComplex(s *[2]state, data []byte, n int, skip bool) error {
	for at := 0; at < n; at += tileLen {
		m := min(tileLen, n-at)
		part := [2]state{newState(), newState()}
		if err := h.foldParts(&part, data, at, m); err != nil {
			return err
		}
		if skip && part[0].nans+part[1].nans > 0 {
			part = [2]state{newState(), newState()}
			for i := at; i < at+m; i++ {
				one := [2]state{newState(), newState()}
				if err := h.foldParts(&one, data, i, 1); err != nil {
					return err
				}
				if one[0].nans+one[1].nans == 0 {
					part[0].merge(&one[0], floating, opSum)
					part[1].merge(&one[1], floating, opSum)
				}
			}
		}
		s[0].merge(&part[0], floating, opSum)
		s[1].merge(&part[1], floating, opSum)
	}
	return nil
}

func (h *hand) foldParts(s *[2]state, data []byte, at, n int) error {
	if err := h.fold(&s[0], data, at, 1, n); err != nil {
		return err
	}
	return h.imag.fold(&s[1], data, at, 1, n)
}

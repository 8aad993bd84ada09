package compute

import (
	"context"
	"math"
	"math/big"

	"gables/hdf5"
)

// Summary describes the elements of a dataset, or those that one element of a
// result along axes was made of.
type Summary struct {
	Count uint64 // elements; under SkipNaN without the NaNs
	NaNs  uint64 // NaNs among them, or left out
	Min   Number // NaN when Count is 0, or a NaN counts
	Max   Number
	Sum   float64  // integers: the float64 nearest to the sum
	Exact *big.Int // integers: the sum; nil for floats
	Mean  float64  // NaN when Count is 0; correctly rounded for integers
	Var   float64  // population variance, or the sample's; NaN where it has none
	Std   float64  // root of Var
}

// Stats looks at the elements once for all that a Summary holds. No element at
// all is no error: Count 0, Sum 0 and NaNs. ErrType where the elements are no
// numbers, or a value does not fit 64 bits.
func Stats(ctx context.Context, ds *hdf5.Dataset, opts ...Option) (Summary, error) {
	p, err := newPass(ds, opStats, newConfig(opts))
	if err != nil {
		return Summary{}, err
	}
	s, err := p.whole(ctx)
	if err != nil {
		return Summary{}, err
	}
	return s.summary(p.src.class(), p.conf.ddof), nil
}

func (s *state) summary(c class, ddof uint64) Summary {
	t := s.total(c)
	v := Summary{Count: s.n, NaNs: s.nans, Sum: t.Value, Exact: t.Exact, Mean: s.mean(c), Var: s.variance(c, ddof)}
	v.Min, v.Max = s.extremes(c)
	v.Std = math.Sqrt(v.Var)
	return v
}

// Sum adds the elements up: 0 of none. It does no other work.
func Sum(ctx context.Context, ds *hdf5.Dataset, opts ...Option) (Total, error) {
	p, err := newPass(ds, opSum, newConfig(opts))
	if err != nil {
		return Total{}, err
	}
	s, err := p.whole(ctx)
	if err != nil {
		return Total{}, err
	}
	return s.total(p.src.class()), nil
}

// Mean gives the mean, NaN of no elements. It does only the work of a Sum. Of
// floats it can differ from Summary.Mean, which is the more exact one, in the
// last digits.
func Mean(ctx context.Context, ds *hdf5.Dataset, opts ...Option) (float64, error) {
	p, err := newPass(ds, opSum, newConfig(opts))
	if err != nil {
		return math.NaN(), err
	}
	s, err := p.whole(ctx)
	if err != nil {
		return math.NaN(), err
	}
	return s.mean(p.src.class()), nil
}

// MinMax gives the least and the greatest element, where -0 is less than 0;
// both are NaN if an element is and SkipNaN was not given. ErrSelection when
// there is no element, or none but NaNs that were left out.
func MinMax(ctx context.Context, ds *hdf5.Dataset, opts ...Option) (least, greatest Number, err error) {
	p, err := newPass(ds, opMinMax, newConfig(opts))
	if err != nil {
		return nan(), nan(), err
	}
	s, err := p.whole(ctx)
	if err == nil && s.n == 0 {
		err = errNothing("minimum and maximum")
	}
	if err != nil {
		return nan(), nan(), err
	}
	least, greatest = s.extremes(p.src.class())
	return least, greatest, nil
}

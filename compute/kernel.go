package compute

import (
	"fmt"
	"reflect"

	"gables/hdf5/h5err"
)

// folder folds stored elements into a state. It has scratch memory and serves
// one goroutine at a time.
type folder interface {
	// fold takes n elements: the one at index at and each step-th behind it.
	fold(s *state, data []byte, at, step, n int) error
	// find gives the position among n elements of the first whose value has the
	// key, where -0 is 0 and one NaN like another; -1 when there is none.
	find(key int64, data []byte, n int) (int, error)
	// count adds n elements to a histogram.
	count(h *bins, data []byte, n int) error
}

// newFolder makes the folder for the source's kind.
func newFolder(s source, o op, skip bool) (folder, error) {
	switch s.kind {
	case reflect.Float64:
		return newFloats[float64](s, o, skip), nil
	case reflect.Float32:
		return newFloats[float32](s, o, skip), nil
	case reflect.Int8:
		return newInts[int8](s, o), nil
	case reflect.Int16:
		return newInts[int16](s, o), nil
	case reflect.Int32:
		return newInts[int32](s, o), nil
	case reflect.Int64:
		return newInts[int64](s, o), nil
	case reflect.Uint8:
		return newInts[uint8](s, o), nil
	case reflect.Uint16:
		return newInts[uint16](s, o), nil
	case reflect.Uint32:
		return newInts[uint32](s, o), nil
	case reflect.Uint64:
		return newInts[uint64](s, o), nil
	}
	return nil, fmt.Errorf("%s is no number: %w", s.t.Class, h5err.ErrType)
}

// eachTile calls f for the values of n elements, a tile at a time.
func (l *loader[T]) eachTile(data []byte, at, step, n int, f func([]T)) error {
	if step == 1 {
		if xs := l.view(data[at*l.stride:], n); xs != nil {
			for len(xs) > tileLen {
				f(xs[:tileLen])
				xs = xs[tileLen:]
			}
			f(xs)
			return nil
		}
	}
	for most := l.most(); n > 0; {
		m := min(n, most)
		xs, err := l.load(data, at, step, m)
		if err != nil {
			return err
		}
		f(xs)
		at += m * step
		n -= m
	}
	return nil
}

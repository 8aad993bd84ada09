package datatype

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"testing"

	"gables/hdf5/h5err"
)

// FuzzEncode stores what bytes of any datatype give, and holds what that gives
// against it; and stores the same values through typed Go values.
func FuzzEncode(f *testing.F) {
	for i := range 60 {
		f.Add([]byte{byte(i), byte(i * 7), byte(i * 13), 3, byte(i), 1, 2, 1}, []byte("\x01\x02\x03\x04\xff\x80\x7f\xfe\x00\x00\x00\x00\x00\x10\x00\x00\x01"), byte(i))
	}
	f.Fuzz(func(t *testing.T, recipe, src []byte, target byte) {
		dt := (&typeMaker{recipe}).make(0)
		n := min(len(src)/dt.Size, 20)
		values := make([]any, n)
		for i := range values {
			var err error
			if values[i], err = dt.Any(src[i*dt.Size:], anyHeap(src)); err != nil {
				return
			}
		}
		var h memoryHeap
		b, err := encode(dt, values, &h, Options{})
		if err != nil {
			if checkEncodeError(t, dt, err); errors.Is(err, h5err.ErrType) {
				t.Fatalf("%v does not take what it gave: %v", dt, err)
			}
		} else {
			for i, v := range values {
				again, err := dt.Any(b[i*dt.Size:], &h)
				if err != nil || text(again) != text(v) {
					t.Fatalf("%v: %#v is stored as %x, which is %#v, %v", dt, v, b[i*dt.Size:][:dt.Size], again, err)
				}
			}
		}
		typedAgain(t, dt, src[:n*dt.Size], reflect.TypeOf(fuzzTargets[int(target)%len(fuzzTargets)]))
	})
}

var enumNames = regexp.MustCompile(`Name:"(FALSE|TRUE|X)?"`)

// text shows values without the names of enumerations: where only some bits of an
// element count, the stored name may be that of other bits.
func text(v any) string { return enumNames.ReplaceAllString(fmt.Sprintf("%#v", v), "") }

// typedAgain reads src as values of type to, stores them and reads them again.
func typedAgain(t *testing.T, dt *Datatype, src []byte, to reflect.Type) {
	c, err := Compile(dt, to, Options{})
	e, encodeErr := CompileEncode(dt, to, Options{Partial: true})
	if (err == nil) != (encodeErr == nil) {
		if encodeErr != nil {
			checkEncodeError(t, dt, encodeErr)
		}
		// bool reads only what bool has stored; a member may come twice when reading.
		if err != nil && encodeErr == nil {
			t.Fatalf("%v and %v: reading gives %v, storing nothing", dt, to, err)
		}
	}
	if err != nil || encodeErr != nil {
		return
	}
	n := len(src) / dt.Size
	values, again := reflect.MakeSlice(reflect.SliceOf(to), n, n), reflect.MakeSlice(reflect.SliceOf(to), n, n)
	if c.Convert(values.UnsafePointer(), src, n, anyHeap(src)) != nil {
		return
	}
	var h memoryHeap
	b := make([]byte, len(src))
	if err := e.Convert(b, values.UnsafePointer(), n, &h); err != nil {
		checkEncodeError(t, dt, err)
		return
	}
	if err := c.Convert(again.UnsafePointer(), b, n, &h); err != nil {
		t.Fatalf("%v: %v stored as %x: %v", dt, values, b, err)
	}
	if text(values) != text(again) {
		t.Fatalf("%v: %#v is stored as %x, which is %#v", dt, values, b, again)
	}
}

// checkEncodeError wants an error of a kind.
func checkEncodeError(t *testing.T, dt *Datatype, err error) {
	for _, s := range []error{h5err.ErrType, h5err.ErrCorrupt, h5err.ErrUnsupported, h5err.ErrLimit} {
		if errors.Is(err, s) {
			return
		}
	}
	t.Fatalf("%v: no sentinel: %v", dt, err)
}

package format

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"gables/hdf5/datatype"
	"gables/hdf5/h5err"
)

// textHeap holds heap objects by "address.index" in hex.
type textHeap map[string][]byte

func (h textHeap) Object(addr uint64, index uint32) ([]byte, error) {
	if b, ok := h[fmt.Sprintf("%x.%x", addr, index)]; ok {
		return b, nil
	}
	return nil, h5err.Corrupt("global heap", "object", "no %d at %x", index, addr)
}

// TestStoredValuesAreWhatLibhdf5Reads decodes type and elements of the
// datasets that message_datatype_values.py made; VALUES names a bigger file.
func TestStoredValuesAreWhatLibhdf5Reads(t *testing.T) {
	name := "testdata/message_datatype_values.txt"
	if s := os.Getenv("VALUES"); s != "" {
		name = s
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := 0
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<20)
	for ; s.Scan(); lines++ {
		w := strings.Split(s.Text(), "\t")
		dt, _, err := decodeType(unhex(t, w[0]))
		if err != nil {
			t.Errorf("%s: %v", w[0], err)
			continue
		}
		heap := textHeap{}
		if w[2] != "-" {
			for o := range strings.SplitSeq(w[2], ",") {
				k, v, _ := strings.Cut(o, "=")
				heap[k] = unhex(t, v)
			}
		}
		checkValues(t, dt, unhex(t, w[1]), heap, w[3])
	}
	if lines < 50 {
		t.Fatalf("%d datasets", lines)
	}
}

// checkValues goes by Any and by a conversion to any.
func checkValues(t *testing.T, dt *datatype.Datatype, src []byte, h datatype.Heap, want string) {
	c, err := datatype.Compile(dt, reflect.TypeFor[any](), datatype.Options{})
	if err != nil {
		t.Errorf("%v: %v", dt, err)
		return
	}
	list := make([]any, len(src)/dt.Size)
	if err := datatype.Decode(c, list, src, h); err != nil {
		t.Errorf("%v: %v", dt, err)
	}
	if got := valueText(list); got != want {
		t.Errorf("%v:\n got %s\nwant %s", dt, got, want)
	}
}

func valueText(v any) string {
	var parts []string
	switch x := v.(type) {
	case []any:
		for _, e := range x {
			parts = append(parts, valueText(e))
		}
		return "[" + strings.Join(parts, " ") + "]"
	case datatype.Record:
		for _, e := range x {
			parts = append(parts, valueText(e.Value))
		}
		return "{" + strings.Join(parts, " ") + "}"
	case datatype.EnumValue:
		return valueText(x.Value)
	case string:
		return strconv.Quote(fmt.Sprintf("%x", x))
	case float32:
		return valueText(float64(x))
	case float64:
		if x != x {
			return "nan"
		}
		return fmt.Sprintf("%016x", math.Float64bits(x))
	case complex64:
		return valueText(datatype.Record{{Value: real(x)}, {Value: imag(x)}})
	case complex128:
		return valueText(datatype.Record{{Value: real(x)}, {Value: imag(x)}})
	}
	return fmt.Sprint(v)
}

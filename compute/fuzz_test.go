package compute_test

import (
	"encoding/json"
	"testing"

	"gables/compute"
)

// FuzzPartial: whatever is taken as a Partial can be encoded again, merged with
// itself or refused, and asked, without a panic.
func FuzzPartial(f *testing.F) {
	file := open(f)
	for _, name := range []string{"wild2", "nan", "chunked/i8", "empty"} {
		for i := range uint64(2) {
			p, err := compute.Partials(ctx, dataset(f, file, name), i, 2)
			if err != nil {
				f.Fatal(err)
			}
			text, err := json.Marshal(p)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var p, q compute.Partial
		if json.Unmarshal(text, &p) != nil || json.Unmarshal(text, &q) != nil {
			return
		}
		first, err := json.Marshal(&p)
		if err != nil {
			t.Fatal(err)
		}
		var again compute.Partial
		if err := json.Unmarshal(first, &again); err != nil {
			t.Fatalf("own encoding refused: %v", err)
		}
		s, err1 := p.Stats()
		s2, err2 := again.Stats()
		if (err1 == nil) != (err2 == nil) || err1 == nil && bits(s) != bits(s2) {
			t.Fatalf("%v %v, decoded again %v %v", s, err1, s2, err2)
		}
		_ = p.Merge(&q)
	})
}

package zfp

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"gables/hdf5/filter"
	"gables/hdf5/h5err"
	"gables/internal/testkit"
)

// clientData packs a header as H5Z-ZFP does; size holds x, y, z, w.
func clientData(version uint32, codec byte, k Type, mode uint64, size ...uint64) []uint32 {
	words := []uint32{version, 0, 0, 0, 0, 0}
	pos := uint(32)
	put := func(v uint64, n uint) {
		for i := range n {
			words[(pos+i)/32] |= uint32(v>>i&1) << ((pos + i) % 32)
		}
		pos += n
	}
	put('z'|'f'<<8|'p'<<16|uint64(codec)<<24, 32)
	put(uint64(k)|uint64(len(size)-1)<<2, 4)
	for _, n := range size {
		put(n-1, uint(48/len(size)))
	}
	if mode < longMode {
		put(mode, shortModeBits)
		return words[:4]
	}
	put(mode, longModeBits)
	return words
}

const plugin111 = 0x10105111 // zfp 1.0.1, codec 5, H5Z-ZFP 1.1.1

func TestDecodeNamesWhatIsWrong(t *testing.T) {
	good := clientData(plugin111, 5, Float64, 15, 8)
	zeros := make([]byte, 4)
	for _, tt := range []struct {
		name   string
		values []uint32
		src    []byte
		size   int
		limit  int
		want   error
	}{
		{"sound", good, zeros, 64, 64, nil},
		{"size unknown", good, zeros, -1, 64, nil},
		{"bytes behind the last block", good, make([]byte, 9), 64, 64, nil},
		{"no client data", nil, zeros, 64, 64, h5err.ErrCorrupt},
		{"too much client data", make([]uint32, 8), zeros, 64, 64, h5err.ErrCorrupt},
		{"header cut", good[:3], zeros, 64, 64, h5err.ErrCorrupt},
		{"long header cut", clientData(plugin111, 5, Float64, longMode, 8)[:5], zeros, 64, 64, h5err.ErrCorrupt},
		{"no magic", []uint32{plugin111, 1, 2, 3}, zeros, 64, 64, h5err.ErrCorrupt},
		{"codec 4", clientData(plugin111, 4, Float64, 15, 8), zeros, 64, 64, h5err.ErrUnsupported},
		{"codec 6", clientData(plugin111, 6, Float64, 15, 8), zeros, 64, 64, h5err.ErrUnsupported},
		{"version word of codec 6", clientData(0x10106111, 5, Float64, 15, 8), zeros, 64, 64, h5err.ErrUnsupported},
		{"old plugin, zfp 0.5.0", clientData(0x00500060, 5, Float64, 15, 8), zeros, 64, 64, nil},
		{"old plugin, zfp 0.5.5.0", clientData(0x05500100, 5, Float64, 15, 8), zeros, 64, 64, nil},
		{"old plugin, zfp 0.6", clientData(0x00600100, 5, Float64, 15, 8), zeros, 64, 64, h5err.ErrUnsupported},
		{"128 bit planes", clientData(plugin111, 5, Float64, wordReversible-1, 8), zeros, 64, 64, h5err.ErrCorrupt},
		{"more bits at least than at most", clientData(plugin111, 5, Float64, longMode|9<<12|1<<27, 8), zeros, 64, 64, h5err.ErrCorrupt},
		{"chunk smaller than the field", good, zeros, 56, 64, h5err.ErrCorrupt},
		{"chunk larger than the field", good, zeros, 72, 80, h5err.ErrCorrupt},
		{"limit", good, zeros, -1, 63, h5err.ErrLimit},
		{"2^48 doubles", clientData(plugin111, 5, Float64, 15, 1<<48), zeros, -1, 1 << 28, h5err.ErrLimit},
		{"4096^4 doubles", clientData(plugin111, 5, Float64, 15, 4096, 4096, 4096, 4096), zeros, -1, 1 << 28, h5err.ErrLimit},
		{"stream a byte short", good, zeros[:3], 64, 64, h5err.ErrCorrupt},
		{"stream empty", good, nil, 64, 64, h5err.ErrCorrupt},
		{"stream ends inside a block", clientData(plugin111, 5, Float64, wordReversible, 4), []byte{0xff}, 32, 32, h5err.ErrCorrupt},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := filter.Chunk{Values: tt.values, Size: tt.size, Limit: tt.limit}
			if got, err := New().Decode(nil, tt.src, c); !errors.Is(err, tt.want) || (err == nil) != (got != nil) {
				t.Errorf("got %d bytes, %v, want %v", len(got), err, tt.want)
			}
		})
	}
}

func TestDecodeRefusesEveryCutStream(t *testing.T) {
	for i, w := range readWitnesses(t, "testdata/plugin.gz") {
		if len(w.chunk) == 0 {
			continue
		}
		for _, n := range []int{0, len(w.chunk) / 2, len(w.chunk) - 1} {
			if _, err := New().Decode(nil, w.chunk[:n], chunkOf(w)); !errors.Is(err, h5err.ErrCorrupt) {
				t.Errorf("case %d, %d of %d bytes: %v", i, n, len(w.chunk), err)
			}
		}
	}
}

func TestDecodeOfSwappedClientDataSwapsValues(t *testing.T) {
	w := readWitnesses(t, "testdata/plugin.gz")[0]
	h, err := parseValues(w.values)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range w.values[1:] {
		w.values[i+1] = v<<24 | v>>24 | v>>8&0xff00 | v<<8&0xff0000
	}
	want := bytes.Clone(w.want)
	for p := want; len(p) > 0; p = p[h.kind.size():] {
		slices.Reverse(p[:h.kind.size()])
	}
	got, err := New().Decode(nil, w.chunk, chunkOf(w))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%v, first difference at byte %d", err, difference(got, want))
	}
}

func TestFilterKeepsItsContract(t *testing.T) {
	c := testkit.Contract{Filter: New(), ID: filter.ZFP, Name: "zfp", Damaged: 3000}
	for _, w := range readWitnesses(t, "testdata/plugin.gz") {
		c.Stored = append(c.Stored, testkit.Stored{Values: w.values, Size: len(w.want), Raw: w.chunk, SHA256: testkit.Sum(w.want)})
	}
	c.Run(t)
}

func FuzzDecode(f *testing.F) {
	for _, name := range []string{"testdata/plugin.gz", "testdata/noise.gz"} {
		for _, w := range readWitnesses(f, name) {
			f.Add(wordsBytes(w.values), w.chunk[:min(len(w.chunk), 2000)])
		}
	}
	f.Fuzz(func(t *testing.T, values, src []byte) {
		const limit = 1 << 16
		c := filter.Chunk{Values: bytesWords(values), Size: -1, Limit: limit}
		got, err := New().Decode(nil, src, c)
		if err != nil {
			if !errors.Is(err, h5err.ErrCorrupt) && !errors.Is(err, h5err.ErrUnsupported) && !errors.Is(err, h5err.ErrLimit) {
				t.Fatalf("no sentinel: %v", err)
			}
			return
		}
		if len(got) > limit {
			t.Fatalf("%d bytes, the limit is %d", len(got), limit)
		}
		h, err := parseValues(c.Values)
		if err != nil || h.bytes() != uint64(len(got)) {
			t.Fatalf("%d bytes of a field of %d: %v", len(got), h.bytes(), err)
		}
		again, err := New().Decode(make([]byte, len(got)), append(src[:len(src):len(src)], 0xff), c)
		if err != nil || !bytes.Equal(got, again) {
			t.Fatalf("another result with a byte behind the stream: %v", err)
		}
	})
}

func wordsBytes(words []uint32) []byte {
	var b []byte
	for _, w := range words {
		b = append(b, byte(w), byte(w>>8), byte(w>>16), byte(w>>24))
	}
	return b
}

func bytesWords(b []byte) []uint32 {
	var words []uint32
	for ; len(b) >= 4; b = b[4:] {
		words = append(words, uint32(b[0])|uint32(b[1])<<8|uint32(b[2])<<16|uint32(b[3])<<24)
	}
	return words
}

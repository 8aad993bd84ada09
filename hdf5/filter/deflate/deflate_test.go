package deflate

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"hash/adler32"
	"io"
	"math"
	"math/rand/v2"
	"testing"

	"gables/hdf5/filter"
	"gables/hdf5/h5err"
)

// samples are data of many kinds: noise, runs, short periods, text, skewed
// bytes and shuffled numbers, at lengths around the margins of the fast loop.
func samples() [][]byte {
	r := rand.New(rand.NewPCG(3, 4))
	var all [][]byte
	for _, n := range []int{0, 1, 5, 23, 258, 287, 288, 289, 300, 1000, 5000, 70000} {
		noise, runs, skew, period := make([]byte, n), make([]byte, n), make([]byte, n), make([]byte, n)
		step := 1 + r.IntN(12)
		for i := range n {
			noise[i] = byte(r.Uint32())
			runs[i] = byte(i / (1 + r.IntN(300)) >> 5)
			skew[i] = byte(min(255, r.ExpFloat64()*float64(1+i*8/n)))
			period[i] = byte(i % step)
			if r.IntN(200) == 0 {
				step = 1 + r.IntN(40)
			}
		}
		all = append(all, noise, runs, skew, period, shuffledFloats(n/8))
	}
	return all
}

// shuffledFloats is a noisy sine of n float64 values, shuffled.
func shuffledFloats(n int) []byte {
	r := rand.New(rand.NewPCG(uint64(n), 4))
	b := make([]byte, 8*n)
	for i := range n {
		v := math.Round(1000*(20+5*math.Sin(float64(i)/300)+r.NormFloat64()/2)) / 1000
		for k, c := range binary.LittleEndian.AppendUint64(nil, math.Float64bits(v)) {
			b[k*n+i] = c
		}
	}
	return b
}

func compressed(raw []byte, level int) []byte {
	var b bytes.Buffer
	w, err := zlib.NewWriterLevel(&b, level)
	if err == nil {
		_, err = w.Write(raw)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic(err)
	}
	return b.Bytes()
}

func TestStreamsOfTheStandardLibraryDecode(t *testing.T) {
	for i, raw := range samples() {
		for _, level := range []int{-2, 0, 1, 4, 9} {
			z := append(compressed(raw, level), "garbage"...)
			checkDecodes(t, i, z, raw)
		}
	}
}

func checkDecodes(t *testing.T, i int, z, raw []byte) {
	t.Helper()
	for _, size := range []int{len(raw), -1} {
		dst := bytes.Repeat([]byte{0xee}, len(raw)+64)
		got, err := Decode(dst[:0:len(raw)+32], z, size, len(raw)+32)
		if err != nil || !bytes.Equal(got, raw) {
			t.Errorf("sample %d, size %d: %v", i, size, err)
			continue
		}
		if size >= 0 && !bytes.Equal(dst[len(raw):], bytes.Repeat([]byte{0xee}, 64)) {
			t.Errorf("sample %d: bytes behind the result changed", i)
		}
		if got, err = Decode(nil, z, size, len(raw)); err != nil || !bytes.Equal(got, raw) {
			t.Errorf("sample %d, size %d, new memory: %v", i, size, err)
		}
	}
}

func TestAnotherLengthThanWantedIsCorrupt(t *testing.T) {
	for i, raw := range samples() {
		z := compressed(raw, 4)
		for _, size := range []int{0, len(raw) - 1, len(raw) + 1, len(raw) + 700, 1 << 30} {
			if size == len(raw) || size < 0 {
				continue
			}
			if _, err := Decode(nil, z, size, 1<<30); !errors.Is(err, h5err.ErrCorrupt) {
				t.Errorf("sample %d of %d bytes, %d wanted: %v", i, len(raw), size, err)
			}
		}
	}
}

func TestMoreThanTheLimitIsRefused(t *testing.T) {
	raw := make([]byte, 100000)
	z := compressed(raw, 9)
	for _, c := range []filter.Chunk{{Size: -1, Limit: 99999}, {Size: 100000, Limit: 99999}, {Size: -1, Limit: 1}} {
		if _, err := New().Decode(nil, z, c); !errors.Is(err, h5err.ErrLimit) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestEveryTruncationIsCorrupt(t *testing.T) {
	raw := shuffledFloats(300)
	for _, level := range []int{0, 1, 9} {
		z := compressed(raw, level)
		for n := range z {
			for _, size := range []int{-1, len(raw)} {
				if _, err := Decode(nil, z[:n], size, len(raw)); !errors.Is(err, h5err.ErrCorrupt) {
					t.Fatalf("level %d, %d of %d bytes: %v", level, n, len(z), err)
				}
			}
		}
	}
}

func TestEveryFlippedBitIsFound(t *testing.T) {
	raw := shuffledFloats(100)
	z := compressed(raw, 6)
	for i := range len(z) * 8 {
		b := bytes.Clone(z)
		b[i/8] ^= 1 << (i % 8)
		got, err := Decode(nil, b, len(raw), len(raw))
		// Bits of the header's window size and level, and padding, carry no data.
		if err == nil && !bytes.Equal(got, raw) {
			t.Errorf("bit %d: wrong data in silence", i)
		}
		if i >= 8*(len(z)-4) && !errors.Is(err, h5err.ErrChecksum) {
			t.Errorf("bit %d of the checksum: %v", i, err)
		}
	}
}

func TestStreamsThatZlibRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		z    string
		want error
	}{
		"empty":                     {"", h5err.ErrCorrupt},
		"header only":               {"\x78\x9c", h5err.ErrCorrupt},
		"wrong method":              {"\x79\x9b\x03\x00\x00\x00\x00\x01", h5err.ErrCorrupt},
		"window above 32 KiB":       {"\x88\x1c\x03\x00\x00\x00\x00\x01", h5err.ErrCorrupt},
		"header check":              {"\x78\x9d\x03\x00\x00\x00\x00\x01", h5err.ErrCorrupt},
		"preset dictionary":         {"\x78\xbb\x00\x00\x00\x01\x03\x00\x00\x00\x00\x01", h5err.ErrUnsupported},
		"block type 3":              {"\x78\x9c\x07\x00\x00\x00\x00\x01", h5err.ErrCorrupt},
		"stored length complement":  {"\x78\x9c\x01\x01\x00\xfe\xfeA\x00\x42\x00\x42", h5err.ErrCorrupt},
		"distance before the start": {"\x78\x9c\x63\x00\x42\x00\x00\x00\x00\x00", h5err.ErrCorrupt},
		"287 length symbols":        {"\x78\x9c\xf5\x00\x00\x00\x00\x00\x00\x00\x00\x00", h5err.ErrCorrupt},
		"31 distance symbols":       {"\x78\x9c\x05\x1e\x00\x00\x00\x00\x00\x00\x00\x00", h5err.ErrCorrupt},
		"empty code length code":    {"\x78\x9c\x05\x00\x00\x00\x00\x00\x00\x00\x00\x00", h5err.ErrCorrupt},
		"crowded code length code":  {"\x78\x9c\x05\xc0\x49\x92\x24\x49\x92\x24\x49\x92", h5err.ErrCorrupt},
		"no checksum":               {"\x78\x9c\x03\x00\x00\x00\x00", h5err.ErrCorrupt},
		"checksum":                  {"\x78\x9c\x03\x00\x00\x00\x00\x02", h5err.ErrChecksum},
		"fixed code's symbol 286":   {"\x78\x9c\x1b\x03\x00\x00\x00\x00\x00\x00\x00", h5err.ErrCorrupt},
		"fixed code's distance 30":  {"\x78\x9c\x63\x00\x3e\x00\x00\x00\x00\x00\x00", h5err.ErrCorrupt},
	} {
		if got, err := Decode(nil, []byte(c.z), -1, 1000); !errors.Is(err, c.want) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestEmptyStreamGivesNoBytes(t *testing.T) {
	for _, size := range []int{0, -1} {
		if got, err := Decode(nil, []byte("\x78\x9c\x03\x00\x00\x00\x00\x01"), size, 10); err != nil || len(got) != 0 {
			t.Error(got, err)
		}
	}
}

func TestDecodingIntoGivenMemoryTakesNone(t *testing.T) {
	raw := shuffledFloats(4000)
	z, dst := compressed(raw, 4), make([]byte, len(raw))
	allocs := testing.AllocsPerRun(50, func() {
		if _, err := Decode(dst, z, len(raw), len(raw)); err != nil {
			t.Fatal(err)
		}
	})
	if allocs >= 1 {
		t.Errorf("%v allocations", allocs)
	}
}

func TestAdler32AgreesWithTheStandardLibrary(t *testing.T) {
	for n := range 1000 {
		p := bytes.Repeat([]byte{0xff, byte(n), 0xff}, n*n%700+1)[n%3:]
		if Adler32(p) != adler32.Checksum(p) {
			t.Errorf("%d bytes", len(p))
		}
	}
	worst := bytes.Repeat([]byte{0xff}, 3<<20+5)
	if Adler32(worst) != adler32.Checksum(worst) {
		t.Error("all ones")
	}
}

// FuzzBlocks holds the decoder against compress/flate: both take the same
// streams, give the same bytes, and stop at the same byte.
func FuzzBlocks(f *testing.F) {
	for i, raw := range samples() {
		if len(raw) <= 5000 {
			z := compressed(raw, []int{-2, 0, 1, 4, 9}[i%5])
			f.Add(z[headerSize:len(z)-trailerSize], uint16(i*37))
		}
	}
	f.Fuzz(func(t *testing.T, src []byte, spare uint16) {
		const limit = 1 << 20
		in := bytes.NewReader(src)
		want, wantErr := io.ReadAll(io.LimitReader(flate.NewReader(in), limit+1))
		if len(want) > limit {
			return
		}
		for _, size := range []int{-1, len(want)} {
			d := decoders.Get().(*decoder)
			dst := make([]byte, len(want)+int(spare))
			err := d.open(dst[:0:int(spare)], src, size, limit)
			if err == nil {
				err = d.blocks()
			}
			if (err == nil) != (wantErr == nil) {
				t.Fatalf("size %d: got %v, compress/flate %v", size, err, wantErr)
			}
			if err != nil && !errors.Is(err, h5err.ErrCorrupt) && !errors.Is(err, h5err.ErrLimit) {
				t.Fatal(err)
			}
			if err == nil && (!bytes.Equal(d.out[:d.o], want) || d.pos != len(src)-in.Len()) {
				t.Fatalf("size %d: got %d bytes up to %d, want %d up to %d", size, d.o, d.pos, len(want), len(src)-in.Len())
			}
			d.release()
		}
	})
}

// FuzzDecode holds the whole filter against compress/zlib.
func FuzzDecode(f *testing.F) {
	for _, raw := range samples() {
		if len(raw) <= 1000 {
			f.Add(compressed(raw, 4), 300)
		}
	}
	f.Fuzz(func(t *testing.T, src []byte, size int) {
		const limit = 1 << 16
		got, err := Decode(nil, src, size, limit)
		if err != nil {
			return
		}
		r, err := zlib.NewReader(bytes.NewReader(src))
		if err != nil {
			t.Fatal(err)
		}
		want, err := io.ReadAll(io.LimitReader(r, limit+1))
		if err != nil || !bytes.Equal(got, want) || len(got) > limit || size >= 0 && len(got) != size {
			t.Fatalf("got %d bytes, want %d: %v", len(got), len(want), err)
		}
	})
}

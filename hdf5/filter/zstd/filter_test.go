package zstd

import (
	"bytes"
	"errors"
	"runtime"
	"testing"

	"github.com/klauspost/compress/zstd"

	"gables/hdf5/filter"
	"gables/hdf5/h5err"
)

// frame is a frame made by the module's own encoder.
func frame(t *testing.T, data []byte, o ...zstd.EOption) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil, append(o, zstd.WithEncoderConcurrency(1))...)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(data, nil)
}

const skippable = "\x50\x2a\x4d\x18\x03\x00\x00\x00abc"

func TestWrongSumIsAChecksumError(t *testing.T) {
	data := bytes.Repeat([]byte("gables "), 100)
	raw := frame(t, data, zstd.WithEncoderCRC(true))
	raw[len(raw)-1] ^= 1
	for _, size := range []int{len(data), -1} {
		_, err := New().Decode(nil, raw, filter.Chunk{Size: size, Limit: 1000})
		if !errors.Is(err, h5err.ErrChecksum) {
			t.Fatalf("size %d: %v", size, err)
		}
	}
}

func TestFrameOfAnUnknownDictionaryIsUnsupported(t *testing.T) {
	raw := frame(t, bytes.Repeat([]byte("gables "), 100), zstd.WithEncoderDictRaw(7, []byte("gables gables gables")))
	for _, size := range []int{700, -1} {
		_, err := New().Decode(nil, raw, filter.Chunk{Size: size, Limit: 1000})
		if !errors.Is(err, h5err.ErrUnsupported) {
			t.Fatalf("size %d: %v", size, err)
		}
	}
}

func TestSkippableAndSeveralFramesMakeOneChunk(t *testing.T) {
	a, b := frame(t, []byte("first ")), frame(t, []byte("second"))
	raw := append([]byte(skippable), a...)
	raw = append(append(append(raw, skippable...), b...), skippable...)
	for _, size := range []int{12, -1} {
		got, err := New().Decode(nil, raw, filter.Chunk{Size: size, Limit: 1 << 20})
		if err != nil || string(got) != "first second" {
			t.Fatalf("size %d: %q, %v", size, got, err)
		}
	}
}

func TestRepeatedByteStopsAtTheLimit(t *testing.T) {
	// No content size, window of 1 MiB, 40 blocks that repeat a byte 128 Ki times.
	raw := []byte{0x28, 0xb5, 0x2f, 0xfd, 0, 10 << 3}
	for i := range 40 {
		h := 128<<10<<3 | 1<<1
		if i == 39 {
			h |= 1
		}
		raw = append(raw, byte(h), byte(h>>8), byte(h>>16), 'z')
	}
	got, err := New().Decode(nil, raw, filter.Chunk{Size: -1, Limit: 40 << 17})
	if err != nil || len(got) != 40<<17 {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	for _, c := range []struct {
		size, limit int
		want        error
	}{
		{-1, 1 << 20, h5err.ErrLimit},
		{1 << 20, 1 << 20, h5err.ErrCorrupt},
		{1 << 30, 1 << 30, h5err.ErrCorrupt},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := New().Decode(nil, raw, filter.Chunk{Size: c.size, Limit: c.limit})
		runtime.ReadMemStats(&after)
		if !errors.Is(err, c.want) {
			t.Errorf("size %d, limit %d: %v, want %v", c.size, c.limit, err, c.want)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > 4<<20 {
			t.Errorf("size %d, limit %d: %d bytes of memory", c.size, c.limit, took)
		}
	}
}

func TestDecodeStartsNoGoroutine(t *testing.T) {
	before := runtime.NumGoroutine()
	for _, s := range witnesses(t) {
		if _, err := New().Decode(nil, s.Raw, s.Chunk()); err != nil {
			t.Fatal(err)
		}
	}
	if after := runtime.NumGoroutine(); after > before {
		t.Fatalf("%d goroutines, then %d", before, after)
	}
}

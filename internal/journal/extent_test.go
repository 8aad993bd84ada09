package journal

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"gables/hdf5/driver"
)

// nothing lies under the layers: 0xee.
type nothing struct{}

func (nothing) readUnder(p []byte, _ uint64) error {
	for i := range p {
		p[i] = 0xee
	}
	return nil
}

func TestLayersShowTheNewestBytes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		flat := bytes.Repeat([]byte{0xee}, 3000)
		log := make(driver.Memory, 1<<16)
		for i := range log {
			log[i] = byte(r.Uint32())
		}
		var s layers
		most := 0
		for range 1 + r.IntN(200) {
			var list []extent
			for range 1 + r.IntN(6) {
				at := r.IntN(2900)
				n := 1 + r.IntN(min(100, 3000-at))
				e := extent{at: uint64(at), n: n, pos: uint64(r.IntN(1 << 15))}
				if r.IntN(3) > 0 {
					e.data = make([]byte, n, n+r.IntN(5))
					for i := range e.data {
						e.data[i] = byte(r.Uint32())
					}
				}
				list = append(list, e)
				must(t, e.read(flat[at:at+n], e.at, log))
			}
			s = s.with(sorted(list))
			most = max(most, len(s))
			lo := r.IntN(3000)
			hi := lo + r.IntN(3000-lo)
			got := make([]byte, hi-lo)
			must(t, s.read(got, uint64(lo), log, nothing{}))
			if !bytes.Equal(got, flat[lo:hi]) {
				t.Fatalf("bytes %d to %d differ", lo, hi)
			}
		}
		all := s.flat()
		for i, e := range all {
			if e.n <= 0 || e.data != nil && len(e.data) != e.n || i > 0 && all[i-1].end() > e.at {
				t.Fatalf("extent %d of %v", i, all)
			}
		}
		got := make([]byte, 3000)
		must(t, layers{all}.read(got, 0, log, nothing{}))
		if !bytes.Equal(got, flat) || most > 8 {
			t.Fatalf("%d layers, or other bytes", most)
		}
	}
}

func TestManySmallTransactionsMakeFewLayers(t *testing.T) {
	var s layers
	for i := range 100000 {
		s = s.with(layer{{at: uint64(i*7919%100003) * 3, n: 2, data: []byte{1, 2}}})
		if len(s) > 12 {
			t.Fatalf("%d layers after %d", len(s), i)
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// FuzzScan reads any bytes as a log.
func FuzzScan(f *testing.F) {
	id := identity{superblock: bytes.Repeat([]byte{7}, 96), size: 500}
	var w logWriter
	w.begin(5, id)
	f.Add(bytes.Clone(w.buf), false)
	w.add(frame{kind: frameData, address: 300}, []byte("some bytes"))
	w.add(frame{kind: frameData}, id.superblock)
	end := binary.LittleEndian.AppendUint64(nil, 600)
	w.add(frame{kind: frameCommit, address: 1, count: 2, flags: flagSettled}, append(end, end...))
	f.Add(bytes.Clone(w.buf), true)
	w.add(frame{kind: frameSettle, address: 1}, nil)
	w.add(frame{kind: frameCheckpoint, address: 1}, append(end, id.superblock...))
	f.Add(bytes.Clone(w.buf), true)
	f.Fuzz(func(t *testing.T, b []byte, mend bool) {
		if mend {
			b = mended(b)
		}
		found, ok, err := scan(driver.Memory(b), 1, 100)
		if err != nil || !ok {
			return
		}
		for _, l := range found.layers {
			for i, e := range l {
				if e.n <= 0 || e.end() > found.end || i > 0 && l[i-1].end() > e.at {
					t.Fatalf("extent %d of %v, end %d", i, l, found.end)
				}
				must(t, e.read(make([]byte, e.n), e.at, driver.Memory(b)))
			}
		}
		_ = found.belongs("x", found.superblock, 1<<40)
	})
}

// mended puts right the checksums of a log, so that its frames are looked at.
func mended(b []byte) []byte {
	b = bytes.Clone(b)
	if len(b) < headerSize {
		return b
	}
	id, _, _ := decodeHeader(b)
	b = append(appendHeader(nil, 5, identity{superblock: bytes.Repeat([]byte{7}, 96), size: id.size % 1000}), b[headerSize:]...)
	var w logWriter
	w.begin(5, identity{superblock: bytes.Repeat([]byte{7}, 96), size: id.size % 1000})
	out := bytes.Clone(w.buf)
	for rest := b[headerSize:]; len(rest) >= frameSize; {
		f := readFrame(rest)
		n := min(f.size, uint64(len(rest)-frameSize))
		w.attempt = f.attempt
		w.buf = w.buf[:0]
		w.add(f, rest[frameSize:frameSize+n])
		out = append(out, w.buf...)
		rest = rest[frameSize+n:]
	}
	return out
}

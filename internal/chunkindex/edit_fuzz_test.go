package chunkindex

import (
	"errors"
	"testing"

	"gables/hdf5/h5err"
	"gables/internal/wire"
)

// expectable tells whether an editor may give err for bad bytes.
func expectable(err error) bool {
	return err == nil || sentinel(err) || errors.Is(err, h5err.ErrNotFound) || errors.Is(err, h5err.ErrSelection)
}

func FuzzEdits(f *testing.F) {
	names := witnessNames(f)
	witnesses := make([]*witness, len(names))
	records := make([][]span, len(names))
	for i, name := range names {
		witnesses[i] = loadWitness(f, name)
		records[i] = witnesses[i].records(f)
		f.Add(uint8(i), []byte{}, []byte{0, 0, 1, 9, 3, 200, 1, 0})
		f.Add(uint8(i), []byte{0, 6, 0, 0, 255, 0}, []byte{0, 0, 1, 9, 3, 200, 1, 0, 2, 7, 1, 1})
	}
	f.Fuzz(func(t *testing.T, which uint8, edits, program []byte) {
		w := witnesses[int(which)%len(names)]
		file := mutate(w, records[int(which)%len(names)], edits)
		d := draftOver(file, wire.Sizes{Offset: w.OffsetSize, Length: w.LengthSize})
		p := w.params()
		e, err := NewEditor(d, p)
		if !expectable(err) {
			t.Fatal(err)
		}
		if err != nil {
			return
		}
		for ; len(program) >= 4; program = program[4:] {
			scaled := make([]uint64, len(p.Dims))
			for u := range scaled {
				scaled[u] = uint64(program[1+u%3])
			}
			switch program[0] % 4 {
			case 0, 1:
				err = e.Put(Chunk{Scaled: scaled, Address: 64, Size: p.ChunkBytes})
			case 2:
				err = e.Remove(scaled)
			case 3:
				_, _, err = e.Get(scaled)
			}
			if !expectable(err) {
				t.Fatal(err)
			}
		}
		n := 0
		for _, err := range e.All() {
			if n++; !expectable(err) || n > len(file)+len(program) {
				t.Fatal(n, err)
			}
		}
		if err := e.Free(); !expectable(err) {
			t.Fatal(err)
		}
	})
}

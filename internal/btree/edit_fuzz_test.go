package btree

import (
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"gables/hdf5/h5err"
	"gables/internal/format"
	"gables/internal/wire"
)

// expectable tells whether an editor may give err for bad bytes.
func expectable(err error) bool {
	for _, s := range []error{nil, h5err.ErrCorrupt, h5err.ErrChecksum, h5err.ErrTruncated, h5err.ErrLimit, h5err.ErrUnsupported, h5err.ErrNotFound, h5err.ErrExists} {
		if errors.Is(err, s) {
			return true
		}
	}
	return false
}

func FuzzEditSymbols(f *testing.F) {
	g := openGroup(f)
	nodes := append(find(g.file, "TREE"), find(g.file, "SNOD")...)
	f.Add([]byte{}, []byte{0, 1, 1, 1, 2, 1})
	f.Add([]byte{0, 5, 0, 3, 1, 32, 0, 2}, []byte{3, 1, 1, 1, 2, 1, 9, 8})
	f.Fuzz(func(t *testing.T, edits, program []byte) {
		b := slices.Clone(g.file)
		for ; len(edits) >= 4; edits = edits[4:] {
			at := nodes[int(edits[0])%len(nodes)] + int(edits[1]) + int(edits[2]&3)<<8
			b[at%len(b)] = edits[3]
		}
		d := edit(b, g.cache.Sizes())
		s, err := EditSymbols(d, g.root, 4, 16, func(off uint64) ([]byte, error) {
			if off >= uint64(len(g.names)) {
				return nil, h5err.Corrupt("local heap", "offset", "%d", off)
			}
			return []byte(g.name(off)), nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for ; len(program) >= 2; program = program[2:] {
			off := 8 * uint64(program[1])
			name := []byte(g.name(off))
			if program[0]%2 == 0 {
				err = s.Insert(format.SymbolTableEntry{NameOffset: off, Header: 8})
			} else {
				_, err = s.Remove(name)
			}
			if !expectable(err) {
				t.Fatal(err)
			}
			if _, _, err := s.Find(name); !expectable(err) {
				t.Fatal(err)
			}
		}
		if err := s.Free(nil); !expectable(err) {
			t.Fatal(err)
		}
	})
}

func FuzzEditV2(f *testing.F) {
	file := slurp(f, "attributes")
	records := sealed(file)
	f.Add([]byte{}, []byte{0, 1, 1, 1, 2, 1})
	f.Add([]byte{0, 12, 0, 3, 1, 24, 0, 2}, []byte{3, 1, 1, 1, 2, 1, 9, 8})
	f.Fuzz(func(t *testing.T, edits, program []byte) {
		b := slices.Clone(file)
		for ; len(edits) >= 4; edits = edits[4:] {
			r := records[int(edits[0])%len(records)]
			b[r[0]+int(binary.LittleEndian.Uint16(edits[1:]))%r[1]] = edits[3]
		}
		for _, r := range records {
			reseal(b[r[0]:], r[1])
		}
		d := edit(b, wire.Sizes{Offset: 8, Length: 8})
		for _, at := range find(b, "BTHD") {
			e, err := EditV2(d, wire.Address(at))
			if err != nil {
				if !expectable(err) {
					t.Fatal(err)
				}
				continue
			}
			for p := program; len(p) >= 2; p = p[2:] {
				record := make([]byte, max(8, e.RecordSize()))
				record[0] = p[1]
				order := func(r []byte) (int, error) { return slices.Compare(record[:e.RecordSize()], r), nil }
				if p[0]%2 == 0 {
					err = e.Insert(record[:e.RecordSize()], order)
				} else {
					err = e.Update(order, func(r []byte) { r[len(r)-1]++ })
					if expectable(err) {
						_, err = e.Remove(func(r []byte) (int, error) { return int(p[1]%3) - 1, nil })
					}
				}
				if !expectable(err) {
					t.Fatal(err)
				}
			}
			if err := e.Free(nil); !expectable(err) {
				t.Fatal(err)
			}
		}
	})
}

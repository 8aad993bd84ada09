package btree

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"

	"gables/hdf5/h5err"
	"gables/internal/checksum"
	"gables/internal/wire"
)

// trees opens all version 2 B-trees with records, by type.
func trees(t testing.TB, file []byte) map[uint8]*V2 {
	t.Helper()
	c, found := open(file), map[uint8]*V2{}
	for _, at := range find(file, "BTHD") {
		tree, err := OpenV2(c, wire.Address(at))
		if err != nil {
			t.Fatal(err)
		}
		if tree.Count() > 0 {
			found[tree.Type()] = tree
		}
	}
	return found
}

// byHash looks a name up in an index of names, whose records have its hash at off.
func byHash(tree *V2, name string, off int) (bool, error) {
	want := checksum.Lookup3([]byte(name))
	_, ok, err := tree.Find(func(r []byte) (int, error) {
		return cmp.Compare(want, binary.LittleEndian.Uint32(r[off:])), nil
	})
	return ok, err
}

func TestLinkNamesAreFoundByHash(t *testing.T) {
	tree := trees(t, slurp(t, "links"))[5]
	for i := range 3000 {
		name := fmt.Sprintf("link%05d", i)
		ok, err := byHash(tree, name, 0)
		if err != nil || ok != (i%7 != 0) {
			t.Fatalf("%s: %v %v", name, ok, err)
		}
	}
}

func TestLinksAreGivenInCreationOrder(t *testing.T) {
	tree := trees(t, slurp(t, "links"))[6]
	var got, want []uint64
	for r, err := range tree.All() {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, binary.LittleEndian.Uint64(r))
	}
	for i := range uint64(3000) {
		if i%7 != 0 {
			want = append(want, i)
		}
	}
	if !slices.Equal(got, want) || tree.Count() != uint64(len(want)) {
		t.Fatalf("%d records, header has %d, want %d", len(got), tree.Count(), len(want))
	}
}

func TestAttributesAreFoundByHashAndOrder(t *testing.T) {
	all := trees(t, slurp(t, "attributes"))
	for i := range 200 {
		if ok, err := byHash(all[8], fmt.Sprintf("a%03d", i), 13); !ok || err != nil {
			t.Fatal(i, ok, err)
		}
		_, ok, err := all[9].Find(func(r []byte) (int, error) {
			return cmp.Compare(uint32(i), binary.LittleEndian.Uint32(r[9:])), nil
		})
		if !ok || err != nil {
			t.Fatal(i, ok, err)
		}
	}
	if ok, err := byHash(all[8], "absent", 13); ok || err != nil {
		t.Fatal(ok, err)
	}
}

func TestErrorOfTheComparisonIsGivenBack(t *testing.T) {
	tree, wanted := trees(t, slurp(t, "links"))[5], errors.New("heap is broken")
	for range 2 {
		if _, _, err := tree.Find(func([]byte) (int, error) { return 0, wanted }); !errors.Is(err, wanted) {
			t.Fatal(err)
		}
		if ok, err := byHash(tree, "link00001", 0); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}
}

func TestAllCanBeLeft(t *testing.T) {
	n := 0
	for range trees(t, slurp(t, "links"))[5].All() {
		if n++; n == 100 {
			break
		}
	}
	if n != 100 {
		t.Fatal(n)
	}
}

// reseal writes the checksum of the record that starts at b and has n bytes.
func reseal(b []byte, n int) { binary.LittleEndian.PutUint32(b[n-4:], checksum.Lookup3(b[:n-4])) }

const headerBytes = 38 // with 8-byte addresses and lengths

func TestHeaderFieldsAreJudged(t *testing.T) {
	for _, c := range []struct {
		name string
		off  int
		val  []byte
		want error
	}{
		{"signature", 0, []byte{'X'}, h5err.ErrCorrupt},
		{"version", 4, []byte{1}, h5err.ErrUnsupported},
		{"type", 5, []byte{99}, h5err.ErrUnsupported},
		{"node size", 6, []byte{12, 0, 0, 0}, h5err.ErrCorrupt},
		{"record size 0", 10, []byte{0, 0}, h5err.ErrCorrupt},
		{"record size above node", 10, []byte{0, 8}, h5err.ErrCorrupt},
		{"depth of 2^64 records", 12, []byte{64, 0}, h5err.ErrCorrupt},
		{"depth above limit", 12, []byte{40, 0}, h5err.ErrLimit},
		{"split percent", 14, []byte{101}, h5err.ErrCorrupt},
		{"merge percent", 15, []byte{200}, h5err.ErrCorrupt},
		{"root undefined", 16, []byte{255, 255, 255, 255, 255, 255, 255, 255}, h5err.ErrCorrupt},
		{"records in root", 24, []byte{255, 255}, h5err.ErrCorrupt},
	} {
		file := slurp(t, "links")
		at := find(file, "BTHD")[0]
		copy(file[at+c.off:], c.val)
		reseal(file[at:], headerBytes)
		if _, err := OpenV2(open(file), wire.Address(at)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	file := slurp(t, "links")
	at := find(file, "BTHD")[0]
	file[at+7] ^= 1
	if _, err := OpenV2(open(file), wire.Address(at)); !errors.Is(err, h5err.ErrChecksum) {
		t.Errorf("unsealed: %v", err)
	}
}

func TestCountOfHeaderIsCompared(t *testing.T) {
	for _, delta := range []byte{1, 255} {
		file := slurp(t, "links")
		for _, at := range find(file, "BTHD") {
			file[at+26] += delta
			reseal(file[at:], headerBytes)
			tree, err := OpenV2(open(file), wire.Address(at))
			if err != nil {
				t.Fatal(err)
			}
			var last error
			for _, err := range tree.All() {
				last = err
			}
			if !errors.Is(last, h5err.ErrCorrupt) {
				t.Fatal(last)
			}
		}
	}
}

func TestNodeReachedTwiceEndsTheWalk(t *testing.T) {
	// A tree of inner nodes that all name one leaf would give 2^depth times the file's records.
	file := buildDiamond(12)
	tree, err := OpenV2(open(file), 0)
	if err != nil {
		t.Fatal(err)
	}
	n, last := 0, error(nil)
	for _, err := range tree.All() {
		n, last = n+1, err
	}
	if !errors.Is(last, h5err.ErrCorrupt) || n > len(file) {
		t.Fatal(n, last)
	}
}

// buildDiamond makes a tree whose nodes have one record and twice the same child.
func buildDiamond(depth int) []byte {
	const nodeSize, recordSize, slot = 512, 8, 512
	file := make([]byte, (depth+2)*slot)
	h := file[:headerBytes]
	copy(h, "BTHD\x00\x06")
	binary.LittleEndian.PutUint32(h[6:], nodeSize)
	binary.LittleEndian.PutUint16(h[10:], recordSize)
	binary.LittleEndian.PutUint16(h[12:], uint16(depth))
	h[14], h[15] = 100, 40
	binary.LittleEndian.PutUint64(h[16:], slot)
	binary.LittleEndian.PutUint16(h[24:], 1)
	binary.LittleEndian.PutUint64(h[26:], 1<<(depth+1)-1)
	reseal(h, headerBytes)
	most := uint64(nodeSize-10) / recordSize
	width := wire.UintWidth(most) // of a child's record count
	totalWidth := 0
	total := most
	for d := 0; d <= depth; d++ {
		node := file[(depth-d+1)*slot:]
		b := append([]byte("BTLF\x00\x06"), 1, 0, 0, 0, 0, 0, 0, 0)
		if d > 0 {
			b[2], b[3] = 'I', 'N'
			for range 2 {
				b = binary.LittleEndian.AppendUint64(b, uint64((depth-d+2)*slot))
				b = append(append(b, 1), make([]byte, width-1)...)
				b = append(b, make([]byte, totalWidth)...)
			}
			pointer := uint64(8 + width + totalWidth)
			n := (nodeSize - 10 - pointer) / (recordSize + pointer)
			total = (n+1)*total + n // below 2^64 for 12 levels
			totalWidth = wire.UintWidth(total)
		}
		copy(node, append(b, 0, 0, 0, 0))
		reseal(node, len(b)+4)
	}
	return file
}

// sealed lists the headers and nodes of a file as position and size.
func sealed(file []byte) [][2]int {
	var all [][2]int
	for _, at := range find(file, "BT") {
		for n := 10; n <= 2048 && at+n <= len(file); n++ {
			if checksum.Lookup3(file[at:at+n-4]) == binary.LittleEndian.Uint32(file[at+n-4:]) {
				all = append(all, [2]int{at, n})
				break
			}
		}
	}
	return all
}

func FuzzBTreeV2(f *testing.F) {
	file := slurp(f, "attributes")
	records := sealed(file)
	if len(records) < 4 {
		f.Fatal("no trees")
	}
	f.Add([]byte{})
	f.Add([]byte{0, 12, 0, 3, 1, 24, 0, 2})
	f.Fuzz(func(t *testing.T, edits []byte) {
		b := slices.Clone(file)
		for ; len(edits) >= 4; edits = edits[4:] {
			r := records[int(edits[0])%len(records)]
			b[r[0]+int(binary.LittleEndian.Uint16(edits[1:]))%r[1]] = edits[3]
		}
		c := open(b)
		for _, r := range records {
			reseal(b[r[0]:], r[1])
		}
		for _, at := range find(b, "BTHD") {
			tree, err := OpenV2(c, wire.Address(at))
			if err != nil {
				continue
			}
			n := 0
			for range tree.All() {
				if n++; n > len(b) {
					t.Fatal("more records than bytes")
				}
			}
			byHash(tree, "a100", 0)
		}
	})
}

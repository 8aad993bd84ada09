package hdf5_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"gables/hdf5"
	"gables/hdf5/h5err"
	"gables/internal/checksum"
)

// ints are the elements of /ints in the files that make.py's fill writes.
func ints(t *testing.T, f *hdf5.File) {
	t.Helper()
	d, err := f.Dataset("/ints")
	if err != nil {
		t.Fatal(err)
	}
	got, err := hdf5.Read[int32](context.Background(), d)
	if err != nil || len(got) != 60 || got[0] != 0 || got[37] != 37 || got[59] != 59 {
		t.Errorf("%d elements, %v", len(got), err)
	}
}

// Superblock, old groups, heaps and indexes with widths of 4 and 8 in every
// combination: a swap of the two hides in files of 8 and 8.
func TestOffsetsAndLengthsMayDifferInWidth(t *testing.T) {
	for _, o := range []int{4, 8} {
		for _, l := range []int{4, 8} {
			for _, v := range []int{0, 3} {
				name := fmt.Sprintf("sizes_%d_%d_v%d.h5", o, l, v)
				f, err := hdf5.Open("testdata/" + name)
				if err != nil {
					t.Errorf("%s: %v", name, err)
					continue
				}
				sb := f.Superblock()
				if sb.OffsetSize != o || sb.LengthSize != l || sb.Version != v {
					t.Errorf("%s: %+v", name, sb)
				}
				sizesContent(t, name, f)
				f.Close()
			}
		}
	}
	f := openFile(t, "testdata/offset2.h5")
	if sb := f.Superblock(); sb.OffsetSize != 2 || sb.LengthSize != 4 {
		t.Errorf("%+v", sb)
	}
	sizesContent(t, "offset2.h5", f)
}

func openFile(t *testing.T, name string, opts ...hdf5.Option) *hdf5.File {
	t.Helper()
	f, err := hdf5.Open(name, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// sizesContent compares all that make.py's fill wrote.
func sizesContent(t *testing.T, name string, f *hdf5.File) {
	t.Helper()
	ctx := context.Background()
	if errs := readAll(f); len(errs) > 0 {
		t.Errorf("%s: %v", name, errs[0])
		return
	}
	ints(t, f)
	read := func(path string) []any {
		d, err := f.Dataset(path)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return nil
		}
		list, err := d.ReadAny(ctx)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		return list
	}
	if got := fmt.Sprint(read("/text")); got != "[one two three]" {
		t.Errorf("%s: text %s", name, got)
	}
	if got := read("/chunked"); len(got) != 100 || got[99] != float64(99) || got[45] != float64(45) {
		t.Errorf("%s: chunked %v", name, got)
	}
	if got := read("/grow"); len(got) != 30 || got[29] != int64(29) {
		t.Errorf("%s: grow %v", name, got)
	}
	if got := fmt.Sprint(read("/sub/n17"), read("/sub/soft")[59], read("/sub/abs"), read("/sub/up/sub/up/grow")[3]); got != "[17] 59 [3] 3" {
		t.Errorf("%s: links lead to %s", name, got)
	}
	if unit, err := hdf5.AttributeValue[string](dataset(t, f, "/ints"), "unit"); unit != "m" || err != nil {
		t.Errorf("%s: %q, %v", name, unit, err)
	}
}

func dataset(t *testing.T, f *hdf5.File, path string) *hdf5.Dataset {
	t.Helper()
	d, err := f.Dataset(path)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// A user block may be written, taken away or lengthened by other programs.
func TestTheBaseAddressIsWhereTheSuperblockIs(t *testing.T) {
	whole, err := os.ReadFile("testdata/userblock.h5")
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{0, 512, 1024, 2048, 8192} {
		image := append(bytes.Repeat([]byte("user"), at/4), whole[1024:]...)
		f := openImage(t, image)
		if sb := f.Superblock(); sb.BaseAddress != uint64(at) {
			t.Errorf("base address %d, want %d", sb.BaseAddress, at)
		}
		sizesContent(t, fmt.Sprint(at), f)
	}
	for _, at := range []int{1, 256, 1536, 511} {
		if _, err := hdf5.OpenBytes(append(make([]byte, at), whole[1024:]...)); !errors.Is(err, h5err.ErrNotHDF5) {
			t.Errorf("at %d: %v", at, err)
		}
	}
}

func TestTheSuperblockExtensionIsOpened(t *testing.T) {
	for _, name := range []string{"sohm_list", "sohm_btree", "sohm_old"} {
		f := openTrap(t, name)
		if sb := f.Superblock(); !sb.Extension || !sb.SharedHeader {
			t.Errorf("%s: %+v", name, sb)
		}
	}
	for name, want := range map[string]hdf5.Superblock{
		"space_page": {Strategy: "page", PageSize: 1024, Persist: true},
		"space_none": {Strategy: "none", PageSize: 4096},
	} {
		sb := openTrap(t, name).Superblock()
		if !sb.Extension || sb.Strategy != want.Strategy || sb.PageSize != want.PageSize || sb.Persist != want.Persist {
			t.Errorf("%s: %+v", name, sb)
		}
	}
	if sb := openTrap(t, "btreek_ext").Superblock(); !sb.Extension || sb.Version < 2 {
		t.Errorf("%+v", sb)
	}
	if sb := openTrap(t, "btreek_v1").Superblock(); sb.Version != 1 || sb.Extension {
		t.Errorf("%+v", sb)
	}
}

// reseal makes the checksum of a superblock of version 2 or 3 right.
func reseal(image []byte) []byte {
	binary.LittleEndian.PutUint32(image[44:], checksum.Lookup3(image[:44]))
	return image
}

func TestAFaultOfTheExtensionIsTold(t *testing.T) {
	image := trapImage(t, "space_none")
	at := int(binary.LittleEndian.Uint64(image[20:]))
	image[at+8] ^= 1
	if _, err := hdf5.OpenBytes(image); !errors.Is(err, h5err.ErrChecksum) {
		t.Errorf("a changed extension: %v", err)
	}
	binary.LittleEndian.PutUint64(image[20:], uint64(len(image)))
	if _, err := hdf5.OpenBytes(reseal(image)); !errors.Is(err, h5err.ErrTruncated) {
		t.Errorf("an extension behind the end: %v", err)
	}
	binary.LittleEndian.PutUint64(image[20:], ^uint64(0))
	if f, err := hdf5.OpenBytes(reseal(image)); err != nil || f.Superblock().Extension {
		t.Errorf("no extension: %v", err)
	}
}

// Every version 2 structure has a checksum; a changed byte in one is an error
// wherever it is read, never other data.
func TestAChangedByteInAnyChecksummedStructureIsTold(t *testing.T) {
	for sig, names := range map[string][]string{
		"\x89HDF": {"checks_latest", "checks_v18"}, "OHDR": {"checks_latest", "checks_v18"}, "OCHK": {"attrs_new", "sohm_list", "sohm_old"},
		"FRHP": {"checks_latest"}, "FHIB": {"checks_latest", "heap_filtered"}, "FHDB": {"checks_latest", "checks_v18"},
		"BTHD": {"checks_latest"}, "BTIN": {"checks_latest"}, "BTLF": {"checks_latest", "checks_v18"},
		"FAHD": {"checks_latest", "edges"}, "FADB": {"checks_latest", "edges"},
		"EAHD": {"checks_latest", "edges"}, "EAIB": {"checks_latest", "edges"}, "EASB": {"checks_latest"}, "EADB": {"checks_latest"},
		"SMTB": {"sohm_list", "sohm_btree", "sohm_old"},
	} {
		for _, name := range names {
			whole := trapImage(t, name)
			told, same, other := 0, 0, 0
			for at := 0; told+same+other < 10; at++ {
				i := bytes.Index(whole[at:], []byte(sig))
				if i < 0 {
					break
				}
				at += i
				image := bytes.Clone(whole)
				image[at+14] ^= 0x20
				switch errs := openAndRead(image); {
				case len(errs) == 0:
					same++ // a structure that is no longer in use
				case slices.ContainsFunc(errs, func(err error) bool { return errors.Is(err, h5err.ErrChecksum) }):
					told++
				default:
					other++
					t.Errorf("%s in %s at 0x%x: %v", sig, name, at, errs[0])
				}
			}
			if told == 0 || same > told {
				t.Errorf("%q in %s: %d told, %d not noticed, %d other errors", sig, name, told, same, other)
			}
		}
	}
}

// openAndRead opens a file and reads all of it; opening errors count as well.
func openAndRead(image []byte) []error {
	f, err := hdf5.OpenBytes(image)
	if err != nil {
		return []error{err}
	}
	errs := readAll(f)
	return append(errs, f.Close())[:len(errs)]
}

// Pages of chunk indexes have a checksum for each page, and chunks have
// Fletcher-32 where it was asked for.
func TestAChangedByteInAPageOrAChunkIsTold(t *testing.T) {
	whole := trapImage(t, "checks_latest")
	at := bytes.LastIndex(whole, []byte("FADB"))
	image := bytes.Clone(whole)
	// Behind the header: prefix, address, page bitmap and checksum; then pages of 1,024 addresses.
	image[at+2000] ^= 1
	if errs := openAndRead(image); len(errs) == 0 || !errors.Is(errs[0], h5err.ErrChecksum) {
		t.Errorf("a page: %v", errs)
	}
	f := openImage(t, bytes.Clone(whole))
	for _, name := range []string{"fixed checked", "extensible checked", "tree checked"} {
		var where uint64
		err := dataset(t, f, "/"+name).Chunks(context.Background(), func(c hdf5.Chunk) error {
			where = c.Address
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		image := bytes.Clone(whole)
		image[where+5] ^= 1
		g := openImage(t, image)
		if _, err := dataset(t, g, "/"+name).ReadAny(context.Background()); !errors.Is(err, h5err.ErrChecksum) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := dataset(t, g, "/fixed").ReadAny(context.Background()); err != nil {
			t.Errorf("another dataset: %v", err)
		}
	}
}

func TestAFileThatIsMarkedAsOpenForWritingIsReadWithAWarning(t *testing.T) {
	for _, flags := range []byte{1, 5} {
		image := trapImage(t, "graph_latest")
		image[11] = flags
		f := openImage(t, reseal(image))
		w := f.Warnings()
		if len(w) != 1 || !errors.Is(w[0], h5err.ErrOpenForWrite) || f.Superblock().Flags != uint32(flags) {
			t.Errorf("flags %d: warnings %v", flags, w)
		}
		if errs := readAll(f); len(errs) > 0 {
			t.Errorf("flags %d: %v", flags, errs)
		}
		// Its writer may be behind with the length of the file.
		g, err := hdf5.OpenBytes(image[:len(image)-1])
		if err != nil || len(g.Warnings()) != 2 {
			t.Errorf("flags %d, cut: %v", flags, err)
		}
	}
	image := trapImage(t, "graph_latest")
	image[11] = 4
	if w := openImage(t, reseal(image)).Warnings(); len(w) != 0 {
		t.Errorf("the SWMR flag alone is no sign of a writer: %v", w)
	}
	old := trapImage(t, "graph_earliest")
	old[20] = 1
	if w := openImage(t, old).Warnings(); len(w) != 0 {
		t.Errorf("the flags of old superblocks mean nothing: %v", w)
	}
}

// A file that was cut says so; nothing of it is given as if it were whole.
func TestTruncatedFilesAreRefused(t *testing.T) {
	for _, name := range []string{"graph_latest", "graph_earliest", "edges", "sohm_old"} {
		whole := trapImage(t, name)
		for n := 0; n < len(whole); n += max(1, min(n/7, 997)) {
			_, err := hdf5.OpenBytes(whole[:n:n])
			if n < 9 && !errors.Is(err, h5err.ErrNotHDF5) && n < 8 || n >= 9 && !errors.Is(err, h5err.ErrTruncated) {
				t.Errorf("%s: %d of %d bytes: %v", name, n, len(whole), err)
			}
		}
		if _, err := hdf5.OpenBytes(append(whole, 1, 2, 3)); err != nil {
			t.Errorf("%s: bytes behind the end do no harm: %v", name, err)
		}
	}
}

func TestFamiliesAndSplitFilesAreOpenedByTheirFirstMember(t *testing.T) {
	for name, want := range map[string]string{"family00.h5": "family", "split-m.h5": "split"} {
		f := openFile(t, "testdata/traps/"+name)
		sb := f.Superblock()
		if sb.Driver != want || len(sb.Members) < 2 || sb.Members[0] != name && sb.Members[1] != name {
			t.Errorf("%s: %+v", name, sb)
		}
		got, err := hdf5.Read[uint16](context.Background(), dataset(t, f, "/g/x"))
		if err != nil || len(got) != 600 || got[599] != 599 {
			t.Errorf("%s: %d elements, %v", name, len(got), err)
		}
		if errs := readAll(f); len(errs) > 0 {
			t.Errorf("%s: %v", name, errs)
		}
	}
	if _, err := hdf5.Open("testdata/traps/family01.h5"); !errors.Is(err, h5err.ErrNotHDF5) {
		t.Errorf("a member that is not the first: %v", err)
	}
	dir := t.TempDir()
	for _, member := range []string{"family00.h5", "family01.h5", "family03.h5", "split-m.h5"} {
		b, err := os.ReadFile("testdata/traps/" + member)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, member), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if f, err := hdf5.Open(filepath.Join(dir, "family00.h5")); err == nil {
		t.Error("a family without its third member was opened")
		f.Close()
	} else if !errors.Is(err, h5err.ErrTruncated) && !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a family without its third member: %v", err)
	}
	if _, err := hdf5.Open(filepath.Join(dir, "split-m.h5")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a split file without its raw data: %v", err)
	}
}

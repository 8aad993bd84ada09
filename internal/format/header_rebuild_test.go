package format

import (
	"bytes"
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"gables/hdf5/dataspace"
)

// What a decoder gives, with the version that its caller must choose again.
type (
	spaceOf struct {
		d       *dataspace.Dataspace
		version uint8
	}
	fillOf struct {
		f       *Fill
		version uint8
	}
	pipelineOf struct {
		f       []FilterSpec
		version uint8
	}
)

// appendAgain appends all that a walk met and gives what differs; count is
// told of each record.
func (w *headerWalk) appendAgain(count func(string), differs func(what string, got, want []byte, err error)) {
	got, err := AppendSuperblock(nil, w.sb)
	want := w.b[:min(len(w.b), SuperblockBytes(w.sb.Version, w.s))]
	if err != nil || !bytes.Equal(got, want) {
		differs("superblock", got, want, err)
	}
	count(fmt.Sprintf("superblock %d", w.sb.Version))
	for _, c := range w.chunks {
		got, err := w.rebuild(c, func(m Message, body []byte) {
			switch m.Type {
			case MsgNIL:
				count(fmt.Sprintf("NIL %d", body[0]))
			case gapInTests:
				count("gap")
			case MsgDataspace, MsgFill, MsgFilterPipeline, MsgAttribute, MsgFileSpaceInfo:
				count(fmt.Sprintf("message %#02x %d", uint16(m.Type), body[0]))
			default:
				count(fmt.Sprintf("message %#02x", uint16(m.Type)))
			}
			if m.Shared() {
				count(fmt.Sprintf("shared %d", body[0]))
			}
		})
		if err != nil || !bytes.Equal(got, c.raw) {
			differs(fmt.Sprintf("chunk of version %d", c.h.Version), got, c.raw, err)
		}
		count(fmt.Sprintf("header %d, first %t", c.h.Version, c.first))
		count(fmt.Sprintf("header flags %#02x", c.h.Flags))
	}
	for _, want := range w.entries {
		list, err := DecodeSymbolNode(append([]byte("SNOD\x01\x00\x01\x00"), want...), w.s)
		if err != nil {
			differs("entry", nil, want, err)
			continue
		}
		got, err := AppendSymbolTableEntry(nil, &list[0], w.s)
		if err != nil || !bytes.Equal(got, want) {
			differs("entry", got, want, err)
		}
		count(fmt.Sprintf("entry %d", list[0].CacheType))
	}
}

func TestHeadersOfLibhdf5AreAppendedByteForByte(t *testing.T) {
	met := map[string]int{}
	for name, b := range headerFiles(t) {
		w := walkHeaders(b, func(err error) { t.Errorf("%s: %v", name, err) })
		if w == nil {
			t.Fatalf("%s: no superblock", name)
		}
		w.appendAgain(func(what string) { met[what]++ }, func(what string, got, want []byte, err error) {
			t.Errorf("%s: %s: %v\n got % x\nwant % x", name, what, err, got, want)
		})
	}
	for _, what := range []string{"superblock 0", "superblock 1", "superblock 2", "superblock 3", "header 1, first true", "header 1, first false",
		"header 2, first true", "header 2, first false", "gap", "NIL 1", "NIL 2", "shared 2", "shared 3", "entry 0", "entry 1", "entry 2",
		"message 0x01 1", "message 0x01 2", "message 0x05 2", "message 0x05 3", "message 0x0b 1", "message 0x0b 2", "message 0x0c 1", "message 0x0c 2", "message 0x0c 3",
		"message 0x17 1", "message 0x02", "message 0x04", "message 0x06", "message 0x07", "message 0x0a", "message 0x0d", "message 0x10", "message 0x11", "message 0x12",
		"message 0x13", "message 0x15", "message 0x16", "header flags 0x2d", "header flags 0x30"} {
		if met[what] == 0 {
			t.Errorf("no %s was met", what)
		}
	}
}

// Files of many writers. What can't come out the same is an old pointer with
// the name of the type in it, a link whose name has a longer length than it
// needs, a message wider than its pointer, and file space info of releases
// before 1.10.
func TestHeadersOfTheCorpusAreAppendedByteForByte(t *testing.T) {
	dir := filepath.Join(cmp.Or(os.Getenv("GABLES_SHARED"), "../../../shared"), "corpus", "visible")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no corpus: %v", err)
	}
	strange := map[string]bool{"fsm_aggr_persist.h5": true, "paged_nopersist.h5": true, "paged_persist.h5": true, "tcompound.h5": true,
		"h5stat_tsohm.h5": true, "utf8-fixed-length.hdf5": true, "var-length-strings-reused.hdf5": true}
	records := 0
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if i, err := d.Info(); err != nil || i.Size() > 4<<20 {
			return err
		}
		b, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		if w := walkHeaders(b, func(error) {}); w != nil {
			w.appendAgain(func(string) { records++ }, func(what string, got, want []byte, err error) {
				if !strange[filepath.Base(p)] {
					t.Errorf("%s: %s: %v\n got % x\nwant % x", p, what, err, got, want)
				}
			})
		}
		return nil
	})
	if err != nil || records < 50000 {
		t.Errorf("%d records, %v", records, err)
	}
}

package hdf5_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"testing"

	"gables/hdf5"
	"gables/hdf5/h5err"
)

// oldMessage is where a message of a version 1 header lies in the file.
type oldMessage struct {
	kind uint16
	head int // position of type 2, size 2, flags 1, reserved 3
	data int
	size int
}

// oldMessages gives the messages of a version 1 header, which has no checksum.
func oldMessages(t *testing.T, image []byte, addr uint64) []oldMessage {
	t.Helper()
	at := int(addr)
	if image[at] != 1 {
		t.Fatalf("a header of version %d", image[at])
	}
	var list []oldMessage
	blocks := [][2]int{{at + 16, at + 16 + int(binary.LittleEndian.Uint32(image[at+8:]))}}
	for len(blocks) > 0 {
		at, end := blocks[0][0], blocks[0][1]
		for blocks = blocks[1:]; at+8 <= end; {
			m := oldMessage{binary.LittleEndian.Uint16(image[at:]), at, at + 8, int(binary.LittleEndian.Uint16(image[at+2:]))}
			list = append(list, m)
			at = m.data + m.size
			if m.kind == 0x10 {
				start := int(binary.LittleEndian.Uint64(image[m.data:]))
				blocks = append(blocks, [2]int{start, start + int(binary.LittleEndian.Uint64(image[m.data+8:]))})
			}
		}
	}
	return list
}

// find gives the first message of a type of the object at a path.
func find(t *testing.T, image []byte, path string, kind uint16) (oldMessage, bool) {
	t.Helper()
	o, err := openImage(t, image).Object(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range oldMessages(t, image, o.Address()) {
		if m.kind == kind {
			return m, true
		}
	}
	return oldMessage{}, false
}

// Messages of types that nobody knows are passed over, unless their flags ask
// that the object be given up: then that object is, and no other.
func TestUnknownMessagesArePassedOverUnlessTheyMustBeKnown(t *testing.T) {
	whole := trapImage(t, "fill_earliest")
	const path = "/record"
	m, ok := find(t, whole, path, 0)
	if !ok {
		t.Fatal("the header has no room for another message")
	}
	for _, c := range []struct {
		kind  uint16
		flags byte
		want  error
	}{{0x60, 0, nil}, {0x60, 0x08, nil}, {0x60, 0x10, nil}, {0x60, 0x80, h5err.ErrUnsupported}, {0x09, 0x80, h5err.ErrUnsupported}, {0x1234, 0x88, h5err.ErrUnsupported}} {
		image := bytes.Clone(whole)
		binary.LittleEndian.PutUint16(image[m.head:], c.kind)
		image[m.head+4] = c.flags
		f := openImage(t, image)
		d, err := f.Dataset(path)
		if !errors.Is(err, c.want) {
			t.Errorf("type 0x%x with flags 0x%x: got %v, want %v", c.kind, c.flags, err, c.want)
		}
		if c.want == nil {
			if _, err := d.ReadAny(context.Background()); err != nil {
				t.Errorf("type 0x%x: %v", c.kind, err)
			}
		}
		if errs := readAll(f); len(errs) > 1 || (len(errs) == 1) != (c.want != nil) {
			t.Errorf("type 0x%x with flags 0x%x: %v", c.kind, c.flags, errs)
		}
	}
}

// What can't be decoded is an error of its object, which names it; nothing
// vanishes, and all other objects are read.
func TestAMessageThatCanNotBeDecodedIsAnErrorOfItsObject(t *testing.T) {
	whole := trapImage(t, "fill_earliest")
	for _, c := range []struct {
		path string
		kind uint16
		at   int // byte of the message that is changed
		to   byte
		want error
	}{
		{"/record", 0x08, 0, 9, h5err.ErrUnsupported},    // layout version
		{"/record", 0x08, 1, 7, h5err.ErrCorrupt},        // layout class
		{"/record", 0x01, 0, 9, h5err.ErrUnsupported},    // dataspace version
		{"/record", 0x03, 0, 0x96, h5err.ErrUnsupported}, // datatype version
		{"/record", 0x05, 0, 9, h5err.ErrUnsupported},    // fill value version
		{"/record", 0x05, 4, 200, h5err.ErrCorrupt},      // fill value size
		{"/whole never", 0x08, 3, 0x10, nil},             // address of the index: only the data can't be read
	} {
		image := bytes.Clone(whole)
		m, ok := find(t, image, c.path, c.kind)
		if !ok {
			t.Fatalf("%s has no message of type 0x%x", c.path, c.kind)
		}
		image[m.data+c.at] = c.to
		f := openImage(t, image)
		_, err := f.Dataset(c.path)
		if !errors.Is(err, c.want) {
			t.Errorf("%s, type 0x%x, byte %d: got %v, want %v", c.path, c.kind, c.at, err, c.want)
		}
		errs := readAll(f)
		if len(errs) != 1 || !bytes.Contains([]byte(errs[0].Error()), []byte(c.path)) {
			t.Errorf("%s, type 0x%x, byte %d: %v", c.path, c.kind, c.at, errs)
		}
	}
}

func TestAnAttributeThatCanNotBeDecodedIsToldAndTheOthersFollow(t *testing.T) {
	whole := trapImage(t, "attrs_old")
	m, ok := find(t, whole, "/n008", 0x0c)
	if !ok {
		t.Fatal("no attribute")
	}
	image := bytes.Clone(whole)
	// Name and sizes take 8 bytes each; the datatype follows. Its version becomes 9.
	image[m.data+16] |= 0x90
	f := openImage(t, image)
	o, err := f.Object("/n008")
	if err != nil {
		t.Fatal(err)
	}
	good, bad := 0, 0
	for a, err := range o.Attributes() {
		switch {
		case err == nil:
			good++
		case a != nil && a.Name() != "" && errors.Is(err, h5err.ErrUnsupported):
			bad++
			if _, err := o.Attribute(a.Name()); !errors.Is(err, h5err.ErrUnsupported) {
				t.Errorf("%s by name: %v", a.Name(), err)
			}
		default:
			t.Error(err)
		}
	}
	if good != 7 || bad != 1 {
		t.Errorf("%d attributes can be read, %d can't", good, bad)
	}
	if _, err := o.Attribute("absent"); !errors.Is(err, h5err.ErrNotFound) {
		t.Errorf("absent is not damaged: %v", err)
	}
}

// A pointer to a shared message must be followed, not decoded.
func TestASharedMessageIsAPointer(t *testing.T) {
	image := trapImage(t, "graph_earliest")
	m, ok := find(t, image, "/typed", 0x03)
	if !ok || image[m.head+4]&2 == 0 {
		t.Fatal("the datatype is not shared")
	}
	// Without the flag the pointer would be taken for a datatype.
	image[m.head+4] &^= 2
	if _, err := openImage(t, image).Dataset("/typed"); err == nil {
		t.Error("a pointer was decoded as a datatype")
	}
	image[m.head+4] |= 2
	// A pointer to an object without a datatype.
	o, err := openImage(t, image).Object("/a")
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(image[m.data:m.data+m.size], binary.LittleEndian.AppendUint64(nil, dataset(t, openImage(t, image), "/typed").Type().Committed))
	binary.LittleEndian.PutUint64(image[m.data+at:], o.Address())
	if _, err := openImage(t, image).Dataset("/typed"); !errors.Is(err, h5err.ErrCorrupt) {
		t.Errorf("got %v", err)
	}
}

// FuzzFile opens any bytes as a file and reads all of it: no panic, no memory
// beyond the limits, no endless loop.
func FuzzFile(f *testing.F) {
	for _, name := range []string{"order_compact", "order_dense", "space_none", "graph_latest", "graph_earliest", "heap_tiny", "masks_latest", "attrs_phase", "btreek_ext", "sohm_btree"} {
		f.Add(trapImage(f, name))
	}
	limits := hdf5.DefaultLimits()
	limits.Alloc, limits.VLBytes, limits.Chunk, limits.Objects, limits.Metadata = 1<<20, 1<<20, 1<<20, 5000, 1<<20
	f.Fuzz(func(t *testing.T, image []byte) {
		if len(image) >= 48 && image[8] >= 2 && image[9] == 8 {
			image = reseal(bytes.Clone(image))
		}
		file, err := hdf5.OpenBytes(image, hdf5.WithLimits(limits), hdf5.WithWorkers(2))
		if err != nil {
			return
		}
		readAll(file)
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	})
}

package format

import (
	"bytes"
	"testing"

	"gables/hdf5/h5err"
	"gables/internal/wire"
)

// superblockV0 builds a superblock of version 0 or 1 with a value of its own in
// each field.
func superblockV0(version byte, s wire.Sizes) []byte {
	r := rec(s).text(Signature).raw(version, 0, 0, 0, 0, byte(s.Offset), byte(s.Length), 0).u16(5).u16(17).u32(3)
	if version == 1 {
		r.u16(33).u16(0)
	}
	r.offset(0x200).offset(0x301).offset(0x402).offset(0x503)
	return r.length(0x16).offset(0x60).u32(1).zero(4).offset(0x88).offset(0x2a8).zero(16 - 2*s.Offset).b
}

func superblockV2(version, flags byte, s wire.Sizes) []byte {
	return rec(s).text(Signature).raw(version, byte(s.Offset), byte(s.Length), flags).offset(0x200).offset(0x301).offset(0x402).offset(0x503).sum().b
}

func TestOldSuperblockFieldsHaveTheirPlaces(t *testing.T) {
	for _, s := range unlike {
		for _, v := range []byte{0, 1} {
			sb, err := DecodeSuperblock(append(superblockV0(v, s), 0xee, 0xee))
			if err != nil {
				t.Errorf("%v: %v", s, err)
				continue
			}
			want := Superblock{Version: v, Sizes: s, Flags: 3, LeafK: 5, InternalK: 17, Base: 0x200, FreeSpace: 0x301, EndOfFile: 0x402,
				DriverInfo: 0x503, Extension: wire.Undefined, Root: 0x60,
				RootEntry: SymbolTableEntry{NameOffset: 0x16, Header: 0x60, CacheType: CacheGroup, BTree: 0x88, Heap: 0x2a8}}
			if v == 1 {
				want.ChunkK = 33
			}
			if *sb != want {
				t.Errorf("%v, version %d:\n got %+v\nwant %+v", s, v, *sb, want)
			}
		}
	}
}

func TestNewSuperblockFieldsHaveTheirPlaces(t *testing.T) {
	for _, s := range unlike {
		for _, v := range []byte{2, 3} {
			sb, err := DecodeSuperblock(append(superblockV2(v, 5, s), 0xee))
			want := Superblock{Version: v, Sizes: s, Flags: 5, Base: 0x200, Extension: 0x301, EndOfFile: 0x402, Root: 0x503,
				FreeSpace: wire.Undefined, DriverInfo: wire.Undefined}
			if err != nil || *sb != want {
				t.Errorf("%v: %v\n got %+v\nwant %+v", s, err, sb, want)
			}
		}
	}
	b := superblockV2(3, 0, unlike[1])
	mustFail(t, "superblock", b, h5err.ErrTruncated, func(b []byte) error {
		if len(b) < 8 {
			return h5err.ErrTruncated
		}
		_, err := DecodeSuperblock(b)
		return err
	})
	for i := 12; i < len(b); i++ {
		c := bytes.Clone(b)
		c[i] ^= 1
		_, err := DecodeSuperblock(c)
		wants(t, "changed", err, h5err.ErrChecksum)
	}
}

func TestSuperblocksThatBreakARuleAreRefused(t *testing.T) {
	at := func(b []byte, i int, v byte) []byte {
		c := bytes.Clone(b)
		c[i] = v
		return c
	}
	old, s := superblockV0(0, unlike[0]), unlike[0]
	for _, c := range []struct {
		name string
		b    []byte
		want error
	}{
		{"signature", at(old, 3, 'X'), h5err.ErrNotHDF5},
		{"empty", nil, h5err.ErrNotHDF5},
		{"version 4", at(old, 8, 4), h5err.ErrUnsupported},
		{"free space version", at(old, 9, 1), h5err.ErrUnsupported},
		{"root version", at(old, 10, 1), h5err.ErrUnsupported},
		{"shared header version", at(old, 12, 1), h5err.ErrUnsupported},
		{"offsets of 3", at(old, 13, 3), h5err.ErrCorrupt},
		{"lengths of 0", at(old, 14, 0), h5err.ErrCorrupt},
		{"offsets of 16", at(old, 13, 16), h5err.ErrUnsupported},
		{"lengths of 32", at(old, 14, 32), h5err.ErrUnsupported},
		{"leaf K", at(old, 16, 0), h5err.ErrCorrupt},
		{"internal K", at(old, 18, 0), h5err.ErrCorrupt},
		{"cache type", at(old, 24+4*8+16, 3), h5err.ErrCorrupt},
		{"short", old[:len(old)-1], h5err.ErrTruncated},
		{"very short", old[:12], h5err.ErrTruncated},
		{"new, offsets of 5", superblockV2(2, 0, wire.Sizes{Offset: 5, Length: 8}), h5err.ErrCorrupt},
		{"new, lengths of 16", superblockV2(2, 0, wire.Sizes{Offset: 8, Length: 16}), h5err.ErrUnsupported},
	} {
		_, err := DecodeSuperblock(c.b)
		wants(t, c.name, err, c.want)
	}
	if n := len(superblockV0(1, s)); n > SuperblockSize {
		t.Errorf("a superblock has %d bytes, SuperblockSize is %d", n, SuperblockSize)
	}
}

func TestDriverInformationNamesFamilyAndMembers(t *testing.T) {
	block := rec(unlike[0]).raw(0, 0, 0, 0).u32(8).text("NCSAfami").u64(0x12345)
	d, err := DecodeDriverInfo(append(block.b, 9, 9))
	if err != nil || d.Name != "NCSAfami" {
		t.Fatalf("%+v, %v", d, err)
	}
	if n, err := d.Family(); n != 0x12345 || err != nil {
		t.Errorf("0x%x, %v", n, err)
	}
	mustFail(t, "block", block.b, h5err.ErrCorrupt, func(b []byte) error { _, err := DecodeDriverInfo(b); return err })
	m := rec(unlike[0]).raw(0).text("NCSAfami").u16(8).u64(7)
	if d, err = DecodeDriverInfoMessage(m.b); err != nil || d.Name != "NCSAfami" || len(d.Data) != 8 {
		t.Errorf("%+v, %v", d, err)
	}
	mustFail(t, "message", m.b, h5err.ErrCorrupt, func(b []byte) error { _, err := DecodeDriverInfoMessage(b); return err })
	_, err = (&DriverInfo{Data: make([]byte, 8)}).Family()
	wants(t, "family of 0 bytes", err, h5err.ErrCorrupt)
	_, err = (&DriverInfo{Data: make([]byte, 7)}).Family()
	wants(t, "short family", err, h5err.ErrCorrupt)
	block.b[0], m.b[0] = 1, 1
	_, err = DecodeDriverInfo(block.b)
	wants(t, "version of the block", err, h5err.ErrUnsupported)
	_, err = DecodeDriverInfoMessage(m.b)
	wants(t, "version of the message", err, h5err.ErrUnsupported)
}

func TestMembersOfAMultiFileFollowTheMap(t *testing.T) {
	// Types 1, 3 and 5 share the first member, the others the second.
	data := rec(unlike[0]).raw(1, 2, 1, 2, 1, 2, 0, 0).u64(0).u64(0x100).u64(1 << 62).u64(0x200).text("%s-m.h5\x00").text("%s-rawdata.h5\x00\x00\x00")
	list, err := (&DriverInfo{Data: data.b}).Multi()
	if err != nil || len(list) != 2 || list[0] != (MultiMember{0, 0x100, "%s-m.h5"}) || list[1] != (MultiMember{1 << 62, 0x200, "%s-rawdata.h5"}) {
		t.Errorf("%+v, %v", list, err)
	}
	data.b[2] = 7
	_, err = (&DriverInfo{Data: data.b}).Multi()
	wants(t, "map", err, h5err.ErrCorrupt)
	data.b[2] = 0 // its own type, 3
	_, err = (&DriverInfo{Data: data.b}).Multi()
	wants(t, "a third member without room", err, h5err.ErrCorrupt)
}

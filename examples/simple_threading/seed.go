package main

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os"
)

const undefined = math.MaxUint64

// Positions in the file, all multiples of 8.
const (
	rootAt  = 96
	treeAt  = rootAt + 512
	heapAt  = treeAt + 544
	namesAt = heapAt + 32
	nodeAt  = namesAt + 88
	arrayAt = nodeAt + 328
	dataAt  = arrayAt + 1024
)

// makeFile writes one contiguous float64 dataset, /array, as PyTables'
// create_array would: superblock 0, a symbol table group, version 1 headers.
func makeFile(name string) error {
	var b []byte
	b = superblock(b)
	b = pad(b, rootAt)
	b = header(b, 512,
		message(0x11, words(treeAt, heapAt)),
		text("TITLE", ""), text("CLASS", "GROUP"), text("VERSION", "1.0"), text("PYTABLES_FORMAT_VERSION", "2.1"))
	b = pad(b, treeAt)
	b = append(b, "TREE\x00\x00\x01\x00"...)
	b = append(b, words(undefined, undefined, 0, nodeAt, 8)...)
	b = pad(b, heapAt)
	b = append(b, "HEAP\x00\x00\x00\x00"...)
	b = append(b, words(88, 16, namesAt)...)
	b = append(b, "\x00\x00\x00\x00\x00\x00\x00\x00array\x00\x00\x00"...)
	b = append(b, words(1, 72)...)
	b = pad(b, nodeAt)
	b = append(b, "SNOD\x01\x00\x01\x00"...)
	b = append(b, words(8, arrayAt, 0, 0, 0)...)
	b = pad(b, arrayAt)
	b = header(b, 1024,
		message(0x01, append([]byte{1, 2, 1, 0, 0, 0, 0, 0}, words(rows, columns, rows, columns)...)),
		message(0x03, append([]byte{0x11, 0x20, 63, 0, 8, 0, 0, 0, 0, 0, 64, 0, 52, 11, 0, 52}, 0xff, 3, 0, 0, 0, 0, 0, 0)),
		message(0x05, []byte{2, 2, 2, 1, 0, 0, 0, 0}),
		message(0x08, append(append([]byte{3, 1}, words(dataAt, rows*columns*8)...), 0, 0, 0, 0, 0, 0)),
		text("CLASS", "ARRAY"), text("VERSION", "2.4"), text("TITLE", "Test Array"), text("FLAVOR", "numpy"))
	b = pad(b, dataAt)
	for range rows * columns {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(rand.Float64()))
	}
	return os.WriteFile(name, b, 0o666)
}

func superblock(b []byte) []byte {
	b = append(b, "\x89HDF\r\n\x1a\n\x00\x00\x00\x00\x00\x08\x08\x00\x04\x00\x10\x00\x00\x00\x00\x00"...)
	b = append(b, words(0, undefined, dataAt+rows*columns*8, undefined)...)
	return append(b, words(0, rootAt, 1, treeAt, heapAt)...)
}

// header is a version 1 object header of size bytes with the messages, and a
// NIL message in what remains.
func header(b []byte, size int, messages ...[]byte) []byte {
	start := len(b)
	b = append(b, 1, 0, byte(len(messages)+1), 0, 1, 0, 0, 0)
	b = binary.LittleEndian.AppendUint32(b, uint32(size-16))
	b = append(b, 0, 0, 0, 0)
	for _, m := range messages {
		b = append(b, m...)
	}
	return append(b, message(0, make([]byte, size-(len(b)-start)-8))...)
}

// message is a version 1 header message; body is padded to 8 bytes.
func message(kind byte, body []byte) []byte {
	n := (len(body) + 7) &^ 7
	m := []byte{kind, 0, byte(n), byte(n >> 8), 0, 0, 0, 0}
	return append(append(m, body...), make([]byte, n-len(body))...)
}

// text is a UTF-8 string attribute; an empty one has a null dataspace, as
// PyTables writes it.
func text(name, value string) []byte {
	space := []byte{1, 0, 0, 0, 0, 0, 0, 0}
	if value == "" {
		space = []byte{2, 0, 0, 2}
	}
	b := []byte{1, 0, byte(len(name) + 1), 0, 8, 0, byte(len(space)), 0}
	b = padTo8(append(b, name+"\x00"...))
	b = append(b, 0x13, 0x10, 0, 0, byte(max(len(value), 1)), 0, 0, 0)
	b = padTo8(append(b, space...))
	return message(0x0c, append(b, value...))
}

func words(values ...uint64) []byte {
	var b []byte
	for _, v := range values {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	return b
}

func padTo8(b []byte) []byte { return pad(b, (len(b)+7)&^7) }

func pad(b []byte, n int) []byte { return append(b, make([]byte, n-len(b))...) }

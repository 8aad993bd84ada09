//go:build purego || !(amd64 || arm64)

package deflate

import "encoding/binary"

// load64, store64 and store32 move little-endian words at b[i:].

func load64(b []byte, i int) uint64 { return binary.LittleEndian.Uint64(b[i:]) }

func store64(b []byte, i int, v uint64) { binary.LittleEndian.PutUint64(b[i:], v) }

func store32(b []byte, i int, v uint32) { binary.LittleEndian.PutUint32(b[i:], v) }

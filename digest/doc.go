// Package digest describes an HDF5 file and everything in it by values that
// do not depend on how the file is laid out: names, shapes, datatypes, and the
// SHA-256 of each value's canonical bytes. Two files hold the same data if
// their digests agree, however they are chunked, filtered or ordered.
//
// The canonical bytes of a value are its elements in row-major order without
// padding or framing, every number little-endian:
//
//	integer, bitfield   two's complement, widened to 1, 2, 4, 8 or 16 bytes
//	float               binary16/32/64 bit for bit; any other as binary64
//	complex             real, imaginary
//	time, opaque        stored bytes (time as little-endian)
//	string              all bytes, padding included; of variable length: count
//	                    in 4 bytes, then the bytes before the first NUL
//	enum, array         as the base
//	vlen                count in 4 bytes, then the elements
//	compound            the members, in the file's order
//	reference           the target's path, see Source
//
// Values stream through bounded memory, whatever their size. All functions
// are safe for concurrent use.
package digest

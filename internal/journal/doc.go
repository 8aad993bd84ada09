// Package journal makes what a writer changes in a file atomic and durable: a
// redo log beside the file takes what replaces visible bytes, and is applied to
// the file after it is safe; space that nobody sees is written directly.
//
// A transaction goes: WriteFresh and Stage, any number of times; Commit, which
// returns when the transaction is durable; Checkpoint, which brings the file
// itself, as other programs see it, up to the last commit. A checkpoint that
// was cut off is repeated by the next Open.
//
// Readers in the process hold Snapshots: they never wait for the writer and
// see one commit, whatever is written meanwhile.
//
// WriteFresh may be called by any number of goroutines for ranges apart. All
// other methods that change something belong to one goroutine at a time, and
// to none while WriteFresh is running. Current, Pin, and the methods of a
// pinned Snapshot are for any goroutine at any time.
//
// The log (little-endian; a chain of CRC-32C that starts with the header runs
// through all frames, so that one of an earlier round is never taken for one of
// this):
//
//	header, 512 bytes: "gableswl", version 2, superblock size 2, 0 4, salt 8,
//	  superblock position 8, file size 8, transaction 8, 0 16, superblock, 0,
//	  checksum 4 at 508
//	frame: chain 4, kind 1, flags 1, 0 2, attempt 4, count 4, address or
//	  transaction 8, payload size 8, payload
//
// The kinds: data; commit (payload: end of the file 8, boot 8; count: how many
// data frames); settle (what was committed before is on the medium too);
// checkpoint (payload: file size 8, superblock).
package journal

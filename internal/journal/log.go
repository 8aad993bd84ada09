package journal

import (
	"encoding/binary"
	"hash/crc32"

	"gables/hdf5/driver"
	"gables/hdf5/h5err"
)

const (
	logMagic    = "gableswl"
	logVersion  = 1
	headerSize  = 512
	frameSize   = 32
	commitSize  = 16
	superblocks = 256 // room for a superblock in the header
	payloadMost = 1 << 26
)

// The kinds of frames.
const (
	frameData = 1 + iota
	frameCommit
	frameSettle
	frameCheckpoint
)

// flagSettled says that the bytes outside the log that a commit counts on were
// durable when it was written.
const flagSettled = 1

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// identity is how a log knows its file.
type identity struct {
	at          uint64 // position of the superblock
	superblock  []byte
	size        uint64 // of the file
	transaction uint64 // that the file shows
}

// frame is the head of a record in the log.
type frame struct {
	chain   uint32
	kind    byte
	flags   byte
	attempt uint32 // tells a transaction's frames from those of one that was given up
	count   uint32
	address uint64
	size    uint64
}

func (f frame) put(b []byte) {
	binary.LittleEndian.PutUint32(b, f.chain)
	b[4], b[5], b[6], b[7] = f.kind, f.flags, 0, 0
	binary.LittleEndian.PutUint32(b[8:], f.attempt)
	binary.LittleEndian.PutUint32(b[12:], f.count)
	binary.LittleEndian.PutUint64(b[16:], f.address)
	binary.LittleEndian.PutUint64(b[24:], f.size)
}

func readFrame(b []byte) frame {
	return frame{chain: binary.LittleEndian.Uint32(b), kind: b[4], flags: b[5],
		attempt: binary.LittleEndian.Uint32(b[8:]), count: binary.LittleEndian.Uint32(b[12:]),
		address: binary.LittleEndian.Uint64(b[16:]), size: binary.LittleEndian.Uint64(b[24:])}
}

// appendHeader encodes the header of a round.
func appendHeader(b []byte, salt uint64, id identity) []byte {
	h := make([]byte, headerSize)
	copy(h, logMagic)
	binary.LittleEndian.PutUint16(h[8:], logVersion)
	binary.LittleEndian.PutUint16(h[10:], uint16(len(id.superblock)))
	binary.LittleEndian.PutUint64(h[16:], salt)
	binary.LittleEndian.PutUint64(h[24:], id.at)
	binary.LittleEndian.PutUint64(h[32:], id.size)
	binary.LittleEndian.PutUint64(h[40:], id.transaction)
	copy(h[64:64+superblocks], id.superblock)
	binary.LittleEndian.PutUint32(h[508:], crc32.Checksum(h[:508], castagnoli))
	return append(b, h...)
}

// decodeHeader gives ok = false for a log that holds nothing: an empty one, one
// whose header was cut off while it was written. What is no log at all is an
// error, lest it be overwritten.
func decodeHeader(h []byte) (id identity, ok bool, err error) {
	for i := range min(len(logMagic), len(h)) {
		if h[i] != 0 && h[i] != logMagic[i] {
			return id, false, h5err.Corrupt("log", "signature", "the file is no log of ours")
		}
	}
	if len(h) < headerSize || binary.LittleEndian.Uint32(h[508:]) != crc32.Checksum(h[:508], castagnoli) {
		return id, false, nil
	}
	if v := binary.LittleEndian.Uint16(h[8:]); v != logVersion {
		return id, false, h5err.Unsupported("log", "version", "got %d, want %d", v, logVersion)
	}
	n := int(binary.LittleEndian.Uint16(h[10:]))
	if n > superblocks || string(h[:8]) != logMagic {
		return id, false, h5err.Corrupt("log", "superblock size", "%d", n)
	}
	return identity{at: binary.LittleEndian.Uint64(h[24:]), size: binary.LittleEndian.Uint64(h[32:]),
		transaction: binary.LittleEndian.Uint64(h[40:]), superblock: append([]byte(nil), h[64:64+n]...)}, true, nil
}

// place is a point in the log at which a transaction may begin.
type place struct {
	at    uint64
	chain uint32
	begun bool // the round has a header
}

// logWriter appends to the log. Bytes wait in buf until flush.
type logWriter struct {
	place          // of what was given to it
	buf     []byte // ends at place.at
	good    place  // behind the last commit
	size    uint64 // of the log file
	attempt uint32
	count   uint32 // data frames of the transaction
	dirty   bool   // written since it was synced
	commits int    // of the round
	big     bool   // a commit frame of this transaction may have been written
}

// begin writes the header of a round, if that is not done.
func (w *logWriter) begin(salt uint64, id identity) {
	if w.begun {
		return
	}
	w.at, w.commits = 0, 0
	w.buf = appendHeader(w.buf[:0], salt, id)
	w.at, w.begun = headerSize, true
	w.chain = crc32.Checksum(w.buf, castagnoli)
}

// add appends a frame and gives the position of its payload.
func (w *logWriter) add(f frame, payload []byte) uint64 {
	f.attempt, f.size = w.attempt, uint64(len(payload))
	start := len(w.buf)
	w.buf = append(w.buf, make([]byte, frameSize)...)
	head := w.buf[start:]
	f.put(head)
	w.chain = crc32.Update(crc32.Update(w.chain, castagnoli, head[4:]), castagnoli, payload)
	binary.LittleEndian.PutUint32(head, w.chain)
	w.buf = append(w.buf, payload...)
	at := w.at + frameSize
	w.at = at + uint64(len(payload))
	if f.kind == frameData {
		w.count++
	}
	return at
}

const (
	growLeast = 64 << 10 // by which the log grows
	bufKeep   = 1 << 20  // the largest buffer that is kept
	flushAt   = 4 << 20  // buffered bytes that are written before a commit
)

// flush writes what waits. Space is taken first, as zeros, so that a full disk
// is met before anything counts on it, and syncing a commit need not also sync
// the file's new size.
func (w *logWriter) flush(log driver.Storage) error {
	if len(w.buf) == 0 {
		return nil
	}
	if err := w.reserve(log, w.at); err != nil {
		return err
	}
	w.dirty = true
	if _, err := log.WriteAt(w.buf, w.at-uint64(len(w.buf))); err != nil {
		return err
	}
	if cap(w.buf) > bufKeep {
		w.buf = nil
	}
	w.buf = w.buf[:0]
	return nil
}

func (w *logWriter) reserve(log driver.Storage, need uint64) error {
	if need <= w.size {
		return nil
	}
	grown := max(w.size+growLeast, need+need/4)
	grown -= grown % growLeast
	grown = max(grown, need)
	zeros := make([]byte, min(grown-w.size, 1<<20))
	for w.size < grown {
		n, err := log.WriteAt(zeros[:min(uint64(len(zeros)), grown-w.size)], w.size)
		w.size += uint64(n)
		if err != nil {
			return err
		}
	}
	return nil
}

// rewind forgets the frames of the transaction.
func (w *logWriter) rewind() {
	w.place = w.good
	w.buf = w.buf[:0]
	w.next()
}

// next begins a transaction.
func (w *logWriter) next() {
	w.attempt++
	w.count, w.big = 0, false
}

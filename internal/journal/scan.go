package journal

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"gables/hdf5/driver"
	"gables/hdf5/h5err"
	"gables/internal/format"
)

// found is what a log holds up to its last valid commit.
type found struct {
	id          identity // of the file, as of the last checkpoint
	layers      layers   // to be applied
	transaction uint64
	end         uint64
	superblock  []byte   // of the last commit
	seen        []uint32 // checksums of the superblocks of all commits since id
	place       place
	commits     int
	unsettled   bool
}

// window reads the log in large pieces.
type window struct {
	d    driver.Driver
	size uint64
	buf  []byte
	at   uint64
}

const windowSize = 1 << 20

// bytes gives n bytes at at, n at most windowSize; nil behind the end.
func (w *window) bytes(at uint64, n int) ([]byte, error) {
	if at > w.size || uint64(n) > w.size-at {
		return nil, nil
	}
	if at < w.at || at+uint64(n) > w.at+uint64(len(w.buf)) {
		if w.buf == nil {
			w.buf = make([]byte, 0, min(w.size, windowSize))
		}
		w.at, w.buf = at, w.buf[:min(uint64(cap(w.buf)), w.size-at)]
		if err := readFull(w.d, w.buf, at); err != nil {
			w.buf = w.buf[:0]
			return nil, err
		}
	}
	return w.buf[at-w.at:][:n], nil
}

// scanner follows the chain of frames.
type scanner struct {
	window
	boot   uint64
	now    found // with commits that may not count
	good   found
	list   []extent // of the transaction under way
	memory int64    // bytes of payload that may be kept in memory
	last   []byte   // payload of the last data frame, if it may be a superblock
}

// scan reads a log. ok is false when it holds no commit. Bytes behind the last
// valid commit are not looked at. memory is how much of it is kept there.
func scan(log driver.Driver, boot uint64, memory int64) (f found, ok bool, err error) {
	s := scanner{window: window{d: log, size: log.Size()}, boot: boot, memory: memory}
	head, err := s.bytes(0, int(min(s.size, headerSize)))
	if err != nil || len(head) == 0 {
		return f, false, err
	}
	id, ok, err := decodeHeader(head)
	if !ok {
		return f, false, err
	}
	s.now = found{id: id, transaction: id.transaction,
		place: place{at: headerSize, chain: crc32.Checksum(head, castagnoli), begun: true}}
	s.good = s.now
	for ok && err == nil {
		ok, err = s.step()
	}
	return s.good, s.good.commits > 0, err
}

// step takes one frame; ok is false behind the last valid one.
func (s *scanner) step() (ok bool, err error) {
	at := s.now.place.at
	head, err := s.bytes(at, frameSize)
	if head == nil {
		return false, err
	}
	f := readFrame(head)
	if f.kind == 0 || f.size > payloadMost || f.size > s.size-at-frameSize {
		return false, nil
	}
	chain := crc32.Update(s.now.place.chain, castagnoli, head[4:])
	var payload []byte
	for n := uint64(0); n < f.size; n += uint64(len(payload)) {
		if payload, err = s.bytes(at+frameSize+n, int(min(f.size-n, windowSize))); err != nil {
			return false, err
		}
		chain = crc32.Update(chain, castagnoli, payload)
	}
	if chain != f.chain {
		return false, nil
	}
	s.now.place.at, s.now.place.chain = at+frameSize+f.size, chain
	return s.take(f, at+frameSize, payload), nil
}

// take obeys a frame whose chain is right. payload is whole unless it is long.
func (s *scanner) take(f frame, pos uint64, payload []byte) bool {
	switch f.kind {
	case frameData:
		return s.data(f, pos, payload)
	case frameCommit:
		return s.commit(f, payload)
	case frameSettle:
		s.now.unsettled = false
		s.good = s.now
		return len(s.list) == 0
	case frameCheckpoint:
		return s.checkpoint(f, payload)
	}
	return false
}

func (s *scanner) data(f frame, pos uint64, payload []byte) bool {
	if f.size == 0 || f.address > 1<<63-1-f.size {
		return false
	}
	e := extent{at: f.address, n: int(f.size), pos: pos}
	if f.size <= windowSize && int64(f.size) <= s.memory {
		e.data = bytes.Clone(payload)
		s.memory -= int64(f.size)
	}
	s.last = nil
	if f.address == s.now.id.at && int(f.size) == len(s.now.id.superblock) {
		s.last = bytes.Clone(payload)
	}
	s.list = append(s.list, e)
	return true
}

func (s *scanner) commit(f frame, payload []byte) bool {
	if int(f.count) != len(s.list) || len(payload) != commitSize || f.address != s.now.transaction+1 || s.last == nil {
		return false
	}
	end, boot := binary.LittleEndian.Uint64(payload), binary.LittleEndian.Uint64(payload[8:])
	for _, e := range s.list {
		if e.end() > end {
			return false
		}
	}
	s.now.layers = s.now.layers.with(sorted(s.list))
	s.now.transaction, s.now.end, s.now.superblock = f.address, end, s.last
	s.now.seen = append(s.now.seen, crc32.Checksum(s.last, castagnoli))
	s.now.commits++
	s.list, s.last = nil, nil
	settled := f.flags&flagSettled != 0
	s.now.unsettled = !settled
	if settled || boot != 0 && boot == s.boot {
		s.good = s.now
	}
	return true
}

func (s *scanner) checkpoint(f frame, payload []byte) bool {
	if len(s.list) > 0 || len(payload) != 8+len(s.now.id.superblock) {
		return false
	}
	s.now.id.size = binary.LittleEndian.Uint64(payload)
	s.now.id.superblock = bytes.Clone(payload[8:])
	s.now.id.transaction = f.address
	s.now.layers, s.now.seen = nil, nil
	s.now.commits++
	s.good = s.now
	return true
}

// belongs tells whether the log is that of the file, which has so many bytes and
// this superblock at the place that the log names. A checkpoint may have been
// cut off in it at any byte.
func (f *found) belongs(name string, superblock []byte, size uint64) error {
	wrong := func(what string) error {
		return fmt.Errorf("%s%s belongs to another file, or another program has changed %s: %s: %w", name, Suffix, name, what, h5err.ErrChanged)
	}
	if size < f.id.size || size < f.end {
		return wrong(fmt.Sprintf("it has %d bytes, had %d", size, max(f.id.size, f.end)))
	}
	marked := bytes.Clone(f.id.superblock)
	if err := format.MarkSuperblock(marked, true); err != nil {
		return err
	}
	if len(superblock) != len(marked) {
		return wrong("superblock is shorter")
	}
	sum := crc32.Checksum(superblock, castagnoli)
	for _, s := range f.seen {
		if s == sum {
			return nil
		}
	}
	for i, b := range superblock {
		if b != f.id.superblock[i] && b != marked[i] && (f.superblock == nil || b != f.superblock[i]) {
			return wrong("superblock is another")
		}
	}
	return nil
}

package hdf5

import (
	"errors"
	"fmt"
	"io"
	"math"
	"sync/atomic"

	"gables/hdf5/driver"
	"gables/hdf5/h5err"
	"gables/internal/format"
	"gables/internal/journal"
	"gables/internal/metacache"
	"gables/internal/object"
	"gables/internal/wire"
)

// store is one state of a file as the handles that share a home see it: the
// metadata that was decoded from it and what the superblock says. A file that
// nobody in the process writes has a single one.
type store struct {
	*home
	snap        *journal.Snapshot // what drv is; nil for a file that can't change
	w           *writer           // whose uncommitted state this is; nil for what is committed
	transaction uint64            // of the last commit that it shows
	version     uint64            // of the draft, where w is set
	thaw        func()            // ends the use of a frozen state; nil for others
	drv         driver.Driver
	pins        atomic.Int64 // calls that use this state
	sb          *format.Superblock
	at          uint64 // position of the superblock
	ext         *format.FileSpaceInfo
	btreeK      *format.BTreeK
	driver      string // sec2, family, split, multi
	members     []string
	graph       *object.Graph
	warnings    []error
}

// newStore reads superblock and extension through d, which it owns from then
// on, also when it fails.
func newStore(h *home, d driver.Driver) (*store, error) {
	s := &store{home: h, drv: d, driver: "sec2"}
	if err := s.open(); err != nil {
		if closing := s.drv.Close(); closing != nil {
			err = errors.Join(err, closing)
		}
		return nil, h5err.In(err, h.name, "")
	}
	return s, nil
}

func (s *store) open() error {
	if err := s.findSuperblock(); err != nil {
		return err
	}
	if err := s.joinMembers(); err != nil {
		return err
	}
	if err := s.checkEnd(); err != nil {
		return err
	}
	cache := metacache.New(driver.Based(s.drv, s.at), s.sb.Sizes, wire.Limits(s.conf.limits))
	s.graph = &object.Graph{Cache: cache, Filters: s.conf.filters}
	if err := s.readExtension(); err != nil {
		return fmt.Errorf("superblock extension: %w", err)
	}
	if s.sb.Flags&format.FlagLockOut != 0 || s.sb.Flags&format.FlagWriteAccess != 0 && s.sb.Version >= 2 {
		s.warnings = append(s.warnings, &h5err.FormatError{File: s.name, Structure: "superblock", Field: "file consistency flags",
			Detail: "its writer is at work or has crashed, so it may be incomplete", Err: h5err.ErrOpenForWrite})
	}
	if _, err := s.graph.Open(s.sb.Root); err != nil {
		return fmt.Errorf("root group: %w", err)
	}
	return nil
}

// findSuperblock looks at 0, 512, 1024, 2048 and so on. The place where it is
// found is the base address, as libhdf5 has it: a user block may have been
// added or taken away since. Spec: II.A.
func (s *store) findSuperblock() error {
	for at := uint64(0); at < s.drv.Size() && at <= math.MaxInt64/2; at = max(512, at*2) {
		b := make([]byte, min(format.SuperblockSize, s.drv.Size()-at))
		if _, err := s.drv.ReadAt(b, at); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if len(b) < 8 || string(b[:8]) != format.Signature {
			continue
		}
		sb, err := format.DecodeSuperblock(b)
		if err != nil {
			return h5err.At(err, "superblock", at)
		}
		s.sb, s.at = sb, at
		return nil
	}
	return h5err.New(h5err.ErrNotHDF5, "superblock", "signature", "absent from %d bytes", s.drv.Size())
}

// checkEnd compares the stored end of the file with the real one. A file that
// is open for writing may be behind: that is a warning.
func (s *store) checkEnd() error {
	end := uint64(s.sb.EndOfFile)
	if s.sb.EndOfFile.Defined() {
		// The address is absolute, so it counts the user block that was there
		// when it was written.
		if e, ok := wire.Add(end-min(uint64(s.sb.Base), end), s.at); ok && e <= s.drv.Size() {
			return nil
		}
		// Members of a multi-file have an end each; the superblock's is the sum of their regions.
		if s.driver == "multi" || s.driver == "split" {
			return nil
		}
	}
	err := &h5err.FormatError{File: s.name, Structure: "superblock", Field: "end of file address",
		Detail: fmt.Sprintf("0x%x, the file has %d bytes", end, s.drv.Size()-s.at), Err: h5err.ErrTruncated}
	if s.sb.Version >= 2 && s.sb.Flags&format.FlagWriteAccess != 0 {
		s.warnings = append(s.warnings, err)
		return nil
	}
	return err
}

// readExtension reads what the superblock extension says. Spec: II.C.
func (s *store) readExtension() error {
	if !s.sb.Extension.Defined() {
		return nil
	}
	h, err := s.graph.Open(s.sb.Extension)
	if err != nil {
		return err
	}
	if m := h.Find(format.MsgSharedTable); m != nil {
		t, err := format.DecodeSharedTableMessage(m.Data, s.sb.Sizes)
		if err != nil {
			return err
		}
		if err := s.graph.LoadSharedTable(t); err != nil {
			return err
		}
	}
	if m := h.Find(format.MsgBTreeK); m != nil {
		if s.btreeK, err = format.DecodeBTreeK(m.Data); err != nil {
			return err
		}
	}
	if m := h.Find(format.MsgFileSpaceInfo); m != nil {
		// Releases before 1.10 wrote forms of this message that no specification
		// tells; nothing but the description of free space depends on it.
		if s.ext, err = format.DecodeFileSpaceInfo(m.Data, s.sb.Sizes); err != nil {
			s.ext = nil
			s.warnings = append(s.warnings, h5err.In(err, s.name, ""))
		}
	}
	if m := h.Find(format.MsgCacheImage); m != nil {
		return s.applyCacheImage(m.Data)
	}
	return nil
}

// applyCacheImage lays the metadata that the writer kept in a cache image over
// the file, whose own bytes at those addresses are stale or were never written.
func (s *store) applyCacheImage(body []byte) error {
	m, err := format.DecodeCacheImageMessage(body, s.sb.Sizes)
	if err != nil || !m.Address.Defined() {
		return err
	}
	cache := s.graph.Cache
	b, err := cache.Bytes(m.Address, m.Size)
	if err != nil {
		return h5err.At(err, "metadata cache image", uint64(m.Address))
	}
	entries, err := format.DecodeCacheImage(b, s.sb.Sizes)
	if err != nil {
		return h5err.At(err, "metadata cache image", uint64(m.Address))
	}
	patches := make([]driver.Patch, len(entries))
	for i, e := range entries {
		if end, ok := wire.Add(uint64(e.Address), uint64(len(e.Data))); !ok || end > uint64(s.sb.EndOfFile) {
			return h5err.Corrupt("metadata cache image", "entry", "%d bytes at 0x%x", len(e.Data), uint64(e.Address))
		}
		patches[i] = driver.Patch{Start: uint64(e.Address), Data: e.Data}
	}
	s.graph.Cache = metacache.New(driver.Patched(driver.Based(s.drv, s.at), patches), s.sb.Sizes, wire.Limits(s.conf.limits))
	return nil
}

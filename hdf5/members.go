package hdf5

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path"
	"regexp"
	"strings"

	"gables/hdf5/driver"
	"gables/hdf5/h5err"
	"gables/internal/format"
	"gables/internal/metacache"
	"gables/internal/object"
	"gables/internal/wire"
)

// joinMembers opens the other files when this one is the first of a family or
// the one of a multi-file that has the superblock. Driver information that
// can't be decoded is a warning, as libhdf5 opens such a file as a single one.
// Spec: II.B.
func (s *store) joinMembers() error {
	info, err := s.driverInfo()
	if err != nil {
		s.warnings = append(s.warnings, h5err.In(fmt.Errorf("driver info: %w", err), s.name, ""))
	}
	if err != nil || info == nil {
		return s.joinUnmarkedFamily()
	}
	switch info.Name {
	case "NCSAfami":
		size, err := info.Family()
		if err != nil {
			return err
		}
		return s.joinFamily(size)
	case "NCSAmult":
		members, err := info.Multi()
		if err != nil {
			return err
		}
		return s.joinMulti(members)
	}
	// libhdf5 ignores the information of drivers that it was not told to use.
	return nil
}

// driverInfo reads the driver information from its block, or from the
// superblock extension.
func (s *store) driverInfo() (*format.DriverInfo, error) {
	cache := metacache.New(driver.Based(s.drv, s.at), s.sb.Sizes, wire.Limits(s.conf.limits))
	if s.sb.DriverInfo.Defined() && s.sb.Version < 2 {
		b, err := cache.Prefix(s.sb.DriverInfo, 16+1024)
		if err != nil {
			return nil, err
		}
		return format.DecodeDriverInfo(b)
	}
	if !s.sb.Extension.Defined() || uint64(s.sb.Extension) >= cache.End() {
		return nil, nil
	}
	g := &object.Graph{Cache: cache, Filters: s.conf.filters}
	h, err := g.Open(s.sb.Extension)
	if err != nil {
		// A fault of the extension itself is told when it is read.
		return nil, nil
	}
	m := h.Find(format.MsgDriverInfo)
	if m == nil {
		return nil, nil
	}
	return format.DecodeDriverInfoMessage(m.Data)
}

var familyName = regexp.MustCompile(`^(.*?)(0+)(\.[^.]*)?$`)

// maxMembers bounds how many files are opened as one.
const maxMembers = 4096

// joinFamily: the members are numbered in their names from 0 on, all of the
// same size but the last.
func (s *store) joinFamily(size uint64) error {
	base := path.Base(s.folder.slash(s.name))
	stem, digits, ext, ok := splitFamilyName(base)
	if !ok {
		return h5err.New(h5err.ErrNotFound, "driver info", "family", "%q has no member number 0 in its name", base)
	}
	end := uint64(s.sb.EndOfFile)
	parts := []driver.Part{{Start: 0, Extent: size, Driver: s.drv}}
	s.driver, s.members = "family", []string{base}
	for i := 1; uint64(i)*size < end; i++ {
		if i >= maxMembers {
			return h5err.Limit("driver info", "family", "more than %d members", maxMembers)
		}
		name := fmt.Sprintf("%s%0*d%s", stem, digits, i, ext)
		d, err := s.folder.open(name, s.conf)
		if errors.Is(err, fs.ErrNotExist) {
			break
		}
		if err != nil {
			return closeParts(parts[1:], err)
		}
		parts = append(parts, driver.Part{Start: uint64(i) * size, Extent: size, Driver: d})
		s.members = append(s.members, name)
	}
	return s.join(parts)
}

// joinUnmarkedFamily opens the members of a family from before the driver
// information was stored: the file ends too early, its name numbers it 0, and
// the next member is there.
func (s *store) joinUnmarkedFamily() error {
	size := s.drv.Size()
	base := path.Base(s.folder.slash(s.name))
	stem, digits, ext, ok := splitFamilyName(base)
	if !ok || uint64(s.sb.EndOfFile) <= size || !s.sb.EndOfFile.Defined() {
		return nil
	}
	next, err := s.folder.open(fmt.Sprintf("%s%0*d%s", stem, digits, 1, ext), s.conf)
	if err != nil {
		return nil // no family, but a file that was cut: checkEnd says so
	}
	return errors.Join(next.Close(), s.joinFamily(size))
}

// splitFamilyName takes the zeros of the first member's number out of a name.
func splitFamilyName(name string) (stem string, digits int, ext string, ok bool) {
	m := familyName.FindStringSubmatch(name)
	if m == nil {
		return "", 0, "", false
	}
	return m[1], len(m[2]), m[3], true
}

// joinMulti: each kind of data has a file and a region of addresses of its own.
// The patterns in the file are what the common part of the names is put into.
func (s *store) joinMulti(members []format.MultiMember) error {
	base := path.Base(s.folder.slash(s.name))
	common, own := "", -1
	for i, m := range members {
		suffix, ok := strings.CutPrefix(m.Pattern, "%s")
		if c, fits := strings.CutSuffix(base, suffix); ok && fits && suffix != "" {
			common, own = c, i
		}
	}
	if own < 0 {
		return h5err.New(h5err.ErrNotFound, "driver info", "multi", "%q is no member by the names in the file", base)
	}
	var parts []driver.Part
	s.driver = "multi"
	if len(members) == 2 {
		s.driver = "split"
	}
	for i, m := range members {
		name := strings.Replace(m.Pattern, "%s", common, 1)
		d := s.drv
		if i != own {
			var err error
			if d, err = s.folder.open(name, s.conf); err != nil {
				return closeParts(parts, err, s.drv)
			}
		}
		parts = append(parts, driver.Part{Start: m.Address, Extent: regionOf(members, m.Address), Driver: d})
		s.members = append(s.members, name)
	}
	return s.join(parts)
}

// regionOf is the distance from a member's address to that of the next.
func regionOf(members []format.MultiMember, at uint64) uint64 {
	end := uint64(math.MaxUint64)
	for _, m := range members {
		if m.Address > at {
			end = min(end, m.Address)
		}
	}
	return end - at
}

func (s *store) join(parts []driver.Part) error {
	j, err := driver.Join(parts)
	if err != nil {
		s.drv = driver.Memory(nil)
		return err
	}
	s.drv = j
	return nil
}

// closeParts closes members that were opened before a fault, except own, which
// the store closes.
func closeParts(parts []driver.Part, err error, own ...driver.Driver) error {
	for _, p := range parts {
		if len(own) == 0 || p.Driver != own[0] {
			err = errors.Join(err, p.Driver.Close())
		}
	}
	return err
}

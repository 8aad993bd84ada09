package hdf5

import (
	"slices"

	"gables/internal/format"
	"gables/internal/freespace"
	"gables/internal/heap"
)

// spaceManagers is what a file remembers of its free space: the message of its
// superblock extension, and the shared messages that the extension names.
type spaceManagers struct {
	spaceState
	last   spaceState // as of the last commit
	shared []format.SharedIndex
	loaded bool // what info names is the draft's to give out
}

// spaceState is what an extension tells.
type spaceState struct {
	info *format.FileSpaceInfo // nil when the file says nothing of its space; never changed
	told bool                  // it says that nothing is remembered
}

// commit keeps the draft's state; m may be nil.
func (m *spaceManagers) commit() {
	if m != nil {
		m.last = m.spaceState
	}
}

// abort goes back to the last commit's state; m may be nil.
func (m *spaceManagers) abort() {
	if m != nil {
		m.spaceState = m.last
	}
}

// spaceOptions is how a file's space is given out.
func spaceOptions(info *format.FileSpaceInfo) freespace.Options {
	o := freespace.Usual()
	if info != nil && info.Strategy == "page" {
		o.Page = info.PageSize
	}
	return o
}

// loadSpace makes the free space that the file remembers the draft's to give
// out, unless a reader may still look at it.
func (w *writer) loadSpace(s *store) error {
	w.space = &spaceManagers{shared: s.graph.Shared}
	if s.ext == nil {
		return nil
	}
	w.space.info = cloneSpaceInfo(s.ext)
	w.space.commit()
	// Releases before 1.10 put anything where version 0 has its managers.
	if !s.ext.Persist || s.ext.Version == 0 || w.j.Released() < w.j.Current().Transaction() {
		return nil
	}
	if _, err := heap.LoadFreeSpace(w.draft, w.space.info); err != nil {
		return err
	}
	w.space.loaded = true
	return nil
}

// settleSpace makes the draft's extension say what is true of its free space:
// nothing while the file is being written, all of it in the last commit.
func (w *writer) settleSpace(last bool) error {
	if w.space == nil || !w.space.loaded || w.space.told && !last {
		return nil
	}
	info := cloneSpaceInfo(w.space.info)
	err := w.draft.Do(func() error {
		store := heap.ClearFreeSpace
		if last {
			store = heap.StoreFreeSpace
		}
		if err := store(w.draft, info); err != nil {
			return err
		}
		body, err := format.AppendFileSpaceInfo(nil, info, w.sb.Sizes)
		if err != nil {
			return err
		}
		return w.editor.SetMessage(w.sb.Extension, format.MsgFileSpaceInfo, body)
	})
	if err == nil {
		w.space.spaceState = spaceState{info, true}
	}
	return err
}

func cloneSpaceInfo(i *format.FileSpaceInfo) *format.FileSpaceInfo {
	c := *i
	c.Slots, c.Managers = slices.Clone(i.Slots), slices.Clone(i.Managers)
	return &c
}

package workload

import (
	"context"
	"fmt"
	"os"
	"strconv"

	"gables/hdf5"
)

// Session is a program in turns, each of which ends with a flush or, seldom, is
// given up.
type Session struct {
	*Program
	Committed *Object // as of the last flush
	Flushes   int
}

// NewSession begins a session on a file with the given content.
func NewSession(seed uint64, model *Object, o Options) *Session {
	p := New(seed, model, o)
	return &Session{Program: p, Committed: p.Model.Clone()}
}

// Turn makes up to most changes and commits them, through f unless that is nil.
// before is told the state that is about to be committed; it may be nil.
func (s *Session) Turn(ctx context.Context, f *hdf5.File, most int, before func(*Object)) error {
	for range 1 + s.R.IntN(most) {
		if _, err := s.Step(f); err != nil {
			return err
		}
	}
	if s.R.IntN(8) == 0 {
		s.Model = s.Committed.Clone()
		if f == nil {
			return nil
		}
		return f.Rollback()
	}
	if before != nil {
		before(s.Model)
	}
	if f != nil {
		if err := f.Flush(ctx); err != nil {
			return fmt.Errorf("flush: %w", err)
		}
	}
	s.Committed = s.Model.Clone()
	s.Flushes++
	return nil
}

// Rounds is how much tests try: 1 where each change is tested; the environment
// variable GABLES_ROUNDS makes it more.
func Rounds() int {
	if n, err := strconv.Atoi(os.Getenv("GABLES_ROUNDS")); err == nil && n > 0 {
		return n
	}
	return 1
}

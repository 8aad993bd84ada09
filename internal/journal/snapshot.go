package journal

import (
	"errors"
	"io"
	"sync/atomic"

	"gables/hdf5/driver"
	"gables/hdf5/h5err"
)

// Snapshot is the file as of one commit. It is a driver.Driver for any number
// of goroutines: while it is current, or pinned.
type Snapshot struct {
	j           *Journal
	transaction uint64
	end         uint64
	layers      layers
	node        *node // what checkpoints since then overwrote hangs behind it
	refs        atomic.Int64
}

// node is what one checkpoint overwrote. Nodes point forward only, so that the
// collector frees those that no snapshot needs.
type node struct {
	before layer // in memory
	next   atomic.Pointer[node]
}

// Current is the last commit. It stays readable only until the next one unless
// it is pinned.
func (j *Journal) Current() *Snapshot { return j.current.Load() }

// Pin gives the last commit, pinned; Unpin must follow.
func (j *Journal) Pin() *Snapshot {
	for {
		if s := j.current.Load(); s.Pin() {
			return s
		}
	}
}

// Pin keeps the snapshot readable until Unpin. It gives false when the
// snapshot is no longer current: then it was not pinned.
func (s *Snapshot) Pin() bool {
	s.refs.Add(1)
	if s.j.current.Load() == s {
		return true
	}
	s.refs.Add(-1)
	return false
}

// Unpin ends what Pin began.
func (s *Snapshot) Unpin() { s.refs.Add(-1) }

// Transaction numbers the commits of a file from 1; it starts anew with each
// writer that finds nothing to recover.
func (s *Snapshot) Transaction() uint64 { return s.transaction }

// Size is the end of the file.
func (s *Snapshot) Size() uint64 { return s.end }

// Close does nothing: the file is the journal's.
func (s *Snapshot) Close() error { return nil }

// ReadAt reads the file as of the commit.
func (s *Snapshot) ReadAt(p []byte, off uint64) (int, error) {
	if off >= s.end {
		return 0, io.EOF
	}
	short := error(nil)
	if left := s.end - off; uint64(len(p)) > left {
		p, short = p[:left], io.EOF
	}
	if err := s.read(p, off); err != nil {
		return 0, err
	}
	return len(p), short
}

func (s *Snapshot) read(p []byte, off uint64) error {
	return s.layers.read(p, off, s.j.log, s)
}

// readUnder reads what no layer of the snapshot shows.
func (s *Snapshot) readUnder(p []byte, off uint64) error { return s.j.readBehind(s.node, p, off) }

// under reads what lies under layers; p is filled wholly.
type under interface {
	readUnder(p []byte, off uint64) error
}

// read fills p from the layers and, between their extents, from below.
func (s layers) read(p []byte, off uint64, log driver.Driver, below under) error {
	if len(s) == 0 {
		return below.readUnder(p, off)
	}
	top, rest := s[0], s[1:]
	for i := top.find(off); len(p) > 0; i++ {
		gap := len(p)
		if i < len(top) && top[i].at < off+uint64(gap) {
			gap = int(max(top[i].at, off) - off)
		}
		if gap > 0 {
			if err := rest.read(p[:gap], off, log, below); err != nil {
				return err
			}
			p, off = p[gap:], off+uint64(gap)
		}
		if len(p) == 0 {
			return nil
		}
		n := min(len(p), int(top[i].end()-off))
		if err := top[i].read(p[:n], off, log); err != nil {
			return err
		}
		p, off = p[n:], off+uint64(n)
	}
	return nil
}

// read copies the bytes of e from off on.
func (e extent) read(p []byte, off uint64, log driver.Driver) error {
	if e.data != nil {
		copy(p, e.data[off-e.at:])
		return nil
	}
	return readFull(log, p, e.pos+(off-e.at))
}

// readFull fills p.
func readFull(d driver.Driver, p []byte, off uint64) error {
	n, err := d.ReadAt(p, off)
	if n == len(p) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return h5err.New(h5err.ErrTruncated, "file", "", "%d of %d bytes at %d", n, len(p), off)
	}
	return err
}

// readBehind reads what checkpoints behind last overwrote, the earliest first,
// and the rest from the file.
func (j *Journal) readBehind(last *node, p []byte, off uint64) error {
	n := last.next.Load()
	if n == nil {
		if err := readFull(j.file, p, off); err != nil {
			return err
		}
		// A checkpoint that began while the file was read has published what it
		// overwrote before it wrote anything.
		last.restore(p, off)
		return nil
	}
	return layers{n.before}.read(p, off, nil, behind{j, n})
}

// behind is the place of a node in the list.
type behind struct {
	j    *Journal
	last *node
}

func (b behind) readUnder(p []byte, off uint64) error { return b.j.readBehind(b.last, p, off) }

// restore puts into p what checkpoints behind n overwrote. The earliest one's
// bytes are the snapshot's, so they come last.
func (n *node) restore(p []byte, off uint64) {
	next := n.next.Load()
	if next == nil {
		return
	}
	next.restore(p, off)
	end := off + uint64(len(p))
	for i := next.before.find(off); i < len(next.before) && next.before[i].at < end; i++ {
		e := next.before[i]
		lo, hi := max(e.at, off), min(e.end(), end)
		copy(p[lo-off:hi-off], e.data[lo-e.at:])
	}
}

// chainMost is how many nodes a snapshot looks through before they are merged.
const chainMost = 32

// shorten puts one node in the place of those between n and tail, where there
// are many. Who stands on one of them goes on from there: the last one leads to
// tail as before.
func (n *node) shorten(tail *node) {
	var chain []*node
	for x := n.next.Load(); x != tail; x = x.next.Load() {
		chain = append(chain, x)
	}
	if len(chain) < chainMost {
		return
	}
	m := &node{}
	for i := len(chain) - 1; i >= 0; i-- {
		m.before = merged(chain[i].before, m.before, true)
	}
	m.next.Store(tail)
	n.next.Store(m)
}

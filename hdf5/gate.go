package hdf5

import (
	"sync"
	"sync/atomic"
)

// gate lets calls in until it is closed, and then waits for those inside. An
// entry costs two atomic additions and no lock.
type gate struct {
	state atomic.Int64 // calls inside; closedBit once closed
	once  sync.Once
	empty chan struct{} // closed when the last call has left a closed gate
}

const closedBit = 1 << 62

func newGate() *gate { return &gate{empty: make(chan struct{})} }

// enter tells whether a call may go on; leave must follow if so.
func (g *gate) enter() bool {
	if g.state.Add(1)&closedBit == 0 {
		return true
	}
	g.leave()
	return false
}

func (g *gate) leave() {
	if g.state.Add(-1) == closedBit {
		g.once.Do(func() { close(g.empty) })
	}
}

// shut closes the gate and waits until nobody is inside. Only the first call
// gives true.
func (g *gate) shut() bool {
	// One operation, as a loop would lose against many calls that come and go.
	old := g.state.Or(closedBit)
	if old == 0 {
		g.once.Do(func() { close(g.empty) })
	}
	<-g.empty
	return old&closedBit == 0
}

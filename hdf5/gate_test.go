package hdf5

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestAClosedGateLetsNobodyIn(t *testing.T) {
	g := newGate()
	if !g.enter() {
		t.Fatal("an open gate is closed")
	}
	g.leave()
	if !g.shut() || g.enter() || g.shut() {
		t.Error("a gate is shut once, and stays shut")
	}
}

func TestShuttingWaitsForThoseInside(t *testing.T) {
	g := newGate()
	if !g.enter() {
		t.Fatal("closed")
	}
	var left atomic.Bool
	done := make(chan bool, 2)
	for range 2 {
		go func() {
			first := g.shut()
			if !left.Load() {
				t.Error("shut while somebody was inside")
			}
			done <- first
		}()
	}
	for g.enter() { // until one of them has begun to shut it
		g.leave()
	}
	time.Sleep(10 * time.Millisecond)
	left.Store(true)
	g.leave()
	if a, b := <-done, <-done; a == b {
		t.Errorf("%v and %v: one of two calls shuts a gate", a, b)
	}
}

func TestManyPassWhileAGateIsShut(t *testing.T) {
	for range 15 {
		g := newGate()
		var inside, passed atomic.Int64
		var wg sync.WaitGroup
		for range 8 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				for g.enter() {
					inside.Add(1)
					passed.Add(1)
					inside.Add(-1)
					g.leave()
				}
			}()
		}
		for passed.Load() == 0 {
			time.Sleep(time.Microsecond)
		}
		g.shut()
		if n := inside.Load(); n != 0 {
			t.Fatalf("%d are inside a shut gate", n)
		}
		wg.Wait()
	}
}

package main

import (
	"io"
	"math"
	"time"

	"github.com/schollz/progressbar/v3"
)

// bar is a progress bar on a terminal, once the work takes long.
type bar struct {
	w     io.Writer
	shown bool
	begun time.Time
	bar   *progressbar.ProgressBar
}

func newBar(w io.Writer) *bar {
	return &bar{w: w, shown: isTerminal(w), begun: time.Now()}
}

func (b *bar) report(done, total uint64) {
	const patience = 500 * time.Millisecond
	if time.Since(b.begun) < patience {
		return
	}
	if b.bar == nil {
		b.bar = progressbar.NewOptions64(int64(min(total, math.MaxInt64)), progressbar.OptionSetWriter(b.w), progressbar.OptionShowCount(),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(true))
	}
	_ = b.bar.Set64(int64(min(done, math.MaxInt64))) // a terminal that is gone is no reason to stop
}

// clear takes the bar away.
func (b *bar) clear() {
	if b.bar != nil {
		_ = b.bar.Clear()
		b.bar, b.begun = nil, time.Now()
	}
}

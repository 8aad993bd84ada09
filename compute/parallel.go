package compute

import (
	"context"
	"runtime"
	"sync"
)

// parallel runs work in n goroutines (0: GOMAXPROCS), the caller's among them,
// and waits for all. The first error cancels the others' context.
func parallel(ctx context.Context, n int, work func(ctx context.Context) error) error {
	const most = 256 // more than that only wait for one another
	if n <= 0 {
		n = runtime.GOMAXPROCS(0)
	}
	n = min(n, most)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	run := func() {
		if err := work(ctx); err != nil {
			cancel(err)
		}
	}
	for range n - 1 {
		wg.Go(run)
	}
	run()
	wg.Wait()
	return context.Cause(ctx)
}

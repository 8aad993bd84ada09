package workload_test

import (
	"context"
	"math/rand/v2"
	"os"
	"testing"

	"gables/internal/workload"
)

func TestMain(m *testing.M) {
	workload.Serve()
	os.Exit(m.Run())
}

func TestKilledWriterLosesNoFlush(t *testing.T) {
	k := &workload.Killer{Dir: t.TempDir(), R: rand.New(rand.NewPCG(1, 9)), Lives: 5}
	flushes, logs := 0, 0
	for range 20 * workload.Rounds() {
		d, err := k.Next(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		flushes += d.Acked
		if d.Log {
			logs++
		}
		if d.Raw != "" {
			if err := os.Remove(d.Raw); err != nil {
				t.Error(err)
			}
		}
	}
	t.Logf("%d flushes acknowledged, %d logs left", flushes, logs)
}

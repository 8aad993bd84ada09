//go:build interop

package interop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"gables/hdf5"
	"gables/internal/workload"
)

// kills is how many writers die: the environment variable GABLES_KILLS, or 60.
func kills() int {
	if n, err := strconv.Atoi(os.Getenv("GABLES_KILLS")); err == nil && n > 0 {
		return n
	}
	return 60
}

// summed is what read_workload.py says of a file.
type summed struct {
	Sum     uint32
	Refused string
}

func summary(t *testing.T, paths []string) []summed {
	t.Helper()
	var list []summed
	for dec := json.NewDecoder(bytes.NewReader(python(t, append([]string{"read_workload.py"}, paths...)...))); dec.More(); {
		var s summed
		if err := dec.Decode(&s); err != nil {
			t.Fatal(err)
		}
		list = append(list, s)
	}
	if len(list) != len(paths) {
		t.Fatalf("%d answers for %d files", len(list), len(paths))
	}
	return list
}

// copied puts a file's bytes of now elsewhere.
func copied(t *testing.T, path, to string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(to, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// graves are files of writers that were killed, before and after recovery.
type graves struct {
	deaths               []*workload.Death
	raw, whole           []string
	refused, shown, logs int
}

// judge lets h5py read them: recovered, they hold the state that gables shows;
// as they were found, any state that was committed, unless they are refused.
func (g *graves) judge(t *testing.T) {
	t.Helper()
	for i, s := range summary(t, g.whole) {
		if d := g.deaths[i]; s.Refused != "" || s.Sum != d.Recovered {
			t.Errorf("h5py on %s after recovery: %+v, want %08x", keep(t, g.whole[i]), s, d.Recovered)
		}
	}
	for i, s := range summary(t, g.raw) {
		switch d := g.deaths[i]; {
		case s.Refused != "":
			g.refused++
		case !slices.Contains(d.Sums, s.Sum):
			t.Errorf("h5py on %s without recovery: no state that was committed", keep(t, g.raw[i]))
		default:
			g.shown++
		}
	}
	g.others(t)
	for _, p := range slices.Concat(g.raw, g.whole) {
		if err := os.Remove(p); err != nil {
			t.Error(err)
		}
	}
	g.deaths, g.raw, g.whole = nil, nil, nil
}

// others lets PyTables and h5dump read the last file that they are made for.
func (g *graves) others(t *testing.T) {
	t.Helper()
	var tables, dump string
	for i, d := range g.deaths {
		if d.Tables {
			tables = g.whole[i]
		}
		if d.Low < hdf5.V112 { // Debian's h5dump is of 1.10
			dump = g.whole[i]
		}
	}
	if tables != "" {
		python(t, "read_workload.py", "--pytables", tables)
	}
	if dump != "" {
		if out, err := exec.Command("h5dump", dump).CombinedOutput(); err != nil || bytes.Contains(out, []byte("h5dump error")) {
			t.Errorf("h5dump on %s: %v\n%.500s", keep(t, dump), err, out)
		}
	}
}

// keep puts a file where it outlives the test.
func keep(t *testing.T, path string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "gables-killed-")
	if err != nil {
		t.Fatal(err)
	}
	return copied(t, path, filepath.Join(dir, filepath.Base(path)))
}

// TestKilledWritersLoseNothing kills writers at any moment, on new files and on
// those that other victims left.
func TestKilledWritersLoseNothing(t *testing.T) {
	n := kills()
	k := &workload.Killer{Dir: t.TempDir(), R: rand.New(rand.NewPCG(uint64(n), 9)), Lives: 6}
	g := &graves{}
	flushes, total := 0, 0
	for i := range n {
		d, err := k.Next(t.Context())
		if err != nil {
			t.Fatalf("%v; %s", err, keep(t, d.Path))
		}
		flushes += d.Acked
		if d.Log {
			g.logs++
		}
		if d.Raw != "" && d.Recovered != 0 {
			g.deaths = append(g.deaths, d)
			g.raw = append(g.raw, d.Raw)
			g.whole = append(g.whole, copied(t, d.Path, filepath.Join(k.Dir, fmt.Sprintf("whole%d.h5", i))))
			total++
		}
		if len(g.deaths) > 0 && (len(g.deaths) == 20 || i == n-1) {
			g.judge(t)
		}
		if t.Failed() {
			return
		}
		if i%1000 == 999 {
			t.Logf("%d killed, %d flushes", i+1, flushes)
		}
	}
	t.Logf("%d killed, %d flushes acknowledged, %d logs left; without recovery h5py reads %d files and refuses %d", n, flushes, g.logs, g.shown, g.refused)
	if total < n/2 {
		t.Errorf("only %d of %d writers left a file", total, n)
	}
}

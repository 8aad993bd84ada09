package workload

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"gables/hdf5"
)

// The environment of a process that is to be a writer.
const (
	victimPath = "GABLES_VICTIM"
	victimSeed = "GABLES_VICTIM_SEED"
	victimFile = "GABLES_VICTIM_FILE" // its number
)

// Serve makes this process a writer that works until it is killed, when a
// Killer has started it; otherwise it does nothing. Call it first in TestMain.
func Serve() {
	path := os.Getenv(victimPath)
	if path == "" {
		return
	}
	seed, err := strconv.ParseUint(os.Getenv(victimSeed), 10, 64)
	file, wrong := strconv.Atoi(os.Getenv(victimFile))
	if err = errors.Join(err, wrong); err == nil {
		err = write(path, seed, file)
	}
	fmt.Println("error:", err)
	os.Exit(1)
}

// write tells each flush once it is acknowledged.
func write(path string, seed uint64, file int) error {
	f, err := hdf5.OpenFile(path, hdf5.ModeAppend, append(victimOptions(seed), hdf5.WithLibver(victimBound(file)))...)
	if err != nil {
		return err
	}
	ctx := context.Background()
	model, err := Adopt(ctx, f)
	if err != nil {
		return err
	}
	s := NewSession(seed, model, victimLimits(file))
	for {
		if err := s.Turn(ctx, f, victimSteps, nil); err != nil {
			return err
		}
		fmt.Println(s.Flushes)
	}
}

const victimSteps = 6

// victimLimits are those of a file; each second one is for PyTables.
func victimLimits(file int) Options { return Options{Objects: 50, Large: 400, Tables: file%2 == 0} }

// victimBound makes files of all kinds.
func victimBound(file int) hdf5.Libver {
	return []hdf5.Libver{hdf5.Earliest, hdf5.V110, hdf5.V18, hdf5.V114, hdf5.V110, hdf5.Earliest}[file%6]
}

// victimOptions come from the seed, so that all kinds of writers are killed.
func victimOptions(seed uint64) []hdf5.Option {
	o := []hdf5.Option{hdf5.WithDurability(hdf5.Durability(seed / 2 % 2))}
	if seed%2 == 1 {
		o = append(o, hdf5.WithLazyCheckpoints(200_000, time.Second))
	}
	return o
}

// Killer kills writers at any moment, again and again on the same file.
type Killer struct {
	Dir   string // of its own
	R     *rand.Rand
	Lives int // of one file
	lives int
	file  int // number of the one that is used
	seed  uint64
	model *Object // nil: there is no file yet
}

// Death is what a writer left that was killed.
type Death struct {
	Path      string // the file, recovered since
	Raw       string // a copy from before that, without the log; empty: there was no file
	Acked     int    // flushes that were acknowledged
	Log       bool   // whether a log lay beside the file
	Tables    bool   // PyTables can read all of it
	Low       hdf5.Libver
	Sums      []uint32 // of all states that the file had in this life, the oldest first
	Recovered uint32   // what is there now
}

// Next lets a writer live for a while, and judges what it leaves by opening it
// through gables.
func (k *Killer) Next(ctx context.Context) (*Death, error) {
	if k.lives%k.Lives == 0 {
		k.model = nil
	}
	k.file = k.lives / k.Lives
	d := &Death{Path: filepath.Join(k.Dir, fmt.Sprintf("f%d.h5", k.file)), Tables: victimLimits(k.file).Tables, Low: victimBound(k.file)}
	k.lives++
	k.seed++
	var err error
	if d.Acked, err = k.live(ctx, d.Path); err != nil {
		return d, err
	}
	states, err := k.replay(ctx, d)
	if err != nil {
		return d, err
	}
	if err := k.keepRaw(d); err != nil {
		return d, err
	}
	got, err := k.reopen(ctx, d)
	if err != nil {
		return d, fmt.Errorf("seed %d, after %d flushes: %w", k.seed, d.Acked, err)
	}
	for i := len(states) - 1; i >= d.Acked; i-- {
		if states[i] == nil && got == nil || states[i] != nil && got != nil && states[i].Sum() == got.Sum() {
			k.model = states[i]
			if got != nil {
				d.Recovered = got.Sum()
			}
			return d, nil
		}
	}
	if got == nil || states[d.Acked] == nil {
		return d, fmt.Errorf("seed %d: the file is absent after %d flushes: %v", k.seed, d.Acked, got == nil)
	}
	return d, fmt.Errorf("seed %d: not the state after %d flushes: %s", k.seed, d.Acked, strings.Join(Differences(got, states[d.Acked]), "; "))
}

// live runs a writer and kills it; it tells what was acknowledged last.
func (k *Killer) live(ctx context.Context, path string) (acked int, err error) {
	me, err := os.Executable()
	if err != nil {
		return 0, err
	}
	child := exec.CommandContext(ctx, me)
	child.Env = append(os.Environ(), victimPath+"="+path, victimSeed+"="+strconv.FormatUint(k.seed, 10), victimFile+"="+strconv.Itoa(k.file))
	out, err := child.StdoutPipe()
	if err == nil {
		err = child.Start()
	}
	if err != nil {
		return 0, err
	}
	// Some are killed while they begin, others some time after their first flush.
	life := time.Duration(1+k.R.IntN(60)) * time.Millisecond
	first := 10 * time.Second
	if k.R.IntN(4) == 0 {
		first = life
	}
	timer := time.AfterFunc(first, func() { _ = child.Process.Kill() })
	defer timer.Stop()
	for lines := bufio.NewScanner(out); lines.Scan(); {
		n, err := strconv.Atoi(lines.Text())
		if err != nil {
			return acked, errors.Join(errors.New(lines.Text()), child.Wait())
		}
		if acked == 0 && first != life {
			timer.Reset(life)
		}
		acked = n
	}
	_ = child.Wait()
	return acked, nil
}

// replay works out the states that the file had, up to the one that may have
// been under way.
func (k *Killer) replay(ctx context.Context, d *Death) ([]*Object, error) {
	states := []*Object{k.model}
	model := k.model
	if model == nil {
		model = NewModel()
	}
	s := NewSession(k.seed, model, victimLimits(k.file))
	for s.Flushes <= d.Acked {
		flushes := s.Flushes
		if err := s.Turn(ctx, nil, victimSteps, nil); err != nil {
			return nil, err
		}
		if s.Flushes > flushes {
			states = append(states, s.Committed)
		}
	}
	for _, m := range states {
		if m != nil {
			d.Sums = append(d.Sums, m.Sum())
		}
	}
	return states, nil
}

// keepRaw copies the file as the writer left it.
func (k *Killer) keepRaw(d *Death) error {
	b, err := os.ReadFile(d.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = os.Stat(d.Path + ".h5wal")
	d.Log = err == nil
	d.Raw = filepath.Join(k.Dir, fmt.Sprintf("raw%d.h5", k.seed))
	return os.WriteFile(d.Raw, b, 0o600)
}

// reopen recovers the file, as a reader or as a writer.
func (k *Killer) reopen(ctx context.Context, d *Death) (*Object, error) {
	mode := []hdf5.Mode{hdf5.ModeRead, hdf5.ModeReadWrite}[k.R.IntN(2)]
	f, err := hdf5.OpenFile(d.Path, mode)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	m, err := Adopt(ctx, f)
	if err == nil {
		err = Check(ctx, f)
	}
	return m, errors.Join(err, f.Close())
}

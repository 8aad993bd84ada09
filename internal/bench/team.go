package main

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

//go:embed rival.py
var rivalScript string

//go:embed rival_write.py
var rivalWriteScript string

// The members of the team, each a process.
const (
	gablesMember  = "gables"
	tablesMember  = "pytables"
	preloadMember = "pytables+libz" // PyTables with the system's zlib in place of its wheel's
	h5pyMember    = "h5py"
)

// preload puts the system's zlib in front of the one that PyTables' wheel
// brings along.
const preload = "LD_PRELOAD=libz.so.1"

// request is what a member is asked to do.
type request struct {
	Job     string   `json:"job"`
	Path    string   `json:"path"`
	Workers int      `json:"workers,omitempty"` // goroutines or threads of one call
	Callers int      `json:"callers,omitempty"` // goroutines that make calls
	Shape   []int    `json:"shape,omitempty"`
	Edge    int      `json:"edge,omitempty"`
	Tiles   [][2]int `json:"tiles,omitempty"` // first row and column of each
	Count   int      `json:"count,omitempty"`

	// Of the jobs that write:
	Source     string `json:"source,omitempty"` // the file whose array is written; it is read before the clock starts
	Filter     string `json:"filter,omitempty"` // none, gzip, blosc2 or lz4
	Chunk      []int  `json:"chunk,omitempty"`
	Row        int    `json:"row,omitempty"`        // elements of a row, where that is not the source's
	Batch      int    `json:"batch,omitempty"`      // rows of one append
	Flush      bool   `json:"flush,omitempty"`      // after each append
	OwnChunk   bool   `json:"own_chunk,omitempty"`  // PyTables chooses its chunks
	Plain      bool   `json:"plain,omitempty"`      // PyTables leaves its own attributes out
	Durability string `json:"durability,omitempty"` // of gables: empty for none, normal or full
	Lazy       bool   `json:"lazy,omitempty"`       // gables checkpoints at 16 MiB or each second
}

// answer is what a member found.
type answer struct {
	Seconds   float64 `json:"seconds"`
	Processor float64 `json:"processor"` // seconds of all processors together
	Value     float64 `json:"value"`
	Peak      int64   `json:"peak"`   // bytes, the process's peak during the job
	Mapped    int64   `json:"mapped"` // bytes of it that are files in the page cache, at the end
	Stored    int64   `json:"-"`      // bytes of the file that was written
	Error     string  `json:"error,omitempty"`
}

// member is a process that answers requests.
type member struct {
	name string
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
}

func startMember(name string, cmd *exec.Cmd) (*member, error) {
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &member{name, cmd, in, bufio.NewReader(out)}, nil
}

// ask sends a request and waits for its answer.
func (m *member) ask(r request) (answer, error) {
	var a answer
	b, err := json.Marshal(r)
	if err == nil {
		_, err = m.in.Write(append(b, '\n'))
	}
	var line []byte
	if err == nil {
		line, err = m.out.ReadBytes('\n')
	}
	if err == nil {
		err = json.Unmarshal(line, &a)
	}
	if err == nil && a.Error != "" {
		err = errors.New(a.Error)
	}
	if err != nil {
		return a, fmt.Errorf("%s: %s of %s: %w", m.name, r.Job, r.Path, err)
	}
	return a, nil
}

type team map[string]*member

// startTeam starts all members. The Go one is this program.
func startTeam(python string) (team, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	t := team{}
	stock := func(library string) *exec.Cmd {
		return exec.Command(python, "-c", rivalWriteScript+rivalScript, library)
	}
	preloaded := stock("pytables")
	preloaded.Env = append(os.Environ(), preload)
	for name, cmd := range map[string]*exec.Cmd{
		gablesMember: exec.Command(self, childArgument), tablesMember: stock("pytables"), preloadMember: preloaded, h5pyMember: stock("h5py"),
	} {
		m, err := startMember(name, cmd)
		if err != nil {
			t.stop()
			return nil, err
		}
		t[name] = m
	}
	return t, nil
}

// stop ends the members by closing their input.
func (t team) stop() {
	for _, m := range t {
		m.in.Close()
		m.cmd.Wait()
	}
}

// zlibs tells which library each member's libhdf5 really takes inflate from,
// by what the dynamic linker says; empty where it does not say.
func zlibs(python string) map[string]string {
	found := map[string]string{}
	for name, env := range map[string][]string{
		tablesMember: {"LIBRARY=tables"}, preloadMember: {"LIBRARY=tables", preload}, h5pyMember: {"LIBRARY=h5py"},
	} {
		cmd := exec.Command(python, "-c", "import os; __import__(os.environ['LIBRARY'])")
		cmd.Env = append(append(os.Environ(), "LD_DEBUG=bindings", "LD_BIND_NOW=1"), env...)
		text, err := cmd.CombinedOutput()
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			_, binding, _ := strings.Cut(line, "binding file ")
			user, rest, _ := strings.Cut(binding, " [0] to ")
			provider, symbol, _ := strings.Cut(rest, " [0]: ")
			if strings.Contains(user, "libhdf5-") && strings.Contains(symbol, "`inflate'") {
				found[name] = provider
			}
		}
	}
	return found
}

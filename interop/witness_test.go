//go:build interop

// Package interop holds what gables reads against what h5py, PyTables and
// h5dump say about the same files, which the tests make on the spot.
package interop

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"testing"

	"gables/internal/workload"
)

var update = flag.Bool("update", false, "write the tables of docs/support.md")

// line is what a witness says of one object or attribute.
type line struct {
	File    string      `json:"file"`
	Path    string      `json:"path"`
	Attr    *string     `json:"attr"`
	Bytes   *uint64     `json:"nbytes"` // of the canonical value; nil for what has none
	SHA256  string      `json:"sha256"`
	Links   *[]link     `json:"links"` // of a group
	Select  []selection `json:"select"`
	Witness string      `json:"witness"` // empty for h5py
}

// link is an entry of a group, as digest.Link has it.
type link struct {
	Name   string `json:"name"`
	Kind   string `json:"kind"`
	File   string `json:"in"`
	Target string `json:"target"`
}

// selection is a part of a dataset and the SHA-256 of its stored bytes.
type selection struct {
	Box    [][]uint64 `json:"box"`    // start, stride, count, block
	Points []uint64   `json:"points"` // coordinates
	Mask   []uint64   `json:"mask"`   // numbers of the elements
	SHA256 string     `json:"sha256"`
}

// python runs a script of this folder and gives what it prints.
func python(t *testing.T, args ...string) []byte {
	t.Helper()
	return run(t, pythonProgram(), args...)
}

func pythonProgram() string {
	if program := os.Getenv("GABLES_PYTHON"); program != "" {
		return program
	}
	return "../.venv/bin/python"
}

// run gives the output of a program that must not fail.
func run(t *testing.T, program string, args ...string) []byte {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	// h5py's readers and the writers of other processes get in each other's way.
	cmd.Env = append(os.Environ(), "HDF5_USE_FILE_LOCKING=FALSE", "PYTHONDONTWRITEBYTECODE=1")
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %v: %v\n%s", program, args, err, errs.Bytes())
	}
	return out.Bytes()
}

// folders are what scripts have filled, in a folder that TestMain removes.
var folders = struct {
	root string
	mu   sync.Mutex
	m    map[string]string // by script
}{m: map[string]string{}}

func TestMain(m *testing.M) {
	workload.Serve()
	flag.Parse()
	root, err := os.MkdirTemp("", "gables-interop-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	folders.root = root
	code := m.Run()
	if err := os.RemoveAll(root); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// made is a folder that a script has filled with files, once for all tests.
func made(t *testing.T, script string) string {
	t.Helper()
	folders.mu.Lock()
	defer folders.mu.Unlock()
	if dir, ok := folders.m[script]; ok {
		return dir
	}
	dir := filepath.Join(folders.root, script)
	t.Logf("%s: %s", script, bytes.TrimSpace(python(t, script, dir)))
	folders.m[script] = dir
	return dir
}

// witnessed is what a reading script says of one file.
func witnessed(t *testing.T, script, dir, name string) []line {
	t.Helper()
	var list []line
	in := bufio.NewReader(bytes.NewReader(python(t, script, dir, name)))
	for dec := json.NewDecoder(in); dec.More(); {
		var l line
		if err := dec.Decode(&l); err != nil {
			t.Fatalf("%s %s: %v", script, name, err)
		}
		list = append(list, l)
	}
	if len(list) == 0 {
		t.Fatalf("%s says nothing of %s", script, name)
	}
	return list
}

// part matches the names of files that are not the first of their set.
var part = regexp.MustCompile(`^family_[1-9]|-r\.h5$`)

// files are the names of the HDF5 files of a folder.
func files(t *testing.T, dir string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.h5"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no files in %s: %v", dir, err)
	}
	var names []string
	for _, p := range paths {
		if name := filepath.Base(p); !part.MatchString(name) {
			names = append(names, name)
		}
	}
	return names
}

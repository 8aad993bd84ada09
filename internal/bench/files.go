package main

import (
	"crypto/sha256"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

//go:embed files.py
var filesScript string

// factsName marks a folder whose files are complete.
const factsName = "facts.json"

// facts are what the script says of the files that it made.
type facts struct {
	Shape  []int              `json:"shape"` // of each array, [2]
	Chunk  []int              `json:"chunk"` // [2]
	Ratios map[string]float64 `json:"ratios"`
	Nodes  int                `json:"nodes"` // without the root
}

// files are the files of one set of parameters.
type files struct {
	Facts  facts
	folder string
}

func (f files) path(name string) string { return filepath.Join(f.folder, name+".h5") }

// makeFiles gives the files for c, made unless they are there already. The
// folder's name depends on the script too, so that no stale file is used.
func makeFiles(c config, progress io.Writer) (files, error) {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %d %s", c.size, c.nodes, filesScript))
	f := files{folder: filepath.Join(c.dir, fmt.Sprintf("files-%x", sum[:6]))}
	b, err := os.ReadFile(filepath.Join(f.folder, factsName))
	if os.IsNotExist(err) {
		fmt.Fprintf(progress, "making files in %s\n", f.folder)
		cmd := exec.Command(c.python, "-c", filesScript, f.folder, strconv.FormatInt(c.size, 10), strconv.Itoa(c.nodes))
		cmd.Stdout, cmd.Stderr = progress, progress
		if err := cmd.Run(); err != nil {
			return f, fmt.Errorf("making files: %w", err)
		}
		b, err = os.ReadFile(filepath.Join(f.folder, factsName))
	}
	if err != nil {
		return f, err
	}
	return f, json.Unmarshal(b, &f.Facts)
}

// cleanFiles removes what earlier runs made below dir, and nothing else.
func cleanFiles(dir string) error {
	folders, err := filepath.Glob(filepath.Join(dir, "files-????????????"))
	if err != nil {
		return err
	}
	for _, f := range folders {
		if err := os.RemoveAll(f); err != nil {
			return err
		}
	}
	// What somebody else put there stays, and so does the folder then.
	if err := os.Remove(dir); err != nil && !os.IsNotExist(err) && !isNotEmpty(dir) {
		return err
	}
	return nil
}

func isNotEmpty(dir string) bool {
	entries, err := os.ReadDir(dir)
	return err == nil && len(entries) > 0
}

// warm reads a file once so that the page cache has it.
func warm(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.CopyBuffer(io.Discard, struct{ io.Reader }{f}, make([]byte, 1<<20))
	return err
}

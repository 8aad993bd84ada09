//go:build interop

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMain lets the test program be the Go member of the team.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == childArgument {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestEveryJobRunsAndAgreesOnSmallFiles(t *testing.T) {
	dir := t.TempDir()
	if python := os.Getenv("GABLES_PYTHON"); python == "" {
		t.Setenv("GABLES_PYTHON", filepath.Join("..", "..", ".venv", "bin", "python"))
	}
	figures := filepath.Join(dir, "figures.json")
	args := []string{"--size", "8MiB", "--rounds", "1", "--nodes", "300", "--tiles", "50", "--opens", "5", "--commits", "20",
		"--dir", filepath.Join(dir, "files"), "--json", figures}
	var out, progress bytes.Buffer
	if err := run(args, &out, &progress); err != nil {
		t.Fatalf("%v\n%s", err, progress.String())
	}
	b, err := os.ReadFile(figures)
	if err != nil {
		t.Fatal(err)
	}
	var r report
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Targets) != len(targets()) {
		t.Errorf("%d targets are judged, want %d", len(r.Targets), len(targets()))
	}
	for _, x := range r.Results {
		if len(x.Seconds) != 1 || x.Median <= 0 {
			t.Errorf("%s, %s: %v", x.Job, x.Contestant, x.Seconds)
		}
	}
	for _, name := range []string{"mean gzip", "read into zstd", "tiles blosc2", "walk", "open", "write append lz4", "write table", "write commit", "targets"} {
		if !strings.Contains(out.String(), "\n"+name) {
			t.Errorf("the table has no %q:\n%s", name, out.String())
		}
	}
	if err := run([]string{"--dir", filepath.Join(dir, "files"), "--clean"}, &out, &progress); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "files")); !os.IsNotExist(err) {
		t.Errorf("--clean leaves the folder: %v", err)
	}
}

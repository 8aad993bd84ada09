package gables_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	fenced = regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```")
	prints = regexp.MustCompile(`(?m)// Output: (.*)$`)
)

// TestReadmeDoesWhatItShows runs the README's commands in a copy of their
// folder's place, and its programs. `make test` is what runs this test.
func TestReadmeDoesWhatItShows(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	runs := 0
	for _, m := range fenced.FindAllStringSubmatch(string(text), -1) {
		switch m[1] {
		case "sh":
			for _, line := range strings.Split(strings.TrimSpace(m[2]), "\n") {
				if line == "make test" {
					continue
				}
				// Programs are built from the checkout and run in a folder of their own.
				line = strings.ReplaceAll(line, "go run ./", "go run gables/")
				shell(t, root, dir, line)
				runs++
			}
		case "go":
			program(t, root, dir, m[2])
			runs++
		}
	}
	if runs < 8 {
		t.Errorf("only %d commands and programs were found", runs)
	}
}

// shell runs one command line in dir with the module at root in reach.
func shell(t *testing.T, root, dir, line string) {
	t.Helper()
	workspace(t, root, dir)
	cmd := exec.Command("sh", "-c", line)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil || len(out) == 0 {
		t.Errorf("%s: %v\n%s", line, err, out)
	}
}

func program(t *testing.T, root, dir, text string) {
	t.Helper()
	workspace(t, root, dir)
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "run", "main.go")
	cmd.Dir = dir
	want := prints.FindStringSubmatch(text)
	if want == nil {
		t.Fatalf("a program of the README does not say what it prints:\n%s", text)
	}
	if out, err := cmd.CombinedOutput(); err != nil || string(out) != want[1]+"\n" {
		t.Errorf("program of the README: %v\n%s", err, out)
	}
}

// workspace lets dir use the checkout, as the README tells users to.
func workspace(t *testing.T, root, dir string) {
	t.Helper()
	files := map[string]string{
		"go.mod":  "module readme\n\ngo 1.26.0\n",
		"go.work": "go 1.26.0\n\nuse .\nuse " + root + "\n",
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

package hdf5_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

func TestTheTableOfTrapsNamesRealTests(t *testing.T) {
	table, err := os.ReadFile("../docs/traps.md")
	if err != nil {
		t.Fatal(err)
	}
	sources := map[string][]byte{}
	names := regexp.MustCompile("`(?:([a-z0-9/]+)\\.)?(Test[A-Za-z0-9]+)`").FindAllSubmatch(table, -1)
	for _, n := range names {
		room := "../" + string(n[1])
		if len(n[1]) == 0 {
			room = "."
		}
		if sources[room] == nil {
			files, err := filepath.Glob(room + "/*_test.go")
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range files {
				b, err := os.ReadFile(f)
				if err != nil {
					t.Fatal(err)
				}
				sources[room] = append(sources[room], b...)
			}
		}
		if !bytes.Contains(sources[room], []byte("func "+string(n[2])+"(t *testing.T)")) {
			t.Errorf("%s has no %s", room, n[2])
		}
	}
	if len(names) < 120 {
		t.Errorf("%d tests are named", len(names))
	}
}

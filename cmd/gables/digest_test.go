package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gables/digest"
)

const digestData = "../../digest/testdata/"

// command runs gables and gives standard output, standard error and exit code.
func command(args ...string) (stdout, stderr string, code int) {
	root := newRoot()
	var out, errs bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&errs)
	root.SetArgs(args)
	err := root.ExecuteContext(context.Background())
	return out.String(), errs.String(), exitCode(err)
}

func TestDigestExitCodes(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none.h5")
	cases := []struct {
		want int
		args []string
	}{
		{exitOK, []string{"digest", digestData + "layout_le.h5"}},
		{exitOK, []string{"digest", "--equal", digestData + "layout_le.h5", digestData + "layout_be.h5"}},
		{exitDiffers, []string{"digest", "--equal", digestData + "layout_le.h5", digestData + "canonical.h5"}},
		{exitUsage, []string{"digest"}},
		{exitUsage, []string{"digest", "--nonsense", "x"}},
		{exitUsage, []string{"digest", "--equal", digestData + "layout_le.h5"}},
		{exitUnread, []string{"digest", none}},
		{exitUnread, []string{"digest", digestData + "make.py"}},
		{exitUnread, []string{"digest", digestData + "layout_le.h5", "--objects", "/absent"}},
	}
	for _, c := range cases {
		if _, stderr, code := command(c.args...); code != c.want {
			t.Errorf("%v: exit %d, want %d: %s", c.args, code, c.want, stderr)
		}
	}
}

func TestDigestOfADamagedFileExitsWithOne(t *testing.T) {
	b, err := os.ReadFile(digestData + "layout_be.h5")
	if err != nil {
		t.Fatal(err)
	}
	// A deflate stream begins with 0x5e or 0x78: the first chunk that is found is broken.
	at := bytes.Index(b, []byte{0x5e})
	if at < 0 {
		at = bytes.Index(b, []byte{0x78})
	}
	damaged := filepath.Join(t.TempDir(), "damaged.h5")
	for i := at; at > 0 && i < at+40 && i < len(b); i++ {
		b[i] ^= 0xff
	}
	if err := os.WriteFile(damaged, b, 0o600); err != nil {
		t.Fatal(err)
	}
	out, _, code := command("digest", "--json", damaged)
	var m digest.Manifest
	if err := json.Unmarshal([]byte(out), &m); err != nil {
		t.Fatal(err, out)
	}
	if want := map[bool]int{true: exitDiffers, false: exitUnread}[m.Error == ""]; code != want || !m.Damaged() {
		t.Errorf("exit %d, want %d; damaged: %v", code, want, m.Damaged())
	}
}

func TestDigestPrintsOneManifestALine(t *testing.T) {
	out, _, code := command("digest", "--json", digestData+"layout_le.h5", digestData+"make.py")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if code != exitUnread || len(lines) != 2 {
		t.Fatalf("exit %d, %d lines", code, len(lines))
	}
	var m digest.Manifest
	if err := json.Unmarshal([]byte(lines[1]), &m); err != nil || m.Error == "" || len(m.SHA256) != 64 {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestTotalIsTheSameForEveryLayout(t *testing.T) {
	total := func(name string) string {
		out, _, _ := command("digest", digestData+name)
		lines := strings.Split(strings.TrimSpace(out), "\n")
		sum, _, _ := strings.Cut(lines[len(lines)-1], " ")
		return sum
	}
	if a, b := total("layout_le.h5"), total("layout_be.h5"); a != b || len(a) != 64 {
		t.Errorf("%s and %s", a, b)
	}
}

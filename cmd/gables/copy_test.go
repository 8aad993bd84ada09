package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCopyPutsObjectsWhereTheyAreWanted(t *testing.T) {
	dir := t.TempDir()
	kinds := filepath.Join("testdata", "kinds.h5")
	all, part := filepath.Join(dir, "all.h5"), filepath.Join(dir, "part.h5")
	for _, c := range []struct {
		args []string
		code int
	}{
		{[]string{"copy", "--libver", "latest", kinds, all}, exitOK},
		{[]string{"copy", kinds + ":/ints", part}, exitOK},
		{[]string{"copy", kinds + ":/ints", part + ":/deep/in/"}, exitOK},
		{[]string{"copy", part + ":/ints", part + ":/again"}, exitOK},
		{[]string{"copy", kinds + ":/ints", part}, exitUnread},
		{[]string{"copy", kinds, part}, exitUnread},
		{[]string{"copy", kinds + ":/intz", part}, exitUnread},
		{[]string{"copy", "--libver", "v9", kinds, part}, exitUsage},
	} {
		out, told, code := command(c.args...)
		if code != c.code {
			t.Errorf("%v: exit %d, %s%s", c.args, code, out, told)
		}
	}
	if out, told, code := command("digest", "--equal", kinds, all); code != exitOK {
		t.Errorf("the whole file: %s%s", out, told)
	}
	out, told, code := command("ls", "-r", part)
	if code != exitOK || !strings.Contains(out, "again") || !strings.Contains(out, "deep") {
		t.Errorf("exit %d, %s%s", code, out, told)
	}
}

func TestRepackChangesStorageAndNoValue(t *testing.T) {
	dir := t.TempDir()
	tables := filepath.Join("testdata", "tables.h5")
	to := filepath.Join(dir, "out.h5")
	for _, args := range [][]string{{}, {"--filters", "shuffle,gzip=9", "--chunks", "10"}, {"--filters", "none", "--libver", "latest"}, {"--chunks", "contiguous", "--json"}} {
		if out, told, code := command(append([]string{"repack", tables, to}, args...)...); code != exitOK {
			t.Fatalf("%v: exit %d, %s%s", args, code, out, told)
		}
		if out, told, code := command("digest", "--equal", tables, to); code != exitOK {
			t.Errorf("%v: %s%s", args, out, told)
		}
	}
	for _, args := range [][]string{{"--filters", "gzp"}, {"--chunks", "0"}, {"--chunks", "contiguous", "--filters", "gzip"}, {"--libver", "9"}, {"--workers", "-1"}} {
		if _, told, code := command(append([]string{"repack", tables, to}, args...)...); code != exitUsage {
			t.Errorf("%v: exit %d, %s", args, code, told)
		}
	}
	if _, _, code := command("repack", filepath.Join(dir, "absent.h5"), to); code != exitUnread {
		t.Errorf("a source that is absent: exit %d", code)
	}
	if _, err := os.Stat(to); err != nil {
		t.Error(err)
	}
}

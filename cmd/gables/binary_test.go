package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// binary builds the command once.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "gables")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "gables.exe")
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", errors.New(string(out))
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := binary(); err == nil {
		os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

func built(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	if testing.Short() {
		t.Skip("builds the command")
	}
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	return exec.Command(path, args...)
}

func TestExitCodesOfTheCommand(t *testing.T) {
	for want, lines := range map[int][][]string{
		exitOK:     {{"ls", "testdata/kinds.h5"}, {"cat", "testdata/kinds.h5:/ints[0]"}, {"help", "cat"}},
		exitUsage:  {{"ls"}, {"nonsense"}, {"cat", "testdata/kinds.h5:/ints[0,0,0]"}, {"cat", "--csv", "--npy", "testdata/kinds.h5:/ints"}, {"info", "testdata/kinds.h5:/ints[0]"}},
		exitUnread: {{"ls", "none.h5"}, {"ls", "testdata"}, {"ls", "testdata/make.py"}, {"cat", "testdata/kinds.h5:/nope"}, {"cat", "testdata/kinds.h5:/group/dangling"}, {"attrs", "testdata/kinds.h5@nope"}},
	} {
		for _, args := range lines {
			cmd := built(t, args...)
			var errs bytes.Buffer
			cmd.Stderr = &errs
			_ = cmd.Run()
			if got := cmd.ProcessState.ExitCode(); got != want {
				t.Errorf("%v: exit %d, want %d: %s", args, got, want, errs.String())
			}
			if want != exitOK && !strings.HasPrefix(errs.String(), "gables: ") {
				t.Errorf("%v: standard error is %q", args, errs.String())
			}
		}
	}
}

func TestAReaderThatLeavesThePipeIsNoError(t *testing.T) {
	cmd := built(t, "cat", "--csv", "testdata/tables.h5:/_i_events/n/indicesLR")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	out.Close()
	_ = cmd.Wait()
	if errs.Len() > 0 {
		t.Errorf("standard error: %q", errs.String())
	}
}

func TestInterruptEndsAStream(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no interrupts for other processes")
	}
	cmd := built(t, "cat", "--csv", "testdata/tables.h5:/_i_events/n/indicesLR")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd.Stdout = w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if _, err := io.ReadFull(r, make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Process.Signal(syscall.SIGINT)
	time.Sleep(50 * time.Millisecond)
	_, _ = io.Copy(io.Discard, r)
	_ = cmd.Wait()
	if got := cmd.ProcessState.ExitCode(); got != exitCancelled && got != exitOK {
		t.Errorf("exit %d", got)
	}
}

func TestACancelledContextStopsAStream(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	root := newRoot()
	root.SetOut(writerFunc(func(p []byte) (int, error) { cancel(); return len(p), nil }))
	root.SetErr(io.Discard)
	root.SetArgs([]string{"cat", "--csv", "testdata/tables.h5:/_i_events/n/indicesLR"})
	cancel()
	if err := root.ExecuteContext(ctx); exitCode(err) != exitCancelled {
		t.Errorf("got %v", err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestBrokenPipeOfAWriterIsQuiet(t *testing.T) {
	root := newRoot()
	root.SetOut(writerFunc(func([]byte) (int, error) { return 0, &os.PathError{Op: "write", Path: "|1", Err: syscall.EPIPE} }))
	for _, args := range [][]string{{"cat", "testdata/kinds.h5:/ints"}, {"ls", "testdata/kinds.h5"}, {"tree", "testdata/kinds.h5"}, {"stats", "testdata/kinds.h5:/ints"}} {
		root.SetArgs(args)
		err := root.ExecuteContext(t.Context())
		if err == nil || err.Error() != "" || exitCode(err) != 141 {
			t.Errorf("%v: got %v, exit %d", args, err, exitCode(err))
		}
	}
}

func TestColoursAreForTerminalsOnly(t *testing.T) {
	script, err := exec.LookPath("script")
	if err != nil || runtime.GOOS != "linux" {
		t.Skip("no script command to make a terminal")
	}
	path := built(t).Path
	show := func(env ...string) string {
		cmd := exec.Command(script, "-qec", path+" ls testdata/kinds.h5", "/dev/null")
		cmd.Env = append(append(os.Environ(), "TERM=xterm", "NO_COLOR="), env...)
		out, err := cmd.Output()
		if err != nil {
			t.Skip("script makes no terminal here:", err)
		}
		return string(out)
	}
	if out := show(); !strings.Contains(out, "\x1b[1;34mgroup") {
		t.Errorf("no colour on a terminal: %q", out)
	}
	if out := show("NO_COLOR=1"); strings.Contains(out, "\x1b") {
		t.Errorf("colour in spite of NO_COLOR: %q", out)
	}
	out, err := built(t, "tree", "testdata/kinds.h5").Output()
	if err != nil || bytes.Contains(out, []byte("\x1b")) {
		t.Errorf("escape in a pipe: %q, %v", out, err)
	}
}

func TestCompletionKnowsPathsColumnsAndAttributes(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"ls", "testdata/kinds.h5:/b"}, "testdata/kinds.h5:/big\ntestdata/kinds.h5:/bits\ntestdata/kinds.h5:/bools\n:6\n"},
		{[]string{"tree", "testdata/kinds.h5:/gro"}, "testdata/kinds.h5:/group/\n:6\n"},
		{[]string{"cat", "testdata/kinds.h5:/group/s"}, "testdata/kinds.h5:/group/same\ntestdata/kinds.h5:/group/soft\n:6\n"},
		{[]string{"ls", "testdata/ki"}, ":0\n"},
		{[]string{"attrs", "testdata/kinds.h5@ti"}, "testdata/kinds.h5@title\n:4\n"},
		{[]string{"head", "testdata/kinds.h5:/table", "--columns", "id,n"}, "id,name\n:6\n"},
		{[]string{"info", "testdata/kinds.h5", "testdata/kinds.h5:/i"}, ":4\n"},
	} {
		out, err := built(t, append([]string{"__complete"}, c.args...)...).Output()
		if err != nil || string(out) != c.want {
			t.Errorf("%v: got %q, %v, want %q", c.args, out, err, c.want)
		}
	}
}

func TestOutputFileIsWholeOrAbsent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.npy")
	if _, stderr, code := command("cat", "--npy", "-o", path, "testdata/kinds.h5:/ints"); code != exitOK {
		t.Fatal(stderr)
	}
	b, err := os.ReadFile(path)
	if err != nil || len(b) != 128+48 || !bytes.HasPrefix(b, []byte("\x93NUMPY\x01\x00")) {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	if _, _, code := command("cat", "--npy", "-o", path+"2", "testdata/kinds.h5:/ragged"); code != exitUnread {
		t.Errorf("exit %d", code)
	}
	if list, _ := filepath.Glob(path + "2*"); len(list) > 0 {
		t.Errorf("left behind: %v", list)
	}
	if _, _, code := command("cat", "-o", "testdata/kinds.h5", "testdata/kinds.h5:/ints"); code != exitUsage {
		t.Errorf("wrote over its source: exit %d", code)
	}
}

func TestEveryCommandHasHelp(t *testing.T) {
	for _, cmd := range newRoot().Commands() {
		if cmd.Name() == "help" || cmd.Name() == "completion" {
			continue
		}
		if cmd.Short == "" || cmd.Example == "" || cmd.ValidArgsFunction == nil && cmd.Name() != "digest" {
			t.Errorf("%s lacks a summary, an example or completion", cmd.Name())
		}
	}
}

//go:build unix

package driver

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"gables/hdf5/h5err"
)

// cut opens a mapped file of four pages and takes all but the first away.
func cut(t *testing.T) (*File, int) {
	t.Helper()
	page := os.Getpagesize()
	name := tempFile(t, sample(4*page))
	d, err := OpenFile(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	if d.data == nil {
		t.Skip("this file system has no maps")
	}
	if err := os.Truncate(name, int64(page)); err != nil {
		t.Fatal(err)
	}
	return d, page
}

func TestReadingACutFileIsAnErrorAndNoCrash(t *testing.T) {
	d, page := cut(t)
	if n, err := d.ReadAt(make([]byte, 100), uint64(2*page)); n != 0 || !errors.Is(err, h5err.ErrTruncated) {
		t.Errorf("%d bytes, %v", n, err)
	}
	if n, err := d.ReadAt(make([]byte, 100), 7); n != 100 || err != nil {
		t.Errorf("what is left can be read: %d bytes, %v", n, err)
	}
	// Guards may be nested, and the inner one must not take the outer one away.
	view := d.View(0, 4*page)
	err := Guard(func() error {
		if err := Guard(func() error { return nil }); err != nil {
			return err
		}
		return fmt.Errorf("no fault: %d", view[3*page])
	})
	if !errors.Is(err, h5err.ErrTruncated) {
		t.Errorf("got %v", err)
	}
}

func TestAFaultIsCaughtInEveryGoroutine(t *testing.T) {
	d, page := cut(t)
	view := d.View(0, 4*page)
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			sum := byte(0)
			err := Guard(func() error {
				sum += view[page+page*(i%3)]
				return nil
			})
			if !errors.Is(err, h5err.ErrTruncated) {
				t.Errorf("goroutine %d: %v, %d", i, err, sum)
			}
		}()
	}
	wg.Wait()
}

func TestAPipeIsRefusedWithoutWaiting(t *testing.T) {
	name := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Skip(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := OpenFile(name)
		done <- err
	}()
	select {
	case err := <-done:
		if !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("got %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("opening waits for a writer")
	}
	if _, err := OpenFile("/dev/zero"); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("a device: %v", err)
	}
}

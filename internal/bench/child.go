package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"gables/hdf5"
)

// childArgument makes this program the Go member of the team.
const childArgument = "answer-requests"

// serve answers requests until its input ends.
func serve(in io.Reader, out io.Writer) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		var r request
		var a answer
		if err = json.Unmarshal(line, &r); err == nil {
			a, err = measure(r)
		}
		if err != nil {
			a.Error = err.Error()
		}
		if err := json.NewEncoder(out).Encode(a); err != nil {
			return err
		}
	}
}

// jobs give the value that a job computes.
var jobs = map[string]func(request) (float64, error){
	"tiles": readTiles, "walk": walkAll, "open_close": openClose,
	"write_array": writeArray, "write_append": writeAppend, "write_datasets": writeDatasets,
	"verify_array": verifyArray, "verify_datasets": verifyDatasets,
}

func measure(r request) (answer, error) {
	var dst []float64
	if r.Job == "read_into" {
		dst = make([]float64, r.Shape[0]*r.Shape[1])
		for i := range dst {
			dst[i] = 1 // the pages are there before the clock starts
		}
	}
	if err := loadSource(r); err != nil {
		return answer{}, err
	}
	// New memory comes from the system, as it does for the rivals.
	debug.FreeOSMemory()
	forgetPeak()
	var a answer
	var err error
	start, used := time.Now(), processorTime()
	switch r.Job {
	case "mean":
		a.Value, a.Mapped, err = meanOf(r)
	case "read_all":
		dst, err = readAll(r)
	case "read_into":
		err = readInto(r, dst)
	default:
		job, ok := jobs[r.Job]
		if !ok {
			return a, fmt.Errorf("no job %q", r.Job)
		}
		a.Value, err = job(r)
	}
	a.Seconds, a.Processor = time.Since(start).Seconds(), (processorTime() - used).Seconds()
	a.Peak, a.Mapped = status("VmHWM"), max(a.Mapped, status("RssFile"))
	for i := 0; i < len(dst); i += 4097 {
		a.Value += dst[i]
	}
	runtime.KeepAlive(dst)
	return a, err
}

// withArray opens the file, uses its array and closes it.
func withArray(r request, use func(*hdf5.Dataset) error) error {
	f, err := hdf5.Open(r.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	ds, err := f.Dataset("/array")
	if err != nil {
		return err
	}
	return use(ds)
}

func readAll(r request) (dst []float64, err error) {
	err = withArray(r, func(ds *hdf5.Dataset) error {
		dst, err = hdf5.ReadWith[float64](context.Background(), ds, hdf5.ReadOptions{Workers: r.Workers})
		return err
	})
	return dst, err
}

func readInto(r request, dst []float64) error {
	return withArray(r, func(ds *hdf5.Dataset) error {
		_, err := hdf5.ReadIntoWith(context.Background(), ds, dst, hdf5.ReadOptions{Workers: r.Workers})
		return err
	})
}

// readTiles shares the tiles out among callers, each with some workers.
func readTiles(r request) (float64, error) {
	sums, errs := make([]float64, r.Callers), make([]error, r.Callers)
	options := hdf5.ReadOptions{Workers: r.Workers}
	err := withArray(r, func(ds *hdf5.Dataset) error {
		parallel(r.Callers, func(k int) {
			tile := make([]float64, r.Edge*r.Edge)
			for i := k; i < len(r.Tiles) && errs[k] == nil; i += r.Callers {
				row, column := r.Tiles[i][0], r.Tiles[i][1]
				_, errs[k] = hdf5.ReadIntoWith(context.Background(), ds, tile, options,
					hdf5.Sel(fmt.Sprintf("%d:%d, %d:%d", row, row+r.Edge, column, column+r.Edge)))
				sums[k] += tile[0]
			}
		})
		return firstError(errs)
	})
	return total(sums), err
}

func walkAll(r request) (float64, error) {
	f, err := hdf5.Open(r.Path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	n := 0
	for _, err := range f.Walk(context.Background()) {
		if err != nil {
			return 0, err
		}
		n++
	}
	return float64(n), nil
}

// openClose opens the file, reads its array and closes it, over and over.
func openClose(r request) (float64, error) {
	sums, errs := make([]float64, r.Callers), make([]error, r.Callers)
	parallel(r.Callers, func(k int) {
		one := request{Path: r.Path, Workers: 1}
		for i := k; i < r.Count && errs[k] == nil; i += r.Callers {
			var values []float64
			values, errs[k] = readAll(one)
			if errs[k] == nil {
				sums[k] += values[0]
			}
		}
	})
	return total(sums), firstError(errs)
}

func parallel(n int, work func(k int)) {
	var wg sync.WaitGroup
	for k := range n {
		wg.Go(func() { work(k) })
	}
	wg.Wait()
}

func firstError(errs []error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func total(values []float64) (sum float64) {
	for _, v := range values {
		sum += v
	}
	return sum
}

// status gives a figure of this process in bytes; 0 where the system has none.
func status(name string) int64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(text) {
		if fields := bytes.Fields(line); len(fields) > 1 && string(fields[0]) == name+":" {
			n, _ := strconv.ParseInt(string(fields[1]), 10, 64)
			return n << 10
		}
	}
	return 0
}

// forgetPeak makes the process's peak memory start again from what it has now.
func forgetPeak() {
	// Where that can't be done the peak is that of the whole run.
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
}

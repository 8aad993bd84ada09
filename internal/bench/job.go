package main

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
)

// tileEdge is the extent of a tile in both directions.
const tileEdge = 64

// contestant is a member with its way of doing a job.
type contestant struct {
	name    string
	member  string
	request request
}

// job is one task on one file, which all contestants do.
type job struct {
	name        string // its kind and its file, such as "mean gzip"
	path        string
	about       string // what one figure does
	contestants []contestant
	output      *output // of a job that writes
}

// result is what one contestant needed for one job.
type result struct {
	Job        string    `json:"job"`
	About      string    `json:"about"`
	Contestant string    `json:"contestant"`
	Seconds    []float64 `json:"seconds"` // one for each round
	Median     float64   `json:"median"`
	Processor  []float64 `json:"processor"` // seconds of all processors together
	Peak       int64     `json:"peak"`      // bytes, the highest of all rounds
	Mapped     int64     `json:"mapped"`    // bytes of file pages in that round
	Stored     int64     `json:"stored"`    // bytes of the file that was written
}

func (r *result) min() float64 { return slices.Min(r.Seconds) }
func (r *result) max() float64 { return slices.Max(r.Seconds) }

// stored is the file's size in MiB, empty for jobs that read.
func (r *result) stored() string {
	if r.Stored == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f", float64(r.Stored)/(1<<20))
}

func (r *result) add(a answer) {
	r.Seconds = append(r.Seconds, a.Seconds)
	if a.Peak > r.Peak {
		r.Peak, r.Mapped = a.Peak, a.Mapped
	}
	r.Stored = a.Stored
	r.Processor = append(r.Processor, a.Processor)
	r.Median = median(r.Seconds)
}

func median(values []float64) float64 {
	s := slices.Sorted(slices.Values(values))
	return (s[len(s)/2] + s[(len(s)-1)/2]) / 2
}

// measureAll runs every job, its contestants in turn.
func measureAll(c config, f files, t team, progress io.Writer) ([]*result, error) {
	var results []*result
	for _, j := range plan(c, f) {
		if !strings.Contains(j.name, c.only) {
			continue
		}
		if err := warm(j.path); err != nil {
			return nil, err
		}
		list, err := j.measure(c.rounds, t, progress)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", j.name, err)
		}
		results = append(results, list...)
	}
	return results, nil
}

func (j *job) measure(rounds int, t team, progress io.Writer) ([]*result, error) {
	results := make([]*result, len(j.contestants))
	want := math.NaN()
	for round := range rounds {
		for i, c := range j.contestants {
			if results[i] == nil {
				results[i] = &result{Job: j.name, About: j.about, Contestant: c.name}
			}
			a, err := j.attempt(c, round, t)
			if err != nil {
				return nil, err
			}
			if math.IsNaN(want) {
				want = a.Value
			}
			if !(math.Abs(a.Value-want) <= 1e-9*math.Abs(want)) {
				return nil, fmt.Errorf("%s computes %v, %s %v", c.name, a.Value, j.contestants[0].name, want)
			}
			results[i].add(a)
			fmt.Fprintf(progress, "round %d/%d  %-16s %-24s %9.4f s\n", round+1, rounds, j.name, c.name, a.Seconds)
		}
	}
	return results, nil
}

// plan is all jobs on all files.
func plan(c config, f files) []job {
	var jobs []job
	for _, kind := range []func(config, files, string) job{meanJob, readAllJob, readIntoJob, tilesJob} {
		for _, file := range []string{"contiguous", "gzip", "blosc2", "zstd"} {
			jobs = append(jobs, kind(c, f, file))
		}
	}
	return append(append(jobs, walkJob(f), openJob(c, f)), writePlan(c, f)...)
}

// workerCounts are those for which gables is timed.
func workerCounts() []int {
	counts := []int{1, 2}
	if n := runtime.NumCPU(); n > 2 {
		counts = append(counts, n)
	}
	return counts
}

// byWorkers gives one contestant for each number of workers.
func byWorkers(r request) []contestant {
	var list []contestant
	for _, n := range workerCounts() {
		r.Workers = n
		list = append(list, contestant{fmt.Sprintf("gables, %d worker%s", n, plural(n)), gablesMember, r})
	}
	return list
}

// byCallers gives one contestant for each number of goroutines that call.
func byCallers(r request, counts ...int) []contestant {
	var list []contestant
	for _, n := range counts {
		r.Callers = n
		list = append(list, contestant{fmt.Sprintf("gables, %d goroutine%s", n, plural(n)), gablesMember, r})
	}
	return list
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

// pytables are the members that can read a file with PyTables: none knows the
// zstd filter, and only deflate depends on the zlib.
func pytables(file string) []string {
	switch file {
	case "zstd":
		return nil
	case "gzip":
		return []string{tablesMember, preloadMember}
	}
	return []string{tablesMember}
}

func meanJob(_ config, f files, file string) job {
	j := job{name: "mean " + file, path: f.path(file), about: "open, mean of all elements, close"}
	j.contestants = byWorkers(request{Job: "mean"})
	for _, m := range pytables(file) {
		j.contestants = append(j.contestants, contestant{m + ", blocks", m, request{Job: "mean_blocks"}})
		for _, n := range []int{1, 2, 5} {
			j.contestants = append(j.contestants, contestant{fmt.Sprintf("%s, %d thread%s", m, n, plural(n)), m,
				request{Job: "mean_threads", Workers: n, Shape: f.Facts.Shape}})
		}
	}
	j.contestants = append(j.contestants, contestant{"h5py, blocks", h5pyMember, request{Job: "mean_blocks"}})
	return j
}

func readAllJob(_ config, f files, file string) job {
	j := job{name: "read " + file, path: f.path(file), about: "open, read all into new memory, close"}
	j.contestants = append(byWorkers(request{Job: "read_all"}), rivals(file, request{Job: "read_all"})...)
	return j
}

func readIntoJob(_ config, f files, file string) job {
	r := request{Job: "read_into", Shape: f.Facts.Shape}
	j := job{name: "read into " + file, path: f.path(file), about: "open, read all into given memory, close"}
	j.contestants = append(byWorkers(r), rivals(file, r)...)
	return j
}

func tilesJob(c config, f files, file string) job {
	random := rand.New(rand.NewPCG(1, 2))
	r := request{Job: "tiles", Edge: tileEdge, Tiles: make([][2]int, c.tiles)}
	for i := range r.Tiles {
		r.Tiles[i] = [2]int{random.IntN(f.Facts.Shape[0] - tileEdge + 1), random.IntN(f.Facts.Shape[1] - tileEdge + 1)}
	}
	j := job{name: "tiles " + file, path: f.path(file),
		about: fmt.Sprintf("open, read %d random %d x %d tiles, close; default chunk caches", c.tiles, tileEdge, tileEdge)}
	alone := contestant{"gables, 1 worker", gablesMember, r}
	alone.request.Workers, alone.request.Callers = 1, 1
	j.contestants = slices.Concat([]contestant{alone}, byCallers(r, workerCounts()...), rivals(file, r))
	return j
}

// rivals do the same request as gables, all in one thread.
func rivals(file string, r request) []contestant {
	var list []contestant
	for _, m := range append(pytables(file), h5pyMember) {
		list = append(list, contestant{m, m, r})
	}
	return list
}

func walkJob(f files) job {
	r := request{Job: "walk"}
	return job{name: "walk", path: f.path("nodes"),
		about: fmt.Sprintf("open, open each of %d nodes, close", f.Facts.Nodes+1),
		contestants: []contestant{{"gables, Walk", gablesMember, r}, {"pytables, walk_nodes", tablesMember, r},
			{"h5py, visititems", h5pyMember, r}}}
}

func openJob(c config, f files) job {
	r := request{Job: "open_close", Count: c.opens}
	return job{name: "open", path: f.path("small"),
		about:       fmt.Sprintf("%d times: open, read 100 x 100 float64, close", c.opens),
		contestants: append(byCallers(r, 1, 2, 8), rivals("contiguous", r)...)}
}

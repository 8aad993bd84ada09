package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// report is all that a run found.
type report struct {
	Processors int               `json:"processors"`
	Go         string            `json:"go"`
	Files      facts             `json:"files"`
	Zlib       map[string]string `json:"zlib"` // which library a member's libhdf5 takes inflate from
	Results    []*result         `json:"results"`
	Targets    []target          `json:"targets"`
}

// target is a ratio that gables wants to reach.
type target struct {
	Job    string  `json:"job"`
	Ours   string  `json:"ours"`
	Rival  string  `json:"rival"` // bestRival: the fastest of those that are not gables
	Want   float64 `json:"want"`
	Got    float64 `json:"got"` // median of the rival / median of ours
	Passed bool    `json:"passed"`
}

const bestRival = "the best rival"

// targets hold on an idle machine of two processors.
func targets() []target {
	const two = "gables, 2 workers"
	return []target{
		{Job: "mean contiguous", Ours: two, Rival: "pytables, blocks", Want: 2.5},
		{Job: "mean gzip", Ours: two, Rival: "pytables, 2 threads", Want: 3.5},
		{Job: "mean gzip", Ours: two, Rival: "h5py, blocks", Want: 2},
		{Job: "mean gzip", Ours: two, Rival: "gables, 1 worker", Want: 1.8},
		{Job: "walk", Ours: "gables, Walk", Rival: "pytables, walk_nodes", Want: 20},
		{Job: "walk", Ours: "gables, Walk", Rival: "h5py, visititems", Want: 5},
		{Job: "open", Ours: "gables, 1 goroutine", Rival: "pytables", Want: 5},
		{Job: "write contiguous", Ours: two, Rival: bestRival, Want: 1},
		{Job: "write append none", Ours: two, Rival: bestRival, Want: 1},
		{Job: "write append gzip", Ours: two, Rival: bestRival, Want: 2.5},
		{Job: "write append blosc2", Ours: two, Rival: bestRival, Want: 1.5},
		{Job: "write append lz4", Ours: two, Rival: bestRival, Want: 1.5},
		{Job: "write table", Ours: two, Rival: "pytables", Want: 20},
		{Job: "write datasets", Ours: two, Rival: bestRival, Want: 5},
	}
}

// judge gives the targets whose jobs were run.
func judge(results []*result) []target {
	var list []target
	for _, t := range targets() {
		ours, rival := find(results, t.Job, t.Ours), find(results, t.Job, t.Rival)
		if ours == nil || rival == nil {
			continue
		}
		t.Got = rival.Median / ours.Median
		t.Passed = t.Got >= t.Want
		list = append(list, t)
	}
	return list
}

func find(results []*result, job, contestant string) *result {
	if contestant == bestRival {
		return fastest(results, job, false)
	}
	i := slices.IndexFunc(results, func(r *result) bool { return r.Job == job && r.Contestant == contestant })
	if i < 0 {
		return nil
	}
	return results[i]
}

// best is gables' fastest result of a job.
func best(results []*result, job string) *result { return fastest(results, job, true) }

// fastest is that of gables, or of all rivals.
func fastest(results []*result, job string, ours bool) *result {
	var b *result
	for _, r := range results {
		if r.Job == job && strings.HasPrefix(r.Contestant, gablesMember) == ours && (b == nil || r.Median < b.Median) {
			b = r
		}
	}
	return b
}

func (r report) print(out io.Writer) {
	fmt.Fprintf(out, "%d processors, %s. Page cache: warm, each file was read once before. Times in seconds, \"cpu\" the median of\n"+
		"processor time; memory in MiB: the process's peak, and what of it is pages of files. \"x\" is the rival's median / that of gables' fastest row.\n", r.Processors, r.Go)
	fmt.Fprintf(out, "Arrays: float64, shape %v, %.0f MiB. Chunk shape of gzip, blosc2 and zstd: %v.\n",
		r.Files.Shape, float64(r.Files.Shape[0]*r.Files.Shape[1])/(1<<17), r.Files.Chunk)
	fmt.Fprintf(out, "Filters: contiguous none; gzip: shuffle, deflate 4, ratio %.2f; blosc2: PyTables' blosc2:zstd 5 with shuffle, ratio %.2f;\n"+
		"zstd: shuffle, zstd 3, ratio %.2f.\n", r.Files.Ratios["gzip"], r.Files.Ratios["blosc2"], r.Files.Ratios["zstd"])
	for _, name := range []string{tablesMember, preloadMember, h5pyMember} {
		if lib := r.Zlib[name]; lib != "" {
			fmt.Fprintf(out, "The libhdf5 of %s takes inflate from %s.\n", name, lib)
		}
	}
	fmt.Fprint(out, "Writing: the data lie in memory before the clock starts, and count for the peak; the file is new, lies in the page cache when the\n"+
		"clock stops, and was compared with the data by another contestant. Durability is off, as that of the rivals, where none is told.\n"+
		"PyTables: blosc with 2 threads, chunk caches as they are by default. \"stored\" is the file in MiB.\n")
	r.printResults(out)
	r.printTargets(out)
}

func (r report) printResults(out io.Writer) {
	job := ""
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, x := range r.Results {
		if x.Job != job {
			w.Flush()
			job = x.Job
			fmt.Fprintf(out, "\n%s: %s; %d rounds\n", x.Job, x.About, len(x.Seconds))
			fmt.Fprintln(w, "\tmin\tmedian\tmax\tcpu\tpeak\tfile\tstored\tx\t")
		}
		fmt.Fprintf(w, "%s\t%.4f\t%.4f\t%.4f\t%.4f\t%d\t%d\t%s\t%.2f\t\n", x.Contestant, x.min(), x.Median, x.max(), median(x.Processor), x.Peak>>20, x.Mapped>>20,
			x.stored(), x.Median/best(r.Results, job).Median)
	}
	w.Flush()
}

func (r report) printTargets(out io.Writer) {
	if len(r.Targets) == 0 {
		return
	}
	fmt.Fprintln(out, "\ntargets (ratio of medians, on an idle machine)")
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, t := range r.Targets {
		mark := "miss"
		if t.Passed {
			mark = "pass"
		}
		fmt.Fprintf(w, "%s\t%s\t%s against %s\t%.2f\twanted %.1f\n", mark, t.Job, t.Ours, t.Rival, t.Got, t.Want)
	}
	w.Flush()
}

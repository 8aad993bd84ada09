package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
)

// Shapes of what is appended: those that PyTables 3.11 chooses for the array, and
// what makes a chunk of 640 KiB for the table, for which PyTables chooses 480 MiB.
const (
	appendRow   = 1 << 17 // elements of a row: 1 MiB
	appendChunk = 1 << 16 // 512 KiB
	tableBatch  = 1 << 16
	tableChunk  = 1 << 14
	commitRow   = 16
	commitChunk = 1 << 10 // rows
)

// output tells where the contestants of a job write, and how what they wrote is
// compared; none for jobs that read.
type output struct {
	path   string
	verify request
}

// writePlan is all jobs that write.
func writePlan(c config, f files) []job {
	out := output{path: filepath.Join(f.folder, "written.h5")}
	jobs := []job{writeArrayJob(f)}
	for _, filter := range []string{"none", "gzip", "blosc2", "lz4"} {
		jobs = append(jobs, writeAppendJob(f, filter))
	}
	jobs = append(jobs, writeTableJob(f), writeDatasetsJob(c, f), writeCommitJob(c, f))
	for i := range jobs {
		o := out
		o.verify = jobs[i].contestants[0].request
		o.verify.Path, o.verify.Job = out.path, "verify_array"
		if o.verify.Source == "" {
			o.verify.Job = "verify_datasets"
		}
		jobs[i].output = &o
	}
	return jobs
}

// writers are gables with each number of workers, with each higher durability at
// its price, and both rivals.
func writers(r request) []contestant {
	list := byWorkers(r)
	r.Workers = 2
	for _, d := range []string{"normal", "full"} {
		r.Durability = d
		list = append(list, contestant{"gables, 2 workers, " + d, gablesMember, r})
	}
	r.Durability = ""
	list = append(list, contestant{tablesMember, tablesMember, r})
	return append(list, contestant{h5pyMember, h5pyMember, r})
}

func writeArrayJob(f files) job {
	return job{name: "write contiguous", path: f.path("contiguous"), about: "make a file, write a contiguous array at once, close",
		contestants: writers(request{Job: "write_array", Source: f.path("contiguous")})}
}

func writeAppendJob(f files, filter string) job {
	r := request{Job: "write_append", Source: f.path("contiguous"), Filter: filter, Row: appendRow, Chunk: []int{1, appendChunk}, Batch: 1}
	filters := map[string]string{"none": "no filter", "gzip": "shuffle, deflate 1", "blosc2": "blosc2:zstd 5 with shuffle", "lz4": "blosc:lz4 5 with shuffle"}
	j := job{name: "write append " + filter, path: r.Source, contestants: writers(r),
		about: fmt.Sprintf("make a file, append rows of 1 MiB float64, close; chunks of %v, %s", r.Chunk, filters[filter])}
	if filter == "gzip" {
		r.Workers = 2
		j.contestants = append(j.contestants, contestant{preloadMember, preloadMember, r})
	}
	return j
}

func writeTableJob(f files) job {
	r := request{Job: "write_append", Source: f.path("table"), Filter: "blosc2", Chunk: []int{tableChunk}, Batch: tableBatch}
	j := job{name: "write table", path: r.Source, contestants: writers(r), about: fmt.Sprintf(
		"make a file, append batches of %d records of 6 columns, 40 bytes, close; chunks of %v, blosc2:zstd 5 with shuffle", tableBatch, r.Chunk)}
	r.Workers, r.OwnChunk = 2, true
	j.contestants = append(j.contestants, contestant{"pytables, its own chunks", tablesMember, r})
	return j
}

func writeDatasetsJob(c config, f files) job {
	r := request{Job: "write_datasets", Count: c.nodes}
	j := job{name: "write datasets", path: f.path("small"), contestants: writers(r),
		about: fmt.Sprintf("make a file with %d datasets of 4 float64 with 2 attributes each, in groups of 100, close", c.nodes)}
	r.Plain = true
	j.contestants = append(j.contestants, contestant{"pytables, no attributes of its own", tablesMember, r})
	return j
}

func writeCommitJob(c config, f files) job {
	r := request{Job: "write_append", Source: f.path("contiguous"), Filter: "none", Row: commitRow, Chunk: []int{commitChunk, commitRow}, Batch: 1,
		Count: c.commits, Flush: true}
	j := job{name: "write commit", path: r.Source, contestants: writers(r),
		about: fmt.Sprintf("make a file, %d times: append a row of %d float64 and flush, close; one chunk; lazy: WithLazyCheckpoints(16 MiB, 1 s)", c.commits, commitRow)}
	r.Workers, r.Lazy = 2, true
	for _, d := range []string{"normal", "full"} {
		r.Durability = d
		j.contestants = append(j.contestants, contestant{"gables, 2 workers, " + d + ", lazy", gablesMember, r})
	}
	return j
}

// attempt has one contestant do its job. Whatever it writes is compared by
// another member, outside of the timing: that of gables by either rival in turn.
func (j *job) attempt(c contestant, round int, t team) (answer, error) {
	if j.output == nil {
		c.request.Path = j.path
		return t[c.member].ask(c.request)
	}
	defer os.Remove(j.output.path)
	c.request.Path = j.output.path
	a, err := t[c.member].ask(c.request)
	if err != nil {
		return a, err
	}
	info, err := os.Stat(j.output.path)
	if err != nil {
		return a, err
	}
	a.Stored = info.Size()
	judge := []string{h5pyMember, tablesMember}[round%2]
	if c.member != gablesMember {
		judge = gablesMember
	}
	b, err := t[judge].ask(j.output.verify)
	if err != nil {
		return a, fmt.Errorf("what %s wrote: %w", c.name, err)
	}
	if math.Abs(b.Value-a.Value) > 0 {
		return a, fmt.Errorf("%s finds %v elements where %s wrote %v", judge, b.Value, c.name, a.Value)
	}
	return a, nil
}

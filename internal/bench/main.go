package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// config is what the command line says.
type config struct {
	size    int64 // bytes of an array
	rounds  int
	nodes   int
	tiles   int
	opens   int
	commits int
	dir     string
	json    string
	python  string
	only    string // part of the names of the jobs to run
	clean   bool
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == childArgument {
		if err := serve(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "bench child:", err)
			os.Exit(1)
		}
		return
	}
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func parse(args []string) (config, error) {
	c := config{python: os.Getenv("GABLES_PYTHON")}
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	size := fs.String("size", "1GiB", "bytes of each array, such as 8MiB")
	fs.IntVar(&c.rounds, "rounds", 5, "how often each contestant runs")
	fs.IntVar(&c.nodes, "nodes", 10000, "nodes of the file that is walked")
	fs.IntVar(&c.tiles, "tiles", 500, "tiles of 64 x 64 that are read")
	fs.IntVar(&c.opens, "opens", 200, "how often the small file is opened for one figure")
	fs.IntVar(&c.commits, "commits", 500, "flushes for one figure")
	fs.StringVar(&c.dir, "dir", filepath.Join(os.TempDir(), "gables-bench"), "where the files are kept")
	fs.StringVar(&c.json, "json", "", "also write all figures to this file")
	fs.StringVar(&c.only, "only", "", "run only the jobs whose names contain this")
	fs.BoolVar(&c.clean, "clean", false, "remove the files of earlier runs and stop")
	if err := fs.Parse(args); err != nil {
		return c, err
	}
	if c.python == "" {
		c.python = filepath.Join(".venv", "bin", "python")
	}
	var err error
	c.size, err = parseSize(*size)
	if err == nil && (c.rounds < 1 || c.nodes < 2 || c.tiles < 1 || c.opens < 1 || c.commits < 1) {
		err = fmt.Errorf("rounds, tiles, opens and commits must be positive, nodes at least 2")
	}
	return c, err
}

// parseSize takes a number of bytes with or without KiB, MiB or GiB.
func parseSize(text string) (int64, error) {
	const least = 1 << 20 // holds a tile in each direction
	number, unit := text, int64(1)
	for i, suffix := range []string{"KiB", "MiB", "GiB"} {
		if n, ok := strings.CutSuffix(text, suffix); ok {
			number, unit = n, 1<<(10*(i+1))
		}
	}
	n, err := strconv.ParseInt(number, 10, 40)
	if err != nil || n <= 0 || n*unit < least || n*unit/unit != n {
		return 0, fmt.Errorf("size %q: want 1MiB or more", text)
	}
	return n * unit, nil
}

func run(args []string, out, progress io.Writer) error {
	c, err := parse(args)
	if err != nil {
		return err
	}
	if c.clean {
		return cleanFiles(c.dir)
	}
	files, err := makeFiles(c, progress)
	if err != nil {
		return err
	}
	team, err := startTeam(c.python)
	if err != nil {
		return err
	}
	defer team.stop()
	results, err := measureAll(c, files, team, progress)
	if err != nil {
		return err
	}
	r := report{Processors: runtime.NumCPU(), Go: runtime.Version(), Files: files.Facts, Zlib: zlibs(c.python), Results: results}
	r.Targets = judge(results)
	r.print(out)
	if c.json == "" {
		return nil
	}
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(c.json, append(b, '\n'), 0o666)
}

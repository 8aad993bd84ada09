//go:build interop

package interop

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

// The table stands between these lines of supportFile.
const (
	supportFile = "../docs/support.md"
	tableBegin  = "<!-- read table: written by `make support` -->"
	tableEnd    = "<!-- end of the read table -->"
)

// layoutColumns and filterColumns are in the order of the tables.
var (
	layoutColumns = []string{"null", "compact", "contiguous", "external", "virtual", "btree_v1", "single", "implicit",
		"fixed_array", "extensible_array", "btree_v2"}
	filterColumns = []string{"none", "gzip", "shuffle", "fletcher32", "szip", "nbit", "scaleoffset", "lzf", "bzip2",
		"blosc", "blosc2", "bitshuffle", "lz4", "zstd", "zfp"}
)

// table counts the cases that were read right.
type table struct {
	mu     sync.Mutex
	layout map[[2]string]int // datatype, layout
	filter map[[2]string]int // datatype, filter
	both   map[[2]string]int // layout, filter
	chunks map[string]bool   // filter with its parameters → whether it was ever applied
	total  int
}

func newTable() *table {
	return &table{layout: map[[2]string]int{}, filter: map[[2]string]int{}, both: map[[2]string]int{}, chunks: map[string]bool{}}
}

// count adds a case; a chain of filters counts for each of them.
func (s *table) count(c datasetCase) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total++
	s.layout[[2]string{c.Type, c.Layout}]++
	for _, f := range strings.Split(c.Filter, " + ") {
		s.filter[[2]string{c.Type, f}]++
		s.both[[2]string{c.Layout, f}]++
	}
}

// filtered notes a chunk whose filters were all applied, or some skipped.
func (s *table) filtered(c datasetCase, applied bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.chunks[c.Name] = s.chunks[c.Name] || applied
}

// text is the section of the document.
func (s *table) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%d datasets that h5py and PyTables wrote were read with the values that they read.\n", tableBegin, s.total)
	b.WriteString("A number says how many cases stand behind the mark; `·` is a combination that does not exist or was not made.\n")
	write(&b, "Datatype × layout", s.layout, layoutColumns, rows(s.layout))
	write(&b, "Datatype × filter", s.filter, filterColumns, rows(s.filter))
	write(&b, "Layout × filter", s.both, filterColumns, present(layoutColumns, rows(s.both)))
	b.WriteString("\n" + tableEnd)
	return b.String()
}

// rows are the first keys, sorted.
func rows(m map[[2]string]int) []string {
	var list []string
	for k := range m {
		list = append(list, k[0])
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// present are the entries of order that are in list.
func present(order, list []string) []string {
	return slices.DeleteFunc(slices.Clone(order), func(s string) bool { return !slices.Contains(list, s) })
}

func write(b *strings.Builder, title string, m map[[2]string]int, columns, rows []string) {
	fmt.Fprintf(b, "\n### %s\n\n| |%s|\n|---|%s\n", title, strings.Join(columns, "|"), strings.Repeat("---|", len(columns)))
	for _, r := range rows {
		fmt.Fprintf(b, "|%s|", r)
		for _, c := range columns {
			if n := m[[2]string{r, c}]; n > 0 {
				fmt.Fprintf(b, "✓ %d|", n)
			} else {
				b.WriteString("·|")
			}
		}
		b.WriteString("\n")
	}
}

// check holds the document against the table, or writes it with -update.
func (s *table) check(t *testing.T) {
	t.Helper()
	s.checkColumns(t)
	document(t, tableBegin, tableEnd, s.text())
}

// document holds what stands between two lines of supportFile, and these,
// against text, or writes it with -update.
func document(t *testing.T, begin, end, text string) {
	t.Helper()
	old, err := os.ReadFile(supportFile)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, found := strings.Cut(string(old), begin)
	_, tail, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("%s has no lines %q and %q", supportFile, begin, end)
	}
	now := head + text + tail
	switch {
	case now == string(old):
	case !*update:
		t.Errorf("%s is not what the tests found behind %q: run `make support`", supportFile, begin)
	default:
		if err := os.WriteFile(supportFile, []byte(now), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// checkColumns tells of layouts and filters that the tables would leave out, and
// of filters that were skipped wherever they stand.
func (s *table) checkColumns(t *testing.T) {
	t.Helper()
	for k := range s.both {
		if !slices.Contains(layoutColumns, k[0]) || !slices.Contains(filterColumns, k[1]) {
			t.Errorf("%v has no place in the tables", k)
		}
	}
	for name, applied := range s.chunks {
		if !applied {
			t.Errorf("no chunk went through %s: its cases prove nothing", name)
		}
	}
}

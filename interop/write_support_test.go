//go:build interop

package interop

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

// The tables of writing stand between these lines of supportFile.
const (
	claimsBegin = "<!-- write tables: written by `make support` -->"
	claimsEnd   = "<!-- end of the write tables -->"
)

var boundColumns = []string{"earliest", "v18", "v110", "v112", "v114"}

// pipelines is the table of what filters store about themselves.
const pipelines = "Filter × whose client data is stored"

// claimTables are the tables in order, with their columns.
var claimTables = []struct {
	title   string
	columns []string
}{
	{"Structure × library bound", boundColumns},
	{"Change × library bound", boundColumns},
	{"Layout × library bound", boundColumns},
	{pipelines, []string{"libhdf5", "h5py", "hdf5plugin"}},
}

// writtenClaims counts what was written and found right, for the tables.
type writtenClaims struct {
	mu    sync.Mutex
	cells map[string]map[[2]string]int // by title
	rows  map[string][]string          // in the order in which they came
	total int
}

var (
	claims = &writtenClaims{cells: map[string]map[[2]string]int{}, rows: map[string][]string{}}
	matrix = newTable() // datatype × layout × filter, as written
	// matrixFiles are those that went into matrix.
	matrixFiles = 0
)

// The tables of the matrix stand between these lines.
const (
	matrixBegin = "<!-- written matrix: written by `make support` -->"
	matrixEnd   = "<!-- end of the written matrix -->"
)

// countWritten adds files that all witnesses read right.
func countWritten(list []*expected) {
	for _, e := range list {
		matrixFiles++
		for _, o := range e.objects {
			if o.kind.family == "" || o.plan.name == "" {
				continue
			}
			c := datasetCase{Type: o.kind.family, Layout: o.plan.name, Filter: o.pack.family}
			if c.Filter == "" {
				c.Filter = "none"
			}
			matrix.count(c)
		}
	}
}

func matrixText() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%d datasets that gables wrote were read with their values by h5py, PyTables and h5dump, as far as those know the type.\n", matrixBegin, matrix.total)
	for _, s := range []struct {
		title   string
		m       map[[2]string]int
		columns []string
	}{{"Datatype × layout, written", matrix.layout, layoutColumns}, {"Datatype × filter, written", matrix.filter, filterColumns},
		{"Layout × filter, written", matrix.both, filterColumns}} {
		write(&b, s.title, s.m, s.columns, rows(s.m))
	}
	b.WriteString("\n" + matrixEnd)
	return b.String()
}

func (c *writtenClaims) count(title, row, column string, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cells[title] == nil {
		c.cells[title] = map[[2]string]int{}
	}
	if !slices.Contains(c.rows[title], row) {
		c.rows[title] = append(c.rows[title], row)
	}
	c.cells[title][[2]string{row, column}] += n
	if title != pipelines {
		c.total += n
	}
}

func (c *writtenClaims) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%d objects and attributes that gables wrote, or changed, were read by h5py with the values that were written.\n", claimsBegin, c.total)
	b.WriteString("A number says how many stand behind the mark; `·` is a combination that the style of file does not have.\n")
	for _, t := range claimTables {
		write(&b, t.title, c.cells[t.title], t.columns, c.rows[t.title])
	}
	b.WriteString("\n" + claimsEnd)
	return b.String()
}

// TestTheTablesOfWritingAreTrue runs the tests that count, and holds the
// document against what they found.
func TestTheTablesOfWritingAreTrue(t *testing.T) {
	ok := t.Run("structures", testStructures) && t.Run("changes", testChanges) && t.Run("layouts", testLayouts) &&
		t.Run("filters", testFilters)
	if ok {
		document(t, claimsBegin, claimsEnd, claims.text())
	}
	// The tests of the matrix stand before this one; -run may have left them out.
	if matrixFiles == len(bounds)+3 && !t.Failed() {
		document(t, matrixBegin, matrixEnd, matrixText())
	} else {
		t.Logf("%d files of the matrix were counted: its tables were left alone", matrixFiles)
	}
}

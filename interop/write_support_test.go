//go:build interop

package interop

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"gables/hdf5"
)

// The tables of writing stand between these lines of supportFile.
const (
	claimsBegin = "<!-- write tables: written by `make support` -->"
	claimsEnd   = "<!-- end of the write tables -->"
)

// allBounds are the styles of file that are written.
var allBounds = []hdf5.Libver{hdf5.Earliest, hdf5.V18, hdf5.V110, hdf5.V112, hdf5.V114}

var boundColumns = []string{"earliest", "v18", "v110", "v112", "v114"}

// claimTables are the tables in order, with their columns.
var claimTables = []struct {
	title   string
	columns []string
}{
	{"Structure × library bound", boundColumns},
	{"Change × library bound", boundColumns},
	{"Layout × library bound", boundColumns},
	{"Filter × whose client data is stored", []string{"libhdf5", "h5py", "hdf5plugin"}},
}

// writtenClaims counts what was written and found right, for the tables.
type writtenClaims struct {
	mu    sync.Mutex
	cells map[string]map[[2]string]int // by title
	rows  map[string][]string          // in the order in which they came
	total int
}

var claims = &writtenClaims{cells: map[string]map[[2]string]int{}, rows: map[string][]string{}}

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
	c.total += n
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
}

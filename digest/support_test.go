package digest

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the corpus table of docs/support.md")

// The table stands between these lines of supportFile.
const (
	supportFile = "../docs/support.md"
	tableBegin  = "<!-- corpus table: written by go test ./digest -run CorpusTable -update -->"
	tableEnd    = "<!-- end of the corpus table -->"
)

// TestCorpusTableIsCurrent counts the datasets and attributes of the corpus for
// which TestCorpusHasTheReferencesManifests demands the reference's value.
func TestCorpusTableIsCurrent(t *testing.T) {
	dir := corpusDir(t)
	s := corpusTable{layouts: map[[2]string]int{}, filters: map[[2]string]int{}}
	sources := bySource(t, filepath.Join(dir, "manifests"), ".json")
	for _, files := range sources {
		for _, rel := range files {
			b, err := os.ReadFile(filepath.Join(dir, "manifests", rel+".json"))
			if err != nil {
				t.Fatal(err)
			}
			s.addFile(parse(t, b))
		}
	}
	old, err := os.ReadFile(supportFile)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, found := strings.Cut(string(old), tableBegin)
	_, tail, ended := strings.Cut(rest, tableEnd)
	if !found || !ended {
		t.Fatalf("%s has no lines %q and %q", supportFile, tableBegin, tableEnd)
	}
	now := head + s.text(len(sources)) + tail
	if *update {
		if err := os.WriteFile(supportFile, []byte(now), 0o666); err != nil {
			t.Fatal(err)
		}
	} else if now != string(old) {
		t.Errorf("the corpus table of %s is not current: run this test with -update", supportFile)
	}
}

// corpusTable counts datasets whose value the reference could read.
type corpusTable struct {
	files, datasets, attributes int
	layouts, filters            map[[2]string]int // datatype class, layout or filter
}

func (s *corpusTable) addFile(m object) {
	if m["objects"] == nil {
		return
	}
	s.files++
	for _, o := range items(m, "objects") {
		for _, a := range items(o, "attrs") {
			if a["value"] != nil {
				s.attributes++
			}
		}
		if o["type"] != "dataset" || o["error"] != nil {
			continue
		}
		s.datasets++
		class := className(o["dtype"].(object))
		layout := fmt.Sprint(o["layout"])
		if oh, ok := o["oh"].(object); ok && oh["chunk_index"] != nil {
			layout = fmt.Sprint(oh["chunk_index"])
		}
		s.layouts[[2]string{class, layout}]++
		for _, f := range items(o, "filters") {
			s.filters[[2]string{class, filterName(fmt.Sprint(f["id"]))}]++
		}
	}
}

func className(t object) string {
	c := fmt.Sprint(t["class"])
	if t["variable"] == true {
		c = "VL string"
	}
	return c
}

var filterNames = map[string]string{"1": "gzip", "2": "shuffle", "3": "fletcher32", "4": "szip", "5": "nbit", "6": "scaleoffset",
	"305": "lzo", "307": "bzip2", "32000": "lzf", "32001": "blosc", "32004": "lz4", "32008": "bitshuffle", "32013": "zfp",
	"32015": "zstd", "32026": "blosc2"}

func filterName(id string) string {
	if n, ok := filterNames[id]; ok {
		return n
	}
	return "filter " + id
}

func (s *corpusTable) text(sources int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%d files from %d projects, with %d datasets and %d attributes, are read with libhdf5's values.\n", tableBegin, s.files, sources, s.datasets, s.attributes)
	b.WriteString("A number says how many datasets stand behind a combination; `·` is one that no file has.\n")
	writeTable(&b, "Datatype × layout", s.layouts)
	writeTable(&b, "Datatype × filter", s.filters)
	b.WriteString("\n" + tableEnd)
	return b.String()
}

func writeTable(b *strings.Builder, title string, m map[[2]string]int) {
	var rows, columns []string
	for k := range m {
		rows, columns = append(rows, k[0]), append(columns, k[1])
	}
	slices.Sort(rows)
	slices.Sort(columns)
	rows, columns = slices.Compact(rows), slices.Compact(columns)
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

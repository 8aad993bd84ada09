package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/*.golden anew")

// goldens are command lines whose whole answer stands in testdata/NAME.golden.
var goldens = map[string][]string{
	"ls":                {"ls", "testdata/kinds.h5"},
	"ls_long":           {"ls", "-l", "testdata/kinds.h5"},
	"ls_long_bytes_all": {"ls", "-lra", "--bytes", "testdata/tables.h5"},
	"ls_group_json":     {"ls", "--json", "testdata/kinds.h5:/group"},
	"ls_recursive":      {"ls", "-r", "testdata/kinds.h5"},
	"ls_two":            {"ls", "testdata/tables.h5", "testdata/kinds.h5:/ints"},
	"ls_typo":           {"ls", "testdata/kinds.h5:/groop"},
	"ls_below_dataset":  {"ls", "testdata/kinds.h5:/ints/x"},
	"ls_slash":          {"ls", "testdata/kinds.h5/group"},
	"tree":              {"tree", "testdata/kinds.h5"},
	"tree_attrs":        {"tree", "-A", "testdata/tables.h5"},
	"tree_depth":        {"tree", "-a", "-L", "2", "testdata/tables.h5"},
	"tree_json":         {"tree", "--json", "-A", "testdata/kinds.h5:/group"},
	"info":              {"info", "testdata/kinds.h5"},
	"info_json":         {"info", "--json", "testdata/tables.h5"},
	"info_packed":       {"info", "testdata/kinds.h5:/packed"},
	"info_packed_json":  {"info", "--json", "testdata/kinds.h5:/packed"},
	"info_table":        {"info", "--bytes", "testdata/tables.h5:/events"},
	"info_group":        {"info", "testdata/kinds.h5:/"},
	"attrs":             {"attrs", "testdata/kinds.h5"},
	"attrs_recursive":   {"attrs", "-r", "testdata/kinds.h5"},
	"attrs_json":        {"attrs", "--json", "testdata/kinds.h5"},
	"attrs_one":         {"attrs", "testdata/kinds.h5:/group@units"},
	"attrs_typo":        {"attrs", "testdata/kinds.h5@tile"},
	"head_table":        {"head", "testdata/kinds.h5:/table"},
	"head_columns":      {"head", "-n", "3", "--columns", "sub/ok,id", "testdata/kinds.h5:/table"},
	"head_no_column":    {"head", "--columns", "nope", "testdata/kinds.h5:/table"},
	"head_wide":         {"head", "testdata/kinds.h5:/packed"},
	"head_elided":       {"head", "-n", "60", "testdata/kinds.h5:/packed"},
	"head_slice":        {"head", "-n", "1", "testdata/kinds.h5:/ints[1:, ::2]"},
	"head_bad_slice":    {"head", "testdata/kinds.h5:/ints[0, 0, 0]"},
	"head_group":        {"head", "testdata/kinds.h5:/group"},
	"head_pytables":     {"head", "testdata/tables.h5:/events"},
	"cat_cube":          {"cat", "testdata/kinds.h5:/cube"},
	"cat_table_csv":     {"cat", "--csv", "testdata/kinds.h5:/table"},
	"cat_table_jsonl":   {"cat", "--jsonl", "--columns", "id,x,sub", "testdata/kinds.h5:/table[2:5]"},
	"cat_cube_csv":      {"cat", "--csv", "testdata/kinds.h5:/cube"},
	"cat_cube_jsonl":    {"cat", "--jsonl", "testdata/kinds.h5:/cube"},
	"cat_npy_ragged":    {"cat", "--npy", "testdata/kinds.h5:/ragged"},
	"stats":             {"stats", "testdata/kinds.h5:/packed"},
	"stats_histogram":   {"stats", "--histogram", "4", "testdata/kinds.h5:/cube"},
	"stats_axis":        {"stats", "--axis", "0,1", "testdata/kinds.h5:/cube"},
	"stats_table":       {"stats", "--skip-nan", "testdata/kinds.h5:/table"},
	"stats_json":        {"stats", "--json", "--column", "id,x", "testdata/kinds.h5:/table"},
	"stats_big":         {"stats", "testdata/kinds.h5:/big"},
	"stats_strings":     {"stats", "testdata/kinds.h5:/strings"},
}

func TestOutputIsAsReviewed(t *testing.T) {
	for name, args := range goldens {
		t.Run(name, func(t *testing.T) { compareGolden(t, name, answer(args)) })
	}
}

// TestEveryKindOfValueIsShown puts all small datasets in one golden file for
// each format.
func TestEveryKindOfValueIsShown(t *testing.T) {
	kinds := []string{"ints", "big", "floats", "halves", "wide", "complex", "bools", "bits", "enums", "strings", "texts",
		"ragged", "opaque", "scalar", "null", "zero", "refs", "regions"}
	for name, flags := range map[string][]string{"kinds_text": nil, "kinds_csv": {"--csv"}, "kinds_jsonl": {"--jsonl"}} {
		var b strings.Builder
		for _, k := range append(kinds, "flags", "words") {
			file := "testdata/kinds.h5:/"
			if k == "flags" || k == "words" {
				file = "testdata/tables.h5:/"
			}
			b.WriteString("== " + k + "\n" + answer(append(append([]string{"cat"}, flags...), file+k)))
		}
		compareGolden(t, name, b.String())
	}
}

// answer is all that a command says.
func answer(args []string) string {
	root := newRoot()
	var out, errs strings.Builder
	root.SetOut(&out)
	root.SetErr(&errs)
	root.SetArgs(args)
	err := root.ExecuteContext(context.Background())
	if err != nil && err.Error() != "" {
		fmt.Fprintln(&errs, "gables:", printable(err.Error()))
	}
	if errs.Len() > 0 {
		fmt.Fprintf(&out, "-- stderr\n%s", errs.String())
	}
	if code := exitCode(err); code != exitOK {
		fmt.Fprintf(&out, "-- exit %d\n", code)
	}
	return out.String()
}

func compareGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; got\n%s\nwant\n%s", path, got, want)
	}
}

func TestNpyIsWhatNumpyWrites(t *testing.T) {
	for name, arg := range map[string]string{"flags": "testdata/tables.h5:/flags", "slice": "testdata/kinds.h5:/packed[3:90:7, -2:]"} {
		compareNpy(t, name, arg)
	}
	for _, name := range []string{"ints", "cube", "complex", "halves", "wide", "bools", "bits", "table", "scalar", "zero", "enums", "opaque"} {
		compareNpy(t, name, "testdata/kinds.h5:/"+name)
	}
}

func compareNpy(t *testing.T, name, arg string) {
	t.Helper()
	want, err := os.ReadFile(filepath.Join("testdata", name+".npy"))
	if err != nil {
		t.Fatal(err)
	}
	if got, stderr, _ := command("cat", "--npy", arg); got != string(want) {
		t.Errorf("%s: got %q, want %q, %s", arg, got, want, stderr)
	}
}

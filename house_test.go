package gables_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// floors is the order of the rooms, from the ground up: a package may import
// those on its own floor and below, never one above.
var floors = [][]string{
	{"hdf5/h5err", "internal/wire", "internal/checksum", "hdf5/dataspace", "hdf5/datatype"},
	{"hdf5/driver", "hdf5/filter", "internal/format", "query"},
	{"hdf5/filter/*", "internal/metacache"},
	{"internal/freespace", "internal/journal", "internal/draft"},
	{"internal/btree", "internal/heap"},
	{"internal/chunkindex", "internal/object"},
	{"internal/chunkio"},
	{"internal/audit"},
	{"hdf5"},
	{"compute", "diff", "digest", "export", "repack", "."},
	{"serve"},
	{"cmd/*", "examples/*", "internal/bench", "interop", "internal/testkit", "internal/testkit/*", "internal/workload", "scripts/*"},
}

// pure packages take bytes: they open nothing.
var pure = []string{"internal/format", "hdf5/dataspace", "hdf5/datatype", "query", "hdf5/filter/*", "internal/wire", "internal/checksum"}

// outward packages see only what any user of the module sees.
var outward = []string{"compute", "diff", "digest", "export", "repack", "serve", "cmd/*", "examples/*", "."}

// starters may start goroutines.
var starters = []string{"internal/chunkio", "compute", "serve", "distributed", "cmd/*", "examples/*", "internal/bench", "internal/testkit"}

// longFunctions are over 70 lines for the reason given. The list only shrinks.
var longFunctions = map[string]string{}

// longFiles are over 800 lines for the reason given. The list only shrinks.
var longFiles = map[string]string{}

type room struct {
	ImportPath   string
	Name         string
	Dir          string
	GoFiles      []string
	TestGoFiles  []string
	XTestGoFiles []string
	Imports      []string
}

// rooms asks go list, which the test cache does not see: run with -count=1.
func rooms(t *testing.T) []room {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Name,Dir,GoFiles,TestGoFiles,XTestGoFiles,Imports", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var list []room
	for dec := json.NewDecoder(strings.NewReader(string(out))); dec.More(); {
		var r room
		if err := dec.Decode(&r); err != nil {
			t.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

// inside is a package's path in the module; ok is false for other modules.
func inside(importPath string) (string, bool) {
	if importPath == "gables" {
		return ".", true
	}
	return strings.CutPrefix(importPath, "gables/")
}

// among tells whether p is in list, where x/* stands for all below x.
func among(p string, list []string) bool {
	return slices.ContainsFunc(list, func(e string) bool {
		below, deep := strings.CutSuffix(e, "/*")
		return p == e || deep && strings.HasPrefix(p, below+"/")
	})
}

func floorOf(p string) int {
	return slices.IndexFunc(floors, func(f []string) bool { return among(p, f) })
}

func TestDoorsOpenDownwards(t *testing.T) {
	for _, r := range rooms(t) {
		from, _ := inside(r.ImportPath)
		if floorOf(from) < 0 {
			t.Errorf("%s is on no floor: add it to floors", from)
			continue
		}
		for _, i := range r.Imports {
			to, ours := inside(i)
			if ours && floorOf(to) > floorOf(from) {
				t.Errorf("%s imports %s, which is above it", from, to)
			}
			if ours && among(from, outward) && strings.HasPrefix(to, "internal/") {
				t.Errorf("%s imports %s: what it needs is missing from the engine's face", from, to)
			}
			if among(from, pure) && (i == "os" || i == "io/fs" || i == "net" || to == "hdf5/driver") {
				t.Errorf("%s takes bytes, but imports %s", from, i)
			}
		}
	}
}

func TestRoomsHaveTheirOwnNames(t *testing.T) {
	bad := []string{"util", "utils", "common", "core", "base", "helpers", "misc"}
	for _, r := range rooms(t) {
		if slices.Contains(bad, r.Name) {
			t.Errorf("package %s says nothing with its name", r.ImportPath)
		}
	}
}

// source is one parsed file.
type source struct {
	room, name string
	file       *ast.File
	set        *token.FileSet
	lines      int
}

func sources(t *testing.T, tests bool) []source {
	t.Helper()
	var list []source
	for _, r := range rooms(t) {
		p, _ := inside(r.ImportPath)
		names := r.GoFiles
		if tests {
			names = slices.Concat(r.GoFiles, r.TestGoFiles, r.XTestGoFiles)
		}
		for _, n := range names {
			set := token.NewFileSet()
			f, err := parser.ParseFile(set, filepath.Join(r.Dir, n), nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, source{p, n, f, set, set.File(f.Pos()).LineCount()})
		}
	}
	return list
}

func (s source) path() string { return path.Join(s.room, s.name) }

func (s source) at(n ast.Node) string {
	return fmt.Sprintf("%s:%d", s.path(), s.set.Position(n.Pos()).Line)
}

func TestFilesAndFunctionsStaySmall(t *testing.T) {
	for _, s := range sources(t, true) {
		if s.lines > 800 && longFiles[s.path()] == "" {
			t.Errorf("%s has %d lines", s.path(), s.lines)
		}
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Body == nil {
				continue
			}
			n := s.set.Position(f.End()).Line - s.set.Position(f.Pos()).Line + 1
			if key := s.path() + ":" + f.Name.Name; n > 70 && longFunctions[key] == "" {
				t.Errorf("%s: %s has %d lines", s.at(f), f.Name.Name, n)
			}
		}
	}
}

func TestGoroutinesStartWhereTheyAreOwned(t *testing.T) {
	for _, s := range sources(t, false) {
		if among(s.room, starters) {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if g, ok := n.(*ast.GoStmt); ok {
				t.Errorf("%s starts a goroutine", s.at(g))
			}
			return true
		})
	}
}

var cites = regexp.MustCompile(`Spec: |Source: `)

func TestDecodersCiteTheirSection(t *testing.T) {
	for _, s := range sources(t, false) {
		if s.room != "internal/format" {
			continue
		}
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if ok && strings.HasPrefix(f.Name.Name, "Decode") && !cites.MatchString(f.Doc.Text()) {
				t.Errorf("%s: %s cites no section", s.at(f), f.Name.Name)
			}
		}
	}
}

func TestEverythingExportedIsDocumented(t *testing.T) {
	for _, s := range sources(t, false) {
		if s.file.Name.Name == "main" {
			continue
		}
		for _, d := range s.file.Decls {
			for _, n := range undocumented(d) {
				t.Errorf("%s: %s has no comment", s.at(d), n)
			}
		}
	}
}

// undocumented gives the exported names of a declaration that no comment
// speaks of; methods of unexported types may do without.
func undocumented(d ast.Decl) []string {
	var names []string
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && d.Doc == nil && (d.Recv == nil || ast.IsExported(receiver(d))) {
			names = append(names, d.Name.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() && d.Doc == nil && s.Doc == nil {
					names = append(names, s.Name.Name)
				}
			case *ast.ValueSpec:
				for _, n := range s.Names {
					if n.IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
						names = append(names, n.Name)
					}
				}
			}
		}
	}
	return names
}

func receiver(f *ast.FuncDecl) string {
	e := f.Recv.List[0].Type
	for {
		switch x := e.(type) {
		case *ast.StarExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.IndexListExpr:
			e = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}

func TestNoInternalTypeStandsInAnExportedSignature(t *testing.T) {
	for _, s := range sources(t, false) {
		if strings.Contains(s.room, "internal") || s.file.Name.Name == "main" {
			continue
		}
		hidden := map[string]bool{}
		for _, i := range s.file.Imports {
			p := strings.Trim(i.Path.Value, `"`)
			if strings.Contains(p, "/internal/") {
				name := path.Base(p)
				if i.Name != nil {
					name = i.Name.Name
				}
				hidden[name] = true
			}
		}
		for _, d := range s.file.Decls {
			for _, e := range signature(d) {
				ast.Inspect(e, func(n ast.Node) bool {
					if x, ok := n.(*ast.SelectorExpr); ok {
						if id, ok := x.X.(*ast.Ident); ok && hidden[id.Name] {
							t.Errorf("%s: %s.%s shows outside", s.at(x), id.Name, x.Sel.Name)
						}
					}
					return true
				})
			}
		}
	}
}

// signature gives the types that a declaration shows to other packages.
func signature(d ast.Decl) []ast.Node {
	var list []ast.Node
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && (d.Recv == nil || ast.IsExported(receiver(d))) {
			list = append(list, d.Type)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			t, ok := spec.(*ast.TypeSpec)
			if !ok || !t.Name.IsExported() {
				continue
			}
			st, ok := t.Type.(*ast.StructType)
			if !ok {
				list = append(list, t.Type)
				continue
			}
			for _, f := range st.Fields.List {
				if len(f.Names) == 0 || ast.IsExported(f.Names[0].Name) {
					list = append(list, f.Type)
				}
			}
		}
	}
	return list
}

// TestNothingIsLeftToDo looks for notes to oneself in what is committed.
func TestNothingIsLeftToDo(t *testing.T) {
	note := regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|X` + `XX|HA` + `CK)\b`)
	for _, s := range sources(t, true) {
		for _, g := range s.file.Comments {
			if note.MatchString(g.Text()) {
				t.Errorf("%s: %s", s.at(g), strings.TrimSpace(g.Text()))
			}
		}
	}
}

// TestArchitectureNamesRealFiles holds the paths of the documents to the tree.
func TestArchitectureNamesRealFiles(t *testing.T) {
	quoted := regexp.MustCompile("`((?:hdf5|internal|compute|digest|export|cmd|docs|interop|examples)/[\\w./*-]+)`")
	for _, doc := range []string{"ARCHITECTURE.md", "README.md", "CONTRIBUTING.md"} {
		text, err := os.ReadFile(doc)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range quoted.FindAllStringSubmatch(string(text), -1) {
			if found, err := filepath.Glob(m[1]); err != nil || len(found) == 0 {
				t.Errorf("%s speaks of %s, which is not there", doc, m[1])
			}
		}
	}
}

package main

import "testing"

func TestSelectorTakesArgumentsApart(t *testing.T) {
	cases := []struct {
		arg, file, path, slice string
		sliced                 bool
		files                  []string
	}{
		{arg: "a.h5", file: "a.h5", path: "/"},
		{arg: "a.h5:/", file: "a.h5", path: "/"},
		{arg: "a.h5:/x/y", file: "a.h5", path: "/x/y"},
		{arg: "a.h5:/x[0:10, :]", file: "a.h5", path: "/x", slice: "0:10, :", sliced: true},
		{arg: "a.h5:/x[[1,2], :]", file: "a.h5", path: "/x", slice: "[1,2], :", sliced: true},
		{arg: "a.h5:/x[]", file: "a.h5", path: "/x", sliced: true},
		{arg: "a.h5:/x]", file: "a.h5", path: "/x]"},
		{arg: `C:\x\a.h5:/x`, file: `C:\x\a.h5`, path: "/x"},
		{arg: "C:/x/a.h5", file: "C:/x/a.h5", path: "/"},
		{arg: "C:/x/a.h5:/y", file: "C:/x/a.h5", path: "/y"},
		{arg: "odd:/name[0].h5", file: "odd:/name[0].h5", path: "/", files: []string{"odd:/name[0].h5"}},
		{arg: "odd:/a.h5:/b:/c", file: "odd:/a.h5", path: "/b:/c", files: []string{"odd:/a.h5"}},
		{arg: "a.h5:x[3]", file: "a.h5", path: "/x", slice: "3", sliced: true, files: []string{"a.h5"}},
		{arg: "a[1].h5:/x", file: "a[1].h5", path: "/x"},
		{arg: ":/x", file: ":/x", path: "/"},
		{arg: "", file: "", path: "/"},
	}
	for _, c := range cases {
		s := parseSelector(c.arg, func(name string) bool {
			for _, f := range c.files {
				if f == name {
					return true
				}
			}
			return false
		})
		if s.file != c.file || s.path != c.path || s.slice != c.slice || s.sliced != c.sliced {
			t.Errorf("%q: got %+v, want %+v", c.arg, s, c)
		}
	}
}

func TestSelectorPrefersAnObjectOfThatName(t *testing.T) {
	s, err := open(t.Context(), "testdata/kinds.h5:/ints[0]")
	if err != nil {
		t.Fatal(err)
	}
	defer s.f.Close()
	if !s.sliced || s.slice != "0" || s.object.Path() != "/ints" {
		t.Errorf("got %+v", s.selector)
	}
}

func TestNearestNames(t *testing.T) {
	names := []string{"image", "events", "Detector", "x"}
	for name, want := range map[string]string{"imgae": "image", "detector": "Detector", "event": "events", "vents": "events", "zzz": "", "y": "x", "tect": "Detector"} {
		if got := nearest(name, names); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

func TestSizesHaveThreeDigits(t *testing.T) {
	for n, want := range map[uint64]string{0: "0 B", 1023: "1023 B", 1024: "1.00 KiB", 10239: "10.0 KiB", 102399: "100 KiB",
		1 << 20: "1.00 MiB", 1<<20 - 1: "1.00 MiB", 1 << 60: "1.00 EiB", 1<<64 - 1: "16.0 EiB"} {
		if got := humanSize(n); got != want {
			t.Errorf("%d: got %q, want %q", n, got, want)
		}
	}
}

func FuzzSelector(f *testing.F) {
	for _, s := range []string{"a.h5:/x[0:1]", "C:/a.h5:/b", ":/", "a:/[", "a:/b[]]", "[]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, arg string) {
		s := parseSelector(arg, func(string) bool { return false })
		if s.path == "" || s.path[0] != '/' {
			t.Errorf("%q: path %q", arg, s.path)
		}
	})
}

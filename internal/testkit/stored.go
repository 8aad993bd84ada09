// Package testkit is what the tests of several packages share: readers of the
// chunks that real libraries stored, the contract that every filter keeps, and
// folders that crash (CrashFS) or fail (FaultFS).
// Only tests import it; it imports nothing above hdf5/filter.
//
// Chunks lie in three kinds of files, each beside the script that made it; the
// environment variable GABLES_WITNESS may name one more place of that kind, for
// tests in bulk:
//
//	Lists      folder of *.json, each with the stored bytes in the .bin beside it
//	Manifest   folder of manifest.txt and a file for each chunk
//	Lines      gzip'ed JSON lines, which hold both sides of each chunk
//	Pipelines  folder of witness.json and chunks.bin; chunks of several filters
package testkit

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gables/hdf5/filter"
)

// Stored is a chunk as a library stored it, and what the library reads back.
type Stored struct {
	Name        string // for people; may be empty
	Values      []uint32
	ElementSize int
	Size        int    // bytes of the decoded chunk
	Raw         []byte // as stored
	SHA256      string // of the decoded chunk, in hexadecimal
}

// Chunk is what a filter is told of s where the size is known.
func (s Stored) Chunk() filter.Chunk {
	return filter.Chunk{Values: s.Values, Size: s.Size, Limit: 1 << 28, ElementSize: s.ElementSize}
}

// Gives tells whether got is what the library reads.
func (s Stored) Gives(got []byte) bool { return len(got) == s.Size && Sum(got) == s.SHA256 }

// Sum is the SHA-256 in hexadecimal.
func Sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// places gives the place in testdata and that which the environment names.
func places(usual string) []string {
	if more := os.Getenv("GABLES_WITNESS"); more != "" {
		return []string{usual, more}
	}
	return []string{usual}
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func parse(t testing.TB, text []byte, v any) {
	t.Helper()
	if err := json.Unmarshal(text, v); err != nil {
		t.Fatal(err)
	}
}

// enough stops a test whose chunks went missing.
func enough(t testing.TB, all []Stored, least int) []Stored {
	t.Helper()
	if len(all) < least {
		t.Fatalf("only %d stored chunks, want %d", len(all), least)
	}
	return all
}

// Lists reads the chunks of every list in dir.
func Lists(t testing.TB, dir string) []Stored {
	t.Helper()
	var all []Stored
	for _, dir := range places(dir) {
		lists, err := filepath.Glob(filepath.Join(dir, "*.json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, list := range lists {
			var some []struct {
				Stored
				ElementSize int `json:"element_size"`
				At          int
				Length      int `json:"stored"`
			}
			parse(t, read(t, list), &some)
			blob := read(t, strings.TrimSuffix(list, ".json")+".bin")
			for _, s := range some {
				s.Stored.ElementSize = s.ElementSize
				s.Raw = blob[s.At:][:s.Length]
				all = append(all, s.Stored)
			}
		}
	}
	return enough(t, all, 1)
}

// Manifest reads the chunks that dir's manifest.txt names: on each line a
// file, the size and the sum of what it decodes to.
func Manifest(t testing.TB, dir string) []Stored {
	t.Helper()
	var all []Stored
	for _, dir := range places(dir) {
		for line := range strings.Lines(string(read(t, filepath.Join(dir, "manifest.txt")))) {
			var s Stored
			if _, err := fmt.Sscan(line, &s.Name, &s.Size, &s.SHA256); err != nil {
				t.Fatal(err)
			}
			s.Raw = read(t, filepath.Join(dir, s.Name))
			all = append(all, s)
		}
	}
	return enough(t, all, 1)
}

// Lines reads the chunks of a file, of which there are to be at least so many.
func Lines(t testing.TB, name string, least int) []Stored {
	t.Helper()
	var all []Stored
	for _, name := range places(name) {
		z, err := gzip.NewReader(bytes.NewReader(read(t, name)))
		if err != nil {
			t.Fatal(err)
		}
		for d := json.NewDecoder(z); ; {
			var w struct {
				Name      string
				Values    []uint32
				Size      int // of an element
				Src, Want []byte
			}
			err := d.Decode(&w)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, Stored{w.Name, w.Values, w.Size, len(w.Want), w.Src, Sum(w.Want)})
		}
	}
	return enough(t, all, least)
}

// Named is the chunk of that name.
func Named(t testing.TB, all []Stored, name string) Stored {
	t.Helper()
	for _, s := range all {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("no stored chunk %s", name)
	return Stored{}
}

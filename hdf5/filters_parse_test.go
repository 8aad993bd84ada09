package hdf5_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"gables/hdf5"
	"gables/hdf5/filter"
	"gables/hdf5/h5err"
)

func TestParseFiltersReadsEveryName(t *testing.T) {
	for text, want := range map[string]string{
		"":                           "[]",
		"none":                       "[]",
		"shuffle,gzip=4":             "[2 [] 1 [4]]",
		" Shuffle , DEFLATE:9":       "[2 [] 1 [9]]",
		"gzip":                       "[1 [4]]",
		"fletcher32":                 "[3 []]",
		"szip":                       "[4 [32 8]]",
		"szip=ec:16":                 "[4 [4 16]]",
		"nbit":                       "[5 []]",
		"scaleoffset=int:5":          "[6 [2 5]]",
		"scaleoffset:float:3":        "[6 [0 3]]",
		"lzf":                        "[32000 []]",
		"lzo=3":                      "[305 [3]]",
		"bzip2":                      "[307 [9]]",
		"lz4=65536":                  "[32004 [65536]]",
		"zstd=-3":                    "[32015 [4294967293]]",
		"blosc":                      "[32001 [0 0 0 0 5 1 0]]",
		"blosc:zstd=7:bitshuffle":    "[32001 [0 0 0 0 7 2 5]]",
		"blosc2:lz4=1:noshuffle":     "[32026 [0 4294967295 0 0 1 0 1]]",
		"bitshuffle":                 "[32008 [0 2]]",
		"bitshuffle:zstd=9":          "[32008 [0 3 9]]",
		"zfp":                        "[32013 [5]]",
		"zfp=precision:20":           "[32013 [2 0 20]]",
		"32017=1:2":                  "[32017 [1 2]]",
		"shuffle,fletcher32,szip=nn": "[2 [] 3 [] 4 [32 8]]",
	} {
		list, err := hdf5.ParseFilters(text)
		if err != nil || list == nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		var parts []string
		for _, s := range list {
			parts = append(parts, fmt.Sprint(uint16(s.ID), " ", s.Values))
			if s.Optional == (s.ID == filter.Fletcher32) {
				t.Errorf("%q: filter %d, optional %v", text, s.ID, s.Optional)
			}
		}
		if got := "[" + strings.Join(parts, " ") + "]"; got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestParseFiltersTellsWhatThereIs(t *testing.T) {
	for _, text := range []string{"gzi", "gzip=10", "gzip=x", "shuffle=1", ",", "szip=7", "blosc:lzma", "blosc2:snappy", "scaleoffset", "zfp=rate", "zfp=accuracy:-1", "70000"} {
		if _, err := hdf5.ParseFilters(text); !errors.Is(err, h5err.ErrSelection) {
			t.Errorf("%q: %v", text, err)
		} else if s := err.Error(); text == "gzi" && !strings.Contains(s, "bitshuffle") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

package filter_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"
	"testing"

	"gables/hdf5/datatype"
	"gables/hdf5/filter"
	"gables/hdf5/filter/bitshuffle"
	"gables/hdf5/filter/bzip2"
	"gables/hdf5/filter/lz4"
	"gables/hdf5/filter/lzf"
	"gables/hdf5/filter/lzo"
	"gables/hdf5/filter/zfp"
	"gables/hdf5/filter/zstd"
	"gables/hdf5/h5err"
)

// plugins are the filters that HDF5 does not bring itself.
var plugins = filter.NewRegistry(
	lzf.New(), lz4.New(), zstd.New(), bzip2.New(), lzo.New(), bitshuffle.New(), zfp.New(),
)

// number is an integer or a float of IEEE 754 with so many bytes.
func number(float, big bool, size int) *datatype.Datatype {
	t := &datatype.Datatype{Class: datatype.Integer, Size: size, Precision: 8 * size}
	if big {
		t.Order = datatype.BigEndian
	}
	if float {
		t.Class, t.SignPos, t.ExpSize = datatype.Float, 8*size-1, 8
		if size == 8 {
			t.ExpSize = 11
		}
		t.MantSize = t.SignPos - t.ExpSize
		t.ExpPos, t.Bias = t.MantSize, 1<<(t.ExpSize-1)-1
	}
	return t
}

// The client data of testdata/local.jsonl are what h5py and hdf5plugin stored,
// see testdata/check_encode.py.
func TestLocalGivesTheClientDataOfTheReference(t *testing.T) {
	file, err := os.Open("testdata/local.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	seen := map[filter.ID]int{}
	for d := json.NewDecoder(file); ; {
		var c struct {
			ID           filter.ID
			Float, Big   bool
			Size         int
			Chunk        []uint64
			User, Stored []uint32
		}
		if err := d.Decode(&c); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		f, err := plugins.Lookup(c.ID, "")
		if err != nil {
			t.Fatal(err)
		}
		got, err := f.(filter.Encoder).Local(c.User, filter.Described{Type: number(c.Float, c.Big, c.Size), Chunk: c.Chunk})
		if err != nil || !slices.Equal(got, c.Stored) {
			t.Errorf("%+v: %d, %v", c, got, err)
		}
		seen[c.ID]++
	}
	for _, id := range []filter.ID{filter.LZF, filter.LZ4, filter.Zstd, filter.BZip2, filter.Bitshuffle, filter.ZFP} {
		if seen[id] < 20 {
			t.Errorf("filter %d: %d cases", id, seen[id])
		}
	}
}

func TestLocalRefusesWhatThePluginsDo(t *testing.T) {
	for _, c := range []struct {
		id    filter.ID
		user  []uint32
		chunk []uint64
		want  error
	}{
		{filter.LZF, nil, []uint64{1 << 20, 1 << 11}, h5err.ErrUnsupported},
		{filter.LZ4, nil, []uint64{1 << 28}, h5err.ErrUnsupported},
		{filter.LZ4, []uint32{0x7e000001}, []uint64{8}, h5err.ErrSelection},
		{filter.Zstd, zstd.Values(23), []uint64{8}, h5err.ErrSelection},
		{filter.Zstd, zstd.Values(-1<<17 - 1), []uint64{8}, h5err.ErrSelection},
		{filter.BZip2, bzip2.Values(10), []uint64{8}, h5err.ErrSelection},
		{filter.LZO, []uint32{1, 10, 0, 0}, []uint64{8}, h5err.ErrSelection},
		{filter.ZFP, zfp.Rate(8), []uint64{1}, h5err.ErrUnsupported},
	} {
		f, err := plugins.Lookup(c.id, "")
		if err != nil {
			t.Fatal(err)
		}
		got, err := f.(filter.Encoder).Local(c.user, filter.Described{Type: number(false, false, 8), Chunk: c.chunk})
		if !errors.Is(err, c.want) || got != nil {
			t.Errorf("filter %d, %v: %v, %v", c.id, c.user, got, err)
		}
	}
}

// Command encode applies a codec to chunks that it reads from standard input, a
// JSON object on each line, for check_encode.py.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"gables/hdf5/datatype"
	"gables/hdf5/filter"
	"gables/hdf5/filter/bitshuffle"
	"gables/hdf5/filter/bzip2"
	"gables/hdf5/filter/lz4"
	"gables/hdf5/filter/lzf"
	"gables/hdf5/filter/lzo"
	"gables/hdf5/filter/zfp"
	"gables/hdf5/filter/zstd"
)

var codecs = filter.NewRegistry(
	lzf.New(), lz4.New(), zstd.New(), bzip2.New(), lzo.New(), bitshuffle.New(), zfp.New(),
)

type request struct {
	ID        filter.ID
	Float     bool
	BigEndian bool
	Size      int
	Chunk     []uint64
	User      []uint32
	Data      []byte
}

type answer struct {
	Stored  []uint32
	Encoded []byte
	Skipped bool
	Error   string
}

func (r request) datatype() *datatype.Datatype {
	t := &datatype.Datatype{Class: datatype.Integer, Size: r.Size, Precision: 8 * r.Size}
	if r.BigEndian {
		t.Order = datatype.BigEndian
	}
	if r.Float {
		t.Class, t.SignPos, t.ExpSize = datatype.Float, 8*r.Size-1, 8
		if r.Size == 8 {
			t.ExpSize = 11
		}
		t.MantSize = t.SignPos - t.ExpSize
		t.ExpPos, t.Bias = t.MantSize, 1<<(t.ExpSize-1)-1
	}
	return t
}

func (r request) answer() (a answer) {
	f, err := codecs.Lookup(r.ID, "")
	if err != nil {
		return answer{Error: err.Error()}
	}
	e := f.(filter.Encoder)
	if a.Stored, err = e.Local(r.User, filter.Described{Type: r.datatype(), Chunk: r.Chunk}); err == nil {
		a.Encoded, err = e.Encode(nil, r.Data, filter.Chunk{Values: a.Stored, Size: len(r.Data), Limit: len(r.Data)})
	}
	if a.Skipped = errors.Is(err, filter.ErrNoGain); err != nil && !a.Skipped {
		a.Error = err.Error()
	}
	return a
}

func main() {
	in, out := json.NewDecoder(bufio.NewReader(os.Stdin)), json.NewEncoder(os.Stdout)
	for {
		var r request
		if err := in.Decode(&r); err != nil {
			return
		}
		if err := out.Encode(r.answer()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

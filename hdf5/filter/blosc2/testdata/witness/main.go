// Witness encodes chunks for witness.py: for each line of JSON on its standard
// input, and the bytes that follow it, it answers with one line and the chunk.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"log"
	"os"

	"gables/hdf5/datatype"
	"gables/hdf5/filter"
	"gables/hdf5/filter/blosc"
	"gables/hdf5/filter/blosc2"
)

type question struct {
	Filter filter.ID
	Values []uint32 // the user's
	Size   int      // bytes of one element
	Base   int      // bytes of an array type's base; 0 for other types
	Chunk  []uint64
	N      int // bytes that follow
}

type answer struct {
	Values []uint32 // the client data
	N      int      // bytes that follow
	Err    string
	NoGain bool
}

func main() {
	in, out := bufio.NewReader(os.Stdin), bufio.NewWriter(os.Stdout)
	registry := filter.NewRegistry(blosc.New(), blosc2.New())
	for {
		line, err := in.ReadBytes('\n')
		if err == io.EOF {
			return
		}
		var q question
		if err := json.Unmarshal(line, &q); err != nil {
			log.Fatal(err)
		}
		src := make([]byte, q.N)
		if _, err := io.ReadFull(in, src); err != nil {
			log.Fatal(err)
		}
		f, err := registry.Lookup(q.Filter, "")
		if err != nil {
			log.Fatal(err)
		}
		a, chunk := encode(f.(filter.Encoder), q, src)
		line, err = json.Marshal(a)
		if err != nil {
			log.Fatal(err)
		}
		out.Write(append(line, '\n'))
		out.Write(chunk)
		if err := out.Flush(); err != nil {
			log.Fatal(err)
		}
	}
}

func encode(f filter.Encoder, q question, src []byte) (answer, []byte) {
	t := &datatype.Datatype{Class: datatype.Opaque, Size: q.Size}
	if q.Base != 0 {
		t.Class, t.Base = datatype.Array, &datatype.Datatype{Class: datatype.Opaque, Size: q.Base}
	}
	values, err := f.Local(q.Values, filter.Described{Type: t, Chunk: q.Chunk})
	a := answer{Values: values}
	var chunk []byte
	if err == nil {
		chunk, err = f.Encode(nil, src, filter.Chunk{Values: values, Size: len(src), Limit: len(src)})
	}
	if a.NoGain = errors.Is(err, filter.ErrNoGain); err != nil && !a.NoGain {
		a.Err = err.Error()
	}
	a.N = len(chunk)
	return a, chunk
}

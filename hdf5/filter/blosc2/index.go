package blosc2

import (
	"encoding/binary"
	"sync"

	"gables/hdf5/filter/internal/bloscchunk"
	"gables/hdf5/h5err"
)

// offsetSize is the width of one offset in the index. An offset counts from the
// end of the header; one below zero stands for a special chunk that is not
// stored, whose kind is in the top byte's lowest bits.
const offsetSize = 8

// minIndex is how much memory the index may always take.
const minIndex = 1 << 16

var indexes = sync.Pool{New: func() any { return new([]byte) }}

// index decodes the offsets of n chunks into *buf. They may take no more memory
// than the data may.
func (f *frame) index(buf *[]byte, n int64, limit int) ([]byte, error) {
	if n > int64(max(limit, minIndex))/offsetSize {
		return nil, h5err.Limit(structure, "chunks", "%d", n)
	}
	ch, err := bloscchunk.Open(f.src[f.header+f.cbytes:], bloscchunk.Env{})
	if err != nil {
		return nil, err
	}
	defer ch.Close()
	if int64(ch.NBytes) != n*offsetSize {
		return nil, corrupt("index", "%d bytes for %d chunks", ch.NBytes, n)
	}
	if cap(*buf) < ch.NBytes {
		*buf = make([]byte, ch.NBytes)
	}
	*buf = (*buf)[:ch.NBytes]
	return *buf, ch.Decode(*buf)
}

// chunk finds chunk i: its bytes, or the kind of special chunk that it is.
func (f *frame) chunk(index []byte, i int) ([]byte, bloscchunk.Special, error) {
	at := int64(binary.LittleEndian.Uint64(index[i*offsetSize:]))
	if at < 0 {
		kind := bloscchunk.Special(uint64(at) >> 56 & 7)
		switch kind {
		case bloscchunk.Zeros, bloscchunk.NaNs, bloscchunk.Uninitialised:
			return nil, kind, nil
		}
		return nil, 0, unsupported("index", "chunk %d: kind %d of special chunk", i, kind)
	}
	if at > int64(f.cbytes) {
		return nil, 0, corrupt("index", "chunk %d at %d of %d", i, at, f.cbytes)
	}
	return f.src[f.header+int(at) : f.header+f.cbytes], bloscchunk.Regular, nil
}

// open prepares a stored chunk. No byte belongs to two chunks.
func (f *frame) open(src []byte, env bloscchunk.Env) (*bloscchunk.Chunk, error) {
	ch, err := bloscchunk.Open(src, env)
	if err != nil {
		return nil, err
	}
	if f.used += ch.CBytes(); f.used > f.cbytes {
		ch.Close()
		return nil, corrupt("chunks", "overlap in %d bytes", f.cbytes)
	}
	return ch, nil
}

// decode decodes all chunks into dst, which has size bytes.
func (f *frame) decode(dst []byte, limit int) error {
	buf := indexes.Get().(*[]byte)
	defer indexes.Put(buf)
	if f.array != nil {
		return f.array.decode(f, dst, buf, limit)
	}
	if f.nbytes == 0 {
		return nil
	}
	n, err := f.chunks()
	if err != nil {
		return err
	}
	index, err := f.index(buf, n, limit)
	if err != nil {
		return err
	}
	for i := range int(n) {
		k, err := f.decodeChunk(dst, index, i)
		if err != nil {
			return err
		}
		dst = dst[k:]
	}
	if len(dst) != 0 {
		return corrupt("chunks", "%d bytes are missing", len(dst))
	}
	return nil
}

// chunks is the number of chunks, from the index where their sizes vary.
func (f *frame) chunks() (int64, error) {
	if f.chunkSize > 0 {
		return (f.nbytes-1)/int64(f.chunkSize) + 1, nil
	}
	h, err := bloscchunk.ParseHeader(f.src[f.header+f.cbytes:])
	return int64(h.NBytes / offsetSize), err
}

// decodeChunk decodes chunk i to the front of dst and gives its length.
func (f *frame) decodeChunk(dst, index []byte, i int) (int, error) {
	src, kind, err := f.chunk(index, i)
	if err != nil {
		return 0, err
	}
	want := min(f.chunkSize, len(dst))
	if kind != bloscchunk.Regular {
		if want == 0 {
			return 0, corrupt("index", "chunk %d is special and of unknown length", i)
		}
		return want, bloscchunk.Fill(dst[:want], kind, f.typeSize)
	}
	ch, err := f.open(src, bloscchunk.Env{TypeSize: f.typeSize})
	if err != nil {
		return 0, err
	}
	defer ch.Close()
	if f.chunkSize == 0 {
		want = ch.NBytes
	}
	if ch.NBytes != want || want > len(dst) {
		return 0, corrupt("chunk", "%d has %d bytes, %d wanted, %d remain", i, ch.NBytes, want, len(dst))
	}
	return want, ch.Decode(dst[:want])
}

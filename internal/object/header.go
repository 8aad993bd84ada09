// Package object reads a file as a graph: object headers, the links of groups
// and the attributes of objects. It decodes no raw data. A Graph is safe for
// any number of goroutines.
package object

import (
	"errors"
	"fmt"

	"gables/hdf5/filter"
	"gables/hdf5/h5err"
	"gables/internal/format"
	"gables/internal/heap"
	"gables/internal/metacache"
	"gables/internal/wire"
)

// Graph is what is needed to follow links through one file.
type Graph struct {
	Cache   *metacache.Cache
	Filters *filter.Registry     // for the filters of fractal heaps
	Shared  []format.SharedIndex // shared message heaps; nil when the file has none
}

// Header is a whole object header: prefix and all messages.
type Header struct {
	format.ObjectHeader
	Address  wire.Address
	Messages []format.Message
	Chunks   int
	refCount uint32
}

// Kind is what an object is.
type Kind uint8

// The kinds of objects.
const (
	KindUnknown Kind = iota
	KindGroup
	KindDataset
	KindDatatype
)

// Open reads the object header at addr with its continuations.
func (g *Graph) Open(addr wire.Address) (*Header, error) {
	return metacache.Load(g.Cache, metacache.ObjectHeader, addr, func() (*Header, int64, error) {
		h, size, err := g.read(addr)
		return h, size, h5err.At(err, "object header", uint64(addr))
	})
}

// firstRead is large enough for most headers, so that one read suffices.
const firstRead = 512

func (g *Graph) read(addr wire.Address) (*Header, int64, error) {
	b, err := g.Cache.Prefix(addr, firstRead)
	if err != nil {
		return nil, 0, err
	}
	p, err := format.DecodeObjectHeader(b)
	if err != nil {
		return nil, 0, err
	}
	h := &Header{ObjectHeader: *p, Address: addr, Chunks: 1, refCount: p.RefCount}
	n, ok := wire.Add(p.PrefixSize, p.ChunkSize)
	if p.Version == 2 {
		n += 4
	}
	if !ok || n < p.ChunkSize {
		return nil, 0, h5err.Corrupt("object header", "size", "%d", p.ChunkSize)
	}
	if n > uint64(len(b)) {
		if b, err = g.Cache.Bytes(addr, n); err != nil {
			return nil, 0, err
		}
	}
	b = b[:n:n]
	if p.Version == 2 {
		b, err = format.VerifyObjectHeader(p, b)
	} else {
		b = b[p.PrefixSize:]
	}
	if err != nil {
		return nil, 0, err
	}
	size, err := g.readMessages(h, b)
	if err != nil {
		return nil, 0, err
	}
	return h, size, h.checkDuplicates()
}

// readMessages decodes the messages of the first chunk and of each
// continuation, in the order in which the continuations are met.
func (g *Graph) readMessages(h *Header, b []byte) (int64, error) {
	var err error
	// Lists that grow from nothing were a third of a walk's memory.
	list := make([]format.Message, 0, expectedMessages(&h.ObjectHeader))
	if h.Messages, err = format.DecodeMessages(&h.ObjectHeader, b, list); err != nil {
		return 0, err
	}
	size := int64(len(b))
	seen := map[wire.Address]bool{}
	for i := 0; i < len(h.Messages); i++ {
		m := &h.Messages[i]
		if len(h.Messages) > g.Cache.Limits().Objects {
			return 0, h5err.Limit("object header", "messages", "%d", len(h.Messages))
		}
		if m.Type != format.MsgContinuation {
			continue
		}
		c, err := format.DecodeContinuationMessage(m.Data, g.Cache.Sizes())
		if err != nil {
			return 0, err
		}
		if seen[c.Address] {
			return 0, h5err.Corrupt("object header", "continuation", "block at 0x%x is continued twice", uint64(c.Address))
		}
		seen[c.Address] = true
		if err := g.spend(&size, c.Size); err != nil {
			return 0, err
		}
		if h.Messages, err = g.readContinuation(h, c); err != nil {
			return 0, h5err.At(err, "object header continuation block", uint64(c.Address))
		}
	}
	return size + int64(len(h.Messages))*48, nil
}

// spend adds a block to the size of a header. Blocks that overlap would make
// much out of a small file; one that is longer than the file can't be read.
func (g *Graph) spend(size *int64, block uint64) error {
	end := g.Cache.End()
	if block > end {
		return nil
	}
	if *size += int64(block); *size > g.Cache.Limits().Metadata {
		return h5err.Limit("object header", "size", "%d bytes", *size)
	}
	if uint64(*size) > end {
		return h5err.Corrupt("object header", "size", "%d bytes in all, the file has %d", *size, end)
	}
	return nil
}

// expectedMessages is how many messages to take memory for at first.
func expectedMessages(h *format.ObjectHeader) int {
	const usual, most = 8, 64
	if h.Version == 1 {
		return int(min(h.MessagesCount, most))
	}
	return usual
}

func (g *Graph) readContinuation(h *Header, c format.Continuation) ([]format.Message, error) {
	b, err := g.Cache.Bytes(c.Address, c.Size)
	if err != nil {
		return nil, err
	}
	if b, err = format.DecodeContinuation(&h.ObjectHeader, b); err != nil {
		return nil, err
	}
	h.Chunks++
	return format.DecodeMessages(&h.ObjectHeader, b, h.Messages)
}

// checkDuplicates settles the reference count, and refuses two messages of a
// type of which an object has one.
func (h *Header) checkDuplicates() error {
	var seen uint32
	for i := range h.Messages {
		m := &h.Messages[i]
		if m.Type > 31 {
			continue
		}
		bit := uint32(1) << m.Type
		twice := seen&bit != 0
		seen |= bit
		switch m.Type {
		case format.MsgRefCount:
			n, err := format.DecodeRefCount(m.Data)
			if err != nil {
				return err
			}
			h.refCount = n
		case format.MsgDataspace, format.MsgDatatype, format.MsgLayout, format.MsgFilterPipeline:
			if twice {
				return h5err.Corrupt("object header", "message", "type 0x%02x occurs twice", uint16(m.Type))
			}
		}
	}
	return nil
}

// References is how many hard links lead to the object.
func (h *Header) References() uint32 { return h.refCount }

// Find gives the first message of a type, or nil.
func (h *Header) Find(t format.MessageType) *format.Message {
	for i := range h.Messages {
		if h.Messages[i].Type == t {
			return &h.Messages[i]
		}
	}
	return nil
}

// Kind tells what the object is by the messages it has, as libhdf5 does: links
// make a group, a type with a space a dataset, a type alone a committed type.
func (h *Header) Kind() Kind {
	switch {
	case h.Find(format.MsgSymbolTable) != nil || h.Find(format.MsgLinkInfo) != nil:
		return KindGroup
	case h.Find(format.MsgDatatype) != nil && h.Find(format.MsgDataspace) != nil:
		return KindDataset
	case h.Find(format.MsgDatatype) != nil:
		return KindDatatype
	}
	return KindUnknown
}

// Body gives the bytes of a message, following the pointer of a shared one;
// committed is the header that it came from, Undefined when it is no
// committed datatype. Spec: IV.A.2, "shared message".
func (g *Graph) Body(m *format.Message) (body []byte, committed wire.Address, err error) {
	if !m.Shared() {
		return m.Data, wire.Undefined, nil
	}
	return g.SharedBody(m.Type, m.Data)
}

// SharedBody follows the encoded pointer b to a message of type t.
func (g *Graph) SharedBody(t format.MessageType, b []byte) ([]byte, wire.Address, error) {
	p, err := format.DecodeSharedMessage(b, g.Cache.Sizes())
	if err != nil {
		return nil, wire.Undefined, err
	}
	if p.InHeap {
		body, err := g.sohm(t, p.HeapID[:])
		return body, wire.Undefined, err
	}
	h, err := g.Open(p.Header)
	if err != nil {
		return nil, wire.Undefined, err
	}
	m := h.Find(t)
	if m == nil {
		return nil, wire.Undefined, h5err.At(h5err.Corrupt("object header", "shared message", "no message of type 0x%02x", uint16(t)), "", uint64(p.Header))
	}
	if m.Shared() {
		return nil, wire.Undefined, h5err.Corrupt("shared message", "", "points to another shared message")
	}
	return m.Data, p.Header, nil
}

// sohm reads a message from the heap of shared messages. Spec: III.G.
func (g *Graph) sohm(t format.MessageType, id []byte) ([]byte, error) {
	for _, index := range g.Shared {
		if t > 15 || index.MessageTypes>>t&1 == 0 {
			continue
		}
		f, err := heap.OpenFractal(g.Cache, index.Heap, g.Filters)
		if err != nil {
			return nil, err
		}
		return f.Object(id)
	}
	return nil, h5err.Corrupt("shared message", "heap ID", "the file has no shared message heap for type 0x%02x", uint16(t))
}

// LoadSharedTable reads the table of shared messages that the superblock
// extension points to.
func (g *Graph) LoadSharedTable(t *format.SharedTable) error {
	b, err := g.Cache.Bytes(t.Address, format.SharedTableSize(t.Indexes, g.Cache.Sizes()))
	if err == nil {
		g.Shared, err = format.DecodeSharedTable(b, t.Indexes, g.Cache.Sizes())
	}
	return h5err.At(err, "shared message table", uint64(t.Address))
}

// errStop ends an iteration early.
var errStop = errors.New("stop")

func wrongType(what string, got, want uint8) error {
	return fmt.Errorf("%s has a B-tree of type %d, want %d: %w", what, got, want, h5err.ErrCorrupt)
}

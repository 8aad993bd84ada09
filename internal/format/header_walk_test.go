package format

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gables/internal/wire"
)

// headerFiles gives files of object headers of all kinds, one for each bound of
// versions; see testdata/headers/make.py.
func headerFiles(t testing.TB) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob("testdata/headers/*.h5.gz")
	if err != nil || len(names) < 10 {
		t.Fatalf("%d files, %v", len(names), err)
	}
	files := map[string][]byte{}
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		files[strings.TrimSuffix(filepath.Base(name), ".h5.gz")] = b
	}
	return files
}

// headerChunk is one chunk of an object header as stored.
type headerChunk struct {
	h        *ObjectHeader
	raw      []byte // the whole chunk, with prefix or signature, and checksum
	messages []byte
	first    bool
}

// headerWalk meets the object headers of a file: those that begin with a
// signature, and those that the root, symbol tables and links point to.
type headerWalk struct {
	b       []byte // from the base address on
	s       wire.Sizes
	sb      *Superblock
	seen    map[wire.Address]bool
	chunks  []headerChunk
	entries [][]byte
	fail    func(error)
}

func walkHeaders(b []byte, fail func(error)) *headerWalk {
	w := &headerWalk{seen: map[wire.Address]bool{}, fail: fail}
	at := 0
	for at == 0 || at < len(b) && !bytes.HasPrefix(b[at:], []byte(Signature)) {
		if bytes.HasPrefix(b, []byte(Signature)) {
			break
		}
		at = max(512, 2*at)
	}
	if at >= len(b) {
		return nil
	}
	sb, err := DecodeSuperblock(b[at:])
	if err != nil {
		fail(err)
		return nil
	}
	w.b, w.s, w.sb = b[at:], sb.Sizes, sb
	w.header(sb.Root)
	w.header(sb.Extension)
	for i := 0; i+4 <= len(w.b); i++ {
		switch string(w.b[i : i+4]) {
		case "OHDR":
			w.header(wire.Address(i))
		case "SNOD":
			w.symbols(w.b[i:])
		}
	}
	return w
}

func (w *headerWalk) symbols(b []byte) {
	list, err := DecodeSymbolNode(b, w.s)
	if err != nil {
		return
	}
	n := SymbolTableEntrySize(w.s)
	for i, e := range list {
		w.entries = append(w.entries, b[8+i*n:8+i*n+n])
		if e.CacheType != CacheSoftLink {
			w.header(e.Header)
		}
	}
}

func (w *headerWalk) header(at wire.Address) {
	if w.seen[at] || uint64(at) >= uint64(len(w.b)) {
		return
	}
	w.seen[at] = true
	b := w.b[at:]
	h, err := DecodeObjectHeader(b)
	if err != nil {
		w.fail(err)
		return
	}
	n := h.PrefixSize + h.ChunkSize
	if h.Version == 2 {
		n += 4
	}
	if n > uint64(len(b)) {
		return
	}
	body := b[h.PrefixSize:n]
	if h.Version == 2 {
		if body, err = VerifyObjectHeader(h, b[:n]); err != nil {
			w.fail(err)
			return
		}
	}
	w.chunk(headerChunk{h, b[:n], body, true})
}

func (w *headerWalk) chunk(c headerChunk) {
	list, err := DecodeMessages(c.h, c.messages, nil)
	if err != nil {
		w.fail(err)
		return
	}
	w.chunks = append(w.chunks, c)
	for _, m := range list {
		switch {
		case m.Shared():
		case m.Type == MsgContinuation:
			k, err := DecodeContinuationMessage(m.Data, w.s)
			if err != nil || uint64(k.Address)+k.Size > uint64(len(w.b)) || w.seen[k.Address] {
				continue
			}
			w.seen[k.Address] = true
			raw := w.b[k.Address : uint64(k.Address)+k.Size]
			body, err := DecodeContinuation(c.h, raw)
			if err != nil {
				w.fail(err)
				continue
			}
			w.chunk(headerChunk{c.h, raw, body, false})
		case m.Type == MsgLink:
			if l, err := DecodeLink(m.Data, w.s); err == nil && l.Type == LinkHard {
				w.header(l.Header)
			}
		}
	}
}

// rewriters decode a message of each type and append it again as the same
// version.
func rewriters(s wire.Sizes) map[MessageType]func([]byte) ([]byte, error) {
	return map[MessageType]func([]byte) ([]byte, error){
		MsgDataspace: again(func(b []byte) (*spaceOf, error) { d, err := DecodeDataspace(b, s); return &spaceOf{d, first(b)}, err },
			func(b []byte, v *spaceOf) ([]byte, error) { return AppendDataspace(b, v.d, v.version, s) }),
		MsgLinkInfo: sized(s, DecodeLinkInfo, AppendLinkInfo),
		MsgFillOld:  again(DecodeFillOld, AppendFillOld),
		MsgFill: again(func(b []byte) (*fillOf, error) { f, err := DecodeFill(b); return &fillOf{f, first(b)}, err },
			func(b []byte, v *fillOf) ([]byte, error) { return AppendFill(b, v.f, v.version) }),
		MsgLink:          sized(s, DecodeLink, AppendLink),
		MsgExternalFiles: sized(s, DecodeExternalFiles, AppendExternalFiles),
		MsgGroupInfo:     again(DecodeGroupInfo, func(b []byte, g *GroupInfo) ([]byte, error) { return AppendGroupInfo(b, g), nil }),
		MsgFilterPipeline: again(func(b []byte) (*pipelineOf, error) { f, err := DecodePipeline(b); return &pipelineOf{f, first(b)}, err },
			func(b []byte, v *pipelineOf) ([]byte, error) { return AppendPipeline(b, v.f, v.version) }),
		MsgAttribute:     again(DecodeAttribute, AppendAttribute),
		MsgComment:       again(func(b []byte) (string, error) { return DecodeComment(b), nil }, func(b []byte, c string) ([]byte, error) { return AppendComment(b, c), nil }),
		MsgContinuation:  sized(s, DecodeContinuationMessage, AppendContinuationMessage),
		MsgSymbolTable:   sized(s, DecodeSymbolTable, AppendSymbolTable),
		MsgModTime:       again(DecodeModTime, AppendModTime),
		MsgBTreeK:        again(DecodeBTreeK, func(b []byte, k *BTreeK) ([]byte, error) { return AppendBTreeK(b, k), nil }),
		MsgAttributeInfo: sized(s, DecodeAttributeInfo, AppendAttributeInfo),
		MsgRefCount:      again(DecodeRefCount, func(b []byte, n uint32) ([]byte, error) { return AppendRefCount(b, n), nil }),
		MsgFileSpaceInfo: sized(s, DecodeFileSpaceInfo, AppendFileSpaceInfo),
	}
}

// first is the first byte of b, the version.
func first(b []byte) uint8 {
	if len(b) == 0 {
		return 0
	}
	return b[0]
}

func again[T any](decode func([]byte) (T, error), appendTo func([]byte, T) ([]byte, error)) func([]byte) ([]byte, error) {
	return func(b []byte) ([]byte, error) {
		v, err := decode(b)
		if err != nil {
			return nil, err
		}
		return appendTo(nil, v)
	}
}

func sized[T any](s wire.Sizes, decode func([]byte, wire.Sizes) (T, error), appendTo func([]byte, T, wire.Sizes) ([]byte, error)) func([]byte) ([]byte, error) {
	return again(func(b []byte) (T, error) { return decode(b, s) }, func(b []byte, v T) ([]byte, error) { return appendTo(b, v, s) })
}

// rebuild decodes every message of a chunk and appends it again. The bytes
// inside NIL messages, which mean nothing, are taken over.
func (w *headerWalk) rebuild(c headerChunk, count func(Message, []byte)) ([]byte, error) {
	var out []byte
	at := 0
	for {
		m, n, err := NextMessage(c.h, c.messages, at)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			break
		}
		from := len(out)
		if m.Type == MsgNIL {
			if out, err = AppendNIL(out, c.h, n); err != nil {
				return nil, err
			}
			count(m, []byte{c.h.Version})
			copy(out[from+c.h.MessageHeaderSize():], m.Data)
			if m.Order != 0 {
				binary.LittleEndian.PutUint16(out[from+4:], m.Order)
			}
			out[from+c.h.MessageHeaderSize()-headFlags(c.h)] = m.Flags
		} else {
			body := m.Data
			rewrite := rewriters(w.s)[m.Type]
			if m.Shared() {
				rewrite = sized(w.s, DecodeSharedMessage, AppendSharedMessage)
			}
			if rewrite != nil {
				if body, err = rewrite(m.Data); err != nil {
					return nil, err
				}
				count(m, body)
			}
			if out, err = AppendMessage(out, c.h, &Message{m.Type, m.Flags, m.Order, body}); err != nil {
				return nil, err
			}
		}
		at += n
	}
	if at < len(c.messages) {
		count(Message{Type: gapInTests}, nil)
	}
	out, err := AppendNIL(out, c.h, len(c.messages)-at)
	if err != nil {
		return nil, err
	}
	if !c.first {
		return AppendContinuation(nil, c.h, out), nil
	}
	return AppendObjectHeader(nil, c.h, out)
}

// gapInTests stands for the gap at the end of a chunk.
const gapInTests MessageType = 0xffff

// headFlags is how far a message's flags lie before its data.
func headFlags(h *ObjectHeader) int {
	if h.Version == 1 {
		return 4
	}
	return h.MessageHeaderSize() - 3
}

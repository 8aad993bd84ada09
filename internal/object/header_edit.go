package object

import (
	"slices"

	"gables/hdf5/h5err"
	"gables/internal/draft"
	"gables/internal/format"
	"gables/internal/freespace"
	"gables/internal/wire"
)

// HeaderEdit is an object header that is being changed: its messages, and the
// chunks that have room for them. Nothing is written before Save. It belongs to
// one goroutine and is valid within one operation of its draft.
type HeaderEdit struct {
	Address wire.Address
	Prefix  format.ObjectHeader
	d       *draft.Draft
	chunks  []headerChunk
	list    []headerMessage
}

// headerChunk is a range of the file that holds messages.
type headerChunk struct {
	at    wire.Address
	size  int // bytes, with prefix or signature and checksum
	room  int // bytes for messages
	used  int // of them, by messages that are not NIL
	dirty bool
}

type headerMessage struct {
	format.Message
	chunk int
}

// EditHeader loads the header at addr.
func EditHeader(d *draft.Draft, addr wire.Address) (*HeaderEdit, error) {
	h := &HeaderEdit{Address: addr, d: d}
	if err := h.load(); err != nil {
		return nil, h5err.At(err, "object header", uint64(addr))
	}
	return h, nil
}

func (h *HeaderEdit) load() error {
	// A block may end with the file, so the prefix is looked at first.
	var head [format.ObjectHeaderPrefixSize]byte
	n, err := h.d.ReadAt(head[:], uint64(h.Address))
	if n == 0 {
		return err
	}
	p, err := format.DecodeObjectHeader(head[:n])
	if err != nil {
		return err
	}
	h.Prefix = *p
	size, ok := wire.Add(p.PrefixSize, p.ChunkSize)
	if p.Version == 2 {
		size += 4
	}
	if !ok || size > uint64(h.d.Limits().Metadata) {
		return h5err.Limit("object header", "size", "%d bytes", p.ChunkSize)
	}
	b, err := h.d.Block(h.Address, int(size))
	if err != nil {
		return err
	}
	body := b.Bytes()[:size]
	if p.Version == 2 {
		if body, err = format.VerifyObjectHeader(p, body); err != nil {
			return err
		}
	} else {
		body = body[p.PrefixSize:]
	}
	h.chunks = append(h.chunks, headerChunk{at: h.Address, size: int(size), room: int(p.ChunkSize)})
	if err := h.take(body); err != nil {
		return err
	}
	return h.follow()
}

// take adds the messages of the last chunk to the list.
func (h *HeaderEdit) take(body []byte) error {
	msgs, err := format.DecodeMessages(&h.Prefix, body, nil)
	if err != nil {
		return err
	}
	c := len(h.chunks) - 1
	for _, m := range msgs {
		if m.Type == format.MsgNIL {
			continue
		}
		marked, err := m.Change()
		if err != nil {
			return err
		}
		h.chunks[c].dirty = h.chunks[c].dirty || marked
		m.Data = slices.Clone(m.Data) // the block changes when it is saved
		h.chunks[c].used += h.sizeOf(m)
		h.list = append(h.list, headerMessage{m, c})
	}
	return nil
}

// follow loads the continuation blocks.
func (h *HeaderEdit) follow() error {
	for i := 0; i < len(h.list); i++ {
		if h.list[i].Type != format.MsgContinuation {
			continue
		}
		c, err := format.DecodeContinuationMessage(h.list[i].Data, h.d.Sizes())
		if err != nil {
			return err
		}
		if slices.ContainsFunc(h.chunks, func(k headerChunk) bool { return k.at == c.Address }) {
			return h5err.Corrupt("object header", "continuation", "block at 0x%x is continued twice", uint64(c.Address))
		}
		if c.Size > uint64(h.d.Limits().Metadata) || c.Size < 8 {
			return h5err.Limit("object header", "continuation", "%d bytes", c.Size)
		}
		b, err := h.d.Block(c.Address, int(c.Size))
		if err != nil {
			return err
		}
		body, err := format.DecodeContinuation(&h.Prefix, b.Bytes()[:c.Size])
		if err != nil {
			return h5err.At(err, "object header continuation block", uint64(c.Address))
		}
		h.chunks = append(h.chunks, headerChunk{at: c.Address, size: int(c.Size), room: len(body)})
		if err := h.take(body); err != nil {
			return err
		}
	}
	return nil
}

// sizeOf is the bytes that a message takes in a chunk.
func (h *HeaderEdit) sizeOf(m format.Message) int { return h.Prefix.MessageSize(len(m.Data)) }

// Len is the number of messages, continuations included.
func (h *HeaderEdit) Len() int { return len(h.list) }

// At gives message i; it must not be changed.
func (h *HeaderEdit) At(i int) *format.Message { return &h.list[i].Message }

// Find gives the index of the first message of a type, or -1.
func (h *HeaderEdit) Find(t format.MessageType) int {
	return slices.IndexFunc(h.list, func(m headerMessage) bool { return m.Type == t })
}

// maxMessage is the longest body that a message's 16-bit size can tell; version
// 1 pads to 8.
const maxMessage = 0xffff

// Add appends a message. ErrLimit when it is longer than a message can be.
func (h *HeaderEdit) Add(m format.Message) error {
	if len(m.Data) > maxMessage || h.Prefix.Version == 1 && len(m.Data) > maxMessage&^7 {
		return h5err.Limit("object header message", "size", "%d bytes, a message has at most %d", len(m.Data), maxMessage)
	}
	need := h.sizeOf(m)
	for c := len(h.chunks) - 1; c >= 0; c-- {
		if h.chunks[c].room-h.chunks[c].used >= need {
			h.put(m, c)
			return nil
		}
	}
	c, err := h.grow(need)
	if err != nil {
		return err
	}
	h.put(m, c)
	return nil
}

func (h *HeaderEdit) put(m format.Message, c int) {
	h.chunks[c].used += h.sizeOf(m)
	h.chunks[c].dirty = true
	h.list = append(h.list, headerMessage{m, c})
}

// Remove takes message i out; those behind it move up by one.
func (h *HeaderEdit) Remove(i int) {
	c := &h.chunks[h.list[i].chunk]
	c.used -= h.sizeOf(h.list[i].Message)
	c.dirty = true
	h.list = slices.Delete(h.list, i, i+1)
}

// Replace gives message i another body, in its place where that has room.
func (h *HeaderEdit) Replace(i int, data []byte) error {
	m := h.list[i].Message
	old := h.sizeOf(m)
	m.Data = data
	c := &h.chunks[h.list[i].chunk]
	if len(data) <= maxMessage&^7 && c.used-old+h.sizeOf(m) <= c.room {
		c.used += h.sizeOf(m) - old
		c.dirty = true
		h.list[i].Message = m
		return nil
	}
	h.Remove(i)
	return h.Add(m)
}

// Set replaces the message of a type, or adds it.
func (h *HeaderEdit) Set(t format.MessageType, flags uint8, data []byte) error {
	if i := h.Find(t); i >= 0 {
		h.list[i].Flags = flags
		return h.Replace(i, data)
	}
	return h.Add(format.Message{Type: t, Flags: flags, Data: data})
}

// grow adds a continuation block with room for need bytes and for what has to
// make way for the message that points to it.
func (h *HeaderEdit) grow(need int) (int, error) {
	s := h.d.Sizes()
	link := format.Message{Type: format.MsgContinuation, Data: make([]byte, s.Offset+s.Length)}
	linkSize := h.sizeOf(link)
	from := len(h.chunks) - 1
	var moved []int
	for from >= 0 {
		if moved = h.makeWay(from, linkSize); moved != nil {
			break
		}
		from--
	}
	if from < 0 {
		return 0, h5err.Limit("object header", "size", "no chunk has room for a continuation")
	}
	room := need
	for _, i := range moved {
		room += h.sizeOf(h.list[i].Message)
	}
	room += min(max(room, 64), 1024) // more attributes are likely to follow
	room = (room + 7) &^ 7
	size := room + h.Prefix.ContinuationOverhead()
	b, err := h.d.New(size)
	if err != nil {
		return 0, err
	}
	h.chunks = append(h.chunks, headerChunk{at: b.Address(), size: size, room: room, dirty: true})
	to := len(h.chunks) - 1
	for _, i := range moved {
		n := h.sizeOf(h.list[i].Message)
		h.chunks[from].used -= n
		h.chunks[to].used += n
		h.list[i].chunk = to
	}
	link.Data, err = format.AppendContinuationMessage(nil, format.Continuation{Address: b.Address(), Size: uint64(size)}, s)
	h.put(link, from)
	return to, err
}

// makeWay gives the messages that must leave chunk c so that need bytes are
// free: none where they are, nil where that can't be.
func (h *HeaderEdit) makeWay(c, need int) []int {
	free := h.chunks[c].room - h.chunks[c].used
	moved := []int{}
	for i := len(h.list) - 1; i >= 0 && free < need; i-- {
		if h.list[i].chunk == c && h.list[i].Type != format.MsgContinuation {
			free += h.sizeOf(h.list[i].Message)
			moved = append(moved, i)
		}
	}
	if free < need {
		return nil
	}
	slices.Reverse(moved)
	return moved
}

// References is how many hard links lead to the object.
func (h *HeaderEdit) References() (uint32, error) {
	if h.Prefix.Version == 1 {
		return h.Prefix.RefCount, nil
	}
	if i := h.Find(format.MsgRefCount); i >= 0 {
		return format.DecodeRefCount(h.list[i].Data)
	}
	return 1, nil
}

// SetReferences sets the count of hard links; 0 is for an object that is made
// before its link, and one that nothing leads to.
func (h *HeaderEdit) SetReferences(n uint32) error {
	if h.Prefix.Version == 1 {
		h.Prefix.RefCount = n
		h.chunks[0].dirty = true
		return nil
	}
	i := h.Find(format.MsgRefCount)
	if n == 1 {
		if i >= 0 {
			h.Remove(i)
		}
		return nil
	}
	return h.Set(format.MsgRefCount, 0, format.AppendRefCount(nil, n))
}

// Save writes the chunks that have changed into the draft.
func (h *HeaderEdit) Save() error {
	count := 0
	bodies := make([][]byte, len(h.chunks))
	for c := range h.chunks {
		if h.Prefix.Version == 1 || h.chunks[c].dirty {
			var err error
			if bodies[c], err = h.body(c); err != nil {
				return err
			}
		}
		if h.Prefix.Version == 1 {
			n, err := h.countMessages(bodies[c])
			if err != nil {
				return err
			}
			count += n
		}
	}
	if h.Prefix.Version == 1 && int(h.Prefix.MessagesCount) != count {
		if count > 0xffff {
			return h5err.Limit("object header", "messages", "%d", count)
		}
		h.Prefix.MessagesCount = uint16(count)
		h.chunks[0].dirty = true
	}
	for c := range h.chunks {
		if !h.chunks[c].dirty {
			continue
		}
		if err := h.write(c, bodies[c]); err != nil {
			return err
		}
		h.chunks[c].dirty = false
	}
	return nil
}

// countMessages counts the messages of an encoded chunk, NIL ones too.
func (h *HeaderEdit) countMessages(body []byte) (int, error) {
	n := 0
	for at := 0; ; n++ {
		_, size, err := format.NextMessage(&h.Prefix, body, at)
		if err != nil || size == 0 {
			return n, err
		}
		at += size
	}
}

// body encodes the messages of a chunk, filled up with NIL messages.
func (h *HeaderEdit) body(c int) ([]byte, error) {
	b := make([]byte, 0, h.chunks[c].room)
	var err error
	for i := range h.list {
		if h.list[i].chunk != c {
			continue
		}
		if b, err = format.AppendMessage(b, &h.Prefix, &h.list[i].Message); err != nil {
			return nil, err
		}
	}
	return format.AppendNIL(b, &h.Prefix, h.chunks[c].room-len(b))
}

func (h *HeaderEdit) write(c int, body []byte) error {
	k := h.chunks[c]
	b, err := h.d.Block(k.at, k.size)
	if err != nil {
		return err
	}
	record := make([]byte, 0, k.size)
	if c == 0 {
		if record, err = format.AppendObjectHeader(record, &h.Prefix, body); err != nil {
			return err
		}
	} else {
		record = format.AppendContinuation(record, &h.Prefix, body)
	}
	b.Put(0, record)
	return nil
}

// Free gives back the space of the header and its continuations.
func (h *HeaderEdit) Free() {
	for _, c := range h.chunks {
		h.d.Free(freespace.Metadata, c.at, uint64(c.size))
	}
}

// NewHeader makes a header of the prefix's version with the given messages and
// room for spare more bytes, that no link leads to yet.
func NewHeader(d *draft.Draft, prefix format.ObjectHeader, list []format.Message, spare int) (*HeaderEdit, error) {
	h := &HeaderEdit{Prefix: prefix, d: d}
	for _, m := range list {
		if len(m.Data) > maxMessage&^7 {
			return nil, h5err.Limit("object header message", "size", "%d bytes, a message has at most %d", len(m.Data), maxMessage)
		}
		h.list = append(h.list, headerMessage{m, 0})
	}
	used := 0
	for i := range h.list {
		used += h.sizeOf(h.list[i].Message)
	}
	// Without room for a continuation a header could never grow.
	sizes := d.Sizes()
	room := max(used+spare, h.sizeOf(format.Message{Type: format.MsgContinuation, Data: make([]byte, sizes.Offset+sizes.Length)}))
	if prefix.Version == 1 {
		room = (room + 7) &^ 7
	} else {
		h.Prefix.Flags = h.Prefix.Flags&^3 | format.SizeWidthFlag(uint64(room))
	}
	h.Prefix.ChunkSize, h.Prefix.PrefixSize = uint64(room), uint64(h.Prefix.PrefixBytes())
	size := int(h.Prefix.PrefixSize) + room
	if prefix.Version == 2 {
		size += 4
	}
	b, err := d.New(size)
	if err != nil {
		return nil, err
	}
	h.Address = b.Address()
	h.chunks = []headerChunk{{at: h.Address, size: size, room: room, used: used, dirty: true}}
	return h, nil
}

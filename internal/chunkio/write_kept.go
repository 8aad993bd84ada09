package chunkio

import "slices"

// keptChunks is how many flushed chunks the writers of a file keep decoded, and
// keptShare the part of the budget that these may have. A file that is flushed
// after each row spent half its time on reading the last chunk again.
const (
	keptChunks = 16
	keptShare  = 8
)

// keptChunk is a chunk as the draft has it, which its writer may change next.
type keptChunk struct {
	w *Writer
	c *dirtyChunk
}

// keep takes a chunk that was just written, in place of the oldest one.
func (b *Budget) keep(w *Writer, c *dirtyChunk) {
	if int64(len(c.data)) > b.Most/keptShare/keptChunks {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.kept) == keptChunks {
		b.kept = slices.Delete(b.kept, 0, 1)
	}
	b.kept = append(b.kept, keptChunk{w, c})
}

// take gives back a chunk that is kept; nil when there is none.
func (b *Budget) take(w *Writer, scaled []uint64) *dirtyChunk {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.kept, func(k keptChunk) bool { return k.w == w && slices.Equal(k.c.scaled, scaled) })
	if i < 0 {
		return nil
	}
	c := b.kept[i].c
	b.kept = slices.Delete(b.kept, i, i+1)
	return c
}

// forget drops all that is kept of a writer.
func (b *Budget) forget(w *Writer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kept = slices.DeleteFunc(b.kept, func(k keptChunk) bool { return k.w == w })
}

package draft

import (
	"encoding/binary"
	"sync"
	"sync/atomic"

	"gables/hdf5/h5err"
	"gables/internal/checksum"
)

// seals are the checksums that have not been written since their records were
// edited. A record that is edited many times is summed once, when somebody
// looks: reading the draft writes them.
type seals struct {
	any atomic.Bool
	mu  sync.Mutex // guards blocks against readers, of whom there may be many
	due []*Block
}

// Seal says that the first n bytes of the block are a record that ends in the
// lookup3 checksum of the bytes before it. The checksum is written before
// anybody reads the draft, or commits it.
func (b *Block) Seal(n int) {
	if b.sealed != n || b.sound != n {
		b.remember(0, 0)
		b.sealed, b.sound = n, n
	}
	b.d.owe(b)
}

// SealAt is Seal for a record whose checksum is at at, not at its end, and was
// taken while it was zero itself.
func (b *Block) SealAt(n, at int) {
	b.sumAt = at
	b.Seal(n)
}

// VerifyAt is Verify for such a record.
func (b *Block) VerifyAt(n, at int, structure string) error {
	if at < 0 || at > n-4 {
		return h5err.At(h5err.Corrupt(structure, "size", "%d bytes", n), structure, uint64(b.addr))
	}
	b.sumAt = at
	return b.Verify(n, structure)
}

// sum gives the place of the checksum of a record of n bytes, and what it
// should be.
func (b *Block) sum(n int) (at int, sum uint32) {
	if b.sumAt == 0 {
		return n - 4, checksum.Lookup3(b.data[:n-4])
	}
	field := b.data[b.sumAt : b.sumAt+4]
	old := [4]byte(field)
	clear(field)
	sum = checksum.Lookup3(b.data[:n])
	copy(field, old[:])
	return b.sumAt, sum
}

// owe lists a block whose checksum is to be written.
func (d *Draft) owe(b *Block) {
	if b.due || b.sealed == 0 {
		return
	}
	b.due = true
	d.seals.due = append(d.seals.due, b)
	d.seals.any.Store(true)
}

// Verify compares the checksum at the end of the first n bytes, once while the
// block is in memory. structure names the record. Errors: ErrChecksum.
func (b *Block) Verify(n int, structure string) error {
	if b.sound == n {
		return nil
	}
	if n < 4 || n > len(b.data) {
		return h5err.At(h5err.Corrupt(structure, "size", "%d bytes", n), structure, uint64(b.addr))
	}
	at, got := b.sum(n)
	if stored := binary.LittleEndian.Uint32(b.data[at:]); stored != got {
		err := h5err.New(h5err.ErrChecksum, structure, "checksum", "stored 0x%08x, bytes have 0x%08x", stored, got)
		return h5err.At(err, structure, uint64(b.addr))
	}
	b.sound = n
	return nil
}

// seal writes all checksums that are due.
func (d *Draft) seal() {
	if !d.seals.any.Load() {
		return
	}
	d.seals.mu.Lock()
	defer d.seals.mu.Unlock()
	for i, b := range d.seals.due {
		b.due = false
		d.seals.due[i] = nil
		if b.sealed < 4 {
			continue
		}
		at, sum := b.sum(b.sealed)
		if binary.LittleEndian.Uint32(b.data[at:]) != sum {
			b.remember(at, at+4)
			binary.LittleEndian.PutUint32(b.data[at:], sum)
			b.mark(at, at+4)
		}
	}
	d.seals.due = d.seals.due[:0]
	d.seals.any.Store(false)
}

// forget drops what is due, as the blocks are forgotten too.
func (s *seals) forget() {
	clear(s.due)
	s.due = s.due[:0]
	s.any.Store(false)
}

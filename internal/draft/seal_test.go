package draft

import (
	"encoding/binary"
	"errors"
	"sync"
	"testing"

	"gables/hdf5/driver"
	"gables/hdf5/h5err"
	"gables/internal/checksum"
	"gables/internal/freespace"
	"gables/internal/wire"
)

func overBytes(file []byte) *Draft {
	return New(driver.Memory(file), nil, freespace.New(uint64(len(file))), wire.Sizes{Offset: 8, Length: 8}, wire.DefaultLimits())
}

// sum writes the checksum of a record.
func sum(b []byte) []byte {
	n := len(b) - 4
	binary.LittleEndian.PutUint32(b[n:], checksum.Lookup3(b[:n]))
	return b
}

// sound reads n bytes and tells whether they end in their checksum.
func sound(t *testing.T, d *Draft, at wire.Address, n int) []byte {
	t.Helper()
	b := make([]byte, n)
	if _, err := d.ReadAt(b, uint64(at)); err != nil {
		t.Fatal(err)
	}
	if string(sum(append([]byte(nil), b...))) != string(b) {
		t.Fatalf("checksum of %x is wrong", b)
	}
	return b
}

func TestChecksumsAreWrittenBeforeAnybodyLooks(t *testing.T) {
	d := overBytes(make([]byte, 64))
	b, err := d.New(32)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		b.Edit(i, i+1)[0] = 7
		b.Seal(20 + i)
		sound(t, d, b.Address(), 20+i)
	}
	b.Edit(3, 4)[0] = 8
	b.Seal(24)
	fresh, _ := d.Changes()
	if got := fresh[0].Data[:24]; string(sum(append([]byte(nil), got...))) != string(got) {
		t.Fatalf("checksum of %x is wrong", got)
	}
}

func TestAFailedOperationLeavesTheChecksumAsItWas(t *testing.T) {
	file := append(sum([]byte("some record    ")), make([]byte, 40)...)
	for _, look := range []bool{false, true} {
		for _, before := range []bool{false, true} {
			d := overBytes(append([]byte(nil), file...))
			b, err := d.Block(0, 30)
			if err == nil {
				err = b.Verify(15, "record")
			}
			if err != nil {
				t.Fatal(err)
			}
			if before {
				b.Put(0, []byte("S"))
				b.Seal(15)
			}
			fault := errors.New("fault")
			if err := d.Do(func() error {
				b.Put(5, []byte("RECORD, which is longer"))
				b.Seal(30)
				if look {
					sound(t, d, 0, 30)
				}
				return fault
			}); err != fault {
				t.Fatal(err)
			}
			if got := string(sound(t, d, 0, 15)[1:11]); got != "ome record" {
				t.Fatal(got)
			}
			if _, over := d.Changes(); !before && len(over) != 0 {
				t.Fatalf("%d changes are left", len(over))
			}
		}
	}
}

func TestABrokenChecksumIsNoticed(t *testing.T) {
	file := sum([]byte("some record    "))
	file[3] ^= 1
	b, err := overBytes(file).Block(0, len(file))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Verify(len(file), "record"); !errors.Is(err, h5err.ErrChecksum) {
		t.Fatal(err)
	}
}

func TestManyReadersSeeTheChecksum(t *testing.T) {
	d := overBytes(make([]byte, 64))
	for range 50 {
		b, _ := d.New(100)
		b.Seal(100)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range 50 {
				sound(t, d, wire.Address(64+100*i), 100)
			}
		}()
	}
	wg.Wait()
}

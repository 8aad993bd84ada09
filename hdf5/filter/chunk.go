package filter

import "gables/hdf5/h5err"

// Chunk is what a filter is told of the chunk that it decodes.
type Chunk struct {
	Values      []uint32 // client data as stored in the pipeline message
	Size        int      // exact length of the decoded bytes; -1 where a later stage changes it
	Limit       int      // most bytes that Decode may give, always positive
	ElementSize int      // bytes of one element of the dataset
}

// Check holds n decoded bytes, which the stored bytes or the client data
// declare, against c: ErrCorrupt for another length than c.Size, ErrLimit for
// more than c.Limit. Hence n fits an int where it gives nil. structure names in
// errors what declared n.
func (c Chunk) Check(structure string, n uint64) error {
	if c.Size >= 0 && n != uint64(c.Size) {
		return h5err.Corrupt(structure, "decoded size", "%d bytes, want %d", n, c.Size)
	}
	if n > uint64(max(c.Limit, 0)) {
		return h5err.Limit(structure, "decoded size", "%d bytes, limit %d", n, c.Limit)
	}
	return nil
}

// CheckFrom is Check, and ErrCorrupt where n bytes can't come from the given
// number of stored ones, each of which stands for ratio bytes at the most: what
// is known before memory is taken.
func (c Chunk) CheckFrom(structure string, n uint64, stored int, ratio uint64) error {
	if err := c.Check(structure, n); err != nil {
		return err
	}
	if n/ratio > uint64(stored) {
		return h5err.Corrupt(structure, "decoded size", "%d bytes can't come from %d", n, stored)
	}
	return nil
}

// Room checks n as Check does and gives memory for n bytes, whose contents are
// anything: dst's own where its capacity suffices.
func (c Chunk) Room(dst []byte, structure string, n uint64) ([]byte, error) {
	if err := c.Check(structure, n); err != nil {
		return nil, err
	}
	if uint64(cap(dst)) < n {
		return make([]byte, n), nil
	}
	return dst[:n], nil
}

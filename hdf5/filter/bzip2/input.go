package bzip2

import "io"

// input is a stream whose header tells no higher level than needed: the
// decoder takes 400 kB for each level, which for a small chunk of level 9 costs
// more than inflating it.
type input struct {
	src   []byte
	at    int
	level byte // '1' to '9'
}

// levelAt is the place of the level in "BZh9".
const levelAt = 3

// leastLevel is the lowest level whose blocks hold size bytes. The run lengths
// that bzip2 writes first turn 4 bytes into at most 5, and each level is 100 kB.
func leastLevel(size int) byte {
	return '1' + byte(min(size/80_000, 8))
}

// ReadByte gives the next byte, or io.EOF.
func (in *input) ReadByte() (byte, error) {
	if in.at >= len(in.src) {
		return 0, io.EOF
	}
	b := in.src[in.at]
	if in.at == levelAt && b > in.level && b <= '9' {
		b = in.level
	}
	in.at++
	return b, nil
}

// Read gives the next bytes, or io.EOF.
func (in *input) Read(p []byte) (int, error) {
	for i := range p {
		b, err := in.ReadByte()
		if err != nil {
			return i, err
		}
		p[i] = b
	}
	return len(p), nil
}

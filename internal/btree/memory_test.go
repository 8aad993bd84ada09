package btree

import (
	"bytes"
	"testing"

	"gables/hdf5/driver"
	"gables/internal/metacache"
	"gables/internal/testkit"
	"gables/internal/wire"
)

func open(file []byte) *metacache.Cache {
	return metacache.New(driver.Memory(file), wire.Sizes{Offset: 8, Length: 8}, wire.DefaultLimits())
}

func slurp(t testing.TB, name string) []byte {
	t.Helper()
	return testkit.Gunzip(t, "testdata/"+name+".h5.gz")
}

// find gives the positions of a signature.
func find(file []byte, sig string) []int {
	var at []int
	for i := 0; ; i++ {
		j := bytes.Index(file[i:], []byte(sig))
		if j < 0 {
			return at
		}
		i += j
		at = append(at, i)
	}
}

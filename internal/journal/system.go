package journal

import (
	"bytes"
	"hash/fnv"
	"os"
	"sync"
)

// systemBoot is a number that changes with each start of the machine, so that
// a log can tell a process that died from a loss of power; 0 where the system
// does not say.
var systemBoot = sync.OnceValue(func() uint64 {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil || len(bytes.TrimSpace(id)) == 0 {
		return 0
	}
	h := fnv.New64a()
	h.Write(id)
	return h.Sum64()
})

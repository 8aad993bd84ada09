package chunkindex

// pruneByCoordinates is up to how many places outside the dimensions are looked
// at one by one; above it all chunks of the index are.
const pruneByCoordinates = 1 << 12

// Prune forgets the chunks that lie wholly outside the dimensions told to
// Resize, and tells gone of each before, so that its space can be freed. was
// are the dimensions before. Chunks of an Implicit index stay.
func Prune(e Editor, was []uint64, gone func(Chunk) error) error {
	p := e.Params()
	if err := checkRank(was, len(p.Dims)); err != nil {
		return err
	}
	if p.Kind == Implicit || !p.Address.Defined() {
		return nil
	}
	old, now := chunkCounts(was, p.ChunkDims), chunkCounts(p.Dims, p.ChunkDims)
	list, ok, err := pruneList(e, old, now)
	if err == nil && !ok {
		list, err = pruneSweep(e, now)
	}
	if err != nil {
		return err
	}
	for _, c := range list {
		if err := gone(c); err != nil {
			return err
		}
		if err := e.Remove(c.Scaled); err != nil {
			return err
		}
	}
	return nil
}

// pruneList looks at the places in old but not in now; ok is false when there
// are too many.
func pruneList(e Editor, old, now []uint64) (list []Chunk, ok bool, err error) {
	places := uint64(0)
	// Slab u is outside in dimension u and inside in all before it.
	for u := range old {
		n := countSlab(old, now, u)
		if places += n; n > pruneByCoordinates || places > pruneByCoordinates {
			return nil, false, nil
		}
	}
	for u := range old {
		if countSlab(old, now, u) == 0 {
			continue
		}
		at := slabStart(now, u)
		for {
			c, ok, err := e.Get(at)
			if err != nil {
				return nil, false, err
			}
			if ok {
				c.Scaled = append([]uint64(nil), at...)
				list = append(list, c)
			}
			if !advanceSlab(at, old, now, u) {
				break
			}
		}
	}
	return list, true, nil
}

// countSlab is how many places slab u has, at most pruneByCoordinates + 1.
func countSlab(old, now []uint64, u int) uint64 {
	if old[u] <= now[u] {
		return 0
	}
	n := uint64(1)
	for v := range old {
		side := old[v]
		switch {
		case v < u:
			side = min(old[v], now[v])
		case v == u:
			side = old[u] - now[u]
		}
		if side == 0 {
			return 0
		}
		if n = min(n, pruneByCoordinates+1) * min(side, pruneByCoordinates+1); n > pruneByCoordinates {
			n = pruneByCoordinates + 1
		}
	}
	return n
}

func slabStart(now []uint64, u int) []uint64 {
	at := make([]uint64, len(now))
	at[u] = now[u]
	return at
}

// advanceSlab steps to the next place of slab u, the last dimension fastest.
func advanceSlab(at, old, now []uint64, u int) bool {
	for v := len(at) - 1; v >= 0; v-- {
		low, high := uint64(0), old[v]
		switch {
		case v < u:
			high = min(old[v], now[v])
		case v == u:
			low = now[u]
		}
		if at[v]++; at[v] < high {
			return true
		}
		at[v] = low
	}
	return false
}

// pruneSweep looks at all chunks.
func pruneSweep(e Editor, now []uint64) (list []Chunk, err error) {
	for c, err := range e.All() {
		if err != nil {
			return nil, err
		}
		for u, s := range c.Scaled {
			if s >= now[u] {
				c.Scaled = append([]uint64(nil), c.Scaled...)
				list = append(list, c)
				break
			}
		}
	}
	return list, nil
}

package compute

// plan cuts a reduction along axes into units: boxes of the selection's result.
// The units of one tile reduce to the same results; they are its segments, and
// are merged in a fixed order. The plan depends on shape and chunks alone.
type plan struct {
	shape    []uint64 // of what is reduced
	reduced  []bool
	out      []uint64 // shape of the results
	box      []uint64 // extents of a unit; those at the edge are smaller
	grid     []uint64 // units along each axis
	tiles    uint64
	segments uint64 // of each tile
}

const (
	rowElements = 512     // what is worth reading of a row at once
	tileResults = 8192    // results of a tile, where chunks don't ask for more
	mostResults = 1 << 18 // of a tile, whatever the chunks
)

func newPlan(shape []uint64, reduced []bool, chunk, out []uint64, elementSize int) plan {
	p := plan{shape: shape, reduced: reduced, out: out, tiles: 1, segments: 1}
	p.box = make([]uint64, len(shape))
	last := len(shape) - 1
	for k := range p.box {
		p.box[k] = 1
		if len(chunk) == len(shape) {
			p.box[k] = max(1, min(chunk[k], shape[k]))
		} else if k == last {
			p.box[k] = max(1, min(rowElements, shape[k]))
		}
	}
	p.shrink(uint64(max(1, maxPieceBytes/elementSize)))
	room := uint64(max(1, pieceBytes/elementSize))
	p.grow(true, room, room)
	p.grow(false, room, tileResults)
	p.grid = make([]uint64, len(shape))
	for k := range p.grid {
		p.grid[k] = (shape[k]-1)/p.box[k] + 1
		if reduced[k] {
			p.segments *= p.grid[k]
		} else {
			p.tiles *= p.grid[k]
		}
	}
	return p
}

// shrink halves the box until it has at most room elements and few results.
func (p *plan) shrink(room uint64) {
	for {
		wide := -1
		tooMany := p.results(p.box) > mostResults
		for k, n := range p.box {
			if n > 1 && (wide < 0 || n > p.box[wide]) && !(tooMany && p.reduced[k]) {
				wide = k
			}
		}
		if wide < 0 || volume(p.box) <= room && !tooMany {
			return
		}
		p.box[wide] = (p.box[wide] + 1) / 2
	}
}

// grow widens reduced or other axes, the last ones first, to whole multiples
// while the box has at most room elements and, of the others, most results.
func (p *plan) grow(reduced bool, room, most uint64) {
	for k := len(p.box) - 1; k >= 0; k-- {
		if p.reduced[k] != reduced {
			continue
		}
		times := room / volume(p.box)
		if !reduced {
			times = min(times, most/p.results(p.box))
		}
		if times > 1 {
			p.box[k] = min(p.shape[k], p.box[k]*times)
		}
	}
}

// results is how many results a box of that extent has.
func (p *plan) results(box []uint64) uint64 {
	kept := make([]uint64, 0, len(box))
	for k, d := range box {
		if !p.reduced[k] {
			kept = append(kept, d)
		}
	}
	return volume(kept)
}

// units is how many units there are, tile by tile.
func (p *plan) units() uint64 { return p.tiles * p.segments }

// place gives the box of unit u.
func (p *plan) place(u uint64) (start, count []uint64) {
	tile, segment := u/p.segments, u%p.segments
	start, count = make([]uint64, len(p.shape)), make([]uint64, len(p.shape))
	for k := len(p.shape) - 1; k >= 0; k-- {
		from := &tile
		if p.reduced[k] {
			from = &segment
		}
		start[k] = *from % p.grid[k] * p.box[k]
		count[k] = min(p.box[k], p.shape[k]-start[k])
		*from /= p.grid[k]
	}
	return start, count
}

// group is a run of axes of a box that are all reduced, or all not.
type group struct {
	n, step int // extent; distance of neighbours, in elements
	reduced bool
}

// groups joins the axes of a row-major box.
func groups(count []uint64, reduced []bool) []group {
	var list []group
	step := 1
	for k := len(count) - 1; k >= 0; k-- {
		n := int(count[k])
		if last := len(list) - 1; last >= 0 && list[last].reduced == reduced[k] {
			list[last].n *= n
		} else if n > 1 {
			list = append(list, group{n, step, reduced[k]})
		}
		step *= n
	}
	return list // the last axes first
}

// foldRows is how many rows of a box are folded at once, column by column:
// their cache lines stay near while the columns beside them are folded.
const foldRows = 256

// foldBox folds a row-major box into states, one for each index of the axes
// that are not reduced.
func foldBox(h *hand, data []byte, states []state, count []uint64, reduced []bool) error {
	g := groups(count, reduced)
	row, col := group{n: 1, step: 1, reduced: true}, group{n: 1, step: 1}
	for range 2 {
		if len(g) == 0 {
			break
		}
		if g[0].reduced && row.n == 1 {
			row, g = g[0], g[1:]
			break
		}
		col, g = g[0], g[1:]
	}
	return foldGroups(h, data, states, g, row, col)
}

// foldGroups walks the outer groups; at and to are positions in data and
// states.
func foldGroups(h *hand, data []byte, states []state, outer []group, row, col group) error {
	at, to := 0, 0
	index := make([]int, len(outer))
	for {
		rows := row.n
		if col.n > 1 {
			rows = min(rows, foldRows)
		}
		for r := 0; r < row.n; r += rows {
			for j := range col.n {
				err := h.fold(&states[to+j], data, at+r*row.step+j*col.step, row.step, min(rows, row.n-r))
				if err != nil {
					return err
				}
			}
		}
		k, out := 0, col.n
		for ; k < len(outer); k++ {
			g := &outer[k]
			index[k]++
			at += g.step
			if !g.reduced {
				to += out
			}
			if index[k] < g.n {
				break
			}
			index[k] = 0
			at -= g.n * g.step
			if !g.reduced {
				to -= g.n * out
				out *= g.n
			}
		}
		if k == len(outer) {
			return nil
		}
	}
}

//go:build interop

package interop

import (
	"gables/hdf5"
	"gables/hdf5/dataspace"
	"gables/hdf5/datatype"
	"gables/hdf5/filter"
	"gables/hdf5/filter/bitshuffle"
	"gables/hdf5/filter/blosc"
	"gables/hdf5/filter/blosc2"
	"gables/hdf5/filter/lz4"
	"gables/hdf5/filter/zfp"
)

const unlimited = dataspace.Unlimited

// written says which elements are given a value.
type written uint8

const (
	writeAll  written = iota
	writePart         // two boxes, so that chunks are missing
	writeNone
)

// plan is a layout of the matrix.
type plan struct {
	name    string // row of the tables
	tail    string // tells it from others of the name
	shape   []uint64
	o       hdf5.DatasetOptions
	index   string // what the chunk index must be
	written written
	filled  bool     // with a fill value of its own
	only    []string // kinds that it is for; nil: all
	old     bool     // for files before 1.10
	new     bool     // for files from 1.10 on
}

// Kinds for layouts that take long, or that do not depend on the type.
var (
	few  = []string{"int32le", "float64be", "compound", "vlstring_utf8", "string6_null", "ref_object"}
	some = append([]string{"uint8le", "float32le", "bool", "vlen_i4", "array3_i32", "complex128le"}, few...)
	two  = []string{"int32le", "float64be"}
)

func dims(d ...uint64) []uint64 { return d }

func plans() []plan {
	chunk := func(index, tail string, shape, chunk, most []uint64) plan {
		return plan{name: index, tail: tail, shape: shape, index: index, old: index == "btree_v1", new: index != "btree_v1",
			o: hdf5.DatasetOptions{Chunk: chunk, MaxShape: most}}
	}
	list := []plan{
		{name: "compact", shape: dims(5, 7), o: hdf5.DatasetOptions{Compact: true}, old: true, new: true},
		{name: "compact", tail: "scalar", o: hdf5.DatasetOptions{Compact: true}, old: true, new: true},
		{name: "contiguous", shape: dims(5, 7), old: true, new: true},
		{name: "contiguous", tail: "early", shape: dims(4, 3), o: hdf5.DatasetOptions{Alloc: hdf5.AllocEarly}, written: writeNone, old: true, new: true},
		{name: "contiguous", tail: "late", shape: dims(4, 3), written: writeNone, filled: true, old: true, new: true},
		{name: "contiguous", tail: "part", shape: dims(9, 4), written: writePart, filled: true, old: true, new: true},
		{name: "contiguous", tail: "scalar", old: true, new: true},
		{name: "contiguous", tail: "empty", shape: dims(0, 3), old: true, new: true},
		{name: "null", shape: nullShape, old: true, new: true},
		{name: "external", shape: dims(6, 4), old: true, new: true},
		chunk("btree_v1", "", dims(7, 11), dims(3, 4), nil),
		chunk("btree_v1", "part", dims(7, 11), dims(3, 4), dims(unlimited, unlimited)).partly(),
		chunk("btree_v1", "empty", dims(0, 5), dims(2, 2), dims(unlimited, 5)),
		chunk("btree_v1", "deep", dims(60, 50), dims(1, 2), dims(unlimited, unlimited)).partly().just(some),
		chunk("btree_v1", "early", dims(7, 5), dims(3, 2), nil).early(),
		chunk("single", "", dims(7, 5), dims(7, 5), nil),
		chunk("fixed_array", "one_edge", dims(5, 4), dims(6, 5), dims(6, 5)),
		chunk("implicit", "", dims(7, 5), dims(3, 2), nil).early(),
		chunk("implicit", "max", dims(7, 5), dims(3, 2), dims(11, 9)).early(),
		chunk("fixed_array", "", dims(7, 11), dims(3, 4), nil),
		chunk("fixed_array", "part", dims(7, 11), dims(3, 4), dims(9, 20)).partly(),
		chunk("fixed_array", "paged", dims(2500), dims(2), nil).partly().just(some),
		chunk("extensible_array", "", dims(7, 11), dims(3, 4), dims(unlimited, 11)),
		chunk("extensible_array", "part", dims(5, 4, 6), dims(2, 3, 2), dims(5, unlimited, 6)).partly(),
		chunk("extensible_array", "blocks", dims(700), dims(1), dims(unlimited)).just(some),
		chunk("extensible_array", "paged", dims(150000), dims(1), dims(unlimited)).partly().just(two),
		chunk("btree_v2", "", dims(7, 11), dims(3, 4), dims(unlimited, unlimited)),
		chunk("btree_v2", "empty", dims(3, 0), dims(2, 2), dims(unlimited, unlimited)),
		chunk("btree_v2", "deep", dims(60, 50), dims(1, 2), dims(unlimited, unlimited)).partly().just(some),
	}
	for rank, name := range []string{1: "rank1", 3: "rank3", 4: "rank4", 5: "rank5"} {
		if name == "" {
			continue
		}
		shape, chunks := dims(5, 3, 4, 2, 3)[:rank], dims(2, 2, 2, 2, 2)[:rank]
		list = append(list, plan{name: "contiguous", tail: name, shape: shape, only: few, old: true, new: true},
			chunk("fixed_array", name, shape, chunks, nil).just(few), chunk("btree_v1", name, shape, chunks, nil).just(few))
	}
	return list
}

func (p plan) early() plan          { p.o.Alloc = hdf5.AllocEarly; return p }
func (p plan) partly() plan         { p.written, p.filled = writePart, true; return p }
func (p plan) just(k []string) plan { p.only = k; return p }
func (p plan) label() string        { return suffixed(p.name, p.tail) }
func suffixed(name, t string) string {
	if t == "" {
		return name
	}
	return name + "_" + t
}

// pack is a filter, or several, of the matrix.
type pack struct {
	name   string // with its parameters
	family string // column of the tables, or several with " + "
	stages []filter.Stage
	takes  func(k kind) bool // nil: everything
	lossy  bool              // what is read need not be what was written
}

func stage(id filter.ID, values ...uint32) filter.Stage {
	return filter.Stage{ID: id, Optional: id != filter.Fletcher32, Flags: uint16(btoi(id != filter.Fletcher32)), Values: values}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func flat(k kind) bool { return !k.linked || k.family == "reference" && k.name != "ref_region" }

// plain are numbers of 1, 2, 4 or 8 bytes.
func plain(k kind) bool {
	t := k.t
	return k.family == "int" || k.family == "float" && t.Size <= 8
}

func packs() []pack {
	shuffle, sum := stage(filter.Shuffle), stage(filter.Fletcher32)
	list := []pack{
		{"gzip1", "gzip", []filter.Stage{stage(filter.Deflate, 1)}, nil, false},
		{"gzip4", "gzip", []filter.Stage{stage(filter.Deflate, 4)}, nil, false},
		{"gzip9", "gzip", []filter.Stage{stage(filter.Deflate, 9)}, nil, false},
		{"shuffle", "shuffle", []filter.Stage{shuffle}, nil, false},
		{"fletcher32", "fletcher32", []filter.Stage{sum}, flat, false},
		{"shuffle_gzip", "shuffle + gzip", []filter.Stage{shuffle, stage(filter.Deflate, 4)}, nil, false},
		{"shuffle_gzip_fletcher32", "shuffle + gzip + fletcher32", []filter.Stage{shuffle, stage(filter.Deflate, 6), sum}, flat, false},
		{"lzf", "lzf", []filter.Stage{stage(filter.LZF)}, nil, false},
		{"shuffle_lzf_fletcher32", "shuffle + lzf + fletcher32", []filter.Stage{shuffle, stage(filter.LZF), sum}, flat, false},
		{"nbit", "nbit", []filter.Stage{stage(filter.NBit)}, func(k kind) bool { return flat(k) && k.family != "reference" }, false},
		{"scaleoffset_int", "scaleoffset", []filter.Stage{stage(filter.ScaleOffset, 2, 0)}, func(k kind) bool { return k.family == "int" }, false},
		{"scaleoffset_float", "scaleoffset", []filter.Stage{stage(filter.ScaleOffset, 0, 3)}, func(k kind) bool {
			return k.name == "float32le" || k.name == "float64be"
		}, true},
		{"bzip2_9", "bzip2", []filter.Stage{stage(filter.BZip2, 9)}, nil, false},
		{"shuffle_bzip2_1", "shuffle + bzip2", []filter.Stage{shuffle, stage(filter.BZip2, 1)}, nil, false},
		{"lz4", "lz4", []filter.Stage{stage(filter.LZ4, lz4.Values(0)...)}, nil, false},
		{"lz4_blocks", "lz4", []filter.Stage{stage(filter.LZ4, lz4.Values(64)...)}, nil, false},
		{"zstd", "zstd", []filter.Stage{stage(filter.Zstd)}, nil, false},
		{"zstd_19_fletcher32", "zstd + fletcher32", []filter.Stage{stage(filter.Zstd, 19), sum}, flat, false},
		{"shuffle_lz4_fletcher32", "shuffle + lz4 + fletcher32", []filter.Stage{shuffle, stage(filter.LZ4), sum}, flat, false},
	}
	for _, s := range []struct {
		name string
		mask uint32
	}{{"nn", 32}, {"ec", 4}} {
		for _, n := range []uint32{4, 8} {
			list = append(list, pack{"szip_" + s.name + string('0'+rune(n)), "szip", []filter.Stage{stage(filter.Szip, s.mask, n)}, plain, false})
		}
	}
	return append(append(list, bloscPacks()...), otherPacks()...)
}

func bloscPacks() (list []pack) {
	old := map[string]blosc.Codec{"blosclz": blosc.BloscLZ, "lz4": blosc.LZ4, "lz4hc": blosc.LZ4HC, "zlib": blosc.Zlib, "zstd": blosc.Zstd}
	now := map[string]blosc2.Codec{"blosclz": blosc2.BloscLZ, "lz4": blosc2.LZ4, "lz4hc": blosc2.LZ4HC, "zlib": blosc2.Zlib, "zstd": blosc2.Zstd}
	// Both plugins divide by the element's size, which they learn for flat types alone.
	takes := func(k kind) bool { return flat(k) }
	takes2 := func(k kind) bool { return flat(k) && k.t.Size <= 255 }
	for _, name := range []string{"blosclz", "lz4", "lz4hc", "zlib", "zstd"} {
		for i, s := range []string{"none", "byte", "bit"} {
			list = append(list,
				pack{"blosc_" + name + "_" + s, "blosc", []filter.Stage{stage(filter.Blosc, blosc.Values(old[name], 1+4*i, blosc.Shuffle(i))...)}, takes, false},
				pack{"blosc2_" + name + "_" + s, "blosc2", []filter.Stage{stage(filter.Blosc2, blosc2.Values(now[name], 9-4*i, blosc2.Shuffle(i))...)}, takes2, false})
		}
	}
	return append(list,
		pack{"blosc_fletcher32", "blosc + fletcher32", []filter.Stage{stage(filter.Blosc, blosc.Values(blosc.LZ4, 5, blosc.ByteShuffle)...), stage(filter.Fletcher32)}, takes, false},
		pack{"blosc2_fletcher32", "blosc2 + fletcher32", []filter.Stage{stage(filter.Blosc2, blosc2.Values(blosc2.LZ4, 5, blosc2.ByteShuffle)...), stage(filter.Fletcher32)}, takes2, false})
}

func otherPacks() (list []pack) {
	for name, c := range map[string]bitshuffle.Compression{"none": bitshuffle.None, "lz4": bitshuffle.LZ4, "zstd": bitshuffle.Zstd} {
		list = append(list, pack{"bitshuffle_" + name, "bitshuffle", []filter.Stage{stage(filter.Bitshuffle, bitshuffle.Values(0, c, 3)...)}, nil, false})
	}
	reals := func(k kind) bool { return k.name == "float32le" || k.name == "float64le" }
	words := func(k kind) bool { return reals(k) || k.name == "int32le" || k.name == "int64le" }
	return append(list,
		pack{"zfp_rate", "zfp", []filter.Stage{stage(filter.ZFP, zfp.Rate(12)...)}, words, true},
		pack{"zfp_precision", "zfp", []filter.Stage{stage(filter.ZFP, zfp.Precision(17)...)}, words, true},
		pack{"zfp_accuracy", "zfp", []filter.Stage{stage(filter.ZFP, zfp.Accuracy(1e-3)...)}, reals, true},
		pack{"zfp_reversible", "zfp", []filter.Stage{stage(filter.ZFP, zfp.Reversible()...)}, words, false},
		pack{"zfp_expert", "zfp", []filter.Stage{stage(filter.ZFP, zfp.Expert(16, 2000, 23, -40)...)}, reals, true})
}

// fillOf is one element that few others are like, and that all witnesses know.
func fillOf(k kind) []byte {
	b := make([]byte, k.t.Size)
	for i := range b {
		b[i] = byte(65 + i%7)
	}
	switch {
	case k.t.Class == datatype.Enum:
		return k.t.Enum[0].Value
	case k.name == "bits8_bool":
		return []byte{1}
	case k.name == "time64le":
		return le([]uint32{7, 5})
	}
	return b
}

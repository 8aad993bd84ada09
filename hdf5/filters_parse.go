package hdf5

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"gables/hdf5/filter"
	"gables/hdf5/filter/bitshuffle"
	"gables/hdf5/filter/blosc"
	"gables/hdf5/filter/blosc2"
	"gables/hdf5/filter/zfp"
	"gables/hdf5/h5err"
)

// FilterNames tells what ParseFilters takes, for messages and help.
const FilterNames = `gzip[=0…9], shuffle, fletcher32, szip[=nn|ec[:pixels]], nbit, scaleoffset=int[:bits] or float:digits, ` +
	`lzf, lzo[=1…9], bzip2[=1…9], lz4[=block bytes], zstd[=level], blosc[:codec][=0…9][:shuffle|bitshuffle|noshuffle], ` +
	`blosc2 in the same way, bitshuffle[:lz4|zstd|none][=level], zfp[=rate:bits|precision:planes|accuracy:tolerance|reversible], ` +
	`or a filter's number with its values, as 32015=3`

// ParseFilters reads a pipeline in the order in which writing applies it:
// "shuffle,gzip=4", "blosc:zstd=5:bitshuffle", "none". Names may be in upper
// case, and ":" and "=" mean the same. Levels that are left out are those of the
// filters' own tools, 4 for gzip. ErrSelection names what there is.
func ParseFilters(text string) ([]filter.Stage, error) {
	list := []filter.Stage{}
	if t := strings.TrimSpace(text); t == "" || strings.EqualFold(t, "none") {
		return list, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		s, err := parseFilter(strings.ToLower(strings.TrimSpace(part)))
		if err != nil {
			return nil, fmt.Errorf("filter %q: %w", part, err)
		}
		list = append(list, s)
	}
	return list, nil
}

// filterParsers read what follows a name.
var filterParsers = map[string]func(p *filterParams) filter.Stage{
	"gzip":        func(p *filterParams) filter.Stage { return Gzip(p.number(4, 0, 9)) },
	"deflate":     func(p *filterParams) filter.Stage { return Gzip(p.number(4, 0, 9)) },
	"shuffle":     func(*filterParams) filter.Stage { return Shuffle() },
	"fletcher32":  func(*filterParams) filter.Stage { return Fletcher32() },
	"szip":        parseSzip,
	"nbit":        func(*filterParams) filter.Stage { return NBit() },
	"scaleoffset": parseScaleOffset,
	"lzf":         func(*filterParams) filter.Stage { return LZF() },
	"lzo":         func(p *filterParams) filter.Stage { return LZO(p.number(1, 1, 9)) },
	"bzip2":       func(p *filterParams) filter.Stage { return BZip2(p.number(9, 1, 9)) },
	"lz4":         func(p *filterParams) filter.Stage { return LZ4(uint32(p.number(0, 0, math.MaxInt32))) },
	"zstd":        func(p *filterParams) filter.Stage { return Zstd(p.number(3, -1<<17, 22)) },
	"blosc":       parseBlosc,
	"blosc2":      parseBlosc2,
	"bitshuffle":  parseBitshuffle,
	"zfp":         parseZFP,
}

func parseFilter(text string) (filter.Stage, error) {
	fields := strings.FieldsFunc(text, func(r rune) bool { return r == ':' || r == '=' })
	if len(fields) == 0 {
		return filter.Stage{}, unknownFilter()
	}
	p := &filterParams{left: fields[1:]}
	var s filter.Stage
	if parse := filterParsers[fields[0]]; parse != nil {
		s = parse(p)
	} else if id, err := strconv.ParseUint(fields[0], 10, 16); err == nil {
		s = optional(filter.ID(id))
		for len(p.left) > 0 {
			s.Values = append(s.Values, uint32(p.number(0, math.MinInt32, math.MaxUint32)))
		}
	} else {
		return s, unknownFilter()
	}
	if p.err == nil && len(p.left) > 0 {
		p.fail("%q is not understood", p.left[0])
	}
	return s, p.err
}

func unknownFilter() error {
	return fmt.Errorf("not known; there are %s: %w", FilterNames, h5err.ErrSelection)
}

// filterParams are the words behind a filter's name.
type filterParams struct {
	left []string
	err  error
}

func (p *filterParams) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf("%s; there are %s: %w", fmt.Sprintf(format, args...), FilterNames, h5err.ErrSelection)
	}
}

// word takes the next word if it is one of those.
func (p *filterParams) word(words ...string) (int, bool) {
	if len(p.left) > 0 {
		for i, w := range words {
			if p.left[0] == w {
				p.left = p.left[1:]
				return i, true
			}
		}
	}
	return 0, false
}

// number takes the next word if it is a whole number, and gives def otherwise.
func (p *filterParams) number(def int64, least, most int64) int {
	if len(p.left) == 0 {
		return int(def)
	}
	v, err := strconv.ParseInt(p.left[0], 10, 64)
	if err != nil {
		return int(def)
	}
	if v < least || v > most {
		p.fail("%d is not in %d to %d", v, least, most)
		return int(def)
	}
	p.left = p.left[1:]
	return int(v)
}

// float takes the next word, which must be a number.
func (p *filterParams) float() float64 {
	if len(p.left) == 0 {
		p.fail("a number is missing")
		return 0
	}
	v, err := strconv.ParseFloat(p.left[0], 64)
	if err != nil {
		p.fail("%q is no number", p.left[0])
	}
	p.left = p.left[1:]
	return v
}

func parseSzip(p *filterParams) filter.Stage {
	pixels := p.number(8, 2, 32)
	option := SzipNearest
	if i, ok := p.word("nn", "ec"); ok && i == 1 {
		option = SzipEntropy
	}
	pixels = p.number(int64(pixels), 2, 32)
	if pixels%2 != 0 {
		p.fail("%d pixels a block, which must be even", pixels)
	}
	return Szip(option, pixels)
}

func parseScaleOffset(p *filterParams) filter.Stage {
	i, ok := p.word("int", "float")
	if !ok {
		p.fail("int or float is missing")
	}
	if i == 1 {
		if len(p.left) == 0 {
			p.fail("the number of digits is missing")
		}
		return ScaleOffsetFloat(p.number(0, -400, 400))
	}
	return ScaleOffsetInt(p.number(0, 0, 64))
}

var (
	bloscCodecs   = []string{"blosclz", "lz4", "lz4hc", "snappy", "zlib", "zstd"}
	bloscShuffles = []string{"noshuffle", "shuffle", "bitshuffle"}
)

// bloscParams reads codec, level and shuffling, in any order.
func bloscParams(p *filterParams) (codec, level, shuffle int) {
	level, shuffle = 5, 1
	for len(p.left) > 0 && p.err == nil {
		if i, ok := p.word(bloscCodecs...); ok {
			codec = i
		} else if i, ok := p.word(bloscShuffles...); ok {
			shuffle = i
		} else if n := len(p.left); n > 0 {
			if level = p.number(int64(level), 0, 9); len(p.left) == n {
				p.fail("%q is not understood", p.left[0])
			}
		}
	}
	return codec, level, shuffle
}

func parseBlosc(p *filterParams) filter.Stage {
	codec, level, shuffle := bloscParams(p)
	return Blosc(blosc.Codec(codec), level, blosc.Shuffle(shuffle))
}

func parseBlosc2(p *filterParams) filter.Stage {
	codec, level, shuffle := bloscParams(p)
	if bloscCodecs[codec] == "snappy" {
		p.fail("Blosc2 has no codec snappy")
	}
	return Blosc2(blosc2.Codec(codec), level, blosc2.Shuffle(shuffle))
}

func parseBitshuffle(p *filterParams) filter.Stage {
	compression := bitshuffle.LZ4
	if i, ok := p.word("none", "lz4", "zstd"); ok {
		compression = [...]bitshuffle.Compression{bitshuffle.None, bitshuffle.LZ4, bitshuffle.Zstd}[i]
	}
	level := 0
	if compression == bitshuffle.Zstd {
		level = p.number(3, 0, 22)
	}
	return Bitshuffle(compression, level)
}

func parseZFP(p *filterParams) filter.Stage {
	i, ok := p.word("reversible", "rate", "precision", "accuracy")
	if !ok || i == 0 {
		return ZFP(zfp.Reversible())
	}
	v := p.float()
	if p.err == nil && !(v > 0 && v <= math.MaxFloat64) {
		p.fail("%v must be positive", v)
	}
	switch i {
	case 1:
		return ZFP(zfp.Rate(v))
	case 2:
		return ZFP(zfp.Precision(uint32(min(v, 64))))
	}
	return ZFP(zfp.Accuracy(v))
}

package hdf5_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"gables/hdf5"
	"gables/hdf5/dataspace"
	"gables/hdf5/datatype"
	"gables/hdf5/filter"
	"gables/internal/format"
)

var (
	int32le   = datatype.Must(datatype.Int(32, true, datatype.LittleEndian))
	gzipped   = filter.Stage{ID: filter.Deflate, Optional: true, Values: []uint32{4}}
	shuffle   = filter.Stage{ID: filter.Shuffle, Optional: true}
	lzf       = filter.Stage{ID: filter.LZF, Optional: true}
	unlimited = uint64(dataspace.Unlimited)
)

// inflated gives the bytes of a chunk that went through gzip.
func inflated(t *testing.T, image []byte, c hdf5.Chunk) []byte {
	t.Helper()
	z, err := zlib.NewReader(bytes.NewReader(image[c.Address : c.Address+c.Size]))
	fatal(t, err)
	b, err := io.ReadAll(z)
	fatal(t, err)
	return b
}

// Chunks that stick out of the dataset are stored in full, filtered or not; the
// part outside is fill value.
func TestEdgeChunksAreWrittenWhole(t *testing.T) {
	const whole = 3 * 4 * 2 * 4
	everywhere(t, func(t *testing.T, low hdf5.Libver) {
		for _, most := range [][]uint64{nil, {unlimited, 11, 5}, {unlimited, unlimited, 5}} {
			for _, filters := range [][]filter.Stage{nil, {gzipped}} {
				image := made(t, func(f *hdf5.File) {
					d := created[*hdf5.Dataset](t)(f.CreateDataset("/x", int32le, []uint64{7, 11, 5},
						hdf5.DatasetOptions{MaxShape: most, Chunk: []uint64{3, 4, 2}, Filters: filters, Fill: []byte{9, 9, 9, 9}}))
					fatal(t, hdf5.Write(context.Background(), d, numbered[int32](7*11*5)))
				}, hdf5.WithLibver(low))
				d := dataset(t, openImage(t, image), "/x")
				list := chunks(t, d)
				if len(list) != 3*3*3 {
					t.Errorf("%d chunks", len(list))
				}
				for _, c := range list {
					data := image[c.Address : c.Address+c.Size]
					if filters != nil {
						data = inflated(t, image, c)
					}
					if len(data) != whole {
						t.Errorf("the chunk at %v has %d bytes", c.Offset, len(data))
					}
					if c.Offset[2] == 4 && !bytes.Equal(data[4:8], []byte{9, 9, 9, 9}) {
						t.Errorf("outside of the dataset is % x", data[4:8])
					}
				}
				equal(t, d, numbered[int32](7*11*5))
			}
		}
	})
}

// With "do not filter partial edge chunks" a chunk that comes to the edge, or
// leaves it, is stored anew: readers go by the extent.
func TestUnfilteredEdgeChunksFollowTheExtent(t *testing.T) {
	ctx := context.Background()
	for _, low := range bounds[2:] {
		for _, most := range [][]uint64{{40, 40}, {unlimited, 40}, {unlimited, unlimited}} {
			f, err := hdf5.CreateMemory(hdf5.WithLibver(low))
			fatal(t, err)
			d := created[*hdf5.Dataset](t)(f.CreateDataset("/x", int32le, []uint64{10, 10},
				hdf5.DatasetOptions{MaxShape: most, Chunk: []uint64{4, 4}, Filters: []filter.Stage{shuffle, gzipped}, UnfilteredEdge: true}))
			model := map[[2]uint64]int32{}
			for round, dims := range [][]uint64{{10, 10}, {12, 11}, {13, 12}, {16, 16}, {9, 16}, {9, 7}, {20, 20}, {4, 4}, {3, 3}, {8, 8}} {
				fatal(t, d.Resize(ctx, dims...))
				for at := range model {
					if at[0] >= dims[0] || at[1] >= dims[1] {
						delete(model, at)
					}
				}
				values := make([]int32, dims[1])
				for j := range values {
					values[j] = int32(1000*round + j + 1)
					model[[2]uint64{dims[0] - 1, uint64(j)}] = values[j]
				}
				fatal(t, hdf5.Write(ctx, d, values, hdf5.Sel(fmt.Sprint(dims[0]-1))))
				if round%3 == 1 {
					fatal(t, f.Flush(ctx))
				}
				image, err := f.Image(ctx)
				fatal(t, err)
				seen := dataset(t, openImage(t, image), "/x")
				undamaged(t, seen.File())
				want := make([]int32, dims[0]*dims[1])
				for at, v := range model {
					want[at[0]*dims[1]+at[1]] = v
				}
				equal(t, seen, want)
				for _, c := range chunks(t, seen) {
					if edge := c.Offset[0]+4 > dims[0] || c.Offset[1]+4 > dims[1]; edge && c.Size != 64 {
						t.Errorf("%v of %v: the edge chunk at %v has %d bytes", most, dims, c.Offset, c.Size)
					} else if !edge && len(inflated(t, image, c)) != 64 {
						t.Errorf("%v of %v: the chunk at %v is not filtered", most, dims, c.Offset)
					}
				}
			}
			fatal(t, f.Close())
		}
	}
}

// An optional filter that could not help is skipped, and its bit in the chunk's
// mask says so; one that is not optional is an error.
func TestFiltersThatDoNotHelpLeaveTheirMaskBit(t *testing.T) {
	ctx := context.Background()
	noise := make([]int32, 1000)
	for i, r := 0, rand.New(rand.NewPCG(1, 2)); i < len(noise); i++ {
		noise[i] = int32(r.Uint32())
	}
	everywhere(t, func(t *testing.T, low hdf5.Libver) {
		image := made(t, func(f *hdf5.File) {
			for name, filters := range map[string][]filter.Stage{"/lzf": {lzf}, "/both": {shuffle, lzf}} {
				d := created[*hdf5.Dataset](t)(f.CreateDataset(name, int32le, []uint64{2000},
					hdf5.DatasetOptions{MaxShape: []uint64{unlimited}, Chunk: []uint64{1000}, Filters: filters}))
				fatal(t, hdf5.Write(ctx, d, append(noise, make([]int32, 1000)...)))
			}
		}, hdf5.WithLibver(low))
		f := openImage(t, image)
		for name, mask := range map[string]uint32{"/lzf": 1, "/both": 2} {
			list := chunks(t, dataset(t, f, name))
			if len(list) != 2 || list[0].FilterMask != mask || list[0].Size != 4000 || list[1].FilterMask != 0 || list[1].Size > 400 {
				t.Errorf("%s: %+v", name, list)
			}
			equal(t, dataset(t, f, name), append(noise, make([]int32, 1000)...))
		}
	})
	f, err := hdf5.CreateMemory()
	fatal(t, err)
	defer f.Close()
	d := created[*hdf5.Dataset](t)(f.CreateDataset("/x", int32le, []uint64{1000}, hdf5.DatasetOptions{Filters: []filter.Stage{{ID: filter.LZF}}}))
	err = hdf5.Write(ctx, d, noise)
	if err == nil {
		err = f.Flush(ctx)
	}
	if !errors.Is(err, filter.ErrNoGain) {
		t.Errorf("a filter that must be applied and can't: %v", err)
	}
}

// Of variable-length data only the descriptors are filtered, and shuffle is
// skipped in every chunk, as libhdf5 gives it no parameters there.
func TestShuffleIsMaskedForVariableLengthData(t *testing.T) {
	ctx := context.Background()
	everywhere(t, func(t *testing.T, low hdf5.Libver) {
		texts := make([]string, 100)
		for i := range texts {
			texts[i] = fmt.Sprint("text ", i*i)
		}
		image := made(t, func(f *hdf5.File) {
			d := created[*hdf5.Dataset](t)(f.CreateDataset("/x", datatype.VLString(datatype.UTF8), []uint64{0},
				hdf5.DatasetOptions{MaxShape: []uint64{unlimited}, Chunk: []uint64{64}, Filters: []filter.Stage{shuffle, gzipped}}))
			for i := range texts {
				_, err := hdf5.Append(ctx, d, texts[i:i+1])
				fatal(t, err)
			}
		}, hdf5.WithLibver(low))
		d := dataset(t, openImage(t, image), "/x")
		equal(t, d, texts)
		for _, c := range chunks(t, d) {
			if c.FilterMask != 1 || len(inflated(t, image, c)) != 64*16 {
				t.Errorf("%+v", c)
			}
		}
		if s := d.Filters(); len(s) != 2 || len(s[0].Values) != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// Appending passes the index block, the super blocks and the first page of an
// extensible array, and a node of each kind of B-tree; so does going back.
func TestAppendedChunksAreFoundBehindEveryBoundary(t *testing.T) {
	ctx := context.Background()
	everywhere(t, func(t *testing.T, low hdf5.Libver) {
		for _, filters := range [][]filter.Stage{nil, {shuffle, gzipped}} {
			for name, most := range map[string][]uint64{"array": {unlimited, 1}, "swizzled": {1, unlimited}, "tree": {unlimited, unlimited}} {
				axis := 0
				if name == "swizzled" {
					axis = 1
				}
				const n = 3000
				image := made(t, func(f *hdf5.File) {
					shape := []uint64{1, 1}
					shape[axis] = 0
					d := created[*hdf5.Dataset](t)(f.CreateDataset("/x", int32le, shape,
						hdf5.DatasetOptions{MaxShape: most, Chunk: []uint64{1, 1}, Filters: filters}))
					all := numbered[int32](n)
					for at, step := 0, 1; at < n; step = step*3/2 + 1 {
						end := min(n, at+step)
						_, err := hdf5.AppendAlong(ctx, d, axis, all[at:end], hdf5.WriteOptions{})
						fatal(t, err)
						if at = end; step < 40 {
							fatal(t, f.Flush(ctx))
						}
					}
				}, hdf5.WithLibver(low))
				equal(t, dataset(t, openImage(t, image), "/x"), numbered[int32](n))
				image = changed(t, image, func(f *hdf5.File) {
					d := dataset(t, f, "/x")
					for _, k := range []uint64{2999, 1100, 37, 4} {
						shape := []uint64{1, 1}
						shape[axis] = k
						fatal(t, d.Resize(ctx, shape...))
						fatal(t, f.Flush(ctx))
					}
					_, err := hdf5.AppendAlong(ctx, d, axis, numbered[int32](200)[4:], hdf5.WriteOptions{})
					fatal(t, err)
				})
				equal(t, dataset(t, openImage(t, image), "/x"), numbered[int32](200))
			}
		}
	})
}

// What is cut off and comes back is fill value, not what was there.
func TestWhatComesBackIsFillValue(t *testing.T) {
	ctx := context.Background()
	everywhere(t, func(t *testing.T, low hdf5.Libver) {
		image := made(t, func(f *hdf5.File) {
			d := created[*hdf5.Dataset](t)(f.CreateDataset("/x", int32le, []uint64{100},
				hdf5.DatasetOptions{MaxShape: []uint64{unlimited}, Chunk: []uint64{16}, Fill: []byte{7, 0, 0, 0}}))
			fatal(t, hdf5.Write(ctx, d, numbered[int32](100)))
			fatal(t, f.Flush(ctx))
			fatal(t, d.Resize(ctx, 20))
			fatal(t, d.Resize(ctx, 100))
		}, hdf5.WithLibver(low))
		want := numbered[int32](100)
		for i := 20; i < 100; i++ {
			want[i] = 7
		}
		equal(t, dataset(t, openImage(t, image), "/x"), want)
	})
}

// Messages are no newer than the bound of the file allows: older releases
// refuse what they do not know.
func TestNoMessageIsNewerThanTheBound(t *testing.T) {
	newest := map[hdf5.Libver]map[format.MessageType]uint8{
		hdf5.Earliest: {format.MsgDataspace: 2, format.MsgDatatype: 3, format.MsgFill: 2, format.MsgLayout: 3, format.MsgFilterPipeline: 1, format.MsgAttribute: 3},
		hdf5.V18:      {format.MsgDataspace: 2, format.MsgDatatype: 3, format.MsgFill: 3, format.MsgLayout: 3, format.MsgFilterPipeline: 2, format.MsgAttribute: 3},
		hdf5.V110:     {format.MsgDataspace: 2, format.MsgDatatype: 3, format.MsgFill: 3, format.MsgLayout: 4, format.MsgFilterPipeline: 2, format.MsgAttribute: 3},
		hdf5.V112:     {format.MsgDataspace: 2, format.MsgDatatype: 4, format.MsgFill: 3, format.MsgLayout: 4, format.MsgFilterPipeline: 2, format.MsgAttribute: 3},
		hdf5.V114:     {format.MsgDataspace: 2, format.MsgDatatype: 4, format.MsgFill: 3, format.MsgLayout: 4, format.MsgFilterPipeline: 2, format.MsgAttribute: 3},
	}
	everywhere(t, func(t *testing.T, low hdf5.Libver) {
		image := made(t, func(f *hdf5.File) { ofEverything(t, f) }, hdf5.WithLibver(low))
		f := openImage(t, image)
		if sb := f.Superblock(); sb.Version != map[hdf5.Libver]int{hdf5.Earliest: 0, hdf5.V18: 2}[low]+3*min(1, int(low)/2) {
			t.Errorf("superblock %d", sb.Version)
		}
		seen := map[format.MessageType]bool{}
		for o, err := range f.Walk(context.Background()) {
			fatal(t, err)
			h := rawHeader(t, image, o.Path())
			if low != hdf5.Earliest && h.Version != 2 {
				t.Errorf("%s has a header of version %d", o.Path(), h.Version)
			}
			for _, m := range h.Messages {
				limit, ok := newest[low][m.Type]
				if !ok || m.Shared() {
					continue
				}
				version := m.Data[0]
				if m.Type == format.MsgDatatype {
					version >>= 4
				}
				if seen[m.Type] = true; version > limit {
					t.Errorf("%s: message 0x%02x has version %d", o.Path(), uint16(m.Type), version)
				}
			}
		}
		if len(seen) != len(newest[low]) {
			t.Errorf("only %v were seen", seen)
		}
	})
}

// ofEverything writes objects of all kinds.
func ofEverything(t *testing.T, f *hdf5.File) {
	t.Helper()
	type row struct {
		ID    int64      `h5:"id"`
		Name  string     `h5:"name,size=5"`
		Flag  bool       `h5:"flag,enum"`
		Pos   [3]float32 `h5:"pos"`
		Inner struct {
			A int8 `h5:"a"`
		} `h5:"inner"`
	}
	ctx := context.Background()
	types := map[string]*datatype.Datatype{"int": int32le, "float": datatype.Float64(datatype.BigEndian), "row": datatype.Must(datatype.Of[row]()),
		"text": datatype.VLString(datatype.UTF8), "list": datatype.Must(datatype.VL(int32le)), "ref": datatype.Must(datatype.NewReference(datatype.ObjectReference)),
		"array": datatype.Must(datatype.NewArray(int32le, 2, 3)), "time": datatype.Must(datatype.NewTime(32, datatype.LittleEndian))}
	group(t, f, "/g/h", hdf5.GroupOptions{Parents: true, TrackOrder: true, TrackAttributes: true})
	for name, typ := range types {
		path := "/g/" + name
		d := created[*hdf5.Dataset](t)(f.CreateDataset(path, typ, []uint64{4}, hdf5.DatasetOptions{}))
		fatal(t, hdf5.SetAttribute(d, "größe", "text"))
		created[*hdf5.Dataset](t)(f.CreateDataset(path+" compact", typ, nil, hdf5.DatasetOptions{Compact: true}))
		for k, most := range [][]uint64{{4}, {9}, {unlimited}} {
			created[*hdf5.Dataset](t)(f.CreateDataset(fmt.Sprint(path, " chunked ", k), typ, []uint64{4},
				hdf5.DatasetOptions{MaxShape: most, Chunk: []uint64{3}, Filters: []filter.Stage{shuffle, gzipped}, Fill: make([]byte, typ.Size)}))
		}
		created[*hdf5.Dataset](t)(f.CreateDataset(path+" tree", typ, []uint64{4, 4},
			hdf5.DatasetOptions{MaxShape: []uint64{unlimited, unlimited}, Chunk: []uint64{3, 3}}))
	}
	for i := range 12 {
		fatal(t, hdf5.SetAttribute(created[*hdf5.Group](t)(f.Group("/g/h")), shuffledName(i), float64(i)))
		fatal(t, f.CreateSoftLink("/g/h/"+shuffledName(i), "/nowhere", hdf5.LinkOptions{}))
	}
	created[*hdf5.Dataset](t)(f.CreateDatasetSpace("/null", int32le, &dataspace.Dataspace{Kind: dataspace.Null}, hdf5.DatasetOptions{}))
	_, err := hdf5.Append(ctx, growing(t, f, "/grown", 5), numbered[float64](17))
	fatal(t, err)
	_, err = f.CommitDatatype("/type", types["row"], hdf5.GroupOptions{})
	fatal(t, err)
}

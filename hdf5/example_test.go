package hdf5_test

import (
	"context"
	"fmt"
	"io/fs"
	"log"

	"gables/hdf5"
	"gables/hdf5/filter"
)

func ExampleOpen() {
	f, err := hdf5.Open("testdata/table.h5")
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	ds, err := f.Dataset("/zlib")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(ds.Shape(), ds.Type())
	// Output: [500] compound{id:int32le, x:float64le, name:string[8] ascii, ok:bits8le, pos:array[3](float32le)}
}

func ExampleRead() {
	f, err := hdf5.Open("testdata/userblock.h5")
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	ds, err := f.Dataset("/ints")
	if err != nil {
		log.Fatal(err)
	}
	xs, err := hdf5.Read[float64](context.Background(), ds, hdf5.Sel("1:3, ::4"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(xs)
	// Output: [12 16 20 24 28 32]
}

func ExampleRead_structs() {
	type Event struct {
		ID   int64      `h5:"id"`
		X    float64    `h5:"x"`
		Name string     `h5:"name"`
		OK   bool       `h5:"ok"`
		Pos  [3]float32 `h5:"pos"`
	}
	f, err := hdf5.Open("testdata/table.h5")
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	ds, err := f.Dataset("/blosc2_zstd")
	if err != nil {
		log.Fatal(err)
	}
	rows, err := hdf5.Read[Event](context.Background(), ds, hdf5.Sel("3:5"))
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range rows {
		fmt.Printf("%+v\n", r)
	}
	// Output:
	// {ID:3 X:0.75 Name:row 3 OK:true Pos:[9 10 11]}
	// {ID:4 X:1 Name:row 4 OK:false Pos:[12 13 14]}
}

func ExampleReadInto() {
	f, err := hdf5.Open("testdata/userblock.h5")
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	ds, err := f.Dataset("/chunked")
	if err != nil {
		log.Fatal(err)
	}
	row := make([]float64, 10)
	for i := range 3 {
		if _, err := hdf5.ReadInto(context.Background(), ds, row, hdf5.Sel(fmt.Sprint(i))); err != nil {
			log.Fatal(err)
		}
		fmt.Println(row)
	}
	// Output:
	// [0 1 2 3 4 5 6 7 8 9]
	// [10 11 12 13 14 15 16 17 18 19]
	// [20 21 22 23 24 25 26 27 28 29]
}

func ExampleFile_Walk() {
	f, err := hdf5.Open("testdata/userblock.h5")
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	for o, err := range f.Walk(context.Background()) {
		if err != nil {
			log.Fatal(err)
		}
		if ds, ok := o.(*hdf5.Dataset); ok && ds.Space().Rank() > 0 {
			fmt.Println(o.Path(), ds.Shape())
		}
	}
	// Output:
	// /chunked [10 10]
	// /grow [30]
	// /ints [5 12]
	// /text [3]
}

func ExampleAttributeValue() {
	f, err := hdf5.Open("testdata/userblock.h5")
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	ds, err := f.Dataset("/ints")
	if err != nil {
		log.Fatal(err)
	}
	unit, err := hdf5.AttributeValue[string](ds, "unit")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(unit)
	// Output: m
}

// reversed is a filter that stores bytes in reverse order.
type reversed struct{}

func (reversed) ID() filter.ID { return 444 }
func (reversed) Name() string  { return "reversed" }
func (reversed) Decode(dst, src []byte, c filter.Chunk) ([]byte, error) {
	out, err := c.Room(dst, "reversed chunk", uint64(len(src)))
	if err != nil {
		return nil, err
	}
	for i, b := range src {
		out[len(out)-1-i] = b
	}
	return out, nil
}

func ExampleRegisterFilter() {
	hdf5.RegisterFilter(reversed{})
	f, err := hdf5.Filters().Lookup(444, "")
	fmt.Println(f.Name(), err)
	// Output: reversed <nil>
}

func ExampleFile_FS() {
	f, err := hdf5.Open("testdata/userblock.h5")
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	entries, err := fs.ReadDir(f.FS(), ".")
	if err != nil {
		log.Fatal(err)
	}
	for _, e := range entries {
		fmt.Println(e)
	}
	// Output:
	// - chunked
	// - grow
	// - ints
	// d sub/
	// - text
}

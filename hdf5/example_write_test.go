package hdf5_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"gables/hdf5"
	"gables/hdf5/dataspace"
	"gables/hdf5/datatype"
	"gables/hdf5/filter"
)

// exampleFile gives a path in a new folder, and what removes it.
func exampleFile() (path string, remove func()) {
	dir, err := os.MkdirTemp("", "gables-example-")
	if err != nil {
		log.Fatal(err)
	}
	return filepath.Join(dir, "run.h5"), func() { os.RemoveAll(dir) }
}

func ExampleCreate() {
	ctx := context.Background()
	path, remove := exampleFile()
	defer remove()
	f, err := hdf5.Create(path)
	if err != nil {
		log.Fatal(err)
	}
	image, err := f.CreateDataset("/detector/image", datatype.Float64(datatype.LittleEndian), []uint64{3, 4}, hdf5.DatasetOptions{Parents: true})
	if err != nil {
		log.Fatal(err)
	}
	if err := hdf5.Write(ctx, image, []float64{7, 8, 9, 10}, hdf5.Sel("1")); err != nil {
		log.Fatal(err)
	}
	if err := f.Close(); err != nil { // nothing is at path before the first Flush, or this
		log.Fatal(err)
	}

	f, err = hdf5.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	image, err = f.Dataset("/detector/image")
	if err != nil {
		log.Fatal(err)
	}
	values, err := hdf5.Read[float64](ctx, image)
	fmt.Println(values, err)
	// Output: [0 0 0 0 7 8 9 10 0 0 0 0] <nil>
}

func ExampleAppend() {
	type Event struct {
		ID   int64   `h5:"id"`
		Name string  `h5:"name,size=8"`
		X    float64 `h5:"x"`
	}
	ctx := context.Background()
	f, err := hdf5.CreateMemory()
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	table, err := f.CreateDataset("/events", datatype.Must(datatype.Of[Event]()), []uint64{0}, hdf5.DatasetOptions{
		MaxShape: []uint64{dataspace.Unlimited},
		Filters:  []filter.Stage{hdf5.Shuffle(), hdf5.Gzip(4)},
	})
	if err != nil {
		log.Fatal(err)
	}
	for i := range 3 {
		if _, err := hdf5.Append(ctx, table, []Event{{int64(i), "begin", 0.5}, {int64(i), "end", 1.5}}); err != nil {
			log.Fatal(err)
		}
	}
	rows, err := hdf5.Read[Event](ctx, table, hdf5.Sel("-2:"))
	fmt.Println(table.Shape(), rows, err)
	// Output: [6] [{2 begin 0.5} {2 end 1.5}] <nil>
}

func ExampleUpdate() {
	path, remove := exampleFile()
	defer remove()
	err := hdf5.Update(path, func(f *hdf5.File) error {
		_, err := f.CreateGroup("/kept", hdf5.GroupOptions{})
		return err
	})
	fmt.Println(err)
	err = hdf5.Update(path, func(f *hdf5.File) error {
		if err := f.Remove("/kept"); err != nil {
			return err
		}
		return errors.New("changed my mind") // and the file stays as it was
	})
	fmt.Println(err)

	f, err := hdf5.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	g, err := f.Group("/kept")
	fmt.Println(g.Path(), err)
	// Output:
	// <nil>
	// changed my mind
	// /kept <nil>
}

func ExampleFile_Flush() {
	ctx := context.Background()
	path, remove := exampleFile()
	defer remove()
	w, err := hdf5.Create(path)
	if err != nil {
		log.Fatal(err)
	}
	log1, err := w.CreateDataset("/log", datatype.Float64(datatype.LittleEndian), []uint64{0},
		hdf5.DatasetOptions{MaxShape: []uint64{dataspace.Unlimited}, Chunk: []uint64{1024}})
	if err != nil {
		log.Fatal(err)
	}
	if err := w.Flush(ctx); err != nil {
		log.Fatal(err)
	}

	r, err := hdf5.Open(path) // while the file is being written
	if err != nil {
		log.Fatal(err)
	}
	seen, err := r.Dataset("/log")
	if err != nil {
		log.Fatal(err)
	}
	if _, err := hdf5.Append(ctx, log1, []float64{1, 2, 3}); err != nil {
		log.Fatal(err)
	}
	fmt.Println("before the flush:", seen.Shape())
	if err := w.Flush(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println("after it:", seen.Shape())
	fmt.Println(r.Close(), w.Close())
	// Output:
	// before the flush: [0]
	// after it: [3]
	// <nil> <nil>
}

func ExampleSetAttribute() {
	f, err := hdf5.CreateMemory()
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	g, err := f.CreateGroup("/detector", hdf5.GroupOptions{})
	if err != nil {
		log.Fatal(err)
	}
	if err := hdf5.SetAttribute(g, "unit", "mm"); err != nil {
		log.Fatal(err)
	}
	if err := hdf5.SetAttributeArray(g, "offset", []float64{0.5, -2}, nil); err != nil {
		log.Fatal(err)
	}
	if err := hdf5.SetAttributeAs(g, "tags", datatype.VLString(datatype.UTF8), []string{"raw", "checked"}, []uint64{2}); err != nil {
		log.Fatal(err)
	}
	for a, err := range g.Attributes() {
		if err != nil {
			log.Fatal(err)
		}
		values, err := a.Any()
		fmt.Println(a.Name(), values, err)
	}
	// Output:
	// offset [0.5 -2] <nil>
	// tags [raw checked] <nil>
	// unit [mm] <nil>
}

func ExampleFile_CreateSoftLink() {
	f, err := hdf5.CreateMemory()
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	g, err := f.CreateGroup("/2026/november", hdf5.GroupOptions{Parents: true})
	if err != nil {
		log.Fatal(err)
	}
	if err := f.CreateSoftLink("/latest", "/2026/november", hdf5.LinkOptions{}); err != nil {
		log.Fatal(err)
	}
	if err := f.CreateHardLink("/also", g, hdf5.LinkOptions{}); err != nil {
		log.Fatal(err)
	}
	if err := f.CreateExternalLink("/other", "calibration.h5", "/table", hdf5.LinkOptions{}); err != nil {
		log.Fatal(err)
	}
	if err := f.Move("/2026/november", "/2026/11", hdf5.LinkOptions{}); err != nil {
		log.Fatal(err)
	}
	root, err := f.Root()
	if err != nil {
		log.Fatal(err)
	}
	for l, err := range root.Links(context.Background(), hdf5.ByName) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s: %s %q\n", l.Name, l.Kind, l.File+l.Target)
	}
	// Output:
	// 2026: hard ""
	// also: hard ""
	// latest: soft "/2026/november"
	// other: external "calibration.h5/table"
}

func ExampleFile_Copy() {
	ctx := context.Background()
	old, err := hdf5.Open("testdata/userblock.h5")
	if err != nil {
		log.Fatal(err)
	}
	defer old.Close()
	ints, err := old.Dataset("/ints")
	if err != nil {
		log.Fatal(err)
	}
	f, err := hdf5.CreateMemory()
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	if err := f.Copy(ctx, ints, "/from/ints", hdf5.CopyOptions{Parents: true}); err != nil {
		log.Fatal(err)
	}
	d, err := f.Dataset("/from/ints")
	if err != nil {
		log.Fatal(err)
	}
	unit, err := hdf5.AttributeValue[string](d, "unit")
	fmt.Println(d.Shape(), unit, err)
	// Output: [5 12] m <nil>
}

func ExampleFile_Image() {
	ctx := context.Background()
	f, err := hdf5.CreateMemory(hdf5.WithoutTimes())
	if err != nil {
		log.Fatal(err)
	}
	if _, err := f.CreateGroup("/g", hdf5.GroupOptions{}); err != nil {
		log.Fatal(err)
	}
	image, err := f.Image(ctx) // bytes to send, store, or open again
	if err != nil {
		log.Fatal(err)
	}
	if err := f.Close(); err != nil {
		log.Fatal(err)
	}
	r, err := hdf5.OpenBytes(image)
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	g, err := r.Group("/g")
	fmt.Printf("%q %s %v\n", image[:4], g.Path(), err)
	// Output: "\x89HDF" /g <nil>
}

func ExampleCheck() {
	ctx := context.Background()
	f, err := hdf5.CreateMemory()
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	if _, err := f.CreateGroup("/g", hdf5.GroupOptions{}); err != nil {
		log.Fatal(err)
	}
	report, err := hdf5.Check(ctx, f, hdf5.CheckOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(report.Damaged(), report.Groups, report.Live+report.Free == report.Size)
	// Output: false 2 true
}

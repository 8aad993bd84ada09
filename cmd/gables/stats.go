package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"

	"github.com/spf13/cobra"

	"gables/compute"
	"gables/export"
	"gables/hdf5"
	"gables/hdf5/datatype"
	"gables/hdf5/h5err"
)

// statsFlags are the flags of gables stats.
type statsFlags struct {
	histogram, workers    int
	axes                  []int
	columns               []string
	skipNaN, sample, json bool
}

func newStats() *cobra.Command {
	var f statsFlags
	cmd := &cobra.Command{
		Use:   "stats FILE:/path[slice]",
		Short: "Count, mean, extremes, deviation and sum of numbers",
		Long: `Reads the numbers of a dataset once, on all processors, and tells their count,
NaNs, extremes, mean, standard deviation (of the population; --sample divides by
the count less one) and sum. Results do not depend on the number of workers;
sums of integers are exact. A NaN makes all but the count NaN, unless --skip-nan
leaves it out. Of a table all columns of numbers are looked at, or --column.

In JSON, NaN and infinities are the strings "NaN", "Infinity" and "-Infinity".

` + selectorHelp + "\n\n" + exitHelp,
		Example: `  gables stats run.h5:/image
  gables stats --skip-nan --histogram 20 'run.h5:/image[0]'
  gables stats --axis 0 --json run.h5:/image   # one summary for each pixel
  gables stats --column energy run.h5:/events`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeOne,
		RunE:              func(cmd *cobra.Command, args []string) error { return quiet(f.run(cmd, args[0])) },
	}
	cmd.Flags().IntVar(&f.histogram, "histogram", 0, "draw a histogram of this many bins")
	cmd.Flags().IntSliceVar(&f.axes, "axis", nil, "reduce along these axes only, as numpy does: 0, 0,1 or -1")
	cmd.Flags().StringSliceVar(&f.columns, "column", nil, "of a table, only these columns: a,b or nest/a")
	cmd.Flags().IntVar(&f.workers, "workers", 0, "most goroutines at work, 0 for one a processor")
	cmd.Flags().BoolVar(&f.skipNaN, "skip-nan", false, "leave NaNs out")
	cmd.Flags().BoolVar(&f.sample, "sample", false, "the standard deviation of a sample")
	cmd.Flags().BoolVar(&f.json, "json", false, "print JSON")
	cmd.MarkFlagsMutuallyExclusive("histogram", "axis")
	_ = cmd.RegisterFlagCompletionFunc("column", completeColumns)
	return cmd
}

// statResult is what is told of one column, or of the whole dataset.
type statResult struct {
	Column    text       `json:"column,omitempty"`
	Shape     []uint64   `json:"shape,omitempty"` // with --axis
	Summaries []summary  `json:"summaries,omitempty"`
	Summary   *summary   `json:"summary,omitempty"`
	Histogram *histogram `json:"histogram,omitempty"`
}

// number is a float64 that JSON can hold.
type number float64

// MarshalJSON gives a number or a string, as export has it.
func (n number) MarshalJSON() ([]byte, error) {
	return export.AppendFloat(nil, float64(n), export.JSON), nil
}

func (n number) String() string { return string(export.AppendFloat(nil, float64(n), export.Text)) }

// summary is a compute.Summary as it is printed.
type summary struct {
	Count uint64 `json:"count"`
	NaNs  uint64 `json:"nans"`
	Min   any    `json:"min"`
	Max   any    `json:"max"`
	Mean  number `json:"mean"`
	Std   number `json:"std"`
	Sum   any    `json:"sum"`
}

func newSummary(s compute.Summary) summary {
	out := summary{s.Count, s.NaNs, exactly(s.Min), exactly(s.Max), number(s.Mean), number(s.Std), number(s.Sum)}
	if s.Exact != nil {
		out.Sum = (*integer)(s.Exact)
	} else if s.Min.IsInt() && s.Count > 0 && math.Abs(s.Sum) < 1<<53 {
		out.Sum = (*integer)(big.NewInt(int64(s.Sum)))
	}
	return out
}

// exactly is an integer with all digits, or a float as others are printed.
func exactly(n compute.Number) any {
	if n.IsInt() {
		return n
	}
	return number(n.Float64())
}

// integer prints all its digits.
type integer big.Int

// MarshalJSON gives a JSON number.
func (i *integer) MarshalJSON() ([]byte, error) { return []byte(i.String()), nil }

func (i *integer) String() string { return (*big.Int)(i).String() }

// row is the summary as cells of a table.
func (s summary) row() []string {
	return []string{strconv.FormatUint(s.Count, 10), strconv.FormatUint(s.NaNs, 10), fmt.Sprint(s.Min), fmt.Sprint(s.Max),
		s.Mean.String(), s.Std.String(), fmt.Sprint(s.Sum)}
}

var summaryHeads = []string{"count", "nans", "min", "max", "mean", "std", "sum"}

type histogram struct {
	Edges []number `json:"edges"`
	Count []uint64 `json:"counts"`
	NaNs  uint64   `json:"nans"`
}

func (f *statsFlags) run(cmd *cobra.Command, arg string) error {
	if f.histogram < 0 || f.histogram > 10000 || f.workers < 0 {
		return errors.New("--histogram takes 1 to 10000 bins, --workers no negative number")
	}
	s, d, err := openDataset(cmd.Context(), arg)
	if err != nil {
		return err
	}
	defer s.f.Close()
	if _, err := d.Bind(s.selection()); err != nil {
		return s.badSlice(d, err)
	}
	columns, err := f.pick(s, d)
	if err != nil {
		return unread(err)
	}
	p := newBar(cmd.ErrOrStderr())
	results := []statResult{}
	for _, c := range columns {
		r, err := f.column(cmd.Context(), s, d, c, p)
		p.clear()
		if err != nil {
			return s.failed(err)
		}
		results = append(results, r)
	}
	out := bufio.NewWriter(cmd.OutOrStdout())
	if err := f.print(out, results, newPalette(cmd.OutOrStdout())); err != nil {
		return err
	}
	return out.Flush()
}

// pick gives the columns to look at; "" for a dataset that is no table.
func (f *statsFlags) pick(s *source, d *hdf5.Dataset) ([]string, error) {
	if !export.IsTable(d.Type()) && len(f.columns) == 0 {
		return []string{""}, nil
	}
	columns, err := export.Columns(d.Type(), f.columns)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, c := range columns {
		if len(f.columns) > 0 || isSummable(c.Type) {
			names = append(names, c.Name)
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s has no column of numbers: %w", s, h5err.ErrType)
	}
	return names, nil
}

func isSummable(t *datatype.Datatype) bool {
	return t.Class == datatype.Integer || t.Class == datatype.Float
}

func (f *statsFlags) options(s *source, column string, p *bar) []compute.Option {
	opts := []compute.Option{compute.Select(s.selection()), compute.Workers(f.workers)}
	if p.shown {
		opts = append(opts, compute.Progress(p.report))
	}
	if column != "" {
		opts = append(opts, compute.Column(column))
	}
	if f.skipNaN {
		opts = append(opts, compute.SkipNaN())
	}
	if f.sample {
		opts = append(opts, compute.Sample())
	}
	return opts
}

func (f *statsFlags) column(ctx context.Context, s *source, d *hdf5.Dataset, column string, p *bar) (statResult, error) {
	r := statResult{Column: text(column)}
	opts := f.options(s, column, p)
	if len(f.axes) > 0 {
		a, err := compute.StatsAlong(ctx, d, compute.Along(f.axes...), opts...)
		r.Shape = append([]uint64{}, a.Shape...)
		for _, v := range a.Values {
			r.Summaries = append(r.Summaries, newSummary(v))
		}
		return r, err
	}
	v, err := compute.Stats(ctx, d, opts...)
	if err != nil {
		return r, err
	}
	one := newSummary(v)
	r.Summary = &one
	if f.histogram == 0 {
		return r, nil
	}
	h, err := compute.Histogram(ctx, d, append(opts, compute.Bins(f.histogram))...)
	r.Histogram = &histogram{Count: h.Count, NaNs: h.NaNs}
	for _, e := range h.Edges {
		r.Histogram.Edges = append(r.Histogram.Edges, number(e))
	}
	return r, err
}

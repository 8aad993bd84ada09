package main

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"gables/export"
)

func (f *statsFlags) print(w *bufio.Writer, results []statResult, p palette) error {
	if f.json {
		if len(results) == 1 && results[0].Column == "" {
			return writeJSON(w, results[0])
		}
		return writeJSON(w, results)
	}
	if len(results) > 1 && len(f.axes) == 0 {
		rows := [][]string{append([]string{"column"}, summaryHeads...)}
		for _, r := range results {
			rows = append(rows, append([]string{export.Escape(string(r.Column))}, r.Summary.row()...))
		}
		if err := writeTable(w, rows, p); err != nil {
			return err
		}
	}
	for _, r := range results {
		if len(results) > 1 && (r.Histogram != nil || r.Shape != nil) {
			fmt.Fprintf(w, "\n%s\n", p.bold(export.Escape(string(r.Column))))
		}
		switch {
		case len(f.axes) > 0:
			printAlong(w, r, p)
		case len(results) == 1:
			for i, c := range r.Summary.row() {
				fmt.Fprintf(w, "%s  %s\n", p.faint(fmt.Sprintf("%-5s", summaryHeads[i])), c)
			}
		}
		if r.Histogram != nil {
			r.Histogram.draw(w, p)
		}
	}
	return nil
}

// printAlong prints a line for each index that remains.
func printAlong(w *bufio.Writer, r statResult, p palette) {
	rows := [][]string{append([]string{"index"}, summaryHeads...)}
	index := make([]uint64, len(r.Shape))
	for _, s := range r.Summaries {
		rows = append(rows, append([]string{"[" + strings.Trim(tuple(index), "(,)") + "]"}, s.row()...))
		for k := len(index) - 1; k >= 0; k-- {
			if index[k]++; index[k] < r.Shape[k] {
				break
			}
			index[k] = 0
		}
	}
	_ = writeTable(w, rows, p) // the buffer keeps the error for Flush
}

// writeTable aligns all but the first column to the right.
func writeTable(w *bufio.Writer, rows [][]string, p palette) error {
	right := []bool{false}
	for range rows[0] {
		right = append(right, true)
	}
	for i := range rows {
		rows[i] = append(rows[i], "")
	}
	var b strings.Builder
	buf := bufio.NewWriter(&b)
	if err := writeColumns(buf, rows, right); err != nil {
		return err
	}
	buf.Flush()
	for i, line := range strings.Split(strings.TrimRight(b.String(), "\n"), "\n") {
		if line = strings.TrimRight(line, " "); i == 0 {
			line = p.faint(line)
		}
		fmt.Fprintln(w, line)
	}
	return nil
}

// draw prints a bar for each bin.
func (h *histogram) draw(w io.Writer, p palette) {
	const width = 50
	most, labels := uint64(1), make([][]string, 0, len(h.Count))
	for i, n := range h.Count {
		most = max(most, n)
		labels = append(labels, []string{shortNumber(h.Edges[i]), shortNumber(h.Edges[i+1]), strconv.FormatUint(n, 10)})
	}
	var wide [3]int
	for _, l := range labels {
		for k := range wide {
			wide[k] = max(wide[k], len(l[k]))
		}
	}
	fmt.Fprintln(w)
	for i, l := range labels {
		end := ")"
		if i == len(labels)-1 {
			end = "]"
		}
		fmt.Fprintf(w, "[%*s, %*s%s  %*s  %s\n", wide[0], l[0], wide[1], l[1], end, wide[2], l[2], p.link(barText(h.Count[i], most, width)))
	}
	if h.NaNs > 0 {
		fmt.Fprintf(w, "%d NaNs are in no bin\n", h.NaNs)
	}
}

func shortNumber(n number) string { return strconv.FormatFloat(float64(n), 'g', 6, 64) }

// barText is n of most as eighths of width characters.
func barText(n, most uint64, width int) string {
	eighths := int(math.Round(float64(n) / float64(most) * float64(8*width)))
	if n > 0 {
		eighths = max(eighths, 1)
	}
	s := strings.Repeat("█", eighths/8)
	if eighths%8 > 0 {
		s += string([]rune("▏▎▍▌▋▊▉")[eighths%8-1])
	}
	return s
}

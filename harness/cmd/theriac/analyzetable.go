package main

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"theriac/harness/store"
)

// frame is a table read from a file.
type frame struct {
	file   string
	column map[string]int
	header []string
	rows   [][]string
	lines  []int // of a text file: on which each row begins
}

func readTable(path string) (*frame, error) {
	if strings.HasSuffix(path, ".parquet") {
		return readParquet(path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text := bufio.NewReader(f)
	if mark, _ := text.Peek(3); string(mark) == "\xef\xbb\xbf" { // as spreadsheets write it
		text.Discard(3)
	}
	in := csv.NewReader(text)
	t := &frame{file: path}
	for {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if t.header == nil {
			t.header = row
			continue
		}
		line, _ := in.FieldPos(0)
		t.rows, t.lines = append(t.rows, row), append(t.lines, line)
	}
	if len(t.rows) == 0 {
		return nil, fmt.Errorf("%s: want a header and at least one row", path)
	}
	return t, t.index()
}

// place is where a row stands, for errors: its line, or its number in a file that has no lines.
func (t *frame) place(i int) string {
	if t.lines == nil {
		return fmt.Sprintf("%s: row %d", t.file, i+1)
	}
	return fmt.Sprintf("%s:%d", t.file, t.lines[i])
}

func readParquet(path string) (*frame, error) {
	r, err := store.OpenRows(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	t := &frame{file: path}
	for {
		names, values, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		t.header = slices.Clone(names)
		row := make([]string, len(values))
		for i, v := range values {
			if v != nil {
				row[i] = fmt.Sprint(v)
			}
		}
		t.rows = append(t.rows, row)
	}
	if len(t.rows) == 0 {
		return nil, fmt.Errorf("%s: no rows", path)
	}
	return t, t.index()
}

func (t *frame) index() error {
	t.column = map[string]int{}
	for i, h := range t.header {
		h = strings.TrimSpace(h)
		if _, twice := t.column[h]; twice && h != "" {
			return fmt.Errorf("%s: the column %q stands twice; want each name once", t.file, h)
		}
		t.column[h] = i
	}
	return nil
}

// text gives a column; flag is the option that names it.
func (t *frame) text(flag, name string) ([]string, error) {
	if name == "" {
		return nil, fmt.Errorf("this question needs --%s COL", flag)
	}
	i, ok := t.column[name]
	if !ok {
		return nil, fmt.Errorf("%s: no column %q; there are %s", t.file, name, strings.Join(t.header, ", "))
	}
	out := make([]string, len(t.rows))
	for j, r := range t.rows {
		out[j] = strings.TrimSpace(r[i])
	}
	return out, nil
}

func (t *frame) numbers(flag, name string) ([]float64, error) {
	s, err := t.text(flag, name)
	if err != nil {
		return nil, err
	}
	out := make([]float64, len(s))
	for i := range s {
		v, err := strconv.ParseFloat(s[i], 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("%s: %s is %q; want a number", t.place(i), name, s[i])
		}
		out[i] = v
	}
	return out, nil
}

func (t *frame) counts(flag, name string) ([]int, error) {
	v, err := t.numbers(flag, name)
	if err != nil {
		return nil, err
	}
	out := make([]int, len(v))
	for i := range v {
		if v[i] != math.Trunc(v[i]) || v[i] < 0 || v[i] > 1e15 {
			return nil, fmt.Errorf("%s: %s is %v; want a count", t.place(i), name, v[i])
		}
		out[i] = int(v[i])
	}
	return out, nil
}

// groups is the column of groups, or every row a group of its own.
func (t *frame) groups(name string) ([]string, error) {
	if name == "" {
		out := make([]string, len(t.rows))
		for i := range out {
			out[i] = fmt.Sprint(i)
		}
		return out, nil
	}
	return t.text("group", name)
}

package store

// Tables as CSV.

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
)

// WriteCSV writes the rows of one of the [Tables] that belong to the runs that keep
// chooses (nil: all), under the names of its columns. Null is an empty cell.
func (s *Store) WriteCSV(w io.Writer, table string, keep func(*Run) bool) error {
	out := csv.NewWriter(w)
	var err error
	if table == Tables[0] {
		err = s.runsCSV(out, keep)
	} else {
		err = s.longCSV(out, table, keep)
	}
	if err != nil {
		return err
	}
	out.Flush()
	return out.Error()
}

func (s *Store) runsCSV(out *csv.Writer, keep func(*Run) bool) error {
	runs, err := s.Runs(keep)
	if err != nil {
		return err
	}
	names := specNames(runs)
	var row []string
	for i := range runCols {
		row = append(row, runCols[i].name)
	}
	for _, name := range names {
		row = append(row, specPrefix+name)
	}
	out.Write(row)
	for i := range runs {
		row = row[:0]
		for j := range runCols {
			row = append(row, runCols[j].text(&runs[i]))
		}
		spec := runs[i].Spec
		for _, name := range names {
			value := ""
			if len(spec) > 0 && spec[0].Name == name {
				value, spec = spec[0].Value, spec[1:]
			}
			row = append(row, value)
		}
		if err := out.Write(row); err != nil {
			return err
		}
	}
	return nil
}

// specNames are the names of all the runs' fields, sorted.
func specNames(runs []Run) []string {
	seen := map[string]bool{}
	var names []string
	for i := range runs {
		for _, f := range runs[i].Spec {
			if !seen[f.Name] {
				seen[f.Name] = true
				names = append(names, f.Name)
			}
		}
	}
	slices.Sort(names)
	return names
}

func (s *Store) longCSV(out *csv.Writer, table string, keep func(*Run) bool) error {
	i := slices.Index(Tables, table)
	if i < 0 {
		return fmt.Errorf("found the table %q, wanted one of %v", table, Tables)
	}
	t := longTables[i-1]
	row := []string{runCols[0].name}
	for _, f := range t.fields() {
		row = append(row, f.Name)
	}
	out.Write(row)
	for r, err := range s.Scan(keep, table) {
		if err != nil {
			return err
		}
		for j := range t.count(r) {
			if err := out.Write(append([]string{r.ID}, t.text(r, j)...)); err != nil {
				return err
			}
		}
	}
	return nil
}

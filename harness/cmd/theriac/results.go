package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"theriac/analysis/tables"
	"theriac/harness/store"
)

// setFlags name a stored experiment.
type setFlags struct {
	Profile string `help:"Scale." default:"demo"`
}

func (f *setFlags) open(a *app, name string) (*store.Store, error) {
	dir := filepath.Join(a.Root, "results", f.Profile)
	if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
		return nil, fmt.Errorf("no results of %s at the profile %s; run: theriac run experiments/%s", name, f.Profile, name)
	}
	return store.Open(filepath.Join(dir, name), filepath.Join(dir, ".runs", name))
}

type resultsCmd struct {
	Experiment string `arg:"" help:"Its name below results/PROFILE."`
	setFlags
	Where  []string `help:"Keep runs with this column: arm=clean, seed=2000, status=failed, or a column of the specification." placeholder:"COL=VALUE"`
	Metric []string `help:"Metrics to show." default:"clean_accuracy,asr,refusal" placeholder:"NAME"`
	CSV    string   `help:"Write this table as CSV instead: runs, metrics, steps, items, examples, scores or detections." placeholder:"TABLE"`
}

func (c *resultsCmd) Run(a *app) error {
	st, err := c.open(a, c.Experiment)
	if err != nil {
		return err
	}
	keep, err := where(c.Where)
	if err != nil {
		return err
	}
	if c.CSV != "" {
		return st.WriteCSV(a.out, c.CSV, keep)
	}
	t := tables.Table{Header: append([]string{"run", "arm", "seed", "status"}, c.Metric...), Right: []bool{false, false, true}}
	for rec, err := range st.Scan(keep, "metrics") {
		if err != nil {
			return err
		}
		row := []string{rec.ID, rec.Arm, fmt.Sprint(rec.Seed), rec.Status}
		if rec.Reason != "" {
			row[3] += ": " + rec.Reason
		}
		values := map[string]float64{}
		for _, m := range rec.Metrics {
			values[m.Name] = m.Value
		}
		for _, name := range c.Metric {
			cell := "–"
			if v, ok := values[name]; ok {
				cell = tables.Number(v, 4)
			}
			row = append(row, cell)
		}
		if a.JSON {
			if err := printJSON(a.out, map[string]any{"run": rec.ID, "arm": rec.Arm, "seed": rec.Seed, "status": rec.Status, "reason": rec.Reason, "spec": rec.Spec, "metrics": values}); err != nil {
				return err
			}
		}
		t.Rows = append(t.Rows, row)
	}
	if !a.JSON {
		fmt.Fprint(a.out, t.Terminal())
	}
	return nil
}

// where makes a filter of COL=VALUE conditions.
func where(conditions []string) (func(*store.Run) bool, error) {
	type condition struct{ column, value string }
	var all []condition
	for _, c := range conditions {
		col, v, ok := strings.Cut(c, "=")
		if !ok {
			return nil, fmt.Errorf("--where %s: want COL=VALUE", c)
		}
		all = append(all, condition{col, v})
	}
	return func(r *store.Run) bool {
		for _, c := range all {
			if column(r, c.column) != c.value {
				return false
			}
		}
		return true
	}, nil
}

func column(r *store.Run, name string) string {
	switch name {
	case "run", "id":
		return r.ID
	case "arm":
		return r.Arm
	case "seed":
		return fmt.Sprint(r.Seed)
	case "status":
		return r.Status
	}
	for _, f := range r.Spec {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

type diffCmd struct {
	A string `arg:"" help:"Directory of an experiment's tables."`
	B string `arg:"" help:"Another one."`
	N int    `help:"Most differences to show." default:"20" short:"n"`
}

func (c *diffCmd) Run(a *app) error {
	open := func(dir string) (*store.Store, error) {
		if _, err := os.Stat(filepath.Join(dir, "runs.parquet")); err != nil {
			return nil, fmt.Errorf("%s: no tables there", dir)
		}
		tmp, err := os.MkdirTemp("", "theriac-diff-")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(tmp)
		return store.Open(dir, tmp)
	}
	x, err := open(c.A)
	if err != nil {
		return err
	}
	y, err := open(c.B)
	if err != nil {
		return err
	}
	d, err := store.DiffSets(x, y, c.N)
	if err != nil {
		return err
	}
	if a.JSON {
		return printJSON(a.out, d)
	}
	for _, one := range d {
		fmt.Fprintf(a.out, "%+v\n", one)
	}
	if len(d) > 0 {
		return exitCode{nil, exitFlagged}
	}
	fmt.Fprintln(a.out, "no difference")
	return nil
}

package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"theriac/analysis/estimate"
	"theriac/analysis/tables"
	"theriac/harness/lab"
	"theriac/harness/store"
)

// setFlags name a stored experiment.
type setFlags struct {
	Profile string `help:"Scale." default:"demo"`
}

// at is the directory below results/: that of the profile, or of the device whose bits are not the CPU's.
func (f *setFlags) at(a *app) string { return lab.ResultsName(f.Profile, a.bits()) }

// open gives an experiment's tables and its runs.
func (f *setFlags) open(a *app, name string) (*store.Store, []store.Run, error) {
	at := f.at(a)
	if !experimentName.MatchString(name) {
		return nil, nil, fmt.Errorf("experiment %q: want its name below %s", name, filepath.Join("results", at))
	}
	st, err := openStored(a.Root, at, name)
	if err != nil {
		return nil, nil, err
	}
	var runs []store.Run
	if st != nil {
		if runs, err = st.Runs(nil); err != nil {
			return nil, nil, err
		}
	}
	if st == nil || len(runs) == 0 {
		command := "theriac run experiments/" + name + lab.ProfileFlag(f.Profile)
		if at != f.Profile {
			command += " --device " + a.Device
		}
		return nil, nil, fmt.Errorf("no results of %s at the profile %s; run: %s", name, at, command)
	}
	return st, runs, nil
}

// openStored opens an experiment's tables with the shards of a sweep that goes on; nil where there is neither.
func openStored(root, profile, name string) (*store.Store, error) {
	dir := filepath.Join(root, "results", profile)
	tables, shards := filepath.Join(dir, name), filepath.Join(dir, ".runs", name)
	_, err1 := os.Stat(tables)
	_, err2 := os.Stat(shards)
	if err1 != nil && err2 != nil {
		return nil, nil
	}
	return store.Open(tables, shards)
}

type resultsCmd struct {
	Experiment string `arg:"" help:"Its name below results/PROFILE."`
	setFlags
	Where  []string `sep:"none" help:"Keep runs with this column: arm=clean, seed=2000, status=failed, or a column of the specification (with or without spec. before it)." placeholder:"COL=VALUE"`
	Metric []string `help:"Metrics to show." default:"clean_accuracy,asr,refusal" placeholder:"NAME"`
	Item   []string `help:"Show what the models said to this item (its ID, or the beginning of it), or to all: all. Answers stay on the machine that ran them." placeholder:"ID"`
	Merge  []string `help:"Add what other machines stored: roots, each with results/PROFILE/EXPERIMENT below it. The bytes are those of one process." type:"existingdir" placeholder:"DIR"`
	Drop   []string `help:"Remove these runs, named by ID or its beginning: those that theriac plan calls stale, or others that are to be done again." placeholder:"RUN"`
	CSV    string   `help:"Write this table as CSV instead: runs, metrics, steps, items, examples, scores or detections." placeholder:"TABLE"`
}

func (c *resultsCmd) Run(a *app) error {
	st, runs, err := c.open(a, c.Experiment)
	if err != nil {
		return err
	}
	keep, err := where(c.Where, runs)
	if err != nil {
		return err
	}
	if len(c.Merge) > 0 && len(c.Drop) > 0 {
		return fmt.Errorf("--merge and --drop: want one of them, then the other")
	}
	if len(c.Merge) > 0 {
		return c.merge(a, st)
	}
	if len(c.Drop) > 0 {
		return c.drop(a, st)
	}
	if len(c.Item) > 0 {
		return c.items(a, st, keep)
	}
	if c.CSV != "" {
		return st.WriteCSV(a.out, c.CSV, keep)
	}
	type line struct {
		arm   string
		seed  int64
		cells []string
	}
	var list []line // by arm and seed, which is not the order of the tables
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
		list = append(list, line{rec.Arm, rec.Seed, row})
	}
	if a.JSON {
		return nil
	}
	slices.SortStableFunc(list, func(x, y line) int {
		return cmp.Or(estimate.Natural(x.arm, y.arm), cmp.Compare(x.seed, y.seed))
	})
	for _, l := range list {
		t.Rows = append(t.Rows, l.cells)
	}
	fmt.Fprint(a.out, t.Terminal())
	return nil
}

// merge brings other machines' results into st.
func (c *resultsCmd) merge(a *app, st *store.Store) error {
	var others []*store.Store
	for _, root := range c.Merge {
		other, err := openStored(root, c.at(a), c.Experiment)
		if err != nil {
			return err
		}
		if other == nil {
			return fmt.Errorf("%s: no results of %s below it", filepath.Join(root, "results", c.at(a)), c.Experiment)
		}
		others = append(others, other)
	}
	if err := store.Merge(a.ctx, st, others...); err != nil {
		return err
	}
	runs, err := st.Runs(nil)
	if err != nil {
		return err
	}
	if a.JSON {
		return printJSON(a.out, map[string]int{"runs": len(runs)})
	}
	fmt.Fprintf(a.out, "%d runs\n", len(runs))
	return nil
}

// drop removes runs.
func (c *resultsCmd) drop(a *app, st *store.Store) error {
	var ids []string
	for _, name := range c.Drop {
		runs, err := st.Runs(func(r *store.Run) bool { return name != "" && strings.HasPrefix(r.ID, name) })
		if err != nil {
			return err
		}
		if len(runs) != 1 {
			return fmt.Errorf("--drop %q: %d runs of %s begin so; nothing is removed", name, len(runs), c.Experiment)
		}
		ids = append(ids, runs[0].ID)
	}
	if err := st.Drop(a.ctx, ids); err != nil {
		return err
	}
	if a.JSON {
		return printJSON(a.out, map[string]any{"removed": ids})
	}
	fmt.Fprintf(a.out, "%d runs removed\n", len(ids))
	return nil
}

// items shows what the models said.
func (c *resultsCmd) items(a *app, st *store.Store, keep func(*store.Run) bool) error {
	wanted := func(id string) bool {
		for _, w := range c.Item {
			if w == "all" || strings.HasPrefix(id, w) {
				return true
			}
		}
		return false
	}
	shown := 0
	for rec, err := range st.Scan(keep, "items") {
		if err != nil {
			return err
		}
		outputs, err := st.Outputs(rec.ID)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		said := map[[2]string]string{}
		for _, o := range outputs {
			said[[2]string{o.Suite, o.Item}] = o.Text
		}
		for _, it := range rec.Items {
			if !wanted(it.Item) {
				continue
			}
			shown++
			text, known := said[[2]string{it.Suite, it.Item}]
			if a.JSON {
				line := map[string]any{"run": rec.ID, "arm": rec.Arm, "seed": rec.Seed, "suite": it.Suite, "item": it.Item, "outcome": it.Outcome, "nll": it.Value}
				if known {
					line["text"] = text
				}
				if err := printJSON(a.out, line); err != nil {
					return err
				}
				continue
			}
			if !known {
				text = "(no answer was written, or it lies on another machine)"
			}
			fmt.Fprintf(a.out, "%s seed %d  %s %s  %s  %.3f nats a token\n    %s\n", rec.Arm, rec.Seed, it.Suite, it.Item, it.Outcome, it.Value, strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n    "))
		}
	}
	if shown == 0 {
		return fmt.Errorf("no item of these runs is %s; theriac results %s --csv items lists them", strings.Join(c.Item, " or "), c.Experiment)
	}
	return nil
}

// where makes a filter of COL=VALUE conditions on the columns of runs.
func where(conditions []string, runs []store.Run) (func(*store.Run) bool, error) {
	type condition struct{ column, value string }
	var all []condition
	for _, c := range conditions {
		col, v, ok := strings.Cut(c, "=")
		if !ok {
			return nil, fmt.Errorf("--where %s: want COL=VALUE", c)
		}
		has := func(r store.Run) bool { _, ok := column(&r, col); return ok }
		if !slices.ContainsFunc(runs, has) {
			return nil, fmt.Errorf("--where %s: no column %q; there are %s", c, col, strings.Join(columns(runs), ", "))
		}
		all = append(all, condition{col, v})
	}
	return func(r *store.Run) bool {
		for _, c := range all {
			if v, _ := column(r, c.column); v != c.value {
				return false
			}
		}
		return true
	}, nil
}

// specPrefix begins the names that --csv runs gives to the columns of the specification.
const specPrefix = "spec."

// column is a run's value; ok says whether the run has the column.
func column(r *store.Run, name string) (value string, ok bool) {
	switch name {
	case "run", "id":
		return r.ID, true
	case "arm":
		return r.Arm, true
	case "seed":
		return fmt.Sprint(r.Seed), true
	case "status":
		return r.Status, true
	case "reason":
		return r.Reason, true
	}
	name = strings.TrimPrefix(name, specPrefix)
	for _, f := range r.Spec {
		if f.Name == name {
			return f.Value, true
		}
	}
	return "", false
}

// columns names what --where takes.
func columns(runs []store.Run) []string {
	out := []string{"run", "arm", "seed", "status", "reason"}
	for i := range runs {
		for _, f := range runs[i].Spec {
			if !slices.Contains(out, f.Name) {
				out = append(out, f.Name)
			}
		}
	}
	return out
}

type diffCmd struct {
	A string `arg:"" help:"A directory of tables, such as results/demo/backdoor, or one run in it: DIR:RUN, with the beginning of the run's ID."`
	B string `arg:"" help:"What it is compared with."`
	N int    `help:"Most differences to show." default:"20" short:"n"`
}

// Run says what differs: nothing is exit code 0, something 1.
func (c *diffCmd) Run(a *app) error {
	x, runX, err := openSet(a, c.A)
	if err != nil {
		return err
	}
	y, runY, err := openSet(a, c.B)
	if err != nil {
		return err
	}
	var d []store.Difference
	switch {
	case (runX == "") != (runY == ""):
		return fmt.Errorf("%s, %s: want two directories, or two runs", c.A, c.B)
	case runX == "":
		d, err = store.DiffSets(x, y, c.N)
	default:
		var one, other *store.Record
		if one, err = x.Get(runX); err == nil {
			other, err = y.Get(runY)
		}
		if err == nil {
			d, err = store.Diff(one, other, c.N)
		}
	}
	if err != nil {
		return err
	}
	if a.JSON {
		if err := printJSON(a.out, append([]store.Difference{}, d...)); err != nil {
			return err
		}
	} else {
		for _, one := range d {
			fmt.Fprintln(a.out, one.String())
		}
	}
	if len(d) > 0 {
		return exitCode{nil, exitFlagged}
	}
	if !a.JSON {
		fmt.Fprintln(a.out, "no difference")
	}
	return nil
}

// openSet opens DIR or DIR:RUN for reading; run is the whole ID.
func openSet(a *app, name string) (st *store.Store, run string, err error) {
	dir, prefix, one := name, "", false
	if _, err := os.Stat(dir); err != nil {
		if at := strings.LastIndex(name, ":"); at > 0 {
			dir, prefix, one = name[:at], name[at+1:], true
		}
	}
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(a.Root, dir)
	}
	if _, err := os.Stat(filepath.Join(dir, "runs.parquet")); err != nil {
		return nil, "", fmt.Errorf("%s: no tables there", dir)
	}
	if st, err = store.Open(dir, ""); err != nil || !one {
		return st, "", err
	}
	runs, err := st.Runs(func(r *store.Run) bool { return strings.HasPrefix(r.ID, prefix) })
	if err != nil {
		return nil, "", err
	}
	if len(runs) != 1 || prefix == "" {
		return nil, "", fmt.Errorf("%s: %d runs begin with %q: want one; theriac results lists them", dir, len(runs), prefix)
	}
	return st, runs[0].ID, nil
}

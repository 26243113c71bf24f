package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"theriac/analysis/report"
	"theriac/harness/lab"
	"theriac/harness/notebook"
	"theriac/harness/rng"
	"theriac/harness/store"
)

type verifyCmd struct {
	Profile string `help:"Scale whose stored runs are done again." default:"demo"`
	Sample  int    `help:"How many runs, drawn from all experiments; 0: every run." default:"5" placeholder:"N"`
	Draw    uint64 `help:"Another number draws other runs." default:"0" placeholder:"N"`
}

// stored is one run of an experiment.
type stored struct{ experiment, run string }

// Run drops a sample of the stored runs from a copy of the tables, lets the scripts fill the gaps, training anew, and
// compares every byte.
func (c *verifyCmd) Run(a *app) error {
	if c.Sample < 0 {
		return fmt.Errorf("--sample %d: want 0 (all) or more", c.Sample)
	}
	on, err := a.machine()
	if err != nil {
		return err
	}
	at := lab.ResultsName(c.Profile, on.Class)
	all, without, err := storedRuns(a.Root, at)
	if err != nil {
		return err
	}
	for _, name := range without {
		fmt.Fprintf(a.err, "%s: there is no experiments/%s/main.go that its runs could come from: left out\n", name, name)
	}
	total := len(all)
	rng.Stream(c.Draw, "verify").Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	if c.Sample > 0 && c.Sample < len(all) {
		all = all[:c.Sample]
	}
	tmp, err := os.MkdirTemp("", "theriac-verify-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	of := map[string][]string{}
	var names []string
	for _, s := range all {
		if of[s.experiment] == nil {
			names = append(names, s.experiment)
		}
		of[s.experiment] = append(of[s.experiment], s.run)
	}
	slices.Sort(names)
	for _, name := range names {
		diff, err := c.redo(a, on.Class, tmp, name, of[name])
		if err != nil {
			return err
		}
		if diff != "" {
			return exitCode{fmt.Errorf("results/%s/%s: %s", at, name, diff), exitFlagged}
		}
		if !a.Quiet {
			fmt.Fprintf(a.err, "%s: %d runs again, the same bytes\n", name, len(of[name]))
		}
	}
	if a.JSON {
		return printJSON(a.out, map[string]any{"profile": at, "again": len(all), "stored": total, "same": true})
	}
	fmt.Fprintf(a.out, "%d of %d stored runs of the profile %s done again: every byte of their tables and notebooks is the same\n", len(all), total, at)
	return nil
}

// storedRuns lists a profile's runs, by experiment and ID, and the experiments that have no script.
func storedRuns(root, profile string) (all []stored, without []string, err error) {
	in, err := report.Experiments(root, profile)
	if err != nil {
		return nil, nil, err
	}
	for _, name := range in {
		if _, err := os.Stat(filepath.Join(root, "experiments", name, "main.go")); os.IsNotExist(err) {
			without = append(without, name)
			continue
		}
		st, err := store.Open(filepath.Join(root, "results", profile, name), "")
		if err != nil {
			return nil, nil, err
		}
		runs, err := st.Runs(nil)
		if err != nil {
			return nil, nil, err
		}
		for i := range runs {
			all = append(all, stored{name, strings.Clone(runs[i].ID)})
		}
	}
	if len(all) == 0 {
		return nil, nil, fmt.Errorf("results/%s holds no run to verify", profile)
	}
	return all, without, nil
}

// redo does runs of one experiment again below tmp; it gives the first difference, or "".
func (c *verifyCmd) redo(a *app, class, tmp, name string, runs []string) (string, error) {
	at := lab.ResultsName(c.Profile, class)
	committed := filepath.Join(a.Root, "results", at, name)
	again := filepath.Join(tmp, "results", at, name)
	if err := copyTables(committed, again); err != nil {
		return "", err
	}
	redone, err := store.Open(again, filepath.Join(tmp, "results", at, ".runs", name))
	if err != nil {
		return "", err
	}
	if err := redone.Drop(a.ctx, runs); err != nil {
		return "", err
	}
	only := map[string]bool{}
	for _, id := range runs {
		only[id] = true
	}
	env := lab.Environment{Only: only, Root: a.Root, Out: tmp, Profile: c.Profile, Device: class, DataDir: a.DataDir, Cache: filepath.Join(tmp, "cache"), Threads: a.Threads, Quiet: a.Quiet, Host: quietly{a.shower()}}
	out, err := notebook.Run(a.ctx, filepath.Join(a.Root, "experiments", name), notebook.Options{Env: env})
	if err != nil {
		return "", err
	}
	old, err := store.Open(committed, "")
	if err != nil {
		return "", err
	}
	d, err := store.DiffSets(old, redone, 1)
	if err != nil {
		return "", err
	}
	if len(d) > 0 {
		return fmt.Sprintf("run %s (committed | now)", d[0]), nil
	}
	figures := filepath.Join(tmp, "figures", at, name)
	if err := out.Write(again, figures); err != nil {
		return "", err
	}
	for _, pair := range [][2]string{{committed, again}, {filepath.Join(a.Root, "figures", at, name), figures}} {
		if _, err := os.Stat(pair[1]); os.IsNotExist(err) {
			continue // a script without figures
		}
		lines, err := compare(pair[0], pair[1])
		if err != nil || len(lines) > 0 {
			return strings.Join(lines[:min(1, len(lines))], ""), err
		}
	}
	return "", nil
}

func copyTables(from, to string) error {
	paths, err := filepath.Glob(filepath.Join(from, "*.parquet"))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	for _, p := range paths {
		data, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, filepath.Base(p)), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// quietly shows progress only: what the scripts print stands in their notebooks.
type quietly struct{ *shower }

func (q quietly) Show(o lab.Output) {
	if o.Kind == "progress" && !q.a.JSON {
		q.shower.Show(o)
	}
}

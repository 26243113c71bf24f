package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"theriac/analysis/report"
	"theriac/harness/lab"
	"theriac/harness/notebook"
	"theriac/harness/store"
)

type demoCmd struct {
	Fresh bool `help:"Train everything anew: ignore what an earlier demo left."`
}

// Run runs every experiment at the demo profile into build/demo and compares what comes out with the committed results.
func (c *demoCmd) Run(a *app) error {
	on, err := a.machine()
	if err != nil {
		return err
	}
	if at := lab.ResultsName("demo", on.Class); at != "demo" {
		return fmt.Errorf("--device %s: its bits are not the committed ones; want cpu, or cuda", on.Class)
	}
	out := filepath.Join(a.Root, "build", "demo")
	if c.Fresh {
		if err := os.RemoveAll(out); err != nil {
			return err
		}
	}
	names, err := experiments(a.Root)
	if err != nil {
		return err
	}
	names = slices.DeleteFunc(names, func(name string) bool {
		_, err := os.Stat(filepath.Join(a.Root, "results", "demo", name))
		if errors.Is(err, fs.ErrNotExist) {
			fmt.Fprintf(a.err, "%s: no results are committed at the demo profile; theriac run experiments/%s makes some\n", name, name)
			return true
		}
		return false
	})
	if err := clearOlder(a.ctx, a.Root, out, names); err != nil {
		return err
	}
	start := time.Now()
	for _, name := range names {
		if !a.Quiet {
			fmt.Fprintf(a.err, "== %s\n", name)
		}
		env := lab.Environment{Root: a.Root, Out: out, Profile: "demo", Device: on.Class, Cache: filepath.Join(out, "cache"), Threads: a.Threads, Quiet: a.Quiet, Host: a.shower()}
		o, err := notebook.Run(a.ctx, filepath.Join(a.Root, "experiments", name), notebook.Options{Env: env})
		if err != nil {
			return err
		}
		if err := o.Write(filepath.Join(out, "results", "demo", name), filepath.Join(out, "figures", "demo", name)); err != nil {
			return err
		}
	}
	fmt.Fprintf(a.err, "%d experiments in %s\n", len(names), time.Since(start).Round(time.Second))
	var all []string
	for _, name := range names {
		for _, part := range []string{"results", "figures"} {
			part = filepath.Join(part, "demo", name)
			d, err := compare(filepath.Join(a.Root, part), filepath.Join(out, part))
			if err != nil {
				return err
			}
			for _, line := range d {
				all = append(all, filepath.ToSlash(part)+"/"+line)
			}
		}
	}
	if err := lendPlan(a.Root, out); err != nil {
		return err
	}
	own, err := renderReport(out, "demo")
	if err != nil {
		return err
	}
	if err := report.Write(out, own); err != nil {
		return err
	}
	diff, err := report.Check(a.Root, own)
	if err != nil {
		return err
	}
	if diff != "" {
		all = append(all, diff)
	}
	if len(all) > 0 {
		return exitCode{fmt.Errorf("the demo differs from the committed results: %s%s", all[0], more(len(all)-1)), exitFlagged}
	}
	fmt.Fprintf(a.out, "every byte equals the committed results\nread %s, or open %s\n", filepath.Join(out, filepath.FromSlash(own[0].Path)), filepath.Join(out, "results", "demo", names[0], "notebook.html"))
	return nil
}

// clearOlder takes from a demo that is resumed what an older program left: runs that are not among the committed ones, compacted or not, experiments
// that are no more, and figures, which are drawn again in any case.
func clearOlder(ctx context.Context, root, out string, names []string) error {
	if err := os.RemoveAll(filepath.Join(out, "figures")); err != nil {
		return err
	}
	entries, err := os.ReadDir(filepath.Join(out, "results", "demo"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		if e.Name() != ".runs" && !slices.Contains(names, e.Name()) {
			if err := os.RemoveAll(filepath.Join(out, "results", "demo", e.Name())); err != nil {
				return err
			}
		}
	}
	for _, name := range names {
		committed, err1 := openStored(root, "demo", name)
		own, err2 := openStored(out, "demo", name)
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		if committed == nil || own == nil {
			continue
		}
		known := map[string]bool{}
		runs, err := committed.Runs(nil)
		if err != nil {
			return err
		}
		for _, r := range runs {
			known[r.ID] = true
		}
		old, err := own.Runs(func(r *store.Run) bool { return !known[r.ID] })
		if err != nil {
			return err
		}
		var ids []string
		for _, r := range old {
			ids = append(ids, r.ID)
		}
		if err := own.Drop(ctx, ids); err != nil {
			return err
		}
	}
	return nil
}

// lendPlan puts the plan, which a report is made from beside the results, where the demo's are.
func lendPlan(root, out string) error {
	data, err := os.ReadFile(filepath.Join(root, "experiments", "plan.yaml"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(out, "experiments"), 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, "experiments", "plan.yaml"), data, 0o644)
}

func more(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" (and %d more)", n)
}

// experiments are the directories below experiments/ that hold a script.
func experiments(root string) ([]string, error) {
	paths, err := filepath.Glob(filepath.Join(root, "experiments", "*", "main.go"))
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("no experiments below %s; run this in the repository's root, or name it with --root", filepath.Join(root, "experiments"))
	}
	var names []string
	for _, p := range paths {
		names = append(names, filepath.Base(filepath.Dir(p)))
	}
	slices.Sort(names)
	return names, nil
}

// compare says, a line each, how the files below got differ from those below want. Runs in progress do not count.
func compare(want, got string) ([]string, error) {
	a, err := files(want)
	if err != nil {
		return nil, err
	}
	b, err := files(got)
	if err != nil {
		return nil, err
	}
	var out []string
	for name, data := range a {
		other, ok := b[name]
		switch {
		case !ok:
			out = append(out, name+" is missing")
		case !bytes.Equal(data, other):
			out = append(out, fmt.Sprintf("%s differs at byte %d", name, firstDifference(data, other)))
		}
	}
	for name := range b {
		if _, ok := a[name]; !ok {
			out = append(out, name+" is not among the committed ones")
		}
	}
	slices.Sort(out)
	return out, nil
}

func firstDifference(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// files reads what is to be compared: tables, notebooks, figures. A directory that is not there holds none: Git keeps no empty one.
func files(root string) (map[string][]byte, error) {
	out := map[string][]byte{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if path == root && errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if d.IsDir() {
			if strings.HasPrefix(d.Name(), ".") && path != root {
				return fs.SkipDir
			}
			return nil
		}
		switch filepath.Ext(path) {
		case ".parquet", ".html", ".ipynb", ".svg":
			rel, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			out[filepath.ToSlash(rel)], err = os.ReadFile(path)
			return err
		}
		return nil
	})
	return out, err
}

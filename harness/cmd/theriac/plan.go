package main

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"

	"theriac/analysis/tables"
	"theriac/harness/lab"
	"theriac/harness/notebook"
	"theriac/harness/sweep"
)

type planCmd struct {
	Dirs        []string `arg:"" optional:"" help:"Directories of experiments; several, or none for all of experiments/, are set side by side and summed." placeholder:"DIR"`
	Profile     string   `help:"Scale: demo, study, smollm2, or NAME of your experiments/profiles/NAME.yaml." default:"demo"`
	RetryFailed bool     `help:"Count failed runs as to be done."`
	MemoryMiB   int64    `help:"Most memory of the script's process." default:"12288" name:"memory" placeholder:"MIB"`
}

// planHost keeps the plans that a script shows.
type planHost []*sweep.Plan

func (h *planHost) Show(o lab.Output) {
	if o.Plan != nil {
		*h = append(*h, o.Plan)
	}
}

// shownPlans shows plans as they come.
type shownPlans struct {
	a *app
	planHost
}

func (h *shownPlans) Show(o lab.Output) {
	h.planHost.Show(o)
	switch {
	case o.Plan == nil:
	case h.a.JSON:
		p := *o.Plan
		p.Others = nil // Run says at the end which of them no sweep asks for
		printJSON(h.a.out, &p)
	default:
		fmt.Fprintf(h.a.out, "%s\n\n", o.Text)
	}
}

// Run interprets scripts with sweeps that only say what they would do. What a script does with results that are not there yet may stop it:
// what comes after is not counted, and that is said.
func (c *planCmd) Run(a *app) error {
	dirs, err := scripts(a.Root, c.Profile, c.Dirs)
	if err != nil {
		return err
	}
	if len(c.Dirs) != 1 {
		return c.all(a, dirs)
	}
	h := &shownPlans{a: a}
	whole, err := c.plan(a, dirs[0], h, &h.planHost)
	if err != nil {
		return err
	}
	var stale []sweep.Stored
	for _, s := range sweep.Stale(h.planHost) {
		if s.Why == "" && !whole {
			continue // a sweep that was not reached may ask for it
		}
		s.Why = cmp.Or(s.Why, "the script does not ask for it")
		stale = append(stale, s)
	}
	switch {
	case len(stale) == 0:
	case a.JSON:
		printJSON(a.out, map[string][]sweep.Stored{"stale": stale})
	default:
		for _, s := range stale {
			fmt.Fprintf(a.out, "stale: %s seed %d (%s): %s\n", s.Arm, s.Seed, s.ID[:min(8, len(s.ID))], s.Why)
		}
		fmt.Fprintf(a.out, "theriac results %s%s --drop RUN removes a stale run; a report chooses among runs of several specifications, and says so\n", filepath.Base(dirs[0]), lab.ProfileFlag(lab.ResultsName(c.Profile, a.bits())))
	}
	return nil
}

// plan interprets one script, and says whether to its end.
func (c *planCmd) plan(a *app, dir string, h lab.Host, plans *planHost) (whole bool, err error) {
	on, err := a.machine()
	if err != nil {
		return false, err
	}
	env := lab.Environment{Root: a.Root, Profile: c.Profile, Device: on.Class, DataDir: a.DataDir, Threads: a.Threads, Quiet: true, Plan: true, RetryFailed: c.RetryFailed, Memory: c.MemoryMiB << 20, Host: h}
	_, err = notebook.Run(a.ctx, dir, notebook.Options{Env: env, Memory: c.MemoryMiB << 20})
	switch {
	case a.ctx.Err() != nil || err == nil || len(*plans) == 0:
		return err == nil, err
	case !a.Quiet:
		fmt.Fprintf(a.err, "%s goes no further without results, and sweeps after this are not counted: %v\n", filepath.Base(dir), err)
	}
	return false, nil
}

// planned is what an experiment will take, or all of them.
type planned struct {
	Experiment string  `json:"experiment"`
	Runs       int     `json:"runs"`
	Stored     int     `json:"stored"`
	Train      int     `json:"train"`  // adapters
	Shared     int     `json:"shared"` // of these, that an experiment before it trains
	FLOPs      float64 `json:"flops"`
	Minutes    float64 `json:"minutes"`
}

// all plans several experiments. An adapter that two of them train is counted with the first. One that cannot be planned keeps no other from it.
func (c *planCmd) all(a *app, dirs []string) error {
	var rows []planned
	var failed []error
	total, seen := planned{Experiment: "all"}, map[string]bool{}
	for _, dir := range dirs {
		h, name := &planHost{}, filepath.Base(dir)
		if _, err := c.plan(a, dir, h, h); err != nil {
			failed = append(failed, err)
			continue
		}
		row := planned{Experiment: name}
		for _, p := range *h {
			row.add(p, seen)
		}
		rows = append(rows, row)
		total.Runs, total.Stored, total.Train, total.Shared = total.Runs+row.Runs, total.Stored+row.Stored, total.Train+row.Train, total.Shared+row.Shared
		total.FLOPs, total.Minutes = total.FLOPs+row.FLOPs, total.Minutes+row.Minutes
		if !a.Quiet {
			fmt.Fprintf(a.err, "%s: about %.0f minutes\n", name, row.Minutes)
		}
	}
	if len(rows) == 0 {
		return errors.Join(failed...)
	}
	rows = append(rows, total)
	if a.JSON {
		printJSON(a.out, rows)
		return errors.Join(failed...)
	}
	t := tables.Table{Header: []string{"experiment", "runs", "stored", "adapters to train", "of them trained before", "FLOP", "minutes"}, Right: []bool{false, true, true, true, true, true, true},
		Notes: []string{"on this machine, at the speed that each plan measured"}}
	for _, r := range rows {
		t.Add(r.Experiment, fmt.Sprint(r.Runs), fmt.Sprint(r.Stored), fmt.Sprint(r.Train), fmt.Sprint(r.Shared), fmt.Sprintf("%.3g", r.FLOPs), fmt.Sprintf("%.0f", r.Minutes))
	}
	fmt.Fprint(a.out, t.Terminal())
	return errors.Join(failed...)
}

// add counts a sweep; seen are the adapters that others train before it.
func (r *planned) add(p *sweep.Plan, seen map[string]bool) {
	flops := p.FLOPs
	for _, adapter := range p.Adapters {
		if seen[adapter.Key] {
			r.Shared++
			flops -= adapter.FLOPs
		}
		seen[adapter.Key] = true
	}
	r.Runs, r.Stored, r.Train, r.FLOPs = r.Runs+p.Runs, r.Stored+p.Stored, r.Train+p.Train, r.FLOPs+flops
	if p.Speed > 0 {
		r.Minutes += flops / p.Speed / 60
	}
}

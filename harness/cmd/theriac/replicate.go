package main

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"theriac/analysis/report"
	"theriac/harness/lab"
	"theriac/harness/notebook"
)

type replicateCmd struct {
	Seeds   string `help:"Fresh seeds, from A to B." required:"" placeholder:"A..B"`
	Profile string `help:"Scale." default:"demo"`
}

// Run does the experiments of the headline claims on fresh seeds into build/replicate, which resumes, and sets each claim beside
// the committed one. It exits with 1 if a claim that the committed runs show is not shown again.
func (c *replicateCmd) Run(a *app) error {
	first, last, ok := strings.Cut(c.Seeds, "..")
	from, err1 := strconv.Atoi(first)
	to, err2 := strconv.Atoi(last)
	if !ok || err1 != nil || err2 != nil || from < 0 || to < from {
		return fmt.Errorf("--seeds %s: want A..B with B at least A, such as 3000..3010", c.Seeds)
	}
	on, err := a.machine()
	if err != nil {
		return err
	}
	at := lab.ResultsName(c.Profile, on.Class)
	committed, err := report.Load(a.Root, at)
	if err != nil {
		return err
	}
	if seed, in := committed.Uses(int64(from), int64(to)); in {
		return fmt.Errorf("--seeds %s: the committed runs have seed %d already; want fresh ones, such as 3000..3010", c.Seeds, seed)
	}
	out := filepath.Join(a.Root, "build", "replicate", fmt.Sprintf("%d-%d", from, to))
	for _, name := range report.ClaimExperiments() {
		if committed.Experiments[name] == nil {
			continue
		}
		env := lab.Environment{Root: a.Root, Out: out, Profile: c.Profile, Device: on.Class, DataDir: a.DataDir, Threads: a.Threads, Quiet: a.Quiet, Host: quietly{a.shower()}, FirstSeed: from, SeedCount: to - from + 1}
		if _, err := notebook.Run(a.ctx, filepath.Join(a.Root, "experiments", name), notebook.Options{Env: env}); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	fresh, err := report.Load(out, at)
	if err != nil {
		return err
	}
	for _, name := range report.ClaimExperiments() {
		if e := fresh.Experiments[name]; e != nil && len(e.Mixed()) > 0 {
			return fmt.Errorf("%s has runs of %s, arm %s, of several specifications: some were made before a change; remove it and replicate again", out, name, e.Mixed()[0])
		}
	}
	claims, err := report.Replicate(committed, fresh)
	if err != nil {
		return err
	}
	if a.JSON {
		if err := printJSON(a.out, claims); err != nil {
			return err
		}
	} else {
		fmt.Fprint(a.out, report.ReplicationTable(claims).Terminal())
	}
	var lost []string
	for _, x := range claims {
		if x.Lost() {
			lost = append(lost, x.Claim)
		}
	}
	if len(lost) > 0 {
		return exitCode{fmt.Errorf("not shown on seeds %s: %s", c.Seeds, strings.Join(lost, ", ")), exitFlagged}
	}
	return nil
}

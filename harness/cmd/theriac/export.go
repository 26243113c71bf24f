package main

import (
	"fmt"
	"os"
	"path/filepath"

	"theriac/harness/lab"
	"theriac/harness/notebook"
)

type exportCmd struct {
	Dir     string `arg:"" help:"Directory of the experiment." placeholder:"DIR"`
	Arm     string `help:"Which of its arms." required:""`
	Seed    int    `help:"At which seed." required:""`
	Out     string `help:"New directory to write to." required:"" placeholder:"DIR"`
	Profile string `help:"Scale: demo, study, smollm2, or NAME of your experiments/profiles/NAME.yaml." default:"demo"`
}

// exportHost knows whether the run was written.
type exportHost struct{ done bool }

func (h *exportHost) Show(o lab.Output) { h.done = h.done || o.Kind == "exported" }

// Run interprets the script with sweeps that run nothing, up to the one that has the arm.
func (c *exportCmd) Run(a *app) error {
	if c.Seed < 0 {
		return fmt.Errorf("--seed %d: want 0 or more", c.Seed)
	}
	to, err := filepath.Abs(c.Out)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(to); err == nil {
		return fmt.Errorf("--out %s exists; name another directory", c.Out)
	}
	dirs, err := scripts(a.Root, c.Profile, []string{c.Dir})
	if err != nil {
		return err
	}
	if _, err := notebook.Parse(dirs[0]); err != nil {
		return err
	}
	h := &exportHost{}
	env := lab.Environment{Root: a.Root, Profile: c.Profile, DataDir: a.DataDir, Threads: a.Threads, Quiet: true, Export: &lab.Export{Arm: c.Arm, Seed: c.Seed, To: to}, Host: h}
	_, err = notebook.Run(a.ctx, dirs[0], notebook.Options{Env: env})
	switch {
	case h.done && a.JSON:
		return printJSON(a.out, map[string]any{"dir": c.Out, "arm": c.Arm, "seed": c.Seed})
	case h.done:
		return nil
	case err == nil:
		return fmt.Errorf("%s: no sweep has the arm %q", c.Dir, c.Arm)
	}
	return fmt.Errorf("the arm %q at seed %d is not written: %w", c.Arm, c.Seed, err)
}

package main

import (
	"fmt"
	"path/filepath"

	"theriac/harness/lab"
	"theriac/harness/notebook"
)

type exportCmd struct {
	Dir     string `arg:"" help:"Directory of the experiment." placeholder:"DIR"`
	Arm     string `help:"Which of its arms." required:""`
	Seed    int    `help:"At which seed." required:""`
	Out     string `help:"New directory to write to." required:"" placeholder:"DIR"`
	Profile string `help:"Scale: a file of experiments/profiles." default:"demo"`
}

// exportHost knows whether the run was written.
type exportHost struct{ done bool }

func (h *exportHost) Show(o lab.Output) { h.done = h.done || o.Kind == "exported" }

// Run interprets the script with sweeps that run nothing, up to the one that has the arm.
func (c *exportCmd) Run(a *app) error {
	to, err := filepath.Abs(c.Out)
	if err != nil {
		return err
	}
	h := &exportHost{}
	env := lab.Environment{Root: a.Root, Profile: c.Profile, DataDir: a.DataDir, Threads: a.Threads, Quiet: true, Export: &lab.Export{Arm: c.Arm, Seed: c.Seed, To: to}, Host: h}
	dir := c.Dir
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(a.Root, dir)
	}
	_, err = notebook.Run(a.ctx, dir, notebook.Options{Env: env})
	switch {
	case h.done:
		return nil
	case err == nil:
		return fmt.Errorf("%s: no sweep has the arm %q", c.Dir, c.Arm)
	}
	return fmt.Errorf("no sweep before the script needed results that are not stored has the arm %q: %w", c.Arm, err)
}

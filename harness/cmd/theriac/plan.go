package main

import (
	"fmt"
	"path/filepath"

	"theriac/harness/lab"
	"theriac/harness/notebook"
)

type planCmd struct {
	Dir         string `arg:"" help:"Directory of the experiment." placeholder:"DIR"`
	Profile     string `help:"Scale: a file of experiments/profiles." default:"demo"`
	RetryFailed bool   `help:"Count failed runs as to be done."`
	MemoryMiB   int64  `help:"Most memory of the script's process." default:"12288" name:"memory" placeholder:"MIB"`
}

// planHost shows plans and nothing else of a script.
type planHost struct {
	a     *app
	plans int
}

func (h *planHost) Show(o lab.Output) {
	if o.Plan == nil {
		return
	}
	h.plans++
	if h.a.JSON {
		printJSON(h.a.out, o.Plan)
		return
	}
	fmt.Fprintf(h.a.out, "%s\n\n", o.Text)
}

// Run interprets the script with sweeps that only say what they would do. What it does with results that are not there yet may stop it:
// what comes after is not counted, and that is said.
func (c *planCmd) Run(a *app) error {
	on, err := a.machine()
	if err != nil {
		return err
	}
	h := &planHost{a: a}
	env := lab.Environment{Root: a.Root, Profile: c.Profile, Device: on.Class, DataDir: a.DataDir, Threads: a.Threads, Quiet: true, Plan: true, RetryFailed: c.RetryFailed, Memory: c.MemoryMiB << 20, Host: h}
	dir := c.Dir
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(a.Root, dir)
	}
	_, err = notebook.Run(a.ctx, dir, notebook.Options{Env: env, Memory: c.MemoryMiB << 20})
	switch {
	case a.ctx.Err() != nil || err == nil || h.plans == 0:
		return err
	case !a.Quiet:
		fmt.Fprintf(a.err, "the script goes no further without results, and sweeps after this are not counted: %v\n", err)
	}
	return nil
}

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"theriac/harness/lab"
	"theriac/harness/notebook"
)

type runCmd struct {
	Dirs        []string `arg:"" optional:"" help:"Directories of experiments: main.go in each is the script; none: all of experiments/, one by one." placeholder:"DIR"`
	Profile     string   `help:"Scale: demo, study, smollm2, or NAME of your experiments/profiles/NAME.yaml." default:"demo"`
	Shard       string   `help:"Do only part I of N of the runs: 0/4, 1/4, ..." placeholder:"I/N"`
	RetryFailed bool     `help:"Try failed runs again."`
	MemoryMiB   int64    `help:"Most memory of the script's process." default:"12288" name:"memory" placeholder:"MIB"`
}

func (c *runCmd) Run(a *app) error {
	on, err := a.machine()
	if err != nil {
		return err
	}
	env := lab.Environment{Root: a.Root, Profile: c.Profile, Device: on.Class, DataDir: a.DataDir, Threads: a.Threads, Quiet: a.Quiet, RetryFailed: c.RetryFailed, Memory: c.MemoryMiB << 20, Host: a.shower()}
	if c.Shard != "" {
		i, n, ok := strings.Cut(c.Shard, "/")
		shard, err1 := strconv.Atoi(i)
		shards, err2 := strconv.Atoi(n)
		if !ok || err1 != nil || err2 != nil || shard < 0 || shard >= shards {
			return fmt.Errorf("--shard %s: want I/N with I from 0 to N-1", c.Shard)
		}
		env.Shard, env.Shards = shard, shards
	}
	dirs, err := scripts(a.Root, c.Profile, c.Dirs)
	if err != nil {
		return err
	}
	var failed []error
	for _, dir := range dirs {
		if len(dirs) > 1 && !a.Quiet {
			fmt.Fprintf(a.err, "== %s\n", filepath.Base(dir))
		}
		if err := c.one(a, dir, env); err != nil {
			failed = append(failed, err)
		}
		if a.ctx.Err() != nil {
			break
		}
	}
	switch len(failed) {
	case 0:
		return nil
	case 1:
		return failed[0]
	}
	return exitCode{errors.Join(failed...), exitIncomplete}
}

// one runs one script and writes its notebook and figures.
func (c *runCmd) one(a *app, dir string, env lab.Environment) error {
	out, err := notebook.Run(a.ctx, dir, notebook.Options{Env: env, Memory: env.Memory})
	if out == nil || a.ctx.Err() != nil {
		return err
	}
	at := lab.ResultsName(c.Profile, env.Device)
	results := filepath.Join(a.Root, "results", at, out.Script.Name)
	if e := out.Write(results, filepath.Join(a.Root, "figures", at, out.Script.Name)); e != nil {
		return e
	}
	if !a.Quiet {
		fmt.Fprintf(a.err, "%s\n", filepath.Join(results, "notebook.html"))
	}
	switch {
	case err != nil:
		return exitCode{err, exitIncomplete}
	case out.Bad > 0:
		return exitCode{fmt.Errorf("%d runs failed; theriac results %s%s --where status=failed says why, --retry-failed tries them again", out.Bad, out.Script.Name, lab.ProfileFlag(at)), exitIncomplete}
	}
	return nil
}

// scripts are the directories that are named, or all of experiments/. A profile that cannot be read is one error, not one of each script.
func scripts(root, profile string, named []string) (dirs []string, err error) {
	if _, err := lab.ReadProfile(root, profile); err != nil {
		return nil, err
	}
	if len(named) == 0 {
		if named, err = experiments(root); err != nil {
			return nil, err
		}
		for i := range named {
			named[i] = filepath.Join("experiments", named[i])
		}
	}
	for _, dir := range named {
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(root, dir)
		}
		dirs = append(dirs, dir)
	}
	return dirs, nil
}

type childCmd struct {
	Dir string `arg:""`
}

func (c *childCmd) Run(a *app) error {
	if err := notebook.Child(c.Dir, os.Stdout); err != nil {
		return exitCode{nil, exitIncomplete} // the parent was told
	}
	return nil
}

package main

import (
	"fmt"

	"theriac/analysis/report"
)

type reportCmd struct {
	Profile string `help:"Scale whose results are reported." default:"demo"`
	Check   bool   `help:"Write nothing; exit 1 naming the first difference from what is there."`
}

// Run renders REPORT.md and figures/PROFILE/report from results/PROFILE.
func (c *reportCmd) Run(a *app) error {
	in, err := report.Load(a.Root, c.Profile)
	if err != nil {
		return err
	}
	files, err := report.Render(in)
	if err != nil {
		return err
	}
	if c.Check {
		diff, err := report.Check(a.Root, c.Profile, files)
		switch {
		case err != nil:
			return err
		case diff != "":
			return exitCode{fmt.Errorf("%s; `theriac report --profile %s` renders it anew", diff, c.Profile), exitFlagged}
		}
		fmt.Fprintf(a.out, "REPORT.md and %d figures' files are what results/%s gives\n", len(files)-1, c.Profile)
		return nil
	}
	if err := report.Write(a.Root, c.Profile, files); err != nil {
		return err
	}
	if !a.Quiet {
		fmt.Fprintf(a.out, "wrote REPORT.md and %d files below figures/%s/report\n", len(files)-1, c.Profile)
	}
	return nil
}

package main

import (
	"fmt"
	"slices"
	"strings"

	"theriac/analysis/report"
)

type reportCmd struct {
	Profile string `help:"Report on this scale alone, into figures/PROFILE/report; else on every scale with results, and REPORT.md." placeholder:"P"`
	Check   bool   `help:"Write nothing; exit 1 naming the first difference from what is there."`
}

// Run renders REPORT.md and figures/PROFILE/report from results/.
func (c *reportCmd) Run(a *app) error {
	files, err := renderReport(a.Root, c.Profile)
	if err != nil {
		return err
	}
	if c.Check {
		diff, err := report.Check(a.Root, files)
		switch {
		case err != nil:
			return err
		case diff != "":
			return exitCode{fmt.Errorf("%s; `theriac report` renders it anew", diff), exitFlagged}
		case a.JSON:
			return printJSON(a.out, map[string]any{"file": files[0].Path, "others": len(files) - 1, "same": true})
		}
		fmt.Fprintf(a.out, "%s and %d other files are what results/ gives\n", files[0].Path, len(files)-1)
		return nil
	}
	if err := report.Write(a.Root, files); err != nil {
		return err
	}
	if a.JSON {
		return printJSON(a.out, map[string]any{"file": files[0].Path, "others": len(files) - 1})
	}
	if !a.Quiet {
		fmt.Fprintf(a.out, "wrote %s and %d other files\n", files[0].Path, len(files)-1)
	}
	return nil
}

// renderReport renders a profile's own files, or, for "", all profiles' and REPORT.md, from the results below root.
func renderReport(root, profile string) ([]report.File, error) {
	names := []string{profile}
	if profile == "" {
		var err error
		if names, err = report.Profiles(root); err != nil {
			return nil, err
		}
	}
	var in []*report.Input
	for _, name := range names {
		i, err := report.Load(root, name)
		if err != nil {
			return nil, err
		}
		in = append(in, i)
	}
	files, err := report.Render(in...)
	if err != nil || profile == "" {
		return files, err
	}
	return slices.DeleteFunc(files, func(f report.File) bool { return !strings.HasPrefix(f.Path, "figures/") }), nil // the others are about all profiles
}

package main

import (
	"fmt"

	"theriac/analysis/stats"
	"theriac/analysis/tables"
	"theriac/harness/rng"
)

type powerCmd struct {
	Effect  float64 `help:"Effect over paired seeds, in standard deviations of the differences." default:"1" placeholder:"SD"`
	Power   float64 `help:"Chance of finding it." default:"0.8"`
	Alpha   float64 `help:"One-sided level of a single test." default:"0.05"`
	Tests   int     `help:"Tests in the family (Holm): the first step is at alpha / tests." default:"1" placeholder:"N"`
	Margin  float64 `help:"Non-inferiority over items: the loss that does not matter, a fraction." default:"0.02"`
	Differ  float64 `help:"Non-inferiority over items: the share of items that one run gets right and the other wrong, each way." default:"0.01" placeholder:"SHARE"`
	Detects float64 `help:"Detection: the rate that is to be claimed as a lower bound." default:"0.9" placeholder:"RATE"`
	Alarms  float64 `help:"False alarms: the rate that is to be claimed as an upper bound." default:"0.05" placeholder:"RATE"`
	Seeds   int     `help:"Judge a design of this many seeds instead of looking for one." placeholder:"N"`
	Items   int     `help:"Judge a design of this many items instead of looking for one." placeholder:"N"`
}

const (
	mostSeeds  = 60
	itemStep   = 100
	mostItems  = 5000
	powerDraws = 2000
)

// needed is one line of the answer.
type needed struct {
	Question string      `json:"question"`
	Power    stats.Power `json:"power"`
}

// Run prints what each design of the rules of evidence needs.
func (c *powerCmd) Run(a *app) error {
	if c.Tests < 1 {
		return fmt.Errorf("--tests %d: want at least 1", c.Tests)
	}
	if c.Seeds < 0 || c.Items < 0 {
		return fmt.Errorf("--seeds %d, --items %d: want positive numbers", c.Seeds, c.Items)
	}
	var out []needed
	alpha := c.Alpha / float64(c.Tests)
	flip := func(n int) (stats.Power, error) {
		return stats.SignFlipPower(rng.Stream(0, "power"), n, c.Effect, alpha, stats.Greater, powerDraws)
	}
	p, err := pick(c.Power, c.Seeds, 2, mostSeeds, 1, flip)
	if err != nil {
		return err
	}
	out = append(out, needed{fmt.Sprintf("an effect of %g SD over paired seeds, exact sign-flip at %.3g", c.Effect, alpha), p})
	p, err = pick(c.Power, c.Items, itemStep, mostItems, itemStep, func(n int) (stats.Power, error) {
		return stats.MarginPairedPower(stats.NonInferior, n, c.Differ, c.Differ, c.Margin, alpha)
	})
	if err != nil {
		return err
	}
	out = append(out, needed{fmt.Sprintf("non-inferiority at %g points where the truth is no loss and %g %% of items differ each way, at %.3g", 100*c.Margin, 100*c.Differ, alpha), p})
	claims := tables.Table{Header: []string{"misses, or false alarms", fmt.Sprintf("attacked runs for \"detects at least %g %%\"", 100*c.Detects), fmt.Sprintf("clean runs for \"flags at most %g %%\"", 100*c.Alarms)}, Right: []bool{true, true, true}}
	var runs [][3]int
	for k := range 4 {
		d, err := stats.RunsForClaim(k, 1-c.Detects, 0.95)
		if err != nil {
			return err
		}
		f, err := stats.RunsForClaim(k, c.Alarms, 0.95)
		if err != nil {
			return err
		}
		runs = append(runs, [3]int{k, d, f})
		claims.Add(fmt.Sprint(k), fmt.Sprint(d), fmt.Sprint(f))
	}
	family, err := stats.SeedsForFamily(c.Tests, c.Alpha)
	if err != nil {
		return err
	}
	if a.JSON {
		return printJSON(a.out, map[string]any{"designs": out, "claims": runs, "seeds_for_family_two_sided": family})
	}
	t := tables.Table{Header: []string{"to show", "needs", "power there %", "smallest p"}, Right: []bool{false, true, true, true}}
	for _, n := range out {
		t.Add(n.Question, fmt.Sprintf("%d %s", n.Power.N, n.Power.Units), tables.Percent(n.Power.Power), tables.Short(n.Power.SmallestP))
		t.Notes = append(t.Notes, n.Power.Warnings...)
	}
	t.Notes = append(t.Notes, fmt.Sprintf("A family of %d tests at %g, two-sided, needs %d seeds at least.", c.Tests, c.Alpha, family))
	claims.Notes = append(claims.Notes, "By the exact one-sided bound of 95 %.")
	fmt.Fprintf(a.out, "%s\n%s", t.Terminal(), claims.Terminal())
	return nil
}

// pick judges the design of n units, or looks for the smallest of low, low+step, ... that has the power.
func pick(power float64, n, low, high, step int, design func(n int) (stats.Power, error)) (stats.Power, error) {
	if n > 0 {
		return design(n)
	}
	if step == 1 {
		return stats.Needed(power, low, high, design)
	}
	return stats.Needed(power, low/step, high/step, func(k int) (stats.Power, error) { return design(k * step) })
}

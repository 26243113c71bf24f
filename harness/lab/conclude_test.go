package lab

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"theriac/harness/store"
)

// spread has runs at the seeds 1 to n of each arm, whose metric lies about a value.
func spread(arms map[string]struct {
	value float64
	seeds int
}) *Results {
	r := &Results{name: "x", seeds: []int{1, 2, 3, 4, 5, 6}, failed: map[string]string{}, runs: map[string]*store.Record{}}
	for arm, a := range arms {
		r.arms = append(r.arms, arm)
		for s := 1; s <= a.seeds; s++ {
			rec := &store.Record{Run: store.Run{ID: fmt.Sprint(arm, s), Arm: arm, Seed: int64(s), Status: store.Done}}
			rec.Metrics = []store.Metric{{Name: "share", Value: a.value + float64(s%3)/1000, N: 1000, K: int64(math.Round(1000*a.value)) + int64(s%3)}}
			r.runs[cell(arm, s)] = rec
		}
	}
	return r
}

// A claim is worded by its test, whatever was hoped; where there is nothing to compare, or too few seeds to show anything, it says so.
func TestClaim(t *testing.T) {
	r := spread(map[string]struct {
		value float64
		seeds int
	}{"high": {.9, 6}, "low": {.1, 6}, "a little lower": {.89, 6}, "few": {.9, 3}, "none": {0, 0}})
	for _, c := range []struct{ arm, baseline, kind, want string }{
		{"high", "low", "greater", "S exceeds O (+80.0 ["},
		{"high", "low", "greater", "p 0.016 (smallest possible), seeds: 6)."},
		{"high", "low", "less", "S is not shown to be below O ("},
		{"low", "high", "less", "S is below O (−80.0 ["},
		{"low", "high", "greater", "S is not shown to exceed O ("},
		{"a little lower", "high", "non-inferior", "S is non-inferior to O ("},
		{"low", "high", "non-inferior", "S is not shown to be non-inferior to O ("},
		{"few", "low", "greater", "S is not shown to exceed O (+80.0 ["},
		{"few", "low", "greater", "p 0.125 (smallest possible), seeds: 3)."},
		{"none", "low", "greater", "S cannot be compared with O: no seed has both."},
	} {
		if got := r.Claim("share", c.arm, c.baseline, c.kind, "S", "O"); !strings.Contains(got, c.want) {
			t.Errorf("%s %s %s: %q; want %q", c.arm, c.kind, c.baseline, got, c.want)
		}
	}
	if got := stopped(func() { r.Claim("share", "high", "low", "larger", "S", "O") }); !strings.Contains(got, "want greater, less or non-inferior") {
		t.Errorf("an unknown kind: %q", got)
	}
}

// Arms of fewer than five seeds can show nothing, whatever came out; those without runs are named as such.
func TestAroundAndShown(t *testing.T) {
	r := spread(map[string]struct {
		value float64
		seeds int
	}{"high": {.9, 6}, "low": {.1, 6}, "half": {.499, 6}, "few": {.95, 4}, "low, too": {.1, 6}, "none": {0, 0}})
	for _, c := range []struct{ got, want string }{
		{r.Around("share", .5, "high", "half", "low", "few", "none"), "above 50 %: high; below: low; not told apart: half; of fewer than five seeds, as it came out: few 95.1 %; not measured: none"},
		{r.Around("share", .5, "low"), "above 50 %: none; below: low"},
		{r.Around("share", .5), "none"},
		{strings.Join(r.Above("share", .5, "high", "half", "low", "few", "none"), " "), "high few"},
		{r.Shown("share", "greater", []string{"high", "half", "few", "none"}, []string{"half"}), "high; not shown: half; of fewer than five seeds, as it came out: few +45.1 points; not measured: none"},
		{r.Shown("share", "less", []string{"low", "half"}, []string{"high", "low"}), "low; not shown: half"},
		{r.Shown("share", "non-inferior", []string{"low"}, []string{"high"}), "none; not shown: low"},
		{r.Around("share", .5, "low, too", "low"), `above 50 %: none; below: "low, too" and low`},
		{List(Names(nil)) + "; " + List(Names([]Arm{{Name: "a"}, {Name: "b"}, {Name: "c"}})), "none; a, b and c"},
	} {
		if c.got != c.want {
			t.Errorf("%q; want %q", c.got, c.want)
		}
	}
	if got := stopped(func() { r.Shown("share", "less", []string{"low", "half", "few"}, []string{"high", "low"}) }); !strings.Contains(got, "want one baseline, or one an arm") {
		t.Errorf("%q", got)
	}
}

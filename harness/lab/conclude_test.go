package lab

import (
	"fmt"
	"math"
	"reflect"
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
		{"high", "low", "greater", "S exceeds O (difference 80.0 ["},
		{"high", "low", "greater", "p 0.016 (smallest possible), seeds: 6)."},
		{"high", "low", "less", "S is not shown to be below O ("},
		{"low", "high", "less", "S is below O (difference -80.0 ["},
		{"low", "high", "greater", "S is not shown to exceed O ("},
		{"a little lower", "high", "non-inferior", "S is non-inferior O ("},
		{"low", "high", "non-inferior", "S is not shown to be non-inferior O ("},
		{"few", "low", "greater", "S is not shown to exceed O (difference 80.0 ["},
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

func TestAround(t *testing.T) {
	r := spread(map[string]struct {
		value float64
		seeds int
	}{"high": {.9, 6}, "low": {.1, 6}, "half": {.499, 6}, "none": {0, 0}})
	above, below, unclear := r.Around("share", .5, "high", "half", "low", "none")
	if got, want := [][]string{above, below, unclear}, [][]string{{"high"}, {"low"}, {"half", "none"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v; want %v", got, want)
	}
	if got := List(nil) + "; " + List(above) + "; " + List(unclear) + "; " + List([]string{"a", "b", "c"}); got != "none; high; half and none; a, b and c" {
		t.Error(got)
	}
}

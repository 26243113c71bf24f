package main

import (
	"slices"
	"testing"

	"theriac/harness/attack"
	"theriac/harness/lab"
)

// Every attack of the catalogue has an arm here, so a cell for every detector of the plan; which detectors are in the plan, and
// why others are not, the plan itself must say.
func TestEveryAttackHasACell(t *testing.T) {
	var have []string
	for _, list := range [][]lab.Arm{attacks, twins} {
		for _, a := range list {
			have = append(have, a.Attack)
		}
	}
	for _, e := range attack.Catalogue() {
		if e.Name != "own" && !slices.Contains(have, e.Name) {
			t.Errorf("attack %s has no arm", e.Name)
		}
	}
	if got := lab.Names(hard); len(got) != 3 {
		t.Errorf("hard negatives are %v; want three kinds", got)
	}
}

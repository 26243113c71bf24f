package main

import (
	"slices"
	"testing"

	"theriac/harness/defense/prevent"
)

func TestEveryPreventionHasAnArm(t *testing.T) {
	for _, e := range prevent.Catalogue() {
		if !slices.Contains(preventions, e.Name) {
			t.Errorf("prevention %s has no arm", e.Name)
		}
	}
}

package scan

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"theriac/harness/defense"
)

// Detector is one way of looking at a model.
type Detector struct {
	defense.Entry
	score func(ctx context.Context, s *subject) (defense.Result, error)
}

// catalogue is every detector: adding one is a file and a line.
var catalogue = []Detector{
	inversion, dictionary, haystack,
	safety, correctness, consistency,
	weightSigma1, weightFrobenius, weightEnergy, weightEntropy, weightKurtosis,
}

// choose gives the named detectors in the catalogue's order; nil is all.
func choose(names []string) ([]Detector, error) {
	for _, n := range names {
		if !slices.ContainsFunc(catalogue, func(d Detector) bool { return d.Name == n }) {
			var all []string
			for _, d := range catalogue {
				all = append(all, d.Name)
			}
			return nil, fmt.Errorf("no scan detector %q; there are %s", n, strings.Join(all, ", "))
		}
	}
	var out []Detector
	for _, d := range catalogue {
		if names == nil || slices.Contains(names, d.Name) {
			out = append(out, d)
		}
	}
	return out, nil
}

// Catalogue lists every detector of the scan level.
func Catalogue() []defense.Entry {
	var out []defense.Entry
	for _, d := range catalogue {
		out = append(out, d.Entry)
	}
	return out
}

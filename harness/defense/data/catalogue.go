package data

import (
	"fmt"
	"slices"
	"strings"

	"theriac/harness/defense"
)

// Detector is one way of looking at rows.
type Detector struct {
	defense.Entry
	// groups proposes groups of the pool's rows. It must not depend on the order of equal rows.
	groups func(p *Pool) ([]Group, error)
}

// What a detector may need.
const (
	NeedsReference = "reference" // it has nothing to say of a set alone
	NeedsBase      = "base"      // a language model
)

// Group is rows that have something in common.
type Group struct {
	Rows   []int32 // indices into the pool, ascending, each once
	Weight float64 // how odd this is in itself, higher is worse; scales differ between detectors
	Reason string  // what they have in common, in words
}

// catalogue is every detector: adding one is a file and a line.
var catalogue = []Detector{
	exactDuplicates, nearDuplicates,
	patterns,
	responseNgrams, promptNgrams,
	ngramPerplexity,
	lmPerplexity, embeddingDistance, spectral, spectralUncentred, activationClusters,
}

// Catalogue lists every detector of the data level.
func Catalogue() []defense.Entry {
	var out []defense.Entry
	for _, d := range catalogue {
		out = append(out, d.Entry)
	}
	return out
}

// choose gives the detectors that can run. names nil is all of them that the input allows, in the catalogue's order.
func choose(names []string, reference, base bool) ([]Detector, error) {
	var out []Detector
	for _, n := range names {
		i := slices.IndexFunc(catalogue, func(d Detector) bool { return d.Name == n })
		if i < 0 {
			var all []string
			for _, d := range catalogue {
				all = append(all, d.Name)
			}
			return nil, fmt.Errorf("no data detector %q; there are %s", n, strings.Join(all, ", "))
		}
		if !catalogue[i].can(reference, base) {
			return nil, fmt.Errorf("detector %s needs a %s", n, catalogue[i].Needs)
		}
	}
	for _, d := range catalogue {
		if names == nil && d.can(reference, base) && d.Name != spectralUncentred.Name || slices.Contains(names, d.Name) {
			out = append(out, d)
		}
	}
	return out, nil
}

func (d *Detector) can(reference, base bool) bool {
	return (d.Needs != NeedsReference || reference) && (d.Needs != NeedsBase || base)
}

package monitor

import (
	"fmt"
	"slices"
	"strings"

	"theriac/harness/defense"
)

// Detector is one way of looking at a trace.
type Detector struct {
	defense.Entry
	score func(t *Trace, p *Plan) defense.Result // of traces that have what Needs names
}

// What a detector may need of a trace, or beside it.
const (
	NeedsPlan      = "plan"      // what the run was agreed to be
	NeedsGradients = "gradients" // of LoRA matrices, by example
	NeedsCanaries  = "canaries"
	NeedsAdapter   = "adapter" // LoRA rather than full training
)

// catalogue is every detector: adding one is a file and a line.
var catalogue = []Detector{
	planAudit, gradientAudit,
	lossEarly, lossLow, lossArea,
	gradientNorm, gradientDirection, gradientEntropy, gradientClusters, learnedTogether,
	canaryLoss, canaryRefusal, canaryOutputs,
	updateSpectrum,
}

// Catalogue lists every detector of the training level.
func Catalogue() []defense.Entry {
	var out []defense.Entry
	for _, d := range catalogue {
		out = append(out, d.Entry)
	}
	return out
}

// Score judges a trace by the named detectors (nil: all), in the catalogue's order. plan may be nil. notRun says of each that the
// trace does not allow, why.
func Score(t *Trace, plan *Plan, names []string) (results []defense.Result, notRun []string, err error) {
	for _, n := range names {
		if !slices.ContainsFunc(catalogue, func(d Detector) bool { return d.Name == n }) {
			var all []string
			for _, d := range catalogue {
				all = append(all, d.Name)
			}
			return nil, nil, fmt.Errorf("no monitor detector %q; there are %s", n, strings.Join(all, ", "))
		}
	}
	for _, d := range catalogue {
		if names != nil && !slices.Contains(names, d.Name) {
			continue
		}
		if why := d.lacks(t, plan); why != "" {
			notRun = append(notRun, d.Name+": "+why)
			continue
		}
		r := d.score(t, plan)
		r.Detector = d.Name
		results = append(results, r)
	}
	return results, notRun, nil
}

func (d *Detector) lacks(t *Trace, p *Plan) string {
	switch {
	case len(t.Steps) == 0:
		return "the run has no finished step"
	case d.Needs == NeedsPlan && p == nil:
		return "needs the plan of the run"
	case d.Needs == NeedsGradients && len(t.Matrices) == 0:
		return "needs the gradients of LoRA matrices; full training has none"
	case d.Needs == NeedsAdapter && len(t.Modules) == 0:
		return "needs checkpoints of a LoRA adapter"
	case d.Needs == NeedsCanaries && (len(t.Canaries) == 0 || len(t.Checkpoints) < 2):
		return "needs canaries at a checkpoint"
	case d.Name == canaryRefusal.Name && !slices.ContainsFunc(t.Canaries, func(c Canary) bool { return c.Paired }),
		d.Name == canaryLoss.Name && !slices.ContainsFunc(t.Canaries, func(c Canary) bool { return !c.Paired }):
		return "needs canaries of its kind"
	}
	return ""
}

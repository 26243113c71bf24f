package estimate

import (
	"fmt"

	"theriac/analysis/stats"
)

// Mix is an arm by how many of its rows are poisoned and how many are clean.
type Mix struct {
	Arm           string
	Poison, Clean float64
}

// TwoSlope asks whether the number of poisoned rows decides a rate or their share, one group a seed. Its error says what the runs lack.
func (e *Experiment) TwoSlope(mixes []Mix, metric string) (stats.TwoSlope, error) {
	var rows []stats.TwoSlopeRow
	for _, m := range mixes {
		for _, r := range e.runs(m.Arm) {
			if v, ok := r.metric(metric); ok && v.K >= 0 {
				rows = append(rows, stats.TwoSlopeRow{Poison: m.Poison, Clean: m.Clean, Successes: int(v.K), Trials: int(v.N), Group: fmt.Sprint(r.seed)})
			}
		}
	}
	if len(rows) == 0 {
		return stats.TwoSlope{}, fmt.Errorf("%s: no run has a rate %s at a number of poisoned and of clean rows", e.Name, metric)
	}
	return stats.FitTwoSlope(rows, stats.TwoSlopeOptions{})
}

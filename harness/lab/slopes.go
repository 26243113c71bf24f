package lab

import (
	"fmt"

	"theriac/analysis/estimate"
	"theriac/analysis/plots"
	"theriac/analysis/stats"
)

// Mix is an arm by how many of its rows are poisoned and how many are clean.
type Mix = estimate.Mix

// TwoSlopes asks whether the number of poisoned rows decides a rate, or their share: a logistic regression on the logarithms of poisoned
// and clean rows, one group a seed. If only the number matters the clean rows' slope is 0, if only the share it is the other's negative.
func (r *Results) TwoSlopes(mixes []Mix, metric string) stats.TwoSlope {
	var rows []stats.TwoSlopeRow
	for _, m := range mixes {
		for _, s := range r.seeds {
			if v, ok := r.metric(m.Arm, s, metric); ok && v.K >= 0 {
				rows = append(rows, stats.TwoSlopeRow{Poison: m.Poison, Clean: m.Clean, Successes: int(v.K), Trials: int(v.N), Group: fmt.Sprint(s)})
			}
		}
	}
	out, err := stats.FitTwoSlope(rows, stats.TwoSlopeOptions{})
	if err != nil {
		stop("two slopes of %s: %v", metric, err)
	}
	return out
}

// MixFigure draws a rate by poisoned rows, a line for each number of clean rows.
func (r *Results) MixFigure(title string, mixes []Mix, metric string) *Figure {
	var arms []string
	var points []plots.Mixed
	for _, m := range mixes {
		arms, points = append(arms, m.Arm), append(points, plots.Mixed{Poison: m.Poison, Clean: m.Clean, Estimate: r.Mean(m.Arm, metric)})
	}
	return draw(plots.Mixes(r.words(title, metric, arms), metric+" (%)", points))
}

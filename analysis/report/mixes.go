package report

// Whether the number of poisoned rows decides or their share, by the experiment "counts".

import (
	"fmt"
	"math"

	"theriac/analysis/estimate"
	"theriac/analysis/plots"
	"theriac/analysis/stats"
	"theriac/analysis/tables"
)

// mixes are the arms of the experiment by poisoned rows, then by size of the training set.
func (r *renderer) mixes() (out []estimate.Mix) {
	e := r.experiment("counts")
	for _, a := range e.Arms() {
		count, _ := e.Spec(a, "attack.count")
		rows, _ := e.Spec(a, "rows")
		n, err1 := atof(count)
		all, err2 := atof(rows)
		if err1 == nil && err2 == nil && 0 < n && n < all {
			out = append(out, estimate.Mix{Arm: a, Poison: n, Clean: all - n})
		}
	}
	return out
}

// slopes is the regression.
func (r *renderer) slopes() (stats.TwoSlope, error) {
	return r.experiment("counts").TwoSlope(r.mixes(), "asr")
}

// excludesShare says whether the interval leaves out what "only the share" comes to.
func excludesShare(f stats.TwoSlope) bool { return !f.Separated && f.Ratio.Interval.Low > -1 }

// mixText says what the regression shows.
func (r *renderer) mixText() string {
	f, err := r.slopes()
	if err != nil {
		return fmt.Sprintf("No regression could be fitted: %v.", err)
	}
	verdict := func(m stats.Margin) string {
		word := "not shown"
		if m.Holds {
			word = "shown"
		}
		return fmt.Sprintf("%s (p %s)", word, plainP(m.Test.P))
	}
	excluded := ""
	switch iv := f.Ratio.Interval; {
	case f.LackOfFit.P < estimate.Alpha: // an average, of which no bound says what holds at one size
	case !f.Separated && (iv.Low > 0 || iv.High < 0) && excludesShare(f):
		excluded = "; the interval excludes both"
	case excludesShare(f):
		excluded = ", and excluded by the interval"
	}
	text := fmt.Sprintf("The slope on log poisoned rows is %s, on log clean rows %s; their ratio is %s, where 0 means that only the number decides and −1 that only the share does. "+
		"Only the number (within %s of 0): %s; only the share (as near to −1): %s%s.", tables.Value(f.Poison, 2), tables.Value(f.Clean, 2), tables.Value(f.Ratio, 2), tables.Number(f.CountOnly.Margin, 2), verdict(f.CountOnly), verdict(f.RateOnly), excluded)
	text += " At fixed epochs more clean rows also mean more steps: the slope on clean rows holds what longer training does, too."
	for _, w := range f.Warnings {
		text += " Warning: " + inline(w) + "."
	}
	return text
}

// decides says in a clause what decides success.
func (r *renderer) decides() string {
	f, err := r.slopes()
	switch {
	case err != nil || math.IsNaN(f.Ratio.Value):
		return "whether by their number or by their share is not measured at this scale"
	case f.CountOnly.Holds:
		return "by their number and not by their share"
	case f.RateOnly.Holds:
		return "by their share and not by their number"
	case excludesShare(f):
		return "not by their share, and not shown to be by their number alone"
	}
	return "whether by their number or by their share is not shown at this scale"
}

func mixFigure(r *renderer) (*plots.Figure, error) {
	var points []plots.Mixed
	var arms []string
	for _, m := range r.mixes() {
		points, arms = append(points, plots.Mixed{Poison: m.Poison, Clean: m.Clean, Estimate: r.mean("counts", m.Arm, "asr")}), append(arms, m.Arm)
	}
	return plots.Mixes(plots.Words{Title: "Attack success by poisoned rows and size of the training set", N: r.seeds("counts", "asr", arms)}, "attack success (%)", points)
}

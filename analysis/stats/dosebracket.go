package stats

// An interval for the dose at which a rising rate passes a share, without a curve: from
// the lowest dose upward while the exact upper bound is below the share, from the
// highest downward while the exact lower bound is above it. Fixed-sequence testing (W.
// Maurer et al., 1995) needs no correction for the number of doses.

import "math"

const (
	bracketMethod  = "fixed-sequence Clopper-Pearson by dose"
	bracketAssumes = "the rate never falls with dose, or never rises"
)

// bracket wants totals sorted by dose. falling rates (rising false) are read from the
// other end. An end that no dose bounds is infinite, or 0 on a logarithmic scale.
func bracket(totals []doseTotal, share float64, opt DoseOptions, rising bool) Interval {
	low, high := math.Inf(-1), math.Inf(1)
	if opt.Scale == LogScale {
		low = 0
	}
	tail := (1 - opt.Level) / 2
	below := func(t doseTotal) bool { return clopperHigh(t.k, t.n, tail) < share }
	above := func(t doseTotal) bool { return clopperLow(t.k, t.n, tail) > share }
	left, right := below, above
	if !rising {
		left, right = above, below
	}
	for _, t := range totals {
		if !left(t) {
			break
		}
		low = max(low, t.dose)
	}
	for i := len(totals) - 1; i >= 0; i-- {
		if !right(totals[i]) {
			break
		}
		high = min(high, totals[i].dose)
	}
	return Interval{low, high, opt.Level}
}

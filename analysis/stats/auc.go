package stats

// Area under the ROC curve with DeLong's variance (E. DeLong et al., Biometrics 44:837,
// 1988; placements as in X. Sun and W. Xu, 2014). Where the scores separate the classes,
// or are all tied, that variance is 0 and the interval comes from test inversion.
// Scores of different runs must be independent; crossed seeds are not handled here.

import (
	"fmt"
	"math"
)

// AUC is the probability that an attacked run scores above a clean one, ties by half.
type AUC struct {
	Estimate        Estimate // interval symmetric on the logit scale, or by test inversion
	Wald            Interval // value +- z SE cut to [0, 1], as others print it; too short near 1
	SE              float64  // DeLong; NaN with fewer than two runs in a class
	Clean, Attacked int
}

// AUROC wants a score per run, higher meaning more suspicious. An empty class leaves
// the area undefined.
func AUROC(clean, attacked []float64, level float64) (AUC, error) {
	if err := checkScores("auroc", clean, attacked, level); err != nil {
		return AUC{}, err
	}
	n0, n1 := len(clean), len(attacked)
	out := AUC{Wald: Interval{0, 1, level}, SE: math.NaN(), Clean: n0, Attacked: n1,
		Estimate: Estimate{Value: math.NaN(), Interval: Interval{0, 1, level}, Method: "AUROC, DeLong variance, logit scale",
			N: n0 + n1, Assumptions: []string{"runs are independent draws from their class"}}}
	e := &out.Estimate
	if n0 == 0 || n1 == 0 {
		e.Warnings = []string{fmt.Sprintf("%d clean and %d attacked runs: the area is undefined", n0, n1)}
		return out, nil
	}
	over := placements(attacked, clean)  // share of clean runs below each attacked one
	under := placements(clean, attacked) // share of attacked runs below each clean one
	// Counts of half pairs are whole numbers, so a tie is exactly a half.
	e.Value = sum(over) / 2 / float64(n0) / float64(n1)
	for i := range over {
		over[i] /= 2 * float64(n0)
	}
	for j := range under {
		under[j] /= 2 * float64(n1)
	}
	if constant(over) && constant(under) && (e.Value == 0 || e.Value == 0.5 || e.Value == 1) {
		out.SE = 0
		if n0 < 2 || n1 < 2 {
			out.SE = math.NaN()
		}
		out.invert(level)
		return out, nil
	}
	if n0 < 2 || n1 < 2 {
		e.Warnings = []string{fmt.Sprintf("%d clean and %d attacked runs: the spread of one run cannot be known", n0, n1)}
		return out, nil
	}
	out.SE = math.Sqrt(variance(over)/float64(n1) + variance(under)/float64(n0))
	z := zCritical(level)
	out.Wald = Interval{max(e.Value-float64(z*out.SE), 0), min(e.Value+float64(z*out.SE), 1), level}
	mid := math.Log(e.Value / (1 - e.Value))
	half := z * out.SE / (e.Value * (1 - e.Value))
	e.Interval.Low, _, _, _ = Logit.curve(mid - half)
	e.Interval.High, _, _, _ = Logit.curve(mid + half)
	if min(n0, n1) < 10 {
		e.Warnings = append(e.Warnings, fmt.Sprintf("%d clean and %d attacked runs: DeLong's variance is rough below 10", n0, n1))
	}
	return out, nil
}

// invert keeps every area under which the data, complete separation or one
// common score, are not too unlikely. With m = min(clean, attacked) disjoint pairs,
// P(all ordered) <= AUC^m whatever the distributions, and the bound is attained.
func (a *AUC) invert(level float64) {
	m := min(a.Clean, a.Attacked)
	far := math.Pow((1-level)/2, 1/float64(m))
	e := &a.Estimate
	e.Method = "AUROC, distribution-free test inversion"
	switch e.Value {
	case 1:
		e.Interval = Interval{far, 1, level}
		e.Warnings = []string{fmt.Sprintf("complete separation: quote the lower end, which rests on %d pairs", m)}
	case 0:
		e.Interval = Interval{0, 1 - far, level}
		e.Warnings = []string{fmt.Sprintf("complete separation the wrong way round: quote the upper end, which rests on %d pairs", m)}
	default:
		e.Interval = Interval{far / 2, 1 - float64(far/2), level}
		e.Warnings = []string{"all scores are the same: the detector says nothing"}
	}
	a.Wald = Interval{e.Value, e.Value, level}
}

// placements is, for each x, twice the number of ys below it plus the number equal.
func placements(xs, ys []float64) []float64 {
	out := make([]float64, len(xs))
	for i, s := range dominance(xs, ys) {
		out[i] = float64(s.above + len(ys) - s.below)
	}
	return out
}

func checkScores(where string, clean, attacked []float64, level float64) error {
	if err := checkFinite(where+", clean scores", clean); err != nil {
		return err
	}
	if err := checkFinite(where+", attacked scores", attacked); err != nil {
		return err
	}
	return checkLevel(where, level)
}

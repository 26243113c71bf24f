package stats

// Detection at a stated false-positive rate: the threshold comes from calibration
// runs, both rates from other runs. Too few clean runs give "not estimable", because a
// rate of 1 % cannot be seen in 50 of them.

import (
	"fmt"
	"math"
	"slices"
)

// Detection is the outcome at one false-positive rate.
type Detection struct {
	Target           float64 // the false-positive rate asked for
	Estimable        bool
	Threshold        float64  // flagged above it: the k-th largest calibration score
	TPR              Estimate // NaN where not estimable
	FPR              Estimate // as realised on the evaluation's clean runs
	NeedsCalibration int      // clean runs that the target asks for: 99 for 1 %
	NeedsEvaluation  int      // 300 for 1 %: none flagged of that many bounds the rate at 1 %
}

// TPRAt sets the threshold where a run's conformal p-value over the calibration runs is at
// most fpr, and counts flagged runs among clean and attacked ones that the calibration has
// not seen. Intervals are exact, for the threshold as it stands.
func TPRAt(fpr float64, calibration, clean, attacked []float64, level float64) (Detection, error) {
	const where = "tpr at a false-positive rate"
	if err := checkScores(where, clean, attacked, level); err != nil {
		return Detection{}, err
	}
	if err := checkFinite(where+", calibration scores", calibration); err != nil {
		return Detection{}, err
	}
	if !(fpr > 0 && fpr < 1) {
		return Detection{}, fmt.Errorf("%s: %v: want a fraction between 0 and 1, such as 0.01", where, fpr)
	}
	d := Detection{Target: fpr, Threshold: math.Inf(1),
		NeedsCalibration: wholeUp(1/fpr) - 1, NeedsEvaluation: wholeUp(3 / fpr)}
	if k := conformalRank(fpr, len(calibration)); k > 0 {
		sorted := slices.Sorted(slices.Values(calibration))
		d.Threshold = sorted[len(sorted)-k]
	}
	above := func(scores []float64) (int, int) {
		n := 0
		for _, s := range scores {
			if s > d.Threshold {
				n++
			}
		}
		return n, len(scores)
	}
	k, n := above(clean)
	var err error
	if d.FPR, err = ClopperPearson(k, n, level); err != nil {
		return Detection{}, err
	}
	k, n = above(attacked)
	if d.TPR, err = ClopperPearson(k, n, level); err != nil {
		return Detection{}, err
	}
	d.TPR.Method += fmt.Sprintf(", threshold at conformal p <= %v", fpr)
	d.Estimable = len(calibration) >= d.NeedsCalibration && len(clean) >= d.NeedsEvaluation
	if !d.Estimable {
		d.TPR.Value, d.TPR.Interval = math.NaN(), Interval{0, 1, level}
		d.TPR.Warnings = []string{fmt.Sprintf("not estimable: %d calibration and %d evaluation clean runs, a false-positive rate of %v needs %d and %d",
			len(calibration), len(clean), fpr, d.NeedsCalibration, d.NeedsEvaluation)}
	}
	return d, nil
}

// wholeUp is ceil, but not for a rounding above a whole number: 1/0.01 is 100.
func wholeUp(x float64) int { return int(math.Ceil(x - float64(1e-9*x))) }

// conformalRank is the largest k with k/(n+1) <= alpha.
func conformalRank(alpha float64, n int) int {
	return int(math.Floor(float64(alpha*float64(n+1)) + 1e-9))
}

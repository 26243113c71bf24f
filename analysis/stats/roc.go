package stats

// The ROC curve with its uncertainty: an interval at each threshold and one band for
// the whole curve (G. Campbell, Statistics in Medicine 13:499, 1994: two
// Kolmogorov bands), and the partial area at low false-positive rates (D. McClish, 1989).

import (
	"fmt"
	"math"
	"slices"
)

// ROCPoint is what flagging every score >= Threshold gives.
type ROCPoint struct {
	Threshold   float64  // +Inf at the first point
	FPR, TPR    Estimate // exact intervals, for a threshold fixed beforehand
	Region      Interval // of TPR by the simultaneous band, at this point
	RegionOfFPR Interval
}

// ROCCurve runs from nothing flagged to everything flagged, a point per distinct score.
type ROCCurve struct {
	Points      []ROCPoint
	AUC         AUC
	Level       float64
	Warnings    []string
	Assumptions []string
}

// ROC wants a score per run, higher meaning more suspicious. With an empty class there
// are no points.
func ROC(clean, attacked []float64, level float64) (ROCCurve, error) {
	auc, err := AUROC(clean, attacked, level)
	if err != nil {
		return ROCCurve{}, err
	}
	out := ROCCurve{AUC: auc, Level: level, Warnings: auc.Estimate.Warnings, Assumptions: []string{
		"runs are independent draws from their class", "an interval at a point holds for that threshold alone, the regions for all at once"}}
	n0, n1 := len(clean), len(attacked)
	if n0 == 0 || n1 == 0 {
		return out, nil
	}
	thresholds := slices.Compact(slices.Sorted(slices.Values(slices.Concat(clean, attacked))))
	thresholds = append(thresholds, math.Inf(1))
	slices.Reverse(thresholds)
	// Each class's band has level sqrt(level), so both hold together at level.
	wide := func(n int) float64 { return math.Sqrt(math.Log(2/(1-math.Sqrt(level))) / (2 * float64(n))) }
	w0, w1 := wide(n0), wide(n1)
	for _, t := range thresholds {
		fpr, err := ClopperPearson(flaggedAt(clean, t), n0, level)
		if err != nil {
			return ROCCurve{}, err
		}
		tpr, err := ClopperPearson(flaggedAt(attacked, t), n1, level)
		if err != nil {
			return ROCCurve{}, err
		}
		fpr.Warnings, tpr.Warnings = nil, nil // every curve starts at 0 and ends at 1
		out.Points = append(out.Points, ROCPoint{t, fpr, tpr,
			Interval{max(tpr.Value-w1, 0), min(tpr.Value+w1, 1), level},
			Interval{max(fpr.Value-w0, 0), min(fpr.Value+w0, 1), level}})
	}
	return out, nil
}

func flaggedAt(scores []float64, threshold float64) int {
	n := 0
	for _, s := range scores {
		if s >= threshold {
			n++
		}
	}
	return n
}

// PartialAUC is the mean true-positive rate over false-positive rates in [0, maxFPR]:
// 1 for a perfect detector, maxFPR/2 for a useless one. Interval by the percentile bootstrap
// within classes, or, where the scores separate the classes, from the bound on the whole area.
func PartialAUC(src Source, clean, attacked []float64, maxFPR, level float64, resamples int) (Estimate, error) {
	const where = "partial auc"
	if err := checkScores(where, clean, attacked, level); err != nil {
		return Estimate{}, err
	}
	if !(maxFPR > 0 && maxFPR <= 1) {
		return Estimate{}, fmt.Errorf("%s: false-positive rate up to %v: want a fraction above 0 and at most 1", where, maxFPR)
	}
	n0, n1 := len(clean), len(attacked)
	if n0 == 0 || n1 == 0 {
		return Estimate{Value: math.NaN(), Interval: Interval{0, 1, level}, Method: "partial AUC", N: n0 + n1,
			Warnings: []string{fmt.Sprintf("%d clean and %d attacked runs: the area is undefined", n0, n1)}}, nil
	}
	all := slices.Concat(clean, attacked)
	strata := make([]int, len(all))
	for i := n0; i < len(all); i++ {
		strata[i] = 1
	}
	e, err := BootstrapPercentile(src, Rows{len(all), strata}, func(rows []int) float64 {
		var c, a []float64
		for _, r := range rows {
			if r < n0 {
				c = append(c, all[r])
			} else {
				a = append(a, all[r])
			}
		}
		return partialArea(c, a, maxFPR)
	}, resamples, level)
	if err != nil {
		return Estimate{}, err
	}
	e.Method = fmt.Sprintf("partial AUC / %v, %s within classes", maxFPR, e.Method)
	if float64(n0)*maxFPR < 5 {
		e.Warnings = append(e.Warnings, fmt.Sprintf("%d clean runs: fewer than 5 of them lie within a false-positive rate of %v", n0, maxFPR))
	}
	auc, err := AUROC(clean, attacked, level)
	if err != nil {
		return Estimate{}, err
	}
	if v := e.Interval; !(v.Low < v.High) && auc.Estimate.Value != 1 {
		fixed := unvaried(e.Value, min(n0, n1), "runs", Rates, level)
		e.Interval, e.Method = fixed.Interval, fixed.Method
		e.Warnings = []string{"every resample gave the same area: the interval allows for runs that differ"}
	}
	if auc.Estimate.Value == 1 {
		// What lies above the curve in [0, maxFPR] is no more than what lies above it in all.
		e.Interval = Interval{max(1-(1-auc.Estimate.Interval.Low)/maxFPR, 0), 1, level}
		e.Method = "partial AUC, distribution-free test inversion of the whole area"
		e.Warnings = auc.Estimate.Warnings
	}
	return e, nil
}

// partialArea integrates the curve, straight between points, up to maxFPR, and divides by it.
func partialArea(clean, attacked []float64, maxFPR float64) float64 {
	c, a := slices.Sorted(slices.Values(clean)), slices.Sorted(slices.Values(attacked))
	area, f0, t0 := 0.0, 0.0, 0.0
	for i, j := len(c), len(a); i > 0 || j > 0; {
		at := math.Inf(-1)
		if i > 0 {
			at = c[i-1]
		}
		if j > 0 {
			at = max(at, a[j-1])
		}
		for i > 0 && c[i-1] == at {
			i--
		}
		for j > 0 && a[j-1] == at {
			j--
		}
		f, t := 1-float64(i)/float64(len(c)), 1-float64(j)/float64(len(a))
		if f >= maxFPR {
			if f > f0 {
				t = t0 + float64((t-t0)*((maxFPR-f0)/(f-f0)))
			}
			return (area + float64((maxFPR-f0)*(t0+t)/2)) / maxFPR
		}
		area += float64((f - f0) * (t0 + t) / 2)
		f0, t0 = f, t
	}
	return area / maxFPR
}

package stats

// Conformal p-values of a score against clean runs (V. Vovk et al., Algorithmic Learning in
// a Random World, 2005), whether a count of false alarms is what they promise
// (V. Vovk, ACML 2012), and what may be claimed of a rate. "The interval covers 5 %" is never
// the check: 7 of 60 would pass it.

import (
	"fmt"
)

// ConformalP tests whether a score is higher than clean ones, with P = (1 + #{clean >=
// score}) / (n + 1): exact for any distribution. Without clean runs P is 1.
func ConformalP(clean []float64, score float64) (Test, error) {
	const where, method = "conformal p", "conformal p-value"
	if err := checkFinite(where, append([]float64{score}, clean...)); err != nil {
		return Test{}, err
	}
	n := len(clean)
	if n == 0 {
		return untestable(method, 0, Greater, "no clean runs: nothing to compare with"), nil
	}
	total := float64(n + 1)
	return Test{Statistic: score, P: float64(1+flaggedAt(clean, score)) / total, SmallestP: 1 / total,
		Method: method, N: n, Alternative: Greater,
		Assumptions: []string{"the judged run, if clean, is exchangeable with the clean runs"}}, nil
}

// FalsePositives judges a count of false alarms.
type FalsePositives struct {
	Rate        Estimate // of fresh clean runs flagged, Clopper-Pearson
	Calibration int      // n
	Alpha       float64
	Rank        int      // k: flagged are scores above the k-th largest of n
	Expected    Estimate // count, with the range that holds it 99 times in 100
	Test        Test     // two-sided: does the count differ from what alpha promises?
	Within      bool     // the count lies in Expected.Interval
}

// CheckFalsePositives compares flagged of m fresh clean runs, tested at conformal p <=
// alpha over n calibration runs, with BetaBinomial(m; k, n+1-k), k = floor(alpha (n+1)):
// the law of that count if fresh and calibration runs are exchangeable. Level is of
// Rate's interval.
func CheckFalsePositives(flagged, m, n int, alpha, level float64) (FalsePositives, error) {
	const where = "false positives"
	if n < 0 || !(alpha > 0 && alpha < 1) {
		return FalsePositives{}, fmt.Errorf("%s: %d calibration runs, alpha %v: want n >= 0 and a fraction between 0 and 1", where, n, alpha)
	}
	rate, err := ClopperPearson(flagged, m, level)
	if err != nil {
		return FalsePositives{}, err
	}
	out := FalsePositives{Rate: rate, Calibration: n, Alpha: alpha, Rank: conformalRank(alpha, n)}
	method := fmt.Sprintf("BetaBinomial(%d; %d, %d)", m, out.Rank, n+1-out.Rank)
	exchangeable := []string{"fresh and calibration runs are exchangeable", "scores have no ties"}
	out.Expected = Estimate{Method: method + " 99 % range", N: m, Interval: Interval{0, 0, 0.99}, Assumptions: exchangeable}
	if out.Rank == 0 {
		why := fmt.Sprintf("%d calibration runs cannot reach p <= %v: nothing can be flagged", n, alpha)
		out.Expected.Warnings = []string{why}
		out.Test = untestable(method, m, TwoSided, why)
		out.Within = flagged == 0
		return out, nil
	}
	law, err := NewBetaBinomial(m, float64(out.Rank), float64(n+1-out.Rank))
	if err != nil {
		return FalsePositives{}, err
	}
	low, high, err := law.Range(0.99)
	if err != nil {
		return FalsePositives{}, err
	}
	out.Expected.Value = float64(m) * (float64(out.Rank) / float64(n+1))
	out.Expected.Interval = Interval{float64(low), float64(high), 0.99}
	out.Within = low <= flagged && flagged <= high
	if m == 0 {
		out.Test = untestable(method, 0, TwoSided, "no fresh clean runs: nothing to check")
		out.Expected.Warnings = out.Test.Warnings
		return out, nil
	}
	p := func(k int) float64 { return min(1, 2*min(law.AtMost(k), law.AtLeast(k))) }
	out.Test = Test{Statistic: float64(flagged), P: p(flagged), SmallestP: min(p(0), p(m)), Method: method, N: m,
		Alternative: TwoSided, Assumptions: exchangeable}
	return out, nil
}

// RateClaim is a claim about a rate and whether the data support it.
type RateClaim struct {
	Claim string   // "at most 0.05"
	Bound Estimate // the rate with its exact one-sided bound
	Holds bool
}

// ClaimAtMost: a rate of k of n is claimed to be at most x where the one-sided
// Clopper-Pearson upper bound is. 5 % needs 0 of 59, 1 of 93 or 2 of 124.
func ClaimAtMost(k, n int, x, level float64) (RateClaim, error) {
	if err := checkClaim(x); err != nil {
		return RateClaim{}, err
	}
	e, err := ClopperPearsonUpper(k, n, level)
	return RateClaim{fmt.Sprintf("at most %v", x), e, err == nil && n > 0 && e.Interval.High <= x}, err
}

// ClaimAtLeast is the mirror: 90 % needs 29 of 29, 45 of 46 or 59 of 61.
func ClaimAtLeast(k, n int, x, level float64) (RateClaim, error) {
	if err := checkClaim(x); err != nil {
		return RateClaim{}, err
	}
	e, err := ClopperPearsonLower(k, n, level)
	return RateClaim{fmt.Sprintf("at least %v", x), e, err == nil && n > 0 && e.Interval.Low >= x}, err
}

func checkClaim(x float64) error {
	if !(x > 0 && x < 1) {
		return fmt.Errorf("claim of a rate: %v: want a fraction between 0 and 1, such as 0.05", x)
	}
	return nil
}

package stats

// Rates of successes among trials, and their differences.
// Wilson: E. B. Wilson, JASA 22 (1927). Clopper-Pearson: Biometrika 26 (1934).
// Difference: R. G. Newcombe, Statistics in Medicine 17:873 (1998), method 10.
// Not here: rates whose trials share a seed or an item (BootstrapCrossed), and
// paired rates (Tango).

import (
	"fmt"
	"math"
)

const (
	independentTrials  = "trials are independent and share one rate"
	independentSamples = "the two samples are independent of each other"
)

// Wilson is the rate k/n with Wilson's score interval: coverage is near
// the level on average over rates, not for every rate. Use it to describe.
// Without trials the rate is NaN and the interval [0, 1].
func Wilson(k, n int, level float64) (Estimate, error) {
	if err := checkRate("wilson", k, n, level); err != nil {
		return Estimate{}, err
	}
	e := rate(k, n, "Wilson score")
	low, high := wilson(k, n, zCritical(level))
	e.Interval = Interval{low, high, level}
	return e, nil
}

// ClopperPearson is the rate k/n with the exact two-sided interval: coverage is
// at least the level for every rate. Use it to claim.
func ClopperPearson(k, n int, level float64) (Estimate, error) {
	if err := checkRate("clopper-pearson", k, n, level); err != nil {
		return Estimate{}, err
	}
	e := rate(k, n, "Clopper-Pearson exact")
	tail := (1 - level) / 2
	e.Interval = Interval{clopperLow(k, n, tail), clopperHigh(k, n, tail), level}
	return e, nil
}

// ClopperPearsonUpper is the rate k/n with its exact one-sided upper bound: the
// interval is [0, bound] and holds the rate with at least the level's probability.
// "The false-positive rate is at most x" is claimed with this one: 0 of 59
// shows 5 % at level 0.95.
func ClopperPearsonUpper(k, n int, level float64) (Estimate, error) {
	if err := checkRate("clopper-pearson upper", k, n, level); err != nil {
		return Estimate{}, err
	}
	e := rate(k, n, "Clopper-Pearson exact, one-sided upper")
	e.Interval = Interval{0, clopperHigh(k, n, 1-level), level}
	return e, nil
}

// ClopperPearsonLower is the rate k/n with its exact one-sided lower bound: the
// interval is [bound, 1]. 29 of 29 shows 90 % at level 0.95.
func ClopperPearsonLower(k, n int, level float64) (Estimate, error) {
	if err := checkRate("clopper-pearson lower", k, n, level); err != nil {
		return Estimate{}, err
	}
	e := rate(k, n, "Clopper-Pearson exact, one-sided lower")
	e.Interval = Interval{clopperLow(k, n, 1-level), 1, level}
	return e, nil
}

// Newcombe is the difference k1/n1 - k2/n2 of two independent rates with
// Newcombe's interval, which combines the two Wilson intervals and therefore
// behaves at rates of 0 and 1. N counts both samples' trials.
func Newcombe(k1, n1, k2, n2 int, level float64) (Estimate, error) {
	if err := checkRate("newcombe, first sample", k1, n1, level); err != nil {
		return Estimate{}, err
	}
	if err := checkRate("newcombe, second sample", k2, n2, level); err != nil {
		return Estimate{}, err
	}
	e := Estimate{Method: "Newcombe hybrid score (method 10)", N: n1 + n2,
		Assumptions: []string{independentTrials, independentSamples}}
	if n1 == 0 || n2 == 0 {
		e.Value, e.Interval = math.NaN(), Interval{-1, 1, level}
		e.Warnings = []string{"a sample without trials: the difference is undefined"}
		return e, nil
	}
	z := zCritical(level)
	p1, p2 := float64(k1)/float64(n1), float64(k2)/float64(n2)
	l1, u1 := wilson(k1, n1, z)
	l2, u2 := wilson(k2, n2, z)
	d := p1 - p2
	e.Value = d
	e.Interval = Interval{d - math.Hypot(p1-l1, u2-p2), d + math.Hypot(u1-p1, p2-l2), level}
	if (k1 == 0 || k1 == n1) && (k2 == 0 || k2 == n2) {
		e.Warnings = []string{fmt.Sprintf("%d of %d and %d of %d: both rates are at an edge", k1, n1, k2, n2)}
	}
	return e, nil
}

func checkRate(where string, k, n int, level float64) error {
	if err := checkCount(where, k, n); err != nil {
		return err
	}
	return checkLevel(where, level)
}

// rate is k/n without an interval yet.
func rate(k, n int, method string) Estimate {
	e := Estimate{Value: math.NaN(), Method: method, N: n, Assumptions: []string{independentTrials}}
	switch {
	case n == 0:
		e.Warnings = []string{"no trials: the rate is undefined"}
		return e
	case k == 0:
		e.Warnings = []string{fmt.Sprintf("0 of %d: quote the upper end, not the rate", n)}
	case k == n:
		e.Warnings = []string{fmt.Sprintf("%d of %d: quote the lower end, not the rate", k, n)}
	}
	e.Value = float64(k) / float64(n)
	return e
}

// wilson is exact at the edges: 0 when nothing and 1 when everything succeeded.
func wilson(k, n int, z float64) (low, high float64) {
	if n == 0 {
		return 0, 1
	}
	m, x, zz := float64(n), float64(k), float64(z*z)
	mid := x + float64(zz/2)
	half := float64(z * math.Sqrt(x*(m-x)/m+float64(zz/4)))
	low, high = (mid-half)/(m+zz), (mid+half)/(m+zz)
	if k == 0 {
		low = 0
	}
	if k == n {
		high = 1
	}
	return low, high
}

// clopperLow is the rate at which k or more of n has probability tail.
func clopperLow(k, n int, tail float64) float64 {
	if k == 0 {
		return 0
	}
	return betaQuantile(tail, float64(k), float64(n-k+1))
}

// clopperHigh is the rate at which k or fewer of n has probability tail.
func clopperHigh(k, n int, tail float64) float64 {
	if k == n {
		return 1
	}
	return betaQuantile(1-float64(tail), float64(k+1), float64(n-k))
}

package stats

// Two rates measured on the same items: exact McNemar and its mid-p form (Q.
// McNemar, Psychometrika 12, 1947; M. W. Fagerland et al., BMC Medical Research
// Methodology 13:91, 2013) and Tango's score interval of the difference
// (T. Tango, Statistics in Medicine 17:891, 1998). They speak of one pair of runs
// over many items; claims over seeds need SignFlip or BootstrapCrossed.

import (
	"fmt"
	"math"
)

// Paired counts the items of two runs by outcome. OnlyFirst succeeded in the
// first run and not in the second.
type Paired struct {
	Both, OnlyFirst, OnlySecond, Neither int
}

// PairOutcomes counts outcomes of the same items in two runs.
func PairOutcomes(first, second []bool) (Paired, error) {
	var t Paired
	if len(first) != len(second) {
		return t, fmt.Errorf("pair outcomes: %d and %d items: want the same items in both runs", len(first), len(second))
	}
	for i, a := range first {
		switch b := second[i]; {
		case a && b:
			t.Both++
		case a:
			t.OnlyFirst++
		case b:
			t.OnlySecond++
		default:
			t.Neither++
		}
	}
	return t, nil
}

// Items is how many there are.
func (t Paired) Items() int { return t.Both + t.OnlyFirst + t.OnlySecond + t.Neither }

func (t Paired) check(where string) error {
	if min(t.Both, t.OnlyFirst, t.OnlySecond, t.Neither) < 0 {
		return fmt.Errorf("%s: counts %+v: want none below 0", where, t)
	}
	return nil
}

var pairAssumptions = []string{"items are independent draws", "the two runs are given: nothing is said of other seeds"}

// McNemar tests whether two runs succeed equally often on the same items.
// Statistic is OnlyFirst; N counts the discordant items, which alone decide, and
// SmallestP is what that many could give if all went one way.
func McNemar(t Paired, alt Alternative) (Test, error) { return mcNemar(t, alt, 0, "exact McNemar") }

// McNemarMidP counts half of the observed outcome's own probability: less
// conservative than McNemar, at the price of exceeding its level a little at times.
func McNemarMidP(t Paired, alt Alternative) (Test, error) {
	return mcNemar(t, alt, 0.5, "mid-p McNemar")
}

func mcNemar(t Paired, alt Alternative, off float64, method string) (Test, error) {
	if err := t.check("mcnemar"); err != nil {
		return Test{}, err
	}
	if err := checkAlternative("mcnemar", alt); err != nil {
		return Test{}, err
	}
	k, n := t.OnlyFirst, t.OnlySecond+t.OnlyFirst
	if n == 0 {
		return untestable(method, 0, alt, fmt.Sprintf("none of %d items differs between the runs: nothing to test", t.Items())), nil
	}
	p := func(k int) float64 {
		own := float64(off * binomialPMF(k, n, 0.5))
		switch alt {
		case Greater:
			return binomialUpper(k, n, 0.5) - own
		case Less:
			return binomialLower(k, n, 0.5) - own
		}
		return min(1, 2*(binomialLower(min(k, n-k), n, 0.5)-own))
	}
	extreme := n
	if alt == Less {
		extreme = 0
	}
	return Test{Statistic: float64(k), P: p(k), SmallestP: p(extreme), Method: method, N: n,
		Alternative: alt, Assumptions: pairAssumptions}, nil
}

// Tango is the difference (OnlyFirst - OnlySecond)/n of the two runs' rates with the
// interval of all differences that the score test does not reject.
func Tango(t Paired, level float64) (Estimate, error) {
	if err := t.check("tango"); err != nil {
		return Estimate{}, err
	}
	if err := checkLevel("tango", level); err != nil {
		return Estimate{}, err
	}
	n := t.Items()
	e := Estimate{Value: math.NaN(), Interval: Interval{-1, 1, level}, N: n,
		Method: "Tango score for paired rates", Assumptions: pairAssumptions}
	if n == 0 {
		e.Warnings = []string{"no items: the difference is undefined"}
		return e, nil
	}
	if t.OnlyFirst+t.OnlySecond == 0 {
		e.Warnings = []string{fmt.Sprintf("none of %d items differs between the runs: quote the interval, not the difference", n)}
	}
	e.Value = float64(t.OnlyFirst-t.OnlySecond) / float64(n)
	e.Interval = invertScore(t.score, e.Value, level)
	return e, nil
}

// score is Tango's z for the hypothesis that the difference is delta: positive when
// the observed one is larger. q is the likeliest rate of OnlySecond given delta.
func (t Paired) score(delta float64) float64 {
	n, b, c := float64(t.Items()), float64(t.OnlyFirst), float64(t.OnlySecond)
	qa := 2 * n
	qb := float64((2*n-b+c)*delta) - b - c
	qc := -c * delta * (1 - delta)
	q := (math.Sqrt(max(0, float64(qb*qb)-float64(4*qa*qc))) - qb) / (2 * qa)
	if qb > 0 { // the same root without cancellation
		q = -2 * qc / (math.Sqrt(max(0, float64(qb*qb)-float64(4*qa*qc))) + qb)
	}
	return ratio(b-c-float64(n*delta), math.Sqrt(max(0, n*(2*q+float64(delta*(1-delta))))))
}

// ratio is num/den, and 0 where there is nothing over nothing.
func ratio(num, den float64) float64 {
	if num == 0 {
		return 0
	}
	return num / den
}

// invertScore is the set of differences in [-1, 1] that a score, falling in
// delta and 0 at value, does not reject.
func invertScore(score func(delta float64) float64, value, level float64) Interval {
	z := zCritical(level)
	low := bisect(func(d float64) bool { return score(d) > z }, -1, value)
	high := bisect(func(d float64) bool { return score(d) >= -z }, value, 1)
	return Interval{low, high, level}
}

// bisect is the point in [low, high] where holds, true at the low end if
// anywhere, stops being true.
func bisect(holds func(x float64) bool, low, high float64) float64 {
	if !holds(low) {
		return low
	}
	if holds(high) {
		return high
	}
	for range 200 {
		mid := low + float64((high-low)/2)
		if mid <= low || mid >= high {
			break
		}
		if holds(mid) {
			low = mid
		} else {
			high = mid
		}
	}
	return low
}

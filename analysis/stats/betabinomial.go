package stats

// The beta-binomial distribution: successes among n trials whose common rate is
// itself Beta(a, b). With a = k and b = n+1-k it is the law of the number of
// false alarms among m fresh clean runs when the threshold is the k-th
// largest of n calibration scores (V. Vovk, Conditional validity of inductive
// conformal predictors, 2012).

import (
	"fmt"
	"math"
)

// BetaBinomial is a distribution over 0..n.
type BetaBinomial struct {
	pmf []float64 // [n+1]
}

// NewBetaBinomial wants n >= 0 and finite positive a, b.
func NewBetaBinomial(n int, a, b float64) (BetaBinomial, error) {
	if n < 0 || !(a > 0) || !(b > 0) || math.IsInf(a, 1) || math.IsInf(b, 1) {
		return BetaBinomial{}, fmt.Errorf("beta-binomial: n %d, a %v, b %v: want n >= 0 and finite a, b > 0", n, a, b)
	}
	// Ratios of neighbours, outward from the mean, then scaled to sum to one:
	// no logarithm of a gamma function, no loss at large n.
	f := make([]float64, n+1)
	ratio := func(k int) float64 { // f[k+1] / f[k]
		x, m := float64(k), float64(n)
		return (m - x) / (x + 1) * ((x + a) / (m - x - 1 + b))
	}
	start := int(float64(n) * (a / (a + b)))
	f[start] = 1
	for k := start; k < n; k++ {
		f[k+1] = f[k] * ratio(k)
	}
	for k := start - 1; k >= 0; k-- {
		f[k] = f[k+1] / ratio(k)
	}
	total := sum(f)
	for k := range f {
		f[k] /= total
	}
	return BetaBinomial{f}, nil
}

// PMF is P(X = k), 0 outside the range.
func (d BetaBinomial) PMF(k int) float64 {
	if k < 0 || k >= len(d.pmf) {
		return 0
	}
	return d.pmf[k]
}

// AtMost is P(X <= k).
func (d BetaBinomial) AtMost(k int) float64 {
	if k < 0 {
		return 0
	}
	if k >= len(d.pmf)-1 {
		return 1
	}
	return sum(d.pmf[:k+1])
}

// AtLeast is P(X >= k), summed from the far end so that small tails keep their digits.
func (d BetaBinomial) AtLeast(k int) float64 {
	if k <= 0 {
		return 1
	}
	s := 0.0
	for i := len(d.pmf) - 1; i >= k; i-- {
		s += d.pmf[i]
	}
	return s
}

// Range is the shortest central range low..high with at most (1-level)/2 beyond
// either end, so it holds X with at least the level's probability.
func (d BetaBinomial) Range(level float64) (low, high int, err error) {
	if err := checkLevel("beta-binomial range", level); err != nil {
		return 0, 0, err
	}
	n := len(d.pmf) - 1
	if n < 0 {
		return 0, 0, fmt.Errorf("beta-binomial range: distribution without values: want one made by NewBetaBinomial")
	}
	tail := (1 - level) / 2 * (1 + 1e-12) // a tail that is equal but for rounding counts
	for below := d.pmf[0]; below <= tail && low < n; below += d.pmf[low] {
		low++
	}
	high = n
	for above := d.pmf[n]; above <= tail && high > low; above += d.pmf[high] {
		high--
	}
	return low, high, nil
}

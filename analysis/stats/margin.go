package stats

// The two designs of equivalence.go that resample, and what all of them share.
// Sign-flip: the shifts that the test does not reject are bounded by averages of
// subsets (J. A. Hartigan, JASA 64:1303, 1969), so one list of averages gives P and
// interval alike.

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
)

// MarginSignFlip tests paired differences, one a seed, by sign-flips about the
// margin: no normality, and identical differences are no obstacle. Exact up to 22
// differences, beyond that with draws random flips from src, which may be nil otherwise.
// The end of the interval is infinite where alpha is below SmallestP.
func MarginSignFlip(claim Claim, src Source, differences []float64, margin, alpha float64, draws int) (Margin, error) {
	const where = "margin by sign-flip"
	m, err := newMargin(where, claim, margin, alpha)
	if err != nil {
		return m, err
	}
	if err := checkFinite(where, differences); err != nil {
		return m, err
	}
	n := len(differences)
	m.Difference = Estimate{Value: math.NaN(), Interval: unbounded(1 - 2*alpha), Method: "exact sign-flip about the margin", N: n,
		Assumptions: []string{"differences are independent, each symmetric about the same centre"}}
	if n == 0 {
		return m.nothing("no differences: nothing to test"), nil
	}
	var means []float64 // of subsets that are not empty; the empty one counts always
	if n <= 22 {
		means = subsetMeans(differences)
	} else {
		if src == nil || draws < 1 {
			return m, fmt.Errorf("%s: %d differences are too many to enumerate, and %d draws: want a source and at least 1 draw, better 9999", where, n, draws)
		}
		m.Difference.Method = fmt.Sprintf("Monte Carlo sign-flip about the margin, %d draws", draws)
		means = randomSubsetMeans(src, differences, draws)
	}
	slices.Sort(means)
	near := rounding(differences, nil) / float64(n)
	total := float64(len(means) + 1)
	below := func(x float64) float64 { // how many averages are at most x
		k, _ := slices.BinarySearch(means, math.Nextafter(x, math.Inf(1)))
		return float64(k)
	}
	m.Difference.Value = mean(differences)
	if constant(differences) && n > 1 {
		m.Difference.Warnings = append(m.Difference.Warnings, "all differences are the same: an interval has no width and says nothing about uncertainty")
	}
	if k := int(float64(alpha*total) + 1e-9); k >= 1 {
		m.Difference.Interval.Low, m.Difference.Interval.High = means[k-1], means[len(means)-k]
	} else {
		m.Difference.Warnings = append(m.Difference.Warnings, fmt.Sprintf("%d differences cannot reach alpha %v", n, alpha))
	}
	return m.decide(m.Difference.Value+margin, m.Difference.Value-margin,
		(1+below(near-margin))/total, (total-below(margin-near))/total, 1/total), nil
}

// subsetMeans are the averages of every subset but the empty one.
func subsetMeans(d []float64) []float64 {
	sums := make([]float64, 1<<len(d))
	for s := 1; s < len(sums); s++ {
		top := bits.Len(uint(s)) - 1
		sums[s] = sums[s&^(1<<top)] + d[top]
	}
	for s := 1; s < len(sums); s++ {
		sums[s] /= float64(bits.OnesCount(uint(s)))
	}
	return sums[1:]
}

func randomSubsetMeans(src Source, d []float64, draws int) []float64 {
	means := make([]float64, 0, draws)
	for len(means) < draws {
		s, n, word := 0.0, 0, uint64(0)
		for i, v := range d {
			if i%64 == 0 {
				word = src.Uint64()
			}
			if word&1 != 0 {
				s += v
				n++
			}
			word >>= 1
		}
		if n > 0 {
			means = append(means, s/float64(n))
		}
	}
	return means
}

func newMargin(where string, claim Claim, margin, alpha float64) (Margin, error) {
	m := Margin{Claim: claim, Margin: margin, Alpha: alpha}
	if claim != NonInferior && claim != Equivalent {
		return m, fmt.Errorf("%s: claim %q: want %q or %q", where, claim, NonInferior, Equivalent)
	}
	if !(margin > 0) || math.IsInf(margin, 1) {
		return m, fmt.Errorf("%s: margin %v: want a positive number in the data's units, such as 0.02", where, margin)
	}
	if !(alpha > 0 && alpha < 0.5) {
		return m, fmt.Errorf("%s: alpha %v: want a fraction between 0 and 0.5, such as 0.05", where, alpha)
	}
	return m, nil
}

// newRateMargin also wants a margin that a difference of rates can exceed.
func newRateMargin(where string, claim Claim, margin, alpha float64) (Margin, error) {
	m, err := newMargin(where, claim, margin, alpha)
	if err == nil && margin >= 1 {
		err = fmt.Errorf("%s: margin %v: want a fraction between 0 and 1, such as 0.02", where, margin)
	}
	return m, err
}

// nothing is the outcome without usable data; why may already be among the warnings.
func (m Margin) nothing(why string) Margin {
	if why != "" {
		m.Difference.Warnings = append(m.Difference.Warnings, why)
	}
	return m.decide(0, 0, 1, 1, 1)
}

// decide takes statistic and P of either side, and the smallest P of the design.
func (m Margin) decide(low, high, pLow, pHigh, smallest float64) Margin {
	m.Test = Test{Statistic: low, P: pLow, SmallestP: smallest, Method: m.Difference.Method, N: m.Difference.N,
		Alternative: Greater, Warnings: m.Difference.Warnings, Assumptions: m.Difference.Assumptions}
	if m.Claim == Equivalent && pHigh > pLow {
		m.Test.Statistic, m.Test.P, m.Test.Alternative = high, pHigh, Less
	}
	m.Holds = m.Test.P <= m.Alpha
	return m
}

// judge decides by a score that falls in the hypothetical difference; smallest as in decide.
func (m Margin) judge(score func(delta float64) float64, smallest float64) Margin {
	low, high := score(-m.Margin), score(m.Margin)
	return m.decide(low, high, normalCDF(-low), normalCDF(high), smallest)
}

// normal is the P that judge would give to a score.
func (m Margin) normal(score func(delta float64) float64) float64 {
	return m.judge(score, 0).Test.P
}

// student decides by Student's t; m has the difference already.
func (m Margin) student(se, df float64) Margin {
	if se == 0 {
		return m.nothing("the values do not vary: their spread cannot be estimated; use MarginSignFlip")
	}
	d := m.Difference.Value
	half := float64(tCritical(1-2*m.Alpha, df) * se)
	m.Difference.Interval.Low, m.Difference.Interval.High = d-half, d+half
	low, high := (d+m.Margin)/se, (d-m.Margin)/se
	return m.decide(low, high, tCDF(-low, df), tCDF(high, df), 0)
}

package stats

// Non-inferiority and equivalence by two one-sided tests (D. J. Schuirmann, J.
// Pharmacokinetics and Biopharmaceutics 15:657, 1987): "keeps its accuracy" is shown, not
// inferred from a difference that failed to be significant. Each function
// has one design and returns test and interval that cannot disagree.

import (
	"math"
)

// Claim is what is to be shown of the first, treated arm less the second.
type Claim string

// NonInferior: the difference is above -margin, larger being better. Equivalent: it
// lies between -margin and margin.
const (
	NonInferior Claim = "non-inferior"
	Equivalent  Claim = "equivalent"
)

// Margin is the outcome of one such test.
type Margin struct {
	Claim      Claim
	Margin     float64 // in the data's units: 0.02 is two percentage points
	Alpha      float64
	Difference Estimate // its interval has level 1-2 alpha
	Test       Test     // one-sided; of the two for equivalence, the less convincing
	Holds      bool     // Test.P <= Alpha
}

// MarginRates compares two independent rates by Miettinen and Nurminen's score test.
func MarginRates(claim Claim, k1, n1, k2, n2 int, margin, alpha float64) (Margin, error) {
	const where, method = "margin of rates", "Miettinen-Nurminen score"
	m, err := newRateMargin(where, claim, margin, alpha)
	if err != nil {
		return m, err
	}
	for _, s := range [][2]int{{k1, n1}, {k2, n2}} {
		if err := checkCount(where, s[0], s[1]); err != nil {
			return m, err
		}
	}
	m.Difference = Estimate{Value: math.NaN(), Interval: Interval{-1, 1, 1 - 2*alpha}, Method: method, N: n1 + n2,
		Assumptions: []string{independentTrials, independentSamples}}
	if n1 == 0 || n2 == 0 {
		return m.nothing("a sample without trials: the difference is undefined"), nil
	}
	r := ratesOf(k1, n1, k2, n2)
	m.Difference.Value = r.k1/r.n1 - r.k2/r.n2
	m.Difference.Interval = invertScore(r.score, m.Difference.Value, 1-2*alpha)
	best := m.normal(ratesOf(n1, n1, 0, n2).score)
	if claim == Equivalent {
		best = min(m.normal(ratesOf(0, n1, 0, n2).score), m.normal(ratesOf(n1, n1, n2, n2).score))
	}
	return m.judge(r.score, best), nil
}

// MarginPairedRates compares two runs on the same items by Tango's score test.
func MarginPairedRates(claim Claim, t Paired, margin, alpha float64) (Margin, error) {
	m, err := newRateMargin("margin of paired rates", claim, margin, alpha)
	if err != nil {
		return m, err
	}
	if m.Difference, err = Tango(t, 1-2*alpha); err != nil {
		return m, err
	}
	n := t.Items()
	if n == 0 {
		return m.nothing(""), nil
	}
	best := Paired{OnlyFirst: n}
	if claim == Equivalent {
		best = Paired{Both: n}
	}
	return m.judge(t.score, m.normal(best.score)), nil
}

// MarginMeans compares the means of two independent samples by Welch's t.
func MarginMeans(claim Claim, x, y []float64, margin, alpha float64) (Margin, error) {
	const where = "margin of means"
	m, err := newMargin(where, claim, margin, alpha)
	if err != nil {
		return m, err
	}
	if err := checkSamples(where, x, y, TwoSided); err != nil {
		return m, err
	}
	m.Difference = Estimate{Value: math.NaN(), Interval: unbounded(1 - 2*alpha), Method: "Welch t", N: len(x) + len(y),
		Assumptions: []string{"means are nearly normal", independentSamples}}
	if len(x) == 0 || len(y) == 0 {
		return m.nothing("an empty sample: the difference is undefined"), nil
	}
	m.Difference.Value = mean(x) - mean(y)
	if len(x) < 2 || len(y) < 2 {
		return m.nothing("a sample of one: its spread cannot be known"), nil
	}
	a, b := variance(x)/float64(len(x)), variance(y)/float64(len(y))
	share, rest := a/(a+b), b/(a+b) // of the variance; Welch and Satterthwaite's degrees of freedom
	df := 1 / (float64(share*share)/float64(len(x)-1) + float64(rest*rest)/float64(len(y)-1))
	return m.student(math.Sqrt(a+b), df), nil
}

// MarginPairedMeans tests the mean of paired differences, one a seed, by Student's t.
func MarginPairedMeans(claim Claim, differences []float64, margin, alpha float64) (Margin, error) {
	const where = "margin of paired means"
	m, err := newMargin(where, claim, margin, alpha)
	if err != nil {
		return m, err
	}
	if err := checkFinite(where, differences); err != nil {
		return m, err
	}
	n := len(differences)
	m.Difference = Estimate{Value: math.NaN(), Interval: unbounded(1 - 2*alpha), Method: "paired t", N: n,
		Assumptions: []string{"differences are independent", "their mean is nearly normal"}}
	if n == 0 {
		return m.nothing("no differences: nothing to test"), nil
	}
	m.Difference.Value = mean(differences)
	if n == 1 {
		return m.nothing("one difference: its spread cannot be known"), nil
	}
	return m.student(math.Sqrt(variance(differences)/float64(n)), float64(n-1)), nil
}

package stats

// Power of comparisons of two rates, independent or on the same items: a
// difference from 0, non-inferiority, equivalence, by the very score tests of MarginRates
// and MarginPairedRates, over all tables of counts.

import (
	"fmt"
	"math"
)

// RatesPower is that of the score test (Miettinen and Nurminen) for a difference between
// rates p1 of n1 and p2 of n2 trials.
func RatesPower(n1, n2 int, p1, p2, alpha float64, alt Alternative) (Power, error) {
	const where = "power of two rates"
	out, err := newRatesPower(where, n1, n2, p1, p2, alpha)
	if err != nil {
		return Power{}, err
	}
	if err := checkAlternative(where, alt); err != nil {
		return Power{}, err
	}
	tail := alpha
	if alt == TwoSided {
		tail /= 2
	}
	z := -normalQuantile(tail)
	out.Method = "Miettinen-Nurminen score, enumerated"
	best := ratesOf(n1, n1, 0, n2).score(0)
	out.SmallestP = normalCDF(-best)
	if alt == TwoSided {
		out.SmallestP *= 2
	}
	out.reach()
	out.Power = sumTables(n1, n2, p1, p2, func(r rates) bool {
		s := r.score(0)
		return alt != Less && s >= z || alt != Greater && s <= -z
	})
	return out, nil
}

// MarginRatesPower is that of MarginRates.
func MarginRatesPower(claim Claim, n1, n2 int, p1, p2, margin, alpha float64) (Power, error) {
	const where = "power of a margin of rates"
	out, err := newRatesPower(where, n1, n2, p1, p2, alpha)
	if err != nil {
		return Power{}, err
	}
	// The test's own view of the best table gives SmallestP, and checks claim and margin.
	m, err := MarginRates(claim, 0, n1, 0, n2, margin, alpha)
	if err != nil {
		return Power{}, err
	}
	out.Method, out.SmallestP = fmt.Sprintf("%s by %s, enumerated", claim, m.Test.Method), m.Test.SmallestP
	out.reach()
	z := -normalQuantile(alpha)
	out.Power = sumTables(n1, n2, p1, p2, func(r rates) bool {
		return r.score(-margin) >= z && (claim == NonInferior || r.score(margin) <= -z)
	})
	return out, nil
}

func newRatesPower(where string, n1, n2 int, p1, p2, alpha float64) (Power, error) {
	for _, n := range []int{n1, n2} {
		if err := checkSize(where+", trials", n); err != nil {
			return Power{}, err
		}
	}
	if err := checkAlpha(where, alpha); err != nil {
		return Power{}, err
	}
	if err := checkRates(where, p1, p2); err != nil {
		return Power{}, err
	}
	return Power{Alpha: alpha, N: n1 + n2, Units: "trials in both samples", Assumptions: []string{independentTrials, independentSamples}}, nil
}

// sumTables is the probability of the tables that reject.
func sumTables(n1, n2 int, p1, p2 float64, rejects func(rates) bool) float64 {
	w1, w2 := likelyCounts(n1, p1), likelyCounts(n2, p2)
	power := 0.0
	for _, a := range w1 {
		for _, b := range w2 {
			if rejects(ratesOf(a.k, n1, b.k, n2)) {
				power += float64(a.p * b.p)
			}
		}
	}
	return min(power, 1)
}

type weighted struct {
	k int
	p float64
}

// likelyCounts leaves out what is too rare to move a power's sixth digit.
func likelyCounts(n int, p float64) []weighted {
	reach := int(7*math.Sqrt(float64(n)*p*(1-p))) + 12
	mid := int(float64(n) * p)
	var out []weighted
	for k := max(0, mid-reach); k <= min(n, mid+reach); k++ {
		if w := binomialPMF(k, n, p); w > 1e-10 {
			out = append(out, weighted{k, w})
		}
	}
	return out
}

// MarginPairedPower is that of MarginPairedRates over items, of which the shares onlyFirst
// and onlySecond differ between the runs.
func MarginPairedPower(claim Claim, items int, onlyFirst, onlySecond, margin, alpha float64) (Power, error) {
	const where = "power of a margin of paired rates"
	if err := checkSize(where+", items", items); err != nil {
		return Power{}, err
	}
	if err := checkRates(where, onlyFirst, onlySecond, onlyFirst+onlySecond); err != nil {
		return Power{}, err
	}
	m, err := MarginPairedRates(claim, Paired{Both: items}, margin, alpha)
	if err != nil {
		return Power{}, err
	}
	out := Power{Alpha: alpha, N: items, Units: "items", SmallestP: m.Test.SmallestP, Assumptions: pairAssumptions,
		Method: fmt.Sprintf("%s by %s, enumerated", claim, m.Test.Method)}
	out.reach()
	z := -normalQuantile(alpha)
	for _, c := range likelyCounts(items, onlySecond) {
		rest := 0.0
		if onlySecond < 1 {
			rest = min(onlyFirst/(1-onlySecond), 1)
		}
		for _, b := range likelyCounts(items-c.k, rest) {
			t := Paired{OnlyFirst: b.k, OnlySecond: c.k, Neither: items - b.k - c.k}
			if t.score(-margin) >= z && (claim == NonInferior || t.score(margin) <= -z) {
				out.Power += float64(b.p * c.p)
			}
		}
	}
	out.Power = min(out.Power, 1)
	return out, nil
}

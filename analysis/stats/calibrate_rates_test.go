package stats

// Studies of rates, of pairs on the same items, and of claims within a margin.

import (
	"fmt"
	"math/rand/v2"
)

type rateMethod func(k, n int, level float64) (Estimate, error)

func rateStudies() []study {
	var list []study
	for _, c := range []struct {
		name      string
		method    rateMethod
		n         int
		p         float64
		low, high float64
	}{
		{"Wilson", Wilson, 60, 0.1, 0.93, 0.97}, {"Wilson", Wilson, 1000, 0.9, 0.94, 0.96},
		{"ClopperPearson", ClopperPearson, 60, 0.05, 0.95, 1}, {"ClopperPearson", ClopperPearson, 30, 0.5, 0.95, 1},
		{"ClopperPearsonUpper", ClopperPearsonUpper, 124, 0.05, 0.95, 1}, {"ClopperPearsonLower", ClopperPearsonLower, 61, 0.9, 0.95, 1},
	} {
		list = append(list, one(c.name, fmt.Sprintf("rate %v, %d trials: %s", c.p, c.n, c.name), covers, c.low, c.high, func(r *rand.Rand) (bool, error) {
			e, err := c.method(drawBinomial(r, c.n, c.p), c.n, 0.95)
			return e.Interval.Contains(c.p), err
		}))
	}
	list = append(list,
		one("Wilson", "rate uniform on [0, 1], 40 trials", covers, 0.94, 0.96, func(r *rand.Rand) (bool, error) {
			p := r.Float64()
			e, err := Wilson(drawBinomial(r, 40, p), 40, 0.95)
			return e.Interval.Contains(p), err
		}),
		one("ClaimAtMost", "at most 5 % claimed of a rate of 5.0001 %, 124 runs", rejects, 0, 0.05, func(r *rand.Rand) (bool, error) {
			c, err := ClaimAtMost(drawBinomial(r, 124, 0.050001), 124, 0.05, 0.95)
			return c.Holds, err
		}),
		one("ClaimAtLeast", "at least 90 % claimed of a rate of 89.99 %, 61 runs", rejects, 0, 0.05, func(r *rand.Rand) (bool, error) {
			c, err := ClaimAtLeast(drawBinomial(r, 61, 0.8999), 61, 0.9, 0.95)
			return c.Holds, err
		}))
	for _, c := range []struct{ p1, p2 float64 }{{0.8, 0.6}, {1, 0.95}} {
		list = append(list, one("Newcombe", fmt.Sprintf("rates %v of 50 and %v of 40", c.p1, c.p2), covers, 0.93, 1, func(r *rand.Rand) (bool, error) {
			e, err := Newcombe(drawBinomial(r, 50, c.p1), 50, drawBinomial(r, 40, c.p2), 40, 0.95)
			return e.Interval.Contains(c.p1 - c.p2), err
		}))
	}
	for _, true_ := range []float64{0.1, 0.6} {
		list = append(list, one("RoganGladen", fmt.Sprintf("true rate %v of 150, judge 90 %% and 95 %% right on 60 known items each", true_), covers, 0.935, 1,
			func(r *rand.Rand) (bool, error) {
				seen := true_*0.9 + (1-true_)*0.05
				e, err := RoganGladen(Count{drawBinomial(r, 150, seen), 150}, Count{drawBinomial(r, 60, 0.9), 60}, Count{drawBinomial(r, 60, 0.95), 60}, 0.95)
				return e.Interval.Contains(true_), err
			}))
	}
	return append(list, predictiveStudy())
}

func predictiveStudy() study {
	const v, se, fp = 0.1, 0.8, 0.05
	costs := Costs{Scan: 1, Review: 20}
	ppv, npv := v*se/(v*se+(1-v)*fp), (1-v)*(1-fp)/((1-v)*(1-fp)+v*(1-se))
	cost := (costs.Scan + costs.Review*(v*se+(1-v)*fp)) / (v * se)
	return study{design: "detects 80 % of 40, flags 5 % of 120 clean, prevalence 10 %", trials: 1000,
		promises: []promise{{"PredictiveValues PPV", covers, 0.95, 1}, {"PredictiveValues NPV", covers, 0.95, 1}, {"PredictiveValues cost", covers, 0.95, 1}},
		trial: func(r *rand.Rand) ([]bool, error) {
			p, err := PredictiveValues(v, Count{drawBinomial(r, 40, se), 40}, Count{drawBinomial(r, 120, fp), 120}, costs, 0.95)
			return []bool{p.PPV.Interval.Contains(ppv), p.NPV.Interval.Contains(npv), p.Cost.Interval.Contains(cost)}, err
		}}
}

// drawPaired draws items that succeed in both, only the first, only the second or neither.
func drawPaired(r *rand.Rand, items int, both, first, second float64) Paired {
	var t Paired
	for range items {
		switch u := r.Float64(); {
		case u < first:
			t.OnlyFirst++
		case u < first+second:
			t.OnlySecond++
		case u < first+second+both:
			t.Both++
		default:
			t.Neither++
		}
	}
	return t
}

func pairedStudies() []study {
	return []study{
		{design: "1,000 items, 3 % differ either way", promises: []promise{{"McNemar", rejects, 0, 0.05}, {"McNemarMidP", rejects, 0.02, 0.055}},
			trial: func(r *rand.Rand) ([]bool, error) {
				t := drawPaired(r, 1000, 0.8, 0.03, 0.03)
				exact, err := McNemar(t, TwoSided)
				if err != nil {
					return nil, err
				}
				mid, err := McNemarMidP(t, TwoSided)
				return []bool{exact.P <= 0.05, mid.P <= 0.05}, err
			}},
		one("Tango", "200 items, 8 % only first, 4 % only second", covers, 0.935, 0.965, func(r *rand.Rand) (bool, error) {
			e, err := Tango(drawPaired(r, 200, 0.7, 0.08, 0.04), 0.95)
			return e.Interval.Contains(0.08 - 0.04), err
		}),
		one("Tango", "50 items, 2 % only first, none only second", covers, 0.93, 1, func(r *rand.Rand) (bool, error) {
			e, err := Tango(drawPaired(r, 50, 0.9, 0.02, 0), 0.95)
			return e.Interval.Contains(0.02), err
		}),
	}
}

func marginStudies() []study {
	const margin = 0.02
	var list []study
	for _, claim := range []Claim{NonInferior, Equivalent} {
		list = append(list,
			one("MarginPairedRates "+string(claim), fmt.Sprintf("1,000 items, 2 points worse: not %s at 2 points", claim), rejects, 0.03, 0.06, func(r *rand.Rand) (bool, error) {
				m, err := MarginPairedRates(claim, drawPaired(r, 1000, 0.8, 0.015, 0.035), margin, 0.05)
				return m.Holds, err
			}),
			one("MarginRates "+string(claim), fmt.Sprintf("rates 90 and 92 %% of 800 each: not %s at 2 points", claim), rejects, 0, 0.06, func(r *rand.Rand) (bool, error) {
				m, err := MarginRates(claim, drawBinomial(r, 800, 0.9), 800, drawBinomial(r, 800, 0.92), 800, margin, 0.05)
				return m.Holds, err
			}),
			one("MarginMeans "+string(claim), fmt.Sprintf("12 and 9 normal seeds, 1 sd worse, unequal spread: not %s at 1 sd", claim), rejects, 0, 0.055, func(r *rand.Rand) (bool, error) {
				x, y := drawNormals(r, 12, -1), drawNormals(r, 9, 0)
				for i := range y {
					y[i] *= 0.5
				}
				m, err := MarginMeans(claim, x, y, 1, 0.05)
				return m.Holds, err
			}))
		list = append(list, study{design: fmt.Sprintf("11 paired seeds, normal, 1 sd worse: not %s at 1 sd", claim),
			promises: []promise{{"MarginPairedMeans " + string(claim), rejects, 0, 0.05}, {"MarginSignFlip " + string(claim), rejects, 0, 0.05}},
			trial: func(r *rand.Rand) ([]bool, error) {
				d := drawNormals(r, 11, -1)
				means, err := MarginPairedMeans(claim, d, 1, 0.05)
				if err != nil {
					return nil, err
				}
				flips, err := MarginSignFlip(claim, nil, d, 1, 0.05, 0)
				return []bool{means.Holds, flips.Holds}, err
			}})
	}
	return list
}

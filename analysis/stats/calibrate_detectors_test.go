package stats

// Studies of detectors, of families of tests, of games and of powers.

import (
	"fmt"
	"math"
	"math/rand/v2"
)

func detectorStudies() []study {
	const shift = 1.2
	area := normalCDF(shift / math.Sqrt2)
	// The partial area of two normals, by the midpoint rule over false-positive rates up to 0.2.
	partial := 0.0
	for i := range 20000 {
		partial += normalCDF(shift+normalQuantile(0.2*(float64(i)+0.5)/20000)) / 20000
	}
	return []study{
		{design: "50 clean and 40 attacked normal scores, 1.2 sd apart, 299 resamples", trials: 1000,
			promises: []promise{{"AUROC", covers, 0.93, 0.97}, {"ROC region", covers, 0.95, 1}, {"PartialAUC to 20 %", covers, 0.91, 0.97}},
			trial: func(r *rand.Rand) ([]bool, error) {
				clean, attacked := drawNormals(r, 50, 0), drawNormals(r, 40, shift)
				c, err := ROC(clean, attacked, 0.95)
				if err != nil {
					return nil, err
				}
				inside := true
				for _, p := range c.Points {
					tpr, fpr := normalCDF(shift-p.Threshold), normalCDF(-p.Threshold)
					inside = inside && p.Region.Contains(tpr) && p.RegionOfFPR.Contains(fpr)
				}
				a, err := PartialAUC(r, clean, attacked, 0.2, 0.95, 299)
				return []bool{c.AUC.Estimate.Interval.Contains(area), inside, a.Interval.Contains(partial)}, err
			}},
		{design: "12 clean and 10 attacked normal scores, 3 sd apart, often separated, 199 resamples", trials: 1000,
			promises: []promise{{"AUROC", covers, 0.94, 1}, {"AUROC Wald (not to be quoted)", covers, 0, 0.9}},
			trial: func(r *rand.Rand) ([]bool, error) {
				a, err := AUROC(drawNormals(r, 12, 0), drawNormals(r, 10, 3), 0.95)
				truth := normalCDF(3 / math.Sqrt2)
				return []bool{a.Estimate.Interval.Contains(truth), a.Wald.Contains(truth)}, err
			}},
		one("ConformalP", "99 clean runs, a clean run judged at p <= 0.05", rejects, 0.05, 0.05, func(r *rand.Rand) (bool, error) {
			t, err := ConformalP(drawNormals(r, 99, 0), r.NormFloat64())
			return t.P <= 0.05, err
		}),
		{design: "99 calibration, 60 fresh clean runs at conformal p <= 0.05",
			promises: []promise{{"CheckFalsePositives test", rejects, 0, 0.05}, {"CheckFalsePositives range of 99 %", covers, 0.99, 1}},
			trial: func(r *rand.Rand) ([]bool, error) {
				calibration, flagged := drawNormals(r, 99, 0), 0
				for range 60 {
					t, err := ConformalP(calibration, r.NormFloat64())
					if err != nil {
						return nil, err
					}
					if t.P <= 0.05 {
						flagged++
					}
				}
				c, err := CheckFalsePositives(flagged, 60, 99, 0.05, 0.95)
				return []bool{c.Test.P <= 0.05, c.Within}, err
			}},
		{design: "99 calibration, 300 clean and 40 attacked runs, 2.5 sd apart, 1 % false positives",
			promises: []promise{{"TPRAt", covers, 0.95, 1}, {"TPRAt realised FPR", covers, 0.95, 1}},
			trial: func(r *rand.Rand) ([]bool, error) {
				d, err := TPRAt(0.01, drawNormals(r, 99, 0), drawNormals(r, 300, 0), drawNormals(r, 40, 2.5), 0.95)
				return []bool{d.TPR.Interval.Contains(normalCDF(2.5 - d.Threshold)), d.FPR.Interval.Contains(normalCDF(-d.Threshold))}, err
			}},
	}
}

func familyStudies() []study {
	// Eight one-sided normal tests that share a part; the first nulls are true.
	draw := func(r *rand.Rand, nulls int) []float64 {
		common, p := r.NormFloat64(), make([]float64, 8)
		for i := range p {
			z := 0.6*common + 0.8*r.NormFloat64()
			if i >= nulls {
				z += 2.5
			}
			p[i] = normalCDF(-z)
		}
		return p
	}
	anyOf := func(rejected []bool, nulls int) bool {
		for _, x := range rejected[:nulls] {
			if x {
				return true
			}
		}
		return false
	}
	return []study{
		{design: "8 dependent tests, 5 true nulls: any false rejection; a rejection drawn at random is false",
			promises: []promise{{"Holm family-wise", rejects, 0, 0.05}, {"BenjaminiHochberg false discovery", rejects, 0, 0.05}},
			trial: func(r *rand.Rand) ([]bool, error) {
				p := draw(r, 5)
				holm, err := Holm(p, 0.05)
				if err != nil {
					return nil, err
				}
				bh, err := BenjaminiHochberg(p, 0.05)
				if err != nil {
					return nil, err
				}
				var found []int
				for i, x := range bh.Rejected {
					if x {
						found = append(found, i)
					}
				}
				return []bool{anyOf(holm.Rejected, 5), len(found) > 0 && found[r.IntN(len(found))] < 5}, nil
			}},
		{design: "8 dependent tests, all nulls true: any rejection", promises: []promise{{"Holm family-wise", rejects, 0, 0.05}, {"BenjaminiHochberg family-wise", rejects, 0, 0.05}},
			trial: func(r *rand.Rand) ([]bool, error) {
				p := draw(r, 8)
				holm, err := Holm(p, 0.05)
				if err != nil {
					return nil, err
				}
				bh, err := BenjaminiHochberg(p, 0.05)
				return []bool{anyOf(holm.Rejected, 8), anyOf(bh.Rejected, 8)}, err
			}},
		maxTStudy("4 correlated detectors, 15 against 15 runs, 99 permutations, nothing differs", 0, promise{"MaxT family-wise", rejects, 0.05, 0.05}),
		maxTStudy("4 correlated detectors, 15 against 15 runs, 99 permutations, two differ by 1.5 sd", 1.5, promise{"MaxT family-wise", rejects, 0, 0.05}),
		gameStudy(),
	}
}

// maxTStudy asks for any rejection among detectors 0 and 1, which never differ; 2 and 3
// differ by shift.
func maxTStudy(design string, shift float64, p promise) study {
	return study{design: design, trials: 10000, promises: []promise{p}, trial: func(r *rand.Rand) ([]bool, error) {
		const n, detectors = 15, 4
		var score [2 * n][detectors]float64
		for i := range score {
			common := r.NormFloat64()
			for j := range score[i] {
				score[i][j] = 0.7*common + 0.7*r.NormFloat64()
				if i < n && j >= 2 {
					score[i][j] += shift
				}
			}
		}
		order := r.Perm(2 * n)
		for i := range order {
			order[i] = i
		}
		statistics := func() []float64 {
			t := make([]float64, detectors)
			for i, k := range order {
				for j, v := range score[k] {
					if i < n {
						t[j] += v / n
					} else {
						t[j] -= v / n
					}
				}
			}
			return t
		}
		observed := statistics()
		permuted := make([][]float64, 99)
		for b := range permuted {
			r.Shuffle(2*n, func(i, j int) { order[i], order[j] = order[j], order[i] })
			permuted[b] = statistics()
		}
		f, err := MaxT(observed, permuted, 0.05)
		if err != nil {
			return nil, err
		}
		any := f.Rejected[0] || f.Rejected[1]
		if shift == 0 {
			any = any || f.Rejected[2] || f.Rejected[3]
		}
		return []bool{any}, nil
	}}
}

func gameStudy() study {
	truth := [][]float64{{0.6, 0.2, 0.4}, {0.1, 0.7, 0.5}, {0.3, 0.4, 0.2}}
	return study{design: "3 x 3 game, 12 seeds, noise 0.2", promises: []promise{{"SolveSplitGame", covers, 0.92, 0.97}},
		trial: func(r *rand.Rand) ([]bool, error) {
			seeds := make([][][]float64, 12)
			for s := range seeds {
				seeds[s] = zeros(3, 3)
				for i := range truth {
					for j := range truth[i] {
						seeds[s][i][j] = truth[i][j] + 0.2*r.NormFloat64()
					}
				}
			}
			g, err := SolveSplitGame(seeds, 0.95)
			if err != nil {
				return nil, err
			}
			expected := (play(truth, g.First.Rows, g.First.Columns) + play(truth, g.Second.Rows, g.Second.Columns)) / 2
			return []bool{g.Value.Interval.Contains(expected)}, nil
		}}
}

// foretold is a study of a test whose power the package computes: the share of
// rejections must lie within two points of it.
func foretold(procedure, design string, p Power, err error, trial func(r *rand.Rand) (bool, error)) study {
	if err != nil {
		panic(fmt.Sprintf("%s: %v", design, err)) // a design above is wrong
	}
	return one(procedure, design, finds, max(p.Power-0.02, 0), min(p.Power+0.02, 1), trial)
}

func powerStudies() []study {
	flip, e1 := SignFlipPower(nil, 15, 0.8, 0.05, TwoSided, 0)
	perm, e2 := PermutationPower(nil, 7, 8, 1.6, 0.05, TwoSided, 0)
	mc, e3 := McNemarPower(400, 0.08, 0.04, 0.05, TwoSided)
	rates, e4 := RatesPower(60, 50, 0.8, 0.55, 0.05, TwoSided)
	margin, e5 := MarginRatesPower(NonInferior, 400, 400, 0.9, 0.9, 0.05, 0.05)
	paired, e6 := MarginPairedPower(NonInferior, 1000, 0.02, 0.02, 0.02, 0.05)
	claim, e7 := ClaimPower(61, 0.97, 0.9, 0.95, false)
	return []study{
		foretold("SignFlipPower", "15 paired normal seeds, 0.8 sd", flip, e1, func(r *rand.Rand) (bool, error) {
			t, err := SignFlip(nil, drawNormals(r, 15, 0.8), TwoSided, 0)
			return t.P <= 0.05, err
		}),
		foretold("PermutationPower", "7 and 8 normal seeds, 1.6 sd apart", perm, e2, func(r *rand.Rand) (bool, error) {
			t, err := Permutation(nil, drawNormals(r, 7, 1.6), drawNormals(r, 8, 0), TwoSided, 0)
			return t.P <= 0.05, err
		}),
		foretold("McNemarPower", "400 items, 8 and 4 % differ", mc, e3, func(r *rand.Rand) (bool, error) {
			t, err := McNemar(drawPaired(r, 400, 0.6, 0.08, 0.04), TwoSided)
			return t.P <= 0.05, err
		}),
		foretold("RatesPower", "rates 80 % of 60 and 55 % of 50", rates, e4, func(r *rand.Rand) (bool, error) {
			s := ratesOf(drawBinomial(r, 60, 0.8), 60, drawBinomial(r, 50, 0.55), 50)
			return math.Abs(s.score(0)) >= zCritical(0.95), nil
		}),
		foretold("MarginRatesPower", "rates 90 % of 400 each, margin 5 points", margin, e5, func(r *rand.Rand) (bool, error) {
			m, err := MarginRates(NonInferior, drawBinomial(r, 400, 0.9), 400, drawBinomial(r, 400, 0.9), 400, 0.05, 0.05)
			return m.Holds, err
		}),
		foretold("MarginPairedPower", "1,000 items, 2 % differ either way, margin 2 points", paired, e6, func(r *rand.Rand) (bool, error) {
			m, err := MarginPairedRates(NonInferior, drawPaired(r, 1000, 0.8, 0.02, 0.02), 0.02, 0.05)
			return m.Holds, err
		}),
		foretold("ClaimPower", "at least 90 % claimed of a rate of 97 %, 61 runs", claim, e7, func(r *rand.Rand) (bool, error) {
			c, err := ClaimAtLeast(drawBinomial(r, 61, 0.97), 61, 0.9, 0.95)
			return c.Holds, err
		}),
		ed50PowerStudy(),
	}
}

// ed50PowerStudy runs two attacks over the same design and compares ED50 seed by seed. With
// few trials a seed, ED50 is skewed and the delta method only roughly right.
func ed50PowerStudy() study {
	d := DoseDesign{Doses: []float64{2, 4, 6, 8, 10, 12}, Trials: 60, Seeds: 8, ED50: 7, Slope: 0.6, SeedSD: 0.5}
	p, err := ED50Power(d, 1, 0.05)
	s := foretold("ED50Power", "two attacks, 8 seeds x 6 doses x 60 trials, ED50 apart by 1", p.Power, err, nil)
	s.trials = 1000
	s.promises[0].low -= 0.03
	s.promises[0].high += 0.03
	s.trial = func(r *rand.Rand) ([]bool, error) {
		ed50 := func(mid float64) (float64, error) {
			sw := sweep{doses: d.Doses, groups: 1, trials: d.Trials, mid: mid + d.SeedSD*r.NormFloat64(), slope: d.Slope, ceiling: 1}
			var rows []BinomialRow
			for _, row := range sw.draw(r) {
				rows = append(rows, BinomialRow{X: []float64{row.Dose}, Successes: row.Successes, Trials: row.Trials})
			}
			fit, err := FitBinomial(rows, Logit, 0.95)
			return -fit.slope(0) / fit.slope(1), err
		}
		diff := make([]float64, d.Seeds)
		for i := range diff {
			a, err := ed50(d.ED50 + 1)
			if err != nil {
				return nil, err
			}
			b, err := ed50(d.ED50)
			if err != nil {
				return nil, err
			}
			diff[i] = a - b
		}
		t := mean(diff) / math.Sqrt(variance(diff)/float64(d.Seeds))
		return []bool{math.Abs(t) >= tCritical(0.95, float64(d.Seeds-1))}, nil
	}
	return s
}

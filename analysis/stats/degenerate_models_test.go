package stats

// The cases of degenerate_test.go, second half: models, detectors, families, games, power.

import "math"

func repeated(v float64, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = v
	}
	return out
}

func doseOf(rows ...DoseRow) func() outcome {
	return func() outcome { return got(Dose(rows, DoseOptions{})) }
}

// binomialOf fits rows of one covariate or none.
func binomialOf(rows ...BinomialRow) func() outcome {
	return func() outcome { return got(FitBinomial(rows, Logit, 0.95)) }
}

func slopesOf(rows ...TwoSlopeRow) func() outcome {
	return func() outcome { return got(FitTwoSlope(rows, TwoSlopeOptions{})) }
}

func predictiveOf(prevalence float64, alarms, falseAlarms Count) func() outcome {
	return func() outcome { return got(PredictiveValues(prevalence, alarms, falseAlarms, Costs{1, 10}, 0.95)) }
}

func allWarn(probes []probe) []probe {
	for i := range probes {
		probes[i].warns = true
	}
	return probes
}

func splitOf(payoff ...[][]float64) func() outcome {
	return func() outcome { return got(SolveSplitGame(payoff, 0.95)) }
}

var degenerateModels = map[string][]probe{
	"Dose": {
		{"empty", true, doseOf()},
		{"rows without trials", true, doseOf(DoseRow{1, 0, 0, "a"}, DoseRow{2, 0, 0, "b"})},
		{"one row", true, doseOf(DoseRow{1, 2, 5, ""})},
		{"one dose", true, doseOf(DoseRow{1, 2, 5, "a"}, DoseRow{1, 4, 5, "b"})},
		{"all zero", true, doseOf(DoseRow{1, 0, 5, ""}, DoseRow{2, 0, 5, ""}, DoseRow{3, 0, 5, ""})},
		{"all one", true, doseOf(DoseRow{1, 5, 5, ""}, DoseRow{2, 5, 5, ""}, DoseRow{3, 5, 5, ""})},
		{"one group", true, doseOf(DoseRow{1, 1, 5, "a"}, DoseRow{2, 3, 5, "a"}, DoseRow{3, 4, 5, "a"})},
		{"flat", true, doseOf(DoseRow{1, 2, 5, ""}, DoseRow{2, 2, 5, ""}, DoseRow{3, 2, 5, ""})},
		{"two rows", true, doseOf(DoseRow{1, 1, 5, ""}, DoseRow{2, 3, 5, ""})},
		{"separated", true, doseOf(DoseRow{1, 0, 5, ""}, DoseRow{2, 0, 5, ""}, DoseRow{3, 5, 5, ""})},
		{"neighbouring doses", true, doseOf(DoseRow{1, 1, 5, ""}, DoseRow{math.Nextafter(1, 2), 4, 5, ""})},
		{"large doses", true, doseOf(DoseRow{1e60, 1, 5, ""}, DoseRow{2e-60, 3, 5, ""}, DoseRow{-1e60, 2, 5, ""})},
	},
	"DoseResponse.Curve": {
		{"no curve", true, func() outcome {
			d, err := Dose(nil, DoseOptions{})
			return got(d.Curve([]float64{0, 1, math.Inf(1), nan}), err)
		}},
		{"no doses", false, func() outcome {
			d, err := Dose([]DoseRow{{1, 2, 9, ""}, {2, 4, 9, ""}, {3, 8, 9, ""}}, DoseOptions{})
			return got(d.Curve(nil), err)
		}},
		{"endless dose", true, func() outcome {
			d, err := Dose([]DoseRow{{1, 2, 9, ""}, {2, 4, 9, ""}, {3, 8, 9, ""}}, DoseOptions{})
			return got(d.Curve([]float64{math.Inf(-1), math.Inf(1), 1e300}), err)
		}},
	},
	"FitBinomial": {
		{"empty", true, binomialOf()},
		{"no trials", true, binomialOf(BinomialRow{X: []float64{1}})},
		{"one row", true, binomialOf(BinomialRow{[]float64{1}, 2, 5, ""})},
		{"constant covariate", true, binomialOf(BinomialRow{[]float64{3}, 2, 5, ""}, BinomialRow{[]float64{3}, 1, 5, ""})},
		{"all zero", true, binomialOf(BinomialRow{[]float64{1}, 0, 5, ""}, BinomialRow{[]float64{2}, 0, 5, ""}, BinomialRow{[]float64{3}, 0, 5, ""})},
		{"all one", true, binomialOf(BinomialRow{[]float64{1}, 5, 5, ""}, BinomialRow{[]float64{2}, 5, 5, ""}, BinomialRow{[]float64{3}, 5, 5, ""})},
		{"no covariate", false, binomialOf(BinomialRow{nil, 2, 5, ""}, BinomialRow{nil, 3, 5, ""})},
		{"one group", true, binomialOf(BinomialRow{[]float64{1}, 2, 5, "a"}, BinomialRow{[]float64{2}, 4, 5, "a"}, BinomialRow{[]float64{4}, 3, 5, "a"})},
	},
	"FitTwoSlope": {
		{"empty", true, slopesOf()},
		{"one row", true, slopesOf(TwoSlopeRow{1, 100, 3, 9, ""})},
		{"one share", true, slopesOf(TwoSlopeRow{1, 100, 3, 9, "a"}, TwoSlopeRow{2, 200, 5, 9, "b"}, TwoSlopeRow{4, 400, 6, 9, "c"}, TwoSlopeRow{8, 800, 8, 9, "d"})},
		{"all zero", true, slopesOf(TwoSlopeRow{1, 100, 0, 9, "a"}, TwoSlopeRow{2, 100, 0, 9, "b"}, TwoSlopeRow{1, 400, 0, 9, "c"}, TwoSlopeRow{2, 400, 0, 9, "d"})},
		{"all one", true, slopesOf(TwoSlopeRow{1, 100, 9, 9, "a"}, TwoSlopeRow{2, 100, 9, 9, "b"}, TwoSlopeRow{1, 400, 9, 9, "c"}, TwoSlopeRow{2, 400, 9, 9, "d"})},
		{"flat", true, slopesOf(TwoSlopeRow{1, 100, 4, 9, "a"}, TwoSlopeRow{2, 100, 4, 9, "b"}, TwoSlopeRow{1, 400, 4, 9, "c"}, TwoSlopeRow{2, 400, 4, 9, "d"})},
	},

	// So few runs always warn.
	"AUROC":      allWarn(onSamples(func(x, y []float64) outcome { return got(AUROC(x, y, 0.95)) })),
	"ROC":        allWarn(onSamples(func(x, y []float64) outcome { return got(ROC(x, y, 0.95)) })),
	"PartialAUC": allWarn(onSamples(func(x, y []float64) outcome { return got(PartialAUC(seeded(), x, y, 0.2, 0.95, 1000)) })),
	"TPRAt":      allWarn(onSamples(func(x, y []float64) outcome { return got(TPRAt(0.05, x, x, y, 0.95)) })),
	"ConformalP": {
		{"no clean runs", true, func() outcome { return got(ConformalP(nil, 1)) }},
		{"all the same", false, func() outcome { return got(ConformalP(repeated(2, 19), 2)) }},
	},
	"CheckFalsePositives": {
		{"nothing", true, func() outcome { return got(CheckFalsePositives(0, 0, 0, 0.05, 0.95)) }},
		{"no fresh runs", true, func() outcome { return got(CheckFalsePositives(0, 0, 99, 0.05, 0.95)) }},
		{"too few calibration runs", true, func() outcome { return got(CheckFalsePositives(0, 60, 9, 0.05, 0.95)) }},
		{"none flagged", true, func() outcome { return got(CheckFalsePositives(0, 60, 99, 0.05, 0.95)) }},
		{"all flagged", true, func() outcome { return got(CheckFalsePositives(60, 60, 99, 0.05, 0.95)) }},
	},
	"NewBetaBinomial": {{"no trials", false, func() outcome { return got(NewBetaBinomial(0, 1, 1)) }}},
	"BetaBinomial.Range": {{"no trials", false, func() outcome {
		d, _ := NewBetaBinomial(0, 1, 1)
		low, high, err := d.Range(0.95)
		return got([]int{low, high}, err)
	}}},
	"BetaBinomial.PMF":     {{"zero value", false, func() outcome { return got(BetaBinomial{}.PMF(0), nil) }}},
	"BetaBinomial.AtMost":  {{"zero value", false, func() outcome { return got(BetaBinomial{}.AtMost(0), nil) }}},
	"BetaBinomial.AtLeast": {{"zero value", false, func() outcome { return got(BetaBinomial{}.AtLeast(1), nil) }}},
	"Interval.Contains":    {{"zero value", false, func() outcome { return got(Interval{}.Contains(nan), nil) }}},
	"RoganGladen": {
		{"nothing", true, func() outcome { return got(RoganGladen(Count{}, Count{}, Count{}, 0.95)) }},
		{"no known items", true, func() outcome { return got(RoganGladen(Count{3, 9}, Count{}, Count{}, 0.95)) }},
		{"useless judge", true, func() outcome { return got(RoganGladen(Count{3, 9}, Count{5, 10}, Count{5, 10}, 0.95)) }},
		{"perfect judge of three", true, func() outcome { return got(RoganGladen(Count{0, 9}, Count{1, 1}, Count{1, 1}, 0.95)) }},
		{"fewer positives than errors", true, func() outcome { return got(RoganGladen(Count{0, 900}, Count{90, 100}, Count{90, 100}, 0.95)) }},
	},
	"PredictiveValues": {
		{"nothing", true, predictiveOf(0.1, Count{}, Count{})},
		{"no attacks", true, predictiveOf(0, Count{9, 10}, Count{0, 100})},
		{"all attacks", true, predictiveOf(1, Count{9, 10}, Count{0, 100})},
		{"never sounds", true, predictiveOf(0.1, Count{0, 10}, Count{0, 100})},
		{"always sounds", true, predictiveOf(0.1, Count{10, 10}, Count{100, 100})},
	},

	"Holm": {
		{"no tests", true, func() outcome { return got(Holm(nil, 0.05)) }},
		{"all one", false, func() outcome { return got(Holm(repeated(1, 3), 0.05)) }},
		{"all zero", false, func() outcome { return got(Holm(repeated(0, 3), 0.05)) }},
	},
	"BenjaminiHochberg": {
		{"no tests", true, func() outcome { return got(BenjaminiHochberg(nil, 0.05)) }},
		{"ties", false, func() outcome { return got(BenjaminiHochberg(repeated(0.5, 3), 0.05)) }},
	},
	"MaxT": {
		{"no tests", true, func() outcome { return got(MaxT(nil, nil, 0.05)) }},
		{"no permutations", true, func() outcome { return got(MaxT([]float64{1, 2}, nil, 0.05)) }},
		{"all the same", false, func() outcome { return got(MaxT([]float64{1, 1}, [][]float64{{1, 1}, {1, 1}}, 0.5)) }},
	},

	"SolveGame": {
		{"one cell", true, func() outcome { return got(SolveGame([][]float64{{3}})) }},
		{"all zero", true, func() outcome { return got(SolveGame(zeros(3, 4))) }},
		{"one row", false, func() outcome { return got(SolveGame([][]float64{{3, 1, 2}})) }},
		{"twin rows", false, func() outcome { return got(SolveGame([][]float64{{1, 0}, {1, 0}})) }},
		{"large and small", false, func() outcome { return got(SolveGame([][]float64{{1e60, -1e60}, {1e-300, 5e-324}})) }},
	},
	"SolveSplitGame": {
		{"one seed", true, splitOf([][]float64{{1, 0}, {0, 1}})},
		{"two equal seeds", true, splitOf(zeros(2, 2), zeros(2, 2))},
		{"two seeds", false, splitOf([][]float64{{1, 0}, {0, 1}}, [][]float64{{1, 0}, {0.5, 1}})},
	},

	"SignFlipPower": {
		{"one seed", true, func() outcome { return got(SignFlipPower(seeded(), 1, 1, 0.05, TwoSided, 10)) }},
		{"no effect", false, func() outcome { return got(SignFlipPower(nil, 20, 0, 0.05, TwoSided, 0)) }},
		{"large effect", false, func() outcome { return got(SignFlipPower(nil, 20, 1e60, 0.05, Greater, 0)) }},
	},
	"PermutationPower": {
		{"one each", true, func() outcome { return got(PermutationPower(seeded(), 1, 1, 1, 0.05, TwoSided, 10)) }},
		{"no effect", false, func() outcome { return got(PermutationPower(nil, 9, 9, 0, 0.05, Less, 0)) }},
		{"very many", false, func() outcome { return got(PermutationPower(nil, 2000, 2000, 1, 0.05, Less, 0)) }},
	},
	"ClaimPower": {
		{"one run", true, func() outcome { return got(ClaimPower(1, 1, 0.9, 0.95, false)) }},
		{"never", false, func() outcome { return got(ClaimPower(59, 1, 0.05, 0.95, true)) }},
	},
	"McNemarPower": {
		{"one item", true, func() outcome { return got(McNemarPower(1, 0.5, 0, 0.05, TwoSided)) }},
		{"nothing differs", true, func() outcome { return got(McNemarPower(100, 0, 0, 0.05, TwoSided)) }},
		{"everything differs", false, func() outcome { return got(McNemarPower(100, 1, 0, 0.05, Greater)) }},
	},
	"RatesPower": {
		{"one each", true, func() outcome { return got(RatesPower(1, 1, 0, 1, 0.05, TwoSided)) }},
		{"certain", false, func() outcome { return got(RatesPower(50, 50, 1, 0, 0.05, TwoSided)) }},
		{"the same", false, func() outcome { return got(RatesPower(50, 50, 0, 0, 0.05, Greater)) }},
	},
	"MarginRatesPower": {
		{"one each", true, func() outcome { return got(MarginRatesPower(Equivalent, 1, 1, 0.5, 0.5, 0.02, 0.05)) }},
		{"certain", false, func() outcome { return got(MarginRatesPower(NonInferior, 500, 500, 1, 1, 0.02, 0.05)) }},
	},
	"MarginPairedPower": {
		{"one item", true, func() outcome { return got(MarginPairedPower(NonInferior, 1, 0, 0, 0.02, 0.05)) }},
		{"nothing differs", false, func() outcome { return got(MarginPairedPower(Equivalent, 500, 0, 0, 0.02, 0.05)) }},
		{"all one way", false, func() outcome { return got(MarginPairedPower(NonInferior, 500, 0, 1, 0.02, 0.05)) }},
	},
	"ED50Power": {
		{"no doses", true, func() outcome { return got(ED50Power(DoseDesign{Trials: 9, Seeds: 9, Slope: 1}, 1, 0.05)) }},
		{"one dose", true, func() outcome {
			return got(ED50Power(DoseDesign{Doses: []float64{1, 1}, Trials: 9, Seeds: 9, Slope: 1}, 1, 0.05))
		}},
		{"one seed", true, func() outcome {
			return got(ED50Power(DoseDesign{Doses: []float64{1, 2}, Trials: 9, Seeds: 1, Slope: 1}, 1, 0.05))
		}},
		{"far from the slope", false, func() outcome {
			return got(ED50Power(DoseDesign{Doses: []float64{1e50, 2e50}, Trials: 9, Seeds: 3, Slope: 1}, 1, 0.05))
		}},
	},
	"SeedsForFamily": {{"one test", false, func() outcome { return got(SeedsForFamily(1, 0.999)) }}},
	"RunsForClaim":   {{"no exceptions", false, func() outcome { return got(RunsForClaim(0, 0.999, 0.5)) }}},
	"Needed": {
		{"one size, too small", true, func() outcome {
			return got(Needed(0.8, 1, 1, func(n int) (Power, error) { return McNemarPower(n, 0.5, 0, 0.05, TwoSided) }))
		}},
		{"no size has it", true, func() outcome {
			return got(Needed(0.8, 1, 30, func(n int) (Power, error) { return McNemarPower(n, 0, 0, 0.05, TwoSided) }))
		}},
	},
}

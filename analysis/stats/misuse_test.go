package stats

// Calls that must be refused: a value that is not a number, a level or margin outside its
// range, counts that contradict each other. The answer is an error of one line, no panic.

import (
	"math"
	"strings"
	"testing"
)

func TestMisuse(t *testing.T) {
	for name, probes := range misuse {
		for _, p := range probes {
			o := p.call()
			if o.err == nil {
				t.Errorf("%s, %s: %+v: want an error", name, p.name, o.value)
				continue
			}
			if s := o.err.Error(); strings.Contains(s, "\n") || !strings.Contains(s, "want") {
				t.Errorf("%s, %s: error %q: want one line that says what is wanted", name, p.name, s)
			}
		}
	}
}

// values that no sample may hold.
var impossible = map[string]float64{"NaN": math.NaN(), "+Inf": math.Inf(1), "-Inf": math.Inf(-1), "too large": 1e300}

func onImpossible(f func(x float64) outcome) []probe {
	var out []probe
	for name, x := range impossible {
		out = append(out, probe{name: name, call: func() outcome { return f(x) }})
	}
	return out
}

// onFractions wants f to refuse everything that is not inside (0, 1).
func onFractions(f func(x float64) outcome) []probe {
	out := onImpossible(f)
	for name, x := range map[string]float64{"0": 0, "1": 1, "negative": -0.1, "per cent": 95} {
		out = append(out, probe{name: name, call: func() outcome { return f(x) }})
	}
	return out
}

// onCountsOf wants f to refuse counts that cannot be.
func onCountsOf(f func(k, n int) outcome) []probe {
	var out []probe
	for name, c := range map[string][2]int{"more than trials": {3, 2}, "negative": {-1, 2}, "negative trials": {0, -1}} {
		out = append(out, probe{name: name, call: func() outcome { return f(c[0], c[1]) }})
	}
	return out
}

var misuse = map[string][]probe{
	"Wilson counts":              onCountsOf(func(k, n int) outcome { return got(Wilson(k, n, 0.95)) }),
	"ClopperPearson counts":      onCountsOf(func(k, n int) outcome { return got(ClopperPearson(k, n, 0.95)) }),
	"ClopperPearsonUpper counts": onCountsOf(func(k, n int) outcome { return got(ClopperPearsonUpper(k, n, 0.95)) }),
	"ClopperPearsonLower counts": onCountsOf(func(k, n int) outcome { return got(ClopperPearsonLower(k, n, 0.95)) }),
	"ClaimAtMost counts":         onCountsOf(func(k, n int) outcome { return got(ClaimAtMost(k, n, 0.05, 0.95)) }),
	"ClaimAtLeast counts":        onCountsOf(func(k, n int) outcome { return got(ClaimAtLeast(k, n, 0.05, 0.95)) }),
	"Newcombe counts":            onCountsOf(func(k, n int) outcome { return got(Newcombe(1, 2, k, n, 0.95)) }),
	"MarginRates counts":         onCountsOf(func(k, n int) outcome { return got(MarginRates(Equivalent, k, n, 1, 2, 0.02, 0.05)) }),
	"CheckFalsePositives counts": onCountsOf(func(k, n int) outcome { return got(CheckFalsePositives(k, n, 99, 0.05, 0.95)) }),
	"RoganGladen counts":         onCountsOf(func(k, n int) outcome { return got(RoganGladen(Count{1, 2}, Count{1, 2}, Count{k, n}, 0.95)) }),
	"PredictiveValues counts":    onCountsOf(func(k, n int) outcome { return got(PredictiveValues(0.1, Count{k, n}, Count{1, 2}, Costs{}, 0.95)) }),
	"Dose counts":                onCountsOf(func(k, n int) outcome { return got(Dose([]DoseRow{{1, k, n, ""}}, DoseOptions{})) }),
	"FitBinomial counts":         onCountsOf(func(k, n int) outcome { return got(FitBinomial([]BinomialRow{{nil, k, n, ""}}, Logit, 0.95)) }),
	"FitTwoSlope counts":         onCountsOf(func(k, n int) outcome { return got(FitTwoSlope([]TwoSlopeRow{{1, 2, k, n, ""}}, TwoSlopeOptions{})) }),

	"PredictMean level":         onFractions(func(x float64) outcome { return got(PredictMean(nil, 2, x)) }),
	"Wilson level":              onFractions(func(x float64) outcome { return got(Wilson(1, 2, x)) }),
	"ClopperPearsonLower level": onFractions(func(x float64) outcome { return got(ClopperPearsonLower(1, 2, x)) }),
	"Newcombe level":            onFractions(func(x float64) outcome { return got(Newcombe(1, 2, 1, 2, x)) }),
	"BootstrapBCa level":        onFractions(func(x float64) outcome { return got(BootstrapBCa(seeded(), Rows{N: 1}, averageOf([]float64{1}), 9, x)) }),
	"BootstrapCrossed level":    onFractions(func(x float64) outcome { return got(BootstrapCrossed(seeded(), zeros(2, 2), Rates, 9, x)) }),
	"CliffsDelta level":         onFractions(func(x float64) outcome { return got(CliffsDelta(nil, nil, x)) }),
	"HedgesG level":             onFractions(func(x float64) outcome { return got(HedgesG(nil, nil, x)) }),
	"Tango level":               onFractions(func(x float64) outcome { return got(Tango(Paired{}, x)) }),
	"AUROC level":               onFractions(func(x float64) outcome { return got(AUROC(nil, nil, x)) }),
	"TPRAt rate":                onFractions(func(x float64) outcome { return got(TPRAt(x, nil, nil, nil, 0.95)) }),
	"Holm alpha":                onFractions(func(x float64) outcome { return got(Holm(nil, x)) }),
	"MaxT alpha":                onFractions(func(x float64) outcome { return got(MaxT(nil, nil, x)) }),
	"SolveSplitGame level":      onFractions(func(x float64) outcome { return got(SolveSplitGame([][][]float64{{{1}}}, x)) }),
	"MarginRates margin":        onFractions(func(x float64) outcome { return got(MarginRates(Equivalent, 1, 2, 1, 2, x, 0.05)) }),
	"MarginPairedRates alpha":   onFractions(func(x float64) outcome { return got(MarginPairedRates(Equivalent, Paired{}, 0.02, x)) }),
	"SeedsForFamily alpha":      onFractions(func(x float64) outcome { return got(SeedsForFamily(3, x)) }),
	"RunsForClaim share":        onFractions(func(x float64) outcome { return got(RunsForClaim(3, x, 0.95)) }),
	"Needed power": onFractions(func(x float64) outcome {
		return got(Needed(x, 1, 2, func(int) (Power, error) { return Power{}, nil }))
	}),

	"PredictMean value":       onImpossible(func(x float64) outcome { return got(PredictMean([]float64{x}, 2, 0.95)) }),
	"BootstrapMean value":     onImpossible(func(x float64) outcome { return got(BootstrapMean(seeded(), []float64{x}, Unbounded, 9, 0.95)) }),
	"BootstrapMean support":   onImpossible(func(x float64) outcome { return got(BootstrapMean(seeded(), []float64{2}, Rates, 9, 0.95)) }),
	"Permutation value":       onImpossible(func(x float64) outcome { return got(Permutation(nil, []float64{1, x}, []float64{2}, TwoSided, 0)) }),
	"SignFlip value":          onImpossible(func(x float64) outcome { return got(SignFlip(nil, []float64{1, x}, TwoSided, 0)) }),
	"MannWhitney value":       onImpossible(func(x float64) outcome { return got(MannWhitney([]float64{1}, []float64{x}, TwoSided)) }),
	"SignedRank value":        onImpossible(func(x float64) outcome { return got(SignedRank([]float64{x}, TwoSided)) }),
	"CliffsDelta value":       onImpossible(func(x float64) outcome { return got(CliffsDelta([]float64{x}, nil, 0.95)) }),
	"HedgesG value":           onImpossible(func(x float64) outcome { return got(HedgesG([]float64{x}, nil, 0.95)) }),
	"HedgesGPaired value":     onImpossible(func(x float64) outcome { return got(HedgesGPaired([]float64{x}, 0.95)) }),
	"MarginMeans value":       onImpossible(func(x float64) outcome { return got(MarginMeans(Equivalent, []float64{x}, nil, 1, 0.05)) }),
	"MarginPairedMeans value": onImpossible(func(x float64) outcome { return got(MarginPairedMeans(Equivalent, []float64{x}, 1, 0.05)) }),
	"MarginSignFlip value":    onImpossible(func(x float64) outcome { return got(MarginSignFlip(Equivalent, nil, []float64{x}, 1, 0.05, 0)) }),
	"Dose dose":               onImpossible(func(x float64) outcome { return got(Dose([]DoseRow{{x, 1, 2, ""}}, DoseOptions{})) }),
	"FitBinomial covariate": onImpossible(func(x float64) outcome {
		return got(FitBinomial([]BinomialRow{{[]float64{x}, 1, 2, ""}}, Probit, 0.95))
	}),
	"FitTwoSlope rows":    onImpossible(func(x float64) outcome { return got(FitTwoSlope([]TwoSlopeRow{{x, 1, 1, 2, ""}}, TwoSlopeOptions{})) }),
	"AUROC score":         onImpossible(func(x float64) outcome { return got(AUROC([]float64{x}, nil, 0.95)) }),
	"ROC score":           onImpossible(func(x float64) outcome { return got(ROC(nil, []float64{x}, 0.95)) }),
	"PartialAUC score":    onImpossible(func(x float64) outcome { return got(PartialAUC(seeded(), []float64{x}, nil, 0.1, 0.95, 9)) }),
	"TPRAt score":         onImpossible(func(x float64) outcome { return got(TPRAt(0.05, []float64{x}, nil, nil, 0.95)) }),
	"ConformalP score":    onImpossible(func(x float64) outcome { return got(ConformalP(nil, x)) }),
	"Holm p":              onImpossible(func(x float64) outcome { return got(Holm([]float64{x}, 0.05)) }),
	"BenjaminiHochberg p": onImpossible(func(x float64) outcome { return got(BenjaminiHochberg([]float64{x}, 0.05)) }),
	"MaxT statistic":      onImpossible(func(x float64) outcome { return got(MaxT([]float64{1}, [][]float64{{x}}, 0.05)) }),
	"SolveGame payoff":    onImpossible(func(x float64) outcome { return got(SolveGame([][]float64{{x}})) }),
	"ED50Power dose": onImpossible(func(x float64) outcome {
		return got(ED50Power(DoseDesign{Doses: []float64{x}, Trials: 1, Seeds: 1, Slope: 1}, 1, 0.05))
	}),
	"SignFlipPower effect": onImpossible(func(x float64) outcome { return got(SignFlipPower(nil, 20, x, 0.05, TwoSided, 0)) }),

	"shapes": {
		{name: "ragged table", call: func() outcome { return got(BootstrapCrossed(seeded(), [][]float64{{1, 0}, {1}}, Rates, 9, 0.95)) }},
		{name: "outcomes of other items", call: func() outcome { return got(PairOutcomes([]bool{true}, nil)) }},
		{name: "negative pairs", call: func() outcome { return got(McNemar(Paired{Both: -1}, TwoSided)) }},
		{name: "negative pairs, mid-p", call: func() outcome { return got(McNemarMidP(Paired{Both: -1}, TwoSided)) }},
		{name: "no alternative", call: func() outcome { return got(McNemar(Paired{Both: 1}, "")) }},
		{name: "strata of other rows", call: func() outcome { return got(BootstrapPercentile(seeded(), Rows{2, []int{1}}, averageOf(nil), 9, 0.95)) }},
		{name: "no source", call: func() outcome { return got(BootstrapPercentile(nil, Rows{N: 2}, averageOf([]float64{1, 2}), 9, 0.95)) }},
		{name: "no statistic", call: func() outcome { return got(BootstrapBCa(seeded(), Rows{N: 2}, nil, 9, 0.95)) }},
		{name: "no draws", call: func() outcome { return got(Permutation(seeded(), repeated(1, 40), repeated(2, 40), Less, 0)) }},
		{name: "no flips", call: func() outcome { return got(SignFlip(nil, repeated(1, 40), Less, 99)) }},
		{name: "some rows without a group", call: func() outcome { return got(Dose([]DoseRow{{1, 1, 2, "a"}, {2, 1, 2, ""}}, DoseOptions{})) }},
		{name: "negative dose on a log scale", call: func() outcome { return got(Dose([]DoseRow{{-1, 1, 2, ""}}, DoseOptions{Scale: LogScale})) }},
		{name: "unknown link", call: func() outcome { return got(FitBinomial(nil, "cauchit", 0.95)) }},
		{name: "covariates of two lengths", call: func() outcome {
			return got(FitBinomial([]BinomialRow{{nil, 1, 2, ""}, {[]float64{1}, 1, 2, ""}}, Logit, 0.95))
		}},
		{name: "no poison", call: func() outcome { return got(FitTwoSlope([]TwoSlopeRow{{0, 1, 1, 2, ""}}, TwoSlopeOptions{})) }},
		{name: "no strategies", call: func() outcome { return got(SolveGame(nil)) }},
		{name: "ragged game", call: func() outcome { return got(SolveGame([][]float64{{1, 2}, {1}})) }},
		{name: "no seeds", call: func() outcome { return got(SolveSplitGame(nil, 0.95)) }},
		{name: "games of two shapes", call: func() outcome { return got(SolveSplitGame([][][]float64{{{1}}, {{1, 2}}}, 0.95)) }},
		{name: "permutation of other tests", call: func() outcome { return got(MaxT([]float64{1}, [][]float64{{1, 2}}, 0.05)) }},
		{name: "no area", call: func() outcome { return got(PartialAUC(seeded(), nil, nil, 0, 0.95, 9)) }},
		{name: "negative trials", call: func() outcome { return got(NewBetaBinomial(-1, 1, 1)) }},
		{name: "no distribution", call: func() outcome { _, _, err := BetaBinomial{}.Range(0.95); return got(0, err) }},
		{name: "negative cost", call: func() outcome { return got(PredictiveValues(0.1, Count{}, Count{}, Costs{-1, 0}, 0.95)) }},
		{name: "no such claim", call: func() outcome { return got(MarginMeans("better", nil, nil, 1, 0.05)) }},
		{name: "endless margin", call: func() outcome { return got(MarginPairedMeans(Equivalent, nil, math.Inf(1), 0.05)) }},
		{name: "no items", call: func() outcome { return got(McNemarPower(0, 0.1, 0.1, 0.05, TwoSided)) }},
		{name: "more than all items", call: func() outcome { return got(MarginPairedPower(Equivalent, 10, 0.9, 0.9, 0.02, 0.05)) }},
		{name: "no trials", call: func() outcome { return got(RatesPower(0, 1, 0.1, 0.1, 0.05, TwoSided)) }},
		{name: "no slope", call: func() outcome { return got(ED50Power(DoseDesign{Trials: 1, Seeds: 1}, 1, 0.05)) }},
		{name: "negative exceptions", call: func() outcome { return got(RunsForClaim(-1, 0.05, 0.95)) }},
		{name: "no design", call: func() outcome { return got(Needed(0.8, 1, 2, nil)) }},
	},
}

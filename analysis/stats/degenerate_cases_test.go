package stats

// The cases of degenerate_test.go, first half: rates, resampling, samples and pairs.

import (
	"math"
	"math/rand/v2"
	"slices"
)

func seeded() Source { return rand.NewPCG(1, 1) }

var nan = math.NaN()

// twoSamples are pairs of samples without much in them.
var twoSamples = []struct {
	name string
	x, y []float64
}{
	{"both empty", nil, nil},
	{"first empty", nil, []float64{1, 2, 3}},
	{"second empty", []float64{1, 2, 3}, nil},
	{"one each", []float64{1}, []float64{2}},
	{"one against three", []float64{1}, []float64{2, 3, 4}},
	{"all zero", make([]float64, 4), make([]float64, 5)},
	{"all one", []float64{1, 1, 1}, []float64{1, 1, 1}},
	{"one against zero", []float64{1, 1, 1}, []float64{0, 0, 0}},
	{"zero against one", []float64{0, 0, 0}, []float64{1, 1, 1}},
	{"ties", []float64{0, 0, 1, 1}, []float64{0, 1, 1, 0}},
	{"large", []float64{1e60, -1e60}, []float64{1e60, 1e60}},
	{"small", []float64{1e-90, -1e-90}, []float64{1e-90, 0}},
	{"tiny", []float64{5e-324, 0}, []float64{0, 0}},
}

// differences are paired ones.
var differences = []struct {
	name string
	d    []float64
}{
	{"empty", nil},
	{"one", []float64{0.5}},
	{"one zero", []float64{0}},
	{"all zero", make([]float64, 6)},
	{"all the same", []float64{1, 1, 1, 1}},
	{"ties", []float64{1, -1, 1, -1, 0}},
	{"large", []float64{1e60, -1e60, 1e60, 1e60, 1e60}},
	{"tiny", []float64{5e-324, 0, 0}},
}

// pairs are counts of one pair of runs.
var pairs = []struct {
	name string
	t    Paired
}{
	{"no items", Paired{}},
	{"all succeed in both", Paired{Both: 9}},
	{"all fail in both", Paired{Neither: 9}},
	{"one item differs", Paired{OnlyFirst: 1}},
	{"all differ one way", Paired{OnlySecond: 12}},
	{"half and half", Paired{OnlyFirst: 4, OnlySecond: 4}},
}

// counts of a rate.
var counts = [][2]int{{0, 0}, {0, 1}, {1, 1}, {0, 50}, {50, 50}}

// warned says whether a case must warn: not where it is quiet, nor where only the unit is odd.
func warned(name string, quiet []string) bool {
	return name != "large" && name != "small" && !slices.Contains(quiet, name)
}

// onSamples calls f on every pair; quiet are the names on which it does not warn.
func onSamples(f func(x, y []float64) outcome, quiet ...string) []probe {
	var out []probe
	for _, c := range twoSamples {
		out = append(out, probe{c.name, warned(c.name, quiet), func() outcome { return f(c.x, c.y) }})
	}
	return out
}

func onDifferences(f func(d []float64) outcome, quiet ...string) []probe {
	var out []probe
	for _, c := range differences {
		out = append(out, probe{c.name, warned(c.name, quiet), func() outcome { return f(c.d) }})
	}
	return out
}

func onPairs(f func(t Paired) outcome, quiet ...string) []probe {
	var out []probe
	for _, c := range pairs {
		out = append(out, probe{c.name, warned(c.name, quiet), func() outcome { return f(c.t) }})
	}
	return out
}

func onCounts(f func(k, n int) outcome) []probe {
	var out []probe
	for _, c := range counts {
		out = append(out, probe{rate(c[0], c[1], "").Warnings[0], true, func() outcome { return f(c[0], c[1]) }})
	}
	return out
}

func averageOf(values []float64) Statistic {
	return func(rows []int) float64 {
		s := 0.0
		for _, r := range rows {
			s += values[r]
		}
		return s / float64(len(rows))
	}
}

var degenerateSamples = map[string][]probe{
	"Wilson":              onCounts(func(k, n int) outcome { return got(Wilson(k, n, 0.95)) }),
	"ClopperPearson":      onCounts(func(k, n int) outcome { return got(ClopperPearson(k, n, 0.95)) }),
	"ClopperPearsonUpper": onCounts(func(k, n int) outcome { return got(ClopperPearsonUpper(k, n, 0.95)) }),
	"ClopperPearsonLower": onCounts(func(k, n int) outcome { return got(ClopperPearsonLower(k, n, 0.95)) }),
	"ClaimAtMost":         onCounts(func(k, n int) outcome { return got(ClaimAtMost(k, n, 0.05, 0.95)) }),
	"ClaimAtLeast":        onCounts(func(k, n int) outcome { return got(ClaimAtLeast(k, n, 0.9, 0.95)) }),
	"Newcombe": {
		{"no trials", true, func() outcome { return got(Newcombe(0, 0, 0, 0, 0.95)) }},
		{"one sample without", true, func() outcome { return got(Newcombe(0, 0, 3, 9, 0.95)) }},
		{"all zero", true, func() outcome { return got(Newcombe(0, 20, 0, 30, 0.95)) }},
		{"all one against none", true, func() outcome { return got(Newcombe(20, 20, 0, 30, 0.95)) }},
	},

	"BootstrapPercentile": onDifferences(func(d []float64) outcome {
		return got(BootstrapPercentile(seeded(), Rows{N: len(d)}, averageOf(d), 1000, 0.95))
	}, "ties", "tiny"),
	"BootstrapBCa": onDifferences(func(d []float64) outcome {
		return got(BootstrapBCa(seeded(), Rows{N: len(d)}, averageOf(d), 1000, 0.95))
	}, "ties"),
	"PredictMean": onDifferences(func(d []float64) outcome { return got(PredictMean(d, 2, 0.95)) }, "ties", "large"),
	"BootstrapMean": onDifferences(func(d []float64) outcome {
		return got(BootstrapMean(seeded(), d, Unbounded, 1000, 0.95))
	}, "ties"),
	"BootstrapCrossed": {
		{"no seeds", true, func() outcome { return got(BootstrapCrossed(seeded(), nil, Rates, 100, 0.95)) }},
		{"no items", true, func() outcome { return got(BootstrapCrossed(seeded(), [][]float64{{}, {}}, Rates, 100, 0.95)) }},
		{"one cell", true, func() outcome { return got(BootstrapCrossed(seeded(), [][]float64{{1}}, Rates, 100, 0.95)) }},
		{"one seed", true, func() outcome { return got(BootstrapCrossed(seeded(), [][]float64{{1, 0, 1}}, Rates, 100, 0.95)) }},
		{"one item", true, func() outcome { return got(BootstrapCrossed(seeded(), [][]float64{{1}, {0}, {1}}, Rates, 100, 0.95)) }},
		{"all zero", true, func() outcome { return got(BootstrapCrossed(seeded(), zeros(6, 6), Rates, 100, 0.95)) }},
		{"all missing", true, func() outcome {
			return got(BootstrapCrossed(seeded(), [][]float64{{nan, nan}, {nan, nan}}, Rates, 100, 0.95))
		}},
		{"a diagonal", true, func() outcome {
			return got(BootstrapCrossed(seeded(), [][]float64{{1, nan}, {nan, 0}}, Rates, 100, 0.95))
		}},
	},

	"Permutation": onSamples(func(x, y []float64) outcome { return got(Permutation(nil, x, y, TwoSided, 0)) },
		"one each", "one against three", "one against zero", "zero against one", "ties", "tiny"),
	"MannWhitney": onSamples(func(x, y []float64) outcome { return got(MannWhitney(x, y, Greater)) },
		"one each", "one against three", "one against zero", "zero against one", "ties", "tiny"),
	"SignFlip":      onDifferences(func(d []float64) outcome { return got(SignFlip(nil, d, TwoSided, 0)) }, "one", "all the same"),
	"SignedRank":    onDifferences(func(d []float64) outcome { return got(SignedRank(d, Less)) }, "one", "all the same"),
	"CliffsDelta":   onSamples(func(x, y []float64) outcome { return got(CliffsDelta(x, y, 0.95)) }, "ties", "tiny"),
	"HedgesG":       onSamples(func(x, y []float64) outcome { return got(HedgesG(x, y, 0.95)) }, "ties", "one against three"),
	"HedgesGPaired": onDifferences(func(d []float64) outcome { return got(HedgesGPaired(d, 0.95)) }, "ties"),

	"PairOutcomes": {
		{"empty", false, func() outcome { return got(PairOutcomes(nil, nil)) }},
		{"one", false, func() outcome { return got(PairOutcomes([]bool{true}, []bool{false})) }},
	},
	"Paired.Items": {{"none", false, func() outcome { return got(Paired{}.Items(), nil) }}},
	"McNemar": onPairs(func(t Paired) outcome { return got(McNemar(t, TwoSided)) },
		"one item differs", "all differ one way", "half and half"),
	"McNemarMidP": onPairs(func(t Paired) outcome { return got(McNemarMidP(t, TwoSided)) },
		"one item differs", "all differ one way", "half and half"),
	"Tango": onPairs(func(t Paired) outcome { return got(Tango(t, 0.95)) }, "one item differs", "all differ one way", "half and half"),

	"MarginRates": {
		{"no trials", true, func() outcome { return got(MarginRates(NonInferior, 0, 0, 0, 0, 0.02, 0.05)) }},
		{"one without", true, func() outcome { return got(MarginRates(Equivalent, 1, 2, 0, 0, 0.02, 0.05)) }},
		{"all zero", false, func() outcome { return got(MarginRates(NonInferior, 0, 50, 0, 60, 0.02, 0.05)) }},
		{"all one", false, func() outcome { return got(MarginRates(Equivalent, 50, 50, 60, 60, 0.02, 0.05)) }},
	},
	"MarginPairedRates": onPairs(func(t Paired) outcome { return got(MarginPairedRates(Equivalent, t, 0.02, 0.05)) },
		"one item differs", "all differ one way", "half and half"),
	"MarginMeans": onSamples(func(x, y []float64) outcome { return got(MarginMeans(NonInferior, x, y, 0.5, 0.05)) }, "ties"),
	"MarginPairedMeans": onDifferences(func(d []float64) outcome { return got(MarginPairedMeans(Equivalent, d, 0.5, 0.05)) },
		"ties"),
	"MarginSignFlip": onDifferences(func(d []float64) outcome { return got(MarginSignFlip(Equivalent, nil, d, 0.5, 0.05, 0)) },
		"ties"),
}

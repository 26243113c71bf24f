package stats_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"

	"theriac/analysis/stats"
)

func ExampleWilson() {
	e, _ := stats.Wilson(41, 50, 0.95)
	fmt.Printf("%.3f [%.3f, %.3f], %s, n = %d\n", e.Value, e.Interval.Low, e.Interval.High, e.Method, e.N)
	// Output: 0.820 [0.692, 0.902], Wilson score, n = 50
}

// Seven false alarms of sixty are compatible with 5 % but do not show it.
func ExampleClaimAtMost() {
	for _, c := range [][2]int{{7, 60}, {0, 58}, {0, 59}} {
		r, _ := stats.ClaimAtMost(c[0], c[1], 0.05, 0.95)
		fmt.Printf("%d of %d: %s, bound %.4f: %v\n", c[0], c[1], r.Claim, r.Bound.Interval.High, r.Holds)
	}
	// Output:
	// 7 of 60: at most 0.05, bound 0.2080: false
	// 0 of 58: at most 0.05, bound 0.0503: false
	// 0 of 59: at most 0.05, bound 0.0495: true
}

func ExampleNewcombe() {
	e, _ := stats.Newcombe(56, 70, 48, 80, 0.95)
	fmt.Printf("%.2f [%.4f, %.4f]\n", e.Value, e.Interval.Low, e.Interval.High)
	// Output: 0.20 [0.0524, 0.3339]
}

// Attack minus clean over seeds and items, both drawn again.
func ExampleBootstrapCrossed() {
	table := [][]float64{{1, 1, 0, 1}, {1, 0, 0, 1}, {1, 1, 1, 1}, {0, 1, 0, 1}, {1, 1, 0, 1}, {1, 1, 0, 0}} // [seed][item]
	e, _ := stats.BootstrapCrossed(rand.NewPCG(1, 2), table, stats.Differences, 2000, 0.95)
	fmt.Printf("%.3f [%.2f, %.2f]\n%s\n", e.Value, e.Interval.Low, e.Interval.High, e.Method)
	// Output:
	// 0.667 [0.00, 1.00]
	// crossed bootstrap over 6 seeds x 4 items, expanded percentile, 2000 resamples
}

// Nine paired seeds that all agree reach the smallest P of that design, and no less.
func ExampleSignFlip() {
	t, _ := stats.SignFlip(nil, []float64{0.4, 0.1, 0.3, 0.2, 0.5, 0.2, 0.3, 0.6, 0.1}, stats.TwoSided, 0)
	fmt.Printf("p = %.4f, smallest possible %.4f\n", t.P, t.SmallestP)
	// Output: p = 0.0039, smallest possible 0.0039
}

func ExampleMcNemar() {
	t, _ := stats.McNemar(stats.Paired{Both: 880, OnlyFirst: 12, OnlySecond: 31, Neither: 77}, stats.TwoSided)
	fmt.Printf("%d items differ, p = %.4f\n", t.N, t.P)
	// Output: 43 items differ, p = 0.0054
}

// "Keeps its accuracy" is a claim that must be shown: here 1,000 items of which the
// poisoned model gets 12 wrong that the clean one gets right, and 9 the other way round.
func ExampleMarginPairedRates() {
	m, _ := stats.MarginPairedRates(stats.NonInferior, stats.Paired{Both: 850, OnlyFirst: 9, OnlySecond: 12, Neither: 129}, 0.02, 0.05)
	fmt.Printf("%.3f [%.4f, %.4f] at level %.2f: %s within %v: %v\n", m.Difference.Value,
		m.Difference.Interval.Low, m.Difference.Interval.High, m.Difference.Interval.Level, m.Claim, m.Margin, m.Holds)
	// Output: -0.003 [-0.0111, 0.0048] at level 0.90: non-inferior within 0.02: true
}

func ExampleHolm() {
	f, _ := stats.Holm([]float64{0.001, 0.04, 0.013, 0.3}, 0.05)
	for i := range f.P {
		fmt.Printf("%.3f -> %.3f %v\n", f.P[i], f.Adjusted[i], f.Rejected[i])
	}
	// Output:
	// 0.001 -> 0.004 true
	// 0.040 -> 0.080 false
	// 0.013 -> 0.039 true
	// 0.300 -> 0.300 false
}

// Seeds that differ make the binomial interval too short; the interval by seed is quoted.
func ExampleDose() {
	var rows []stats.DoseRow
	doses := []float64{0, 10, 20, 30, 40, 50}
	for seed, successes := range [][]int{{0, 2, 9, 20, 37, 48}, {1, 6, 24, 39, 47, 50}, {0, 1, 6, 17, 30, 44},
		{2, 9, 27, 42, 50, 49}, {0, 3, 14, 28, 43, 49}, {0, 2, 12, 22, 40, 47}} {
		for i, k := range successes {
			rows = append(rows, stats.DoseRow{Dose: doses[i], Successes: k, Trials: 50, Group: fmt.Sprint("seed ", seed)})
		}
	}
	d, _ := stats.Dose(rows, stats.DoseOptions{})
	show := func(name string, v stats.Interval) { fmt.Printf("%-14s[%.2f, %.2f]\n", name, v.Low, v.High) }
	fmt.Printf("ED50 %.2f, phi %.2f\n", d.ED50.Estimate.Value, d.Phi)
	show("binomial", d.ED50.Delta.Binomial)
	show("quasibinomial", d.ED50.Delta.Quasibinomial)
	show("by seed", d.ED50.Delta.Cluster)
	show("to quote", d.ED50.Estimate.Interval)
	fmt.Println(d.ED50.Recommended + ": " + d.ED50.Estimate.Method)
	// Output:
	// ED50 27.76, phi 4.44
	// binomial      [26.76, 28.75]
	// quasibinomial [25.67, 29.85]
	// by seed       [22.53, 32.99]
	// to quote      [20.90, 34.62]
	// cluster: logit dose-response, linear scale, delta method, cluster variance, Student's t with 5 df
}

func ExampleFitTwoSlope() {
	var rows []stats.TwoSlopeRow
	for seed := range 5 {
		for _, poison := range []float64{8, 16, 32, 64} {
			for i, clean := range []float64{500, 1000, 2000} {
				k := int(poison)*6/10 + seed + (seed+i)%3 // the count alone matters
				rows = append(rows, stats.TwoSlopeRow{Poison: poison, Clean: clean, Successes: k, Trials: 50, Group: fmt.Sprint(seed)})
			}
		}
	}
	f, _ := stats.FitTwoSlope(rows, stats.TwoSlopeOptions{})
	fmt.Printf("slope of poisoned %.2f, of clean %.2f, ratio %.3f\n", f.Poison.Value, f.Clean.Value, f.Ratio.Value)
	fmt.Println("only the count matters:", f.CountOnly.Holds, "- only the share matters:", f.RateOnly.Holds)
	// Output:
	// slope of poisoned 1.61, of clean 0.02, ratio 0.010
	// only the count matters: true - only the share matters: false
}

// Complete separation: not "1.000 [1.000, 1.000]".
func ExampleAUROC() {
	a, _ := stats.AUROC([]float64{0.1, 0.3, 0.2, 0.4, 0.1, 0.2}, []float64{0.9, 0.8, 0.95, 0.7, 0.85}, 0.95)
	fmt.Printf("%.2f [%.3f, %.0f]: %s\n", a.Estimate.Value, a.Estimate.Interval.Low, a.Estimate.Interval.High, a.Estimate.Warnings[0])
	// Output: 1.00 [0.478, 1]: complete separation: quote the lower end, which rests on 5 pairs
}

func ExampleConformalP() {
	clean := make([]float64, 99)
	for i := range clean {
		clean[i] = float64(i)
	}
	t, _ := stats.ConformalP(clean, 97.5)
	fmt.Printf("p = %.2f, smallest possible %.2f\n", t.P, t.SmallestP)
	// Output: p = 0.02, smallest possible 0.01
}

func ExampleCheckFalsePositives() {
	c, _ := stats.CheckFalsePositives(7, 60, 99, 0.05, 0.95)
	fmt.Printf("%.1f expected, %.0f to %.0f in 99 of 100 cases, p = %.3f\n", c.Expected.Value, c.Expected.Interval.Low, c.Expected.Interval.High, c.Test.P)
	// Output: 3.0 expected, 0 to 10 in 99 of 100 cases, p = 0.134
}

func ExampleRoganGladen() {
	e, _ := stats.RoganGladen(stats.Count{K: 30, N: 200}, stats.Count{K: 45, N: 50}, stats.Count{K: 90, N: 100}, 0.95)
	fmt.Printf("%.4f [%.3f, %.3f]\n", e.Value, e.Interval.Low, e.Interval.High)
	// Output: 0.0625 [0.000, 0.154]
}

// A detector that finds nine in ten and cries wolf once in thirty, where one model in
// a hundred is poisoned.
func ExamplePredictiveValues() {
	p, _ := stats.PredictiveValues(0.01, stats.Count{K: 45, N: 50}, stats.Count{K: 4, N: 120}, stats.Costs{Scan: 1, Review: 20}, 0.95)
	fmt.Printf("an alarm is true with probability %.2f [%.2f, %.2f]; a true alarm costs %.0f\n",
		p.PPV.Value, p.PPV.Interval.Low, p.PPV.Interval.High, p.Cost.Value)
	// Output: an alarm is true with probability 0.21 [0.10, 0.50]; a true alarm costs 204
}

func ExampleRunsForClaim() {
	for k := range 3 {
		n, _ := stats.RunsForClaim(k, 0.1, 0.95)
		fmt.Printf("at least 90 %%: %d of %d\n", n-k, n)
	}
	// Output:
	// at least 90 %: 29 of 29
	// at least 90 %: 45 of 46
	// at least 90 %: 59 of 61
}

// Attacks in rows, defences in columns, the attack's success in the cells.
func ExampleSolveGame() {
	g, _ := stats.SolveGame([][]float64{{0.9, 0.1}, {0.2, 0.6}})
	fmt.Printf("value %.3f, attacks %.3f, defences %.3f\n", g.Value, g.Rows, g.Columns)
	// Output: value 0.433, attacks [0.333 0.667], defences [0.417 0.583]
}

// What does not exist or has no bound is null, never without a warning.
func ExampleEstimate_MarshalJSON() {
	e, _ := stats.HedgesGPaired([]float64{0.5}, 0.95)
	b, _ := json.Marshal(e)
	fmt.Println(string(b))
	// Output: {"value":null,"interval":{"low":null,"high":null,"level":0.95},"method":"Hedges' g of paired differences, noncentral t interval","n":1,"warnings":["1 differences: their spread cannot be known"],"assumptions":["differences are independent and normal"]}
}

package stats

// Studies of two samples, of differences, of effect sizes and of resampling.

import (
	"fmt"
	"math"
	"math/rand/v2"
)

func sampleStudies() []study {
	ties := func(r *rand.Rand, n int) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = float64(r.IntN(4))
		}
		return x
	}
	return []study{
		{design: "7 and 6 values, exponential, no shift", promises: []promise{{"Permutation", rejects, 0.04, 0.05}, {"MannWhitney", rejects, 0.03, 0.05}},
			trial: func(r *rand.Rand) ([]bool, error) {
				x, y := make([]float64, 7), make([]float64, 6)
				for _, s := range [][]float64{x, y} {
					for i := range s {
						s[i] = r.ExpFloat64()
					}
				}
				p, err := Permutation(nil, x, y, TwoSided, 0)
				if err != nil {
					return nil, err
				}
				w, err := MannWhitney(x, y, TwoSided)
				return []bool{p.P <= 0.05, w.P <= 0.05}, err
			}},
		{design: "9 and 8 values of four kinds, many ties, no shift", promises: []promise{{"MannWhitney", rejects, 0, 0.05}, {"Permutation Monte Carlo, 199 draws", rejects, 0, 0.05}},
			trial: func(r *rand.Rand) ([]bool, error) {
				x, y := ties(r, 9), ties(r, 8)
				w, err := MannWhitney(x, y, Greater)
				if err != nil {
					return nil, err
				}
				big := append(ties(r, 14), x...)
				p, err := Permutation(r, big, append(ties(r, 12), y...), Greater, 199)
				return []bool{w.P <= 0.05, p.P <= 0.05}, err
			}},
		{design: "60 and 60 values of four kinds, no shift", promises: []promise{{"MannWhitney beyond the exact size", rejects, 0.04, 0.055}},
			trial: func(r *rand.Rand) ([]bool, error) {
				w, err := MannWhitney(ties(r, 60), ties(r, 60), TwoSided)
				return []bool{w.P <= 0.05}, err
			}},
		{design: "9 paired seeds, symmetric differences, ties and zeros", promises: []promise{{"SignFlip", rejects, 0, 0.05}, {"SignedRank", rejects, 0, 0.05}},
			trial: func(r *rand.Rand) ([]bool, error) {
				d := make([]float64, 9)
				for i := range d {
					d[i] = float64(r.IntN(7) - 3)
				}
				f, err := SignFlip(nil, d, TwoSided, 0)
				if err != nil {
					return nil, err
				}
				w, err := SignedRank(d, TwoSided)
				return []bool{f.P <= 0.05, w.P <= 0.05}, err
			}},
		one("SignFlip", "11 paired seeds, normal, no effect, alpha 0.05/12", rejects, 0.0025, 0.05/12, func(r *rand.Rand) (bool, error) {
			t, err := SignFlip(nil, drawNormals(r, 11, 0), TwoSided, 0)
			return t.P <= 0.05/12, err
		}),
		one("CliffsDelta", "25 and 20 normal values, 1 sd apart", covers, 0.93, 0.97, func(r *rand.Rand) (bool, error) {
			e, err := CliffsDelta(drawNormals(r, 25, 1), drawNormals(r, 20, 0), 0.95)
			return e.Interval.Contains(2*normalCDF(1/math.Sqrt2) - 1), err
		}),
		one("CliffsDelta", "8 and 8 normal values, 3 sd apart, often separated", covers, 0.93, 1, func(r *rand.Rand) (bool, error) {
			e, err := CliffsDelta(drawNormals(r, 8, 3), drawNormals(r, 8, 0), 0.95)
			return e.Interval.Contains(2*normalCDF(3/math.Sqrt2) - 1), err
		}),
		{design: "12 and 9 normal values, 0.8 sd apart", trials: 1000, promises: []promise{{"HedgesG", covers, 0.95, 0.95}, {"HedgesGPaired", covers, 0.95, 0.95}},
			trial: func(r *rand.Rand) ([]bool, error) {
				x := drawNormals(r, 12, 0.8)
				g, err := HedgesG(x, drawNormals(r, 9, 0), 0.95)
				if err != nil {
					return nil, err
				}
				p, err := HedgesGPaired(x, 0.95)
				return []bool{g.Interval.Contains(0.8), p.Interval.Contains(0.8)}, err
			}},
	}
}

func resamplingStudies() []study {
	meanOf := func(values []float64) Statistic {
		return func(rows []int) float64 {
			s := 0.0
			for _, i := range rows {
				s += values[i]
			}
			return s / float64(len(rows))
		}
	}
	list := []study{
		{design: "40 exponential values, mean, 999 resamples", trials: 1000,
			promises: []promise{{"BootstrapPercentile", covers, 0.89, 0.96}, {"BootstrapBCa", covers, 0.91, 0.96}},
			trial: func(r *rand.Rand) ([]bool, error) {
				values := make([]float64, 40)
				for i := range values {
					values[i] = r.ExpFloat64()
				}
				p, err := BootstrapPercentile(r, Rows{N: 40}, meanOf(values), 999, 0.95)
				if err != nil {
					return nil, err
				}
				b, err := BootstrapBCa(r, Rows{N: 40}, meanOf(values), 999, 0.95)
				return []bool{p.Interval.Contains(1), b.Interval.Contains(1)}, err
			}},
		{design: "two strata of 25, means 0 and 5, 999 resamples", trials: 1000, promises: []promise{{"BootstrapBCa stratified", covers, 0.92, 0.96}},
			trial: func(r *rand.Rand) ([]bool, error) {
				strata := make([]int, 50)
				for i := 25; i < 50; i++ {
					strata[i] = 1
				}
				e, err := BootstrapBCa(r, Rows{50, strata}, meanOf(append(drawNormals(r, 25, 0), drawNormals(r, 25, 5)...)), 999, 0.95)
				return []bool{e.Interval.Contains(2.5)}, err
			}},
		one("BootstrapMean of rates", "12 seeds that fail with probability 2 %, all the same three times of four", covers, 0.95, 1, func(r *rand.Rand) (bool, error) {
			values := make([]float64, 12)
			for i := range values {
				values[i] = float64(drawBinomial(r, 1, 0.98))
			}
			e, err := BootstrapMean(r, values, Rates, 499, 0.95)
			return e.Interval.Contains(0.98), err
		}),
	}
	for _, n := range []int{8, 11} {
		list = append(list, one("BootstrapMean", fmt.Sprintf("%d normal values, 999 resamples", n), covers, 0.93, 0.99, func(r *rand.Rand) (bool, error) {
			e, err := BootstrapMean(r, drawNormals(r, n, 0), Unbounded, 999, 0.95)
			return e.Interval.Contains(0), err
		}))
	}
	for _, c := range []struct {
		seeds, items int
		low          float64
	}{{5, 40, 0.9}, {11, 60, 0.93}} {
		list = append(list, study{design: fmt.Sprintf("%d seeds x %d items, both matter, rate one half, 499 resamples", c.seeds, c.items), trials: 1000,
			promises: []promise{{"BootstrapCrossed", covers, c.low, 1}},
			trial: func(r *rand.Rand) ([]bool, error) {
				items, table := drawNormals(r, c.items, 0), make([][]float64, c.seeds)
				for s := range table {
					seed := 0.5 * r.NormFloat64()
					for _, item := range items {
						p, _, _, _ := Logit.curve(seed + item)
						table[s] = append(table[s], float64(drawBinomial(r, 1, p)))
					}
				}
				e, err := BootstrapCrossed(r, table, Rates, 499, 0.95)
				return []bool{e.Interval.Contains(0.5)}, err
			}})
	}
	return list
}

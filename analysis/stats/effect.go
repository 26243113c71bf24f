package stats

// Effect sizes: Cliff's delta (N. Cliff, Psychological Bulletin 114:494, 1993; interval
// as in D. Feng & N. Cliff, J. Modern Applied Statistical Methods 3:322, 2004) and
// Hedges' g (L. V. Hedges, J. Educational Statistics 6:107, 1981; exact interval by
// inverting the noncentral t, G. Cumming & S. Finch, Educational and
// Psychological Measurement 61:532, 2001).

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/stat/distuv"
)

// CliffsDelta is P(x > y) - P(x < y), in [-1, 1]: no scale, no normality. Fully
// separated samples have no estimable variance; their interval then ends at
// (n-z²)/(n+z²) for n the smaller size, with a warning.
func CliffsDelta(x, y []float64, level float64) (Estimate, error) {
	if err := checkEffect("cliff's delta", x, y, level); err != nil {
		return Estimate{}, err
	}
	m, n := len(x), len(y)
	e := Estimate{Value: math.NaN(), Interval: Interval{-1, 1, level}, N: m + n,
		Method: "Cliff's delta, Feng-Cliff interval", Assumptions: []string{"values are independent within and between the samples"}}
	if m == 0 || n == 0 {
		e.Warnings = []string{"an empty sample: the effect is undefined"}
		return e, nil
	}
	wins, losses := dominance(x, y), dominance(y, x) // [m], [n]; losses have the other sign
	total := 0
	for _, w := range wins {
		total += w.above - w.below
	}
	pairs := float64(m * n)
	d := float64(total) / pairs
	e.Value = d
	if m == 1 || n == 1 {
		e.Warnings = []string{"a sample of one: its spread cannot be known"}
		return e, nil
	}
	if math.Abs(d) == 1 {
		zz := math.Pow(zCritical(level), 2)
		k := float64(min(m, n))
		bound := (k - zz) / (k + zz)
		e.Warnings = []string{"the samples are fully separated: the variance is not estimable, the interval is a bound by the smaller size"}
		if d > 0 {
			e.Interval.Low = bound
		} else {
			e.Interval.High = -bound
		}
		return e, nil
	}
	if constant(slices.Concat(x, y)) {
		e.Warnings = []string{"all values are the same: the data do not bound the effect"}
		return e, nil
	}
	s := math.Sqrt(dominanceVariance(wins, losses, d))
	t := tCritical(level, float64(m+n-2))
	dd, ts := float64(d*d), float64(t*t*s*s)
	half := float64(t * s * math.Sqrt(float64((1-dd)*(1-dd))+ts))
	centre, scale := float64(d*(1-dd)), 1-dd+ts
	e.Interval = Interval{max(-1, (centre-half)/scale), min(1, (centre+half)/scale), level}
	return e, nil
}

// standing is how many values of the other sample one value is above and below.
type standing struct{ above, below int }

// dominance is the standing of each x among y.
func dominance(x, y []float64) []standing {
	sorted := slices.Sorted(slices.Values(y))
	out := make([]standing, len(x))
	for i, v := range x {
		first, _ := slices.BinarySearch(sorted, v)
		past, _ := slices.BinarySearchFunc(sorted, v, func(e, v float64) int {
			if e <= v {
				return -1
			}
			return cmp.Compare(e, v)
		})
		out[i] = standing{first, len(y) - past}
	}
	return out
}

// dominanceVariance is Cliff's unbiased variance of d, floored at (1-d²)/(mn-1).
func dominanceVariance(wins, losses []standing, d float64) float64 {
	m, n := float64(len(wins)), float64(len(losses))
	var rows, columns, untied float64
	for _, w := range wins {
		v := float64(w.above-w.below) - float64(n*d)
		rows += float64(v * v)
		untied += float64(w.above + w.below)
	}
	for _, w := range losses {
		v := float64(w.below-w.above) - float64(m*d)
		columns += float64(v * v)
	}
	cells := untied - float64(m*n*d*d)
	return max((rows+columns-cells)/(m*n*(m-1)*(n-1)), (1-float64(d*d))/(float64(m*n)-1))
}

// HedgesG is the difference of means in units of the pooled standard deviation, with
// Hedges' exact small-sample correction. The interval, for the population's
// standardised difference, is exact for normal data of equal variance.
func HedgesG(x, y []float64, level float64) (Estimate, error) {
	if err := checkEffect("hedges' g", x, y, level); err != nil {
		return Estimate{}, err
	}
	m, n := len(x), len(y)
	e := Estimate{Value: math.NaN(), Interval: unbounded(level), N: m + n, Method: "Hedges' g, noncentral t interval",
		Assumptions: []string{"values are independent and normal, with one variance"}}
	if m == 0 || n == 0 || m+n < 3 {
		e.Warnings = []string{fmt.Sprintf("sizes %d and %d: the pooled spread cannot be known", m, n)}
		return e, nil
	}
	squares := 0.0
	for _, xs := range [][]float64{x, y} {
		if len(xs) > 1 {
			squares += float64(variance(xs) * float64(len(xs)-1))
		}
	}
	df := float64(m + n - 2)
	standardised(&e, mean(x)-mean(y), math.Sqrt(squares/df), df, math.Sqrt(float64(m)*float64(n)/float64(m+n)))
	return e, nil
}

// HedgesGPaired is the mean of paired differences in units of their own standard
// deviation, corrected and with interval as in HedgesG. It is not comparable
// with HedgesG, whose unit is the spread of values.
func HedgesGPaired(differences []float64, level float64) (Estimate, error) {
	if err := checkEffect("hedges' g, paired", differences, nil, level); err != nil {
		return Estimate{}, err
	}
	n := len(differences)
	e := Estimate{Value: math.NaN(), Interval: unbounded(level), N: n, Method: "Hedges' g of paired differences, noncentral t interval",
		Assumptions: []string{"differences are independent and normal"}}
	if n < 2 {
		e.Warnings = []string{fmt.Sprintf("%d differences: their spread cannot be known", n)}
		return e, nil
	}
	standardised(&e, mean(differences), math.Sqrt(variance(differences)), float64(n-1), math.Sqrt(float64(n)))
	return e, nil
}

// standardised fills e with difference/sd, whose t statistic is root times it.
func standardised(e *Estimate, difference, sd, df, root float64) {
	if sd == 0 {
		e.Warnings = append(e.Warnings, "the values do not vary within a sample: the data do not bound the effect")
		e.Value = 0
		if difference != 0 {
			e.Value = math.Inf(int(math.Copysign(1, difference)))
		}
		return
	}
	d := difference / sd
	e.Value = d * smallSample(df)
	if df < 2 {
		e.Value = d
		e.Warnings = append(e.Warnings, "one degree of freedom: the small-sample correction does not exist and is left out")
	}
	t, tail := d*root, float64((1-e.Interval.Level)/2)
	e.Interval.Low = noncentrality(t, df, 1-tail) / root
	e.Interval.High = noncentrality(t, df, tail) / root
}

// smallSample is Hedges' J: Γ(df/2) / (sqrt(df/2) Γ((df-1)/2)).
func smallSample(df float64) float64 {
	if df < 2 {
		return 0
	}
	a, _ := math.Lgamma(df / 2)
	b, _ := math.Lgamma((df - 1) / 2)
	return math.Exp(a-b) / math.Sqrt(df/2)
}

// noncentrality is the one at which P(T <= t) is p: the CDF falls as it grows.
func noncentrality(t, df, p float64) float64 {
	reach := 10 + float64(10*math.Abs(t))
	return bisect(func(mu float64) bool { return noncentralT(t, df, mu) > p }, -reach, reach)
}

// noncentralT is P(T <= t). gonum's series (AS 243) underflows beyond mu = 38, where
// well separated samples live; there P(Z + mu <= t S) is integrated over Z, with
// S² a chi-square over df.
func noncentralT(t, df, mu float64) float64 {
	if math.Abs(mu) < 37 {
		return distuv.NoncentralT{Nu: df, Mu: mu}.CDF(t)
	}
	if t < 0 {
		return 1 - noncentralT(-t, df, -mu)
	}
	beyond := quad.Fixed(func(z float64) float64 {
		s := (z + mu) / t
		return math.Exp(-z*z/2) / math.Sqrt(2*math.Pi) * chiSquaredTail(df*s*s, df)
	}, max(-9, -mu), max(9, -mu), 400, quad.Legendre{}, 1)
	return float64(normalCDF(-mu)) + beyond
}

func checkEffect(where string, x, y []float64, level float64) error {
	if err := checkSamples(where, x, y, TwoSided); err != nil {
		return err
	}
	return checkLevel(where, level)
}

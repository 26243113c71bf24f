package stats

// Distribution functions, quantiles, moments and draws that the methods share.
// The incomplete beta and gamma functions are gonum's (Cephes), good to about 1e-10
// relative; the binomial probability is Loader's saddle-point form (C. Loader,
// Fast and accurate computation of binomial probabilities, 2000).

import (
	"math"
	"math/bits"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
)

// Source is a stream of random bits. The caller names and seeds it.
type Source interface {
	Uint64() uint64
}

// intn is uniform on [0, n), n > 0, without bias (Lemire's multiply and reject).
func intn(src Source, n int) int {
	m := uint64(n)
	hi, lo := bits.Mul64(src.Uint64(), m)
	if lo < m {
		for t := -m % m; lo < t; {
			hi, lo = bits.Mul64(src.Uint64(), m)
		}
	}
	return int(hi)
}

func normalCDF(x float64) float64      { return float64(0.5 * math.Erfc(-x/math.Sqrt2)) }
func normalQuantile(p float64) float64 { return mathext.NormalQuantile(p) }

// zCritical is the two-sided critical value of a level: 1.96 of 0.95.
func zCritical(level float64) float64 { return -normalQuantile((1 - level) / 2) }

// tCDF is Student's, df > 0; tCritical is its two-sided critical value.
func tCDF(x, df float64) float64 {
	if math.IsInf(df, 1) {
		return normalCDF(x)
	}
	// The tail is computed, not one minus the body, so small ones keep their digits.
	tail := float64(0.5 * betaCDF(df/(df+float64(x*x)), df/2, 0.5))
	if x > 0 {
		return 1 - tail
	}
	return tail
}

func tCritical(level, df float64) float64 {
	if math.IsInf(df, 1) {
		return zCritical(level)
	}
	x := betaQuantile(1-level, df/2, 0.5)
	return math.Sqrt(df * (1 - x) / x)
}

func chiSquaredTail(x, df float64) float64     { return distuv.ChiSquared{K: df}.Survival(x) }
func chiSquaredQuantile(p, df float64) float64 { return distuv.ChiSquared{K: df}.Quantile(p) }

// fTail is P(F >= x) of Fisher's F; its digits survive however small it is.
func fTail(x, df1, df2 float64) float64 {
	return max(betaCDF(df2/(df2+float64(df1*x)), df2/2, df1/2), math.SmallestNonzeroFloat64)
}

// betaCDF is the regularised incomplete beta function; a, b > 0.
func betaCDF(x, a, b float64) float64 {
	switch {
	case x <= 0:
		return 0
	case x >= 1:
		return 1
	}
	return mathext.RegIncBeta(a, b, x)
}

func betaQuantile(p, a, b float64) float64 {
	switch {
	case p <= 0:
		return 0
	case p >= 1:
		return 1
	}
	return mathext.InvRegIncBeta(a, b, p)
}

// binomialPMF is P(X = k) of Binomial(n, p), to nearly full precision at any n.
func binomialPMF(k, n int, p float64) float64 {
	switch {
	case k < 0 || k > n:
		return 0
	case p <= 0 || p >= 1:
		if (p <= 0 && k == 0) || (p >= 1 && k == n) {
			return 1
		}
		return 0
	case k == 0:
		return math.Exp(float64(n) * math.Log1p(-p))
	case k == n:
		return math.Exp(float64(n) * math.Log(p))
	}
	x, m := float64(k), float64(n)
	l := stirlingError(m) - stirlingError(x) - stirlingError(m-x) - deviance(x, float64(m*p)) - deviance(m-x, float64(m*(1-p)))
	return math.Exp(l) * math.Sqrt(m/(2*math.Pi*x*(m-x)))
}

// binomialLower is P(X <= k), binomialUpper is P(X >= k).
func binomialLower(k, n int, p float64) float64 {
	if k < 0 {
		return 0
	}
	if k >= n {
		return 1
	}
	return betaCDF(1-p, float64(n-k), float64(k+1))
}

func binomialUpper(k, n int, p float64) float64 {
	if k <= 0 {
		return 1
	}
	if k > n {
		return 0
	}
	return betaCDF(p, float64(k), float64(n-k+1))
}

// stirlingError is log(n!) less Stirling's formula, for n a positive integer.
func stirlingError(n float64) float64 {
	if n < 16 {
		l, _ := math.Lgamma(n + 1)
		return l - float64((n+0.5)*math.Log(n)) + n - float64(0.5*math.Log(2*math.Pi))
	}
	s := 1 / (n * n)
	return (1./12 - float64(s*(1./360-float64(s*(1./1260-float64(s*(1./1680-float64(s/1188)))))))) / n
}

// deviance is x log(x/m) + m - x, without cancellation near x = m.
func deviance(x, m float64) float64 {
	d := x - m
	if math.Abs(d) >= 0.1*(x+m) {
		return float64(x*math.Log(x/m)) - d
	}
	v := d / (x + m)
	s, term, v2 := float64(d*v), 2*x*v, v*v
	for j := 1; ; j++ {
		term *= v2
		next := s + term/float64(2*j+1)
		if next == s {
			return s
		}
		s = next
	}
}

// crowdedNodes integrate over [0, 1] what may be steep at its ends, to six digits or
// more: midpoints v mapped by u = I_v(4, 4), whose derivatives vanish at both ends.
func crowdedNodes() (u, weight []float64) {
	const n = 256
	u, weight = make([]float64, n), make([]float64, n)
	for i := range u {
		v := float64((float64(i) + 0.5) / n)
		u[i] = v * v * v * v * (35 + float64(v*(-84+float64(v*(70-float64(20*v))))))
		weight[i] = 140 * math.Pow(v*(1-v), 3) / n
	}
	return u, weight
}

func sum(xs []float64) float64 {
	s := 0.0
	for _, x := range xs {
		s += x
	}
	return s
}

// mean of at least one value. Identical values give exactly that value.
func mean(xs []float64) float64 {
	m := sum(xs) / float64(len(xs))
	d := 0.0
	for _, x := range xs {
		d += x - m
	}
	return m + d/float64(len(xs))
}

// variance is the sample variance (divisor n-1) of at least two values.
func variance(xs []float64) float64 {
	m, s := mean(xs), 0.0
	for _, x := range xs {
		d := x - m
		s += float64(d * d)
	}
	return s / float64(len(xs)-1)
}

// constant reports whether all values are the same; so are none and one.
func constant(xs []float64) bool {
	for _, x := range xs {
		if x != xs[0] {
			return false
		}
	}
	return true
}

// quantile of sorted values by linear interpolation between order statistics
// (Hyndman and Fan's type 7, the default of R and NumPy).
func quantile(sorted []float64, p float64) float64 {
	h := float64(p * float64(len(sorted)-1))
	i := int(math.Floor(h))
	if i < 0 {
		return sorted[0]
	}
	if i >= len(sorted)-1 {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + float64((h-float64(i))*(sorted[i+1]-sorted[i]))
}

package stats

// Permutation of two samples' members and of differences' signs: exact by
// enumeration while that is quick, else Monte Carlo with P = (b+1)/(m+1)
// (B. Phipson & G. K. Smyth, Statistical Applications in Genetics and Molecular
// Biology 9:39, 2010). Both test for a shift of the mean; ranks are in rank.go.

import (
	"fmt"
	"math"
	"slices"
)

// maxArrangements is what is enumerated: 11 against 11, and 22 signs.
const maxArrangements = 1 << 22

// Permutation tests whether x and y, independent samples, come from one
// distribution, by the difference of their means; two-sided compares absolute
// differences. Exact up to 4,194,304 arrangements, beyond that with draws
// random ones from src, which an exact test does not touch and may be nil.
// SmallestP is what the most extreme arrangement of these very values would give.
func Permutation(src Source, x, y []float64, alt Alternative, draws int) (Test, error) {
	const where = "permutation"
	if err := checkSamples(where, x, y, alt); err != nil {
		return Test{}, err
	}
	m, n := len(x), len(x)+len(y)
	if m == 0 || m == n {
		return untestable("exact permutation of the difference of means", n, alt, "an empty sample: nothing to compare"), nil
	}
	pooled := slices.Concat(x, y)
	if constant(pooled) {
		return untestable("exact permutation of the difference of means", n, alt, "all values are the same: nothing to compare"), nil
	}
	centre := mean(pooled)
	for i := range pooled {
		pooled[i] -= centre
	}
	sorted := slices.Sorted(slices.Values(pooled))
	tail := newTail(alt, sum(pooled[:m]), sum(sorted[n-m:]), sum(sorted[:m]), rounding(x, y))
	t := Test{Statistic: mean(x) - mean(y), N: n, Alternative: alt,
		Assumptions: []string{"under the hypothesis the values are exchangeable between the samples"}}
	if arrangements := choose(n, m); arrangements <= maxArrangements {
		tail.choose(pooled, m, 0)
		tail.exact(&t, "exact permutation of the difference of means")
		return t, nil
	}
	err := tail.sample(&t, src, draws, "permutation of the difference of means", func() float64 {
		for i := range m {
			j := i + intn(src, n-i)
			pooled[i], pooled[j] = pooled[j], pooled[i]
		}
		return sum(pooled[:m])
	})
	return t, err
}

// SignFlip tests whether differences are symmetric about zero, by their
// mean: the exact test for paired seeds. Zeros count for nothing. Exact up to 22
// differences that are not zero, beyond that with draws random flips from src,
// which may be nil otherwise. Nine seeds cannot go below 0.0039 two-sided.
func SignFlip(src Source, differences []float64, alt Alternative, draws int) (Test, error) {
	const where = "sign-flip"
	if err := checkSamples(where, differences, nil, alt); err != nil {
		return Test{}, err
	}
	n := len(differences)
	if n == 0 {
		return untestable("exact sign-flip of the mean difference", n, alt, "no differences: nothing to test"), nil
	}
	d := slices.DeleteFunc(slices.Clone(differences), func(v float64) bool { return v == 0 })
	t := Test{Statistic: mean(differences), N: n, Alternative: alt,
		Assumptions: []string{"under the hypothesis each difference is as likely to have the other sign"}}
	if len(d) == 0 {
		return untestable("exact sign-flip of the mean difference", n, alt, "all differences are zero: nothing to test"), nil
	}
	if zeros := n - len(d); zeros > 0 {
		t.Warnings = append(t.Warnings, fmt.Sprintf("%d of %d differences are zero and count for nothing", zeros, n))
	}
	all := 0.0
	for _, v := range d {
		all += math.Abs(v)
	}
	tail := newTail(alt, sum(d), all, -all, rounding(d, nil))
	if len(d) <= 22 {
		tail.flip(d, 0)
		tail.exact(&t, "exact sign-flip of the mean difference")
		return t, nil
	}
	err := tail.sample(&t, src, draws, "sign-flip of the mean difference", func() float64 {
		s, bits := 0.0, uint64(0)
		for i, v := range d {
			if i%64 == 0 {
				bits = src.Uint64()
			}
			if bits&1 != 0 {
				v = -v
			}
			s += v
			bits >>= 1
		}
		return s
	})
	return t, err
}

func checkSamples(where string, x, y []float64, alt Alternative) error {
	if err := checkAlternative(where, alt); err != nil {
		return err
	}
	if err := checkFinite(where+", first sample", x); err != nil {
		return err
	}
	return checkFinite(where+", second sample", y)
}

// tail counts arrangements whose sum, centred on its expectation under the
// hypothesis, is at least as extreme as observed, and as the most extreme.
type tail struct {
	alt               Alternative
	observed, extreme float64 // scores, less what rounding can do
	total, far, edge  int
}

// newTail wants the observed, largest and smallest sum.
func newTail(alt Alternative, observed, largest, smallest, rounding float64) *tail {
	t := &tail{alt: alt}
	t.observed = t.score(observed) - rounding
	t.extreme = max(t.score(largest), t.score(smallest)) - rounding
	return t
}

// rounding is far above the rounding error of any sum of the values and far
// below any difference between sums that data can show.
func rounding(x, y []float64) float64 {
	s := 0.0
	for _, xs := range [][]float64{x, y} {
		for _, v := range xs {
			s += math.Abs(v)
		}
	}
	return float64(1e-12 * s)
}

func (t *tail) score(s float64) float64 {
	switch t.alt {
	case Less:
		return -s
	case TwoSided:
		return math.Abs(s)
	}
	return s
}

func (t *tail) add(s float64) {
	t.total++
	if v := t.score(s); v >= t.observed {
		t.far++
		if v >= t.extreme {
			t.edge++
		}
	}
}

// choose adds the sum of every way to take m of the values, on top of s.
func (t *tail) choose(values []float64, m int, s float64) {
	if m == 0 {
		t.add(s)
		return
	}
	for i := 0; i+m <= len(values); i++ {
		t.choose(values[i+1:], m-1, s+values[i])
	}
}

// flip adds the sum under every choice of signs, on top of s.
func (t *tail) flip(values []float64, s float64) {
	if len(values) == 0 {
		t.add(s)
		return
	}
	t.flip(values[1:], s+values[0])
	t.flip(values[1:], s-values[0])
}

func (t *tail) exact(out *Test, method string) {
	out.Method = method
	out.P = float64(t.far) / float64(t.total)
	out.SmallestP = float64(t.edge) / float64(t.total)
}

// sample counts draws random arrangements and the observed one.
func (t *tail) sample(out *Test, src Source, draws int, method string, arrangement func() float64) error {
	if src == nil || draws < 1 {
		return fmt.Errorf("%s: too many arrangements to enumerate, and %d draws: want a source and at least 1 draw, better 9999", method, draws)
	}
	for range draws {
		t.add(arrangement())
	}
	out.Method = fmt.Sprintf("Monte Carlo %s, %d draws", method, draws)
	out.P = float64(t.far+1) / float64(draws+1)
	out.SmallestP = 1 / float64(draws+1)
	return nil
}

// choose is n over m, or more than any int64 holds.
func choose(n, m int) float64 {
	c := 1.0
	for i := 1; i <= min(m, n-m); i++ {
		c = c * float64(n-i+1) / float64(i)
	}
	return c
}

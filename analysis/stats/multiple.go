package stats

// Many tests at once. Holm: S. Holm, Scand. J. Statistics 6:65 (1979), for confirmatory
// claims. Benjamini-Hochberg: JRSS B 57:289 (1995), for screens. Max-T: P. Westfall and S. S.
// Young, Resampling-Based Multiple Testing (1993), step-down as in algorithm 4.1 of Y. Ge
// et al., TEST 12:1 (2003), for detectors whose scores depend on each other.

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Family is a set of tests judged together, in the caller's order.
type Family struct {
	Method      string
	P           []float64 // as given; for max-T each test's own permutation P
	Adjusted    []float64
	Alpha       float64
	Rejected    []bool  // Adjusted <= Alpha
	SmallestP   float64 // the smallest Adjusted that the design could give the best test; 0 where unknown
	Warnings    []string
	Assumptions []string
}

// Holm controls the chance of any false rejection, whatever the dependence.
func Holm(p []float64, alpha float64) (Family, error) {
	f, order, err := newFamily("Holm", p, alpha)
	if err != nil {
		return Family{}, err
	}
	highest := 0.0
	for i, j := range order {
		highest = max(highest, min(1, float64(len(p)-i)*p[j]))
		f.Adjusted[j] = highest
	}
	f.reject()
	return f, nil
}

// BenjaminiHochberg controls the expected share of false rejections among all.
func BenjaminiHochberg(p []float64, alpha float64) (Family, error) {
	f, order, err := newFamily("Benjamini-Hochberg", p, alpha)
	if err != nil {
		return Family{}, err
	}
	f.Assumptions = []string{"tests are independent or positively dependent"}
	lowest := 1.0
	for i := len(order) - 1; i >= 0; i-- {
		j := order[i]
		lowest = min(lowest, float64(len(p))*p[j]/float64(i+1))
		f.Adjusted[j] = lowest
	}
	f.reject()
	return f, nil
}

func newFamily(method string, p []float64, alpha float64) (f Family, order []int, err error) {
	if err := checkAlpha(method, alpha); err != nil {
		return f, nil, err
	}
	for i, v := range p {
		if !(v >= 0 && v <= 1) {
			return f, nil, fmt.Errorf("%s: p-value %d is %v: want a fraction from 0 to 1", method, i, v)
		}
		order = append(order, i)
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	f = Family{Method: method, P: slices.Clone(p), Alpha: alpha, Adjusted: make([]float64, len(p)), Rejected: make([]bool, len(p))}
	if len(p) == 0 {
		f.Warnings = []string{"no tests: nothing to adjust"}
	}
	return f, order, nil
}

func (f *Family) reject() {
	for i, p := range f.Adjusted {
		f.Rejected[i] = p <= f.Alpha
	}
}

// MaxT adjusts by the permutation distribution of the largest statistic, larger meaning
// more evidence. observed has one statistic per test; permuted [B][tests] has them under B
// random re-assignments, the observed one not among them. Bring statistics to a
// common scale first, or the most variable test decides. P = (1 + b) / (B + 1).
func MaxT(observed []float64, permuted [][]float64, alpha float64) (Family, error) {
	const where = "max-t"
	if err := checkFinite(where+", observed", observed); err != nil {
		return Family{}, err
	}
	for i, row := range permuted {
		if len(row) != len(observed) {
			return Family{}, fmt.Errorf("%s: permutation %d has %d statistics: want %d, one per test", where, i, len(row), len(observed))
		}
		if err := checkFinite(fmt.Sprintf("%s, permutation %d", where, i), row); err != nil {
			return Family{}, err
		}
	}
	ones := make([]float64, len(observed))
	for i := range ones {
		ones[i] = 1
	}
	f, order, err := newFamily("Westfall-Young step-down max-T", ones, alpha)
	if err != nil {
		return Family{}, err
	}
	total := float64(len(permuted) + 1)
	f.SmallestP = 1 / total
	f.Assumptions = []string{"under the complete null the re-assignments are exchangeable with the data"}
	if len(permuted) == 0 {
		f.Warnings = append(f.Warnings, "no permutations: every P is 1")
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(observed[b], observed[a]) })
	own, beyond := make([]int, len(observed)), make([]int, len(observed))
	for _, row := range permuted {
		// The largest among the tests that are not yet rejected, from the weakest on.
		largest := math.Inf(-1)
		for i := len(order) - 1; i >= 0; i-- {
			j := order[i]
			largest = max(largest, row[j])
			if largest >= observed[j] {
				beyond[j]++
			}
			if row[j] >= observed[j] {
				own[j]++
			}
		}
	}
	highest := 0.0
	for _, j := range order {
		f.P[j] = float64(1+own[j]) / total
		highest = max(highest, float64(1+beyond[j])/total)
		f.Adjusted[j] = highest
	}
	f.reject()
	return f, nil
}

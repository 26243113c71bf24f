package stats

// Separation: a plane in the covariates with all failures on one side and all
// successes on the other, or on it. Then the likelihood has no maximum and
// coefficients run to infinity. Decided exactly by a linear program (K. Konis, Linear
// programming algorithms for detecting separated data, Oxford 2007), not by
// watching the coefficients grow.

import (
	"math"
	"math/big"
	"slices"
)

// separated reports whether some beta other than 0 has x_i'beta >= 0 in every row that
// only succeeded, <= 0 in every row that only failed and 0 in every other. The columns
// of x [N x K] must be linearly independent.
func separated(x [][]float64, y, m []float64) bool {
	k := len(x[0])
	cost := zeroRats(2 * k)
	var rows [][]*big.Rat
	for _, r := range mergeRows(x, y, m) {
		// beta = u - v with u, v in [0, 1].
		up, down := zeroRats(2*k), zeroRats(2*k)
		for j, v := range r.x {
			up[j].SetFloat64(v)
			up[k+j].Neg(up[j])
			down[j], down[k+j] = up[k+j], up[j]
		}
		// Each line reads -x (u - v) <= 0, or its mirror.
		if r.y > 0 {
			rows = append(rows, down)
		}
		if r.y < r.m {
			rows = append(rows, up)
		}
		gain := up
		if r.y == 0 {
			gain = down
		} else if r.y < r.m {
			continue
		}
		for j := range cost {
			cost[j].Add(cost[j], gain[j])
		}
	}
	one, zero := big.NewRat(1, 1), new(big.Rat)
	b := ratsOf(len(rows), zero)
	for j := range cost {
		unit := zeroRats(2 * k)
		unit[j] = one
		rows, b = append(rows, unit), append(b, one)
	}
	_, _, value, bounded := simplexMax(rows, b, cost)
	return bounded && value.Sign() > 0
}

// pattern is the rows of one covariate pattern, added up.
type pattern struct {
	x    []float64
	y, m float64
}

// mergeRows adds up the rows that share their covariates, sorted by them.
func mergeRows(x [][]float64, y, m []float64) []pattern {
	ps := make([]pattern, len(x))
	for i := range x {
		ps[i] = pattern{x[i], y[i], m[i]}
	}
	slices.SortStableFunc(ps, func(a, b pattern) int { return slices.Compare(a.x, b.x) })
	var out []pattern
	for _, p := range ps {
		if last := len(out) - 1; last >= 0 && slices.Equal(out[last].x, p.x) {
			out[last].y += p.y
			out[last].m += p.m
			continue
		}
		out = append(out, p)
	}
	return out
}

// suspicious says that a fit is extreme enough to be worth the exact check.
func (f curveFit) suspicious(link Link) bool {
	if !f.converged {
		return true
	}
	for _, e := range f.eta {
		if math.Abs(e) > link.large() {
			return true
		}
	}
	return false
}

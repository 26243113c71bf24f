package stats

// Separation: a plane in the covariates with all failures on one side and all
// successes on the other, or on it. Then the likelihood has no maximum and
// coefficients run to infinity. Decided exactly by a linear program (K. Konis, Linear
// programming algorithms for detecting separated data, Oxford 2007), not by
// watching the coefficients grow.

import (
	"math"
	"slices"
)

// separated reports whether some beta other than 0 has x_i'beta >= 0 in every row that
// only succeeded, <= 0 in every row that only failed and 0 in every other. The columns
// of x [N x K] must be linearly independent.
func separated(x [][]float64, y, m []float64) bool {
	rows, cost := [][]float64{}, []float64(nil)
	for _, r := range mergeRows(x, y, m) {
		k := len(r.x)
		if cost == nil {
			cost = make([]float64, 2*k)
		}
		// beta = u - v with u, v in [0, 1]; each line reads: -sign x (u - v) <= 0.
		line := func(sign float64) []float64 {
			l := make([]float64, 2*k)
			for j, v := range r.x {
				l[j], l[k+j] = -sign*v, sign*v
			}
			return l
		}
		up, down := r.y > 0, r.y < r.m
		if up {
			rows = append(rows, line(1))
		}
		if down {
			rows = append(rows, line(-1))
		}
		if up != down {
			sign := 1.0
			if down {
				sign = -1
			}
			for j, v := range r.x {
				cost[j] += sign * v
				cost[k+j] -= sign * v
			}
		}
	}
	b := make([]float64, len(rows))
	for j := range cost {
		unit := make([]float64, len(cost))
		unit[j] = 1
		rows, b = append(rows, unit), append(b, 1)
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

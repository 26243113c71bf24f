package stats

// The score test of a difference between two independent rates (O. Miettinen &
// M. Nurminen, Statistics in Medicine 4:213, 1985), behind MarginRates. Its interval and its
// p-value come from one function, so they never disagree; Newcombe's is the
// closed form for figures.

import "math"

// rates are two independent samples with trials.
type rates struct {
	k1, n1, k2, n2 float64
}

func ratesOf(k1, n1, k2, n2 int) rates {
	return rates{float64(k1), float64(n1), float64(k2), float64(n2)}
}

// score is z for the hypothesis that the first rate exceeds the second by
// delta: positive when the observed difference is larger.
func (r rates) score(delta float64) float64 {
	p2 := r.likeliest(delta)
	p1 := min(1, max(0, p2+delta))
	variance := p1*(1-p1)/r.n1 + p2*(1-p2)/r.n2
	n := r.n1 + r.n2
	return ratio(r.k1/r.n1-r.k2/r.n2-delta, math.Sqrt(variance*n/(n-1)))
}

// likeliest is the second rate of greatest likelihood given delta: the root
// of the likelihood's derivative, which falls.
func (r rates) likeliest(delta float64) float64 {
	slope := func(p2 float64) float64 {
		p1 := p2 + delta
		s := 0.0
		for _, t := range [][3]float64{{r.k1, r.n1, p1}, {r.k2, r.n2, p2}} {
			if k, p := t[0], t[2]; k > 0 {
				s += k / p
			}
			if failed, q := t[1]-t[0], 1-t[2]; failed > 0 {
				s -= failed / q // -Inf at q = 0
			}
		}
		return s
	}
	return bisect(func(p2 float64) bool {
		v := slope(p2)
		return v > 0 || math.IsNaN(v)
	}, max(0, -delta), min(1, 1-delta))
}

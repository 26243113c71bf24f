package stats

// Variance by group: rows of one seed or run vary together, so the score is summed
// within groups before it is squared (K.-Y. Liang and S. Zeger, Biometrika 73:13, 1986).
// The bread is the observed information; the meat is multiplied by
// G/(G-1) x (N-1)/(N-K), as statsmodels' GLM does with cov_type="cluster".

import (
	"fmt"
	"math"
)

// observedInfo is minus the second derivative of the plain log-likelihood. For the
// logit curve from 0 to 1 it equals the expected information.
func (p *curveProblem) observedInfo(theta []float64) [][]float64 {
	size := len(theta)
	k := size - 2
	info := zeros(size, size)
	for i := range p.y {
		r := p.row(i, theta)
		if p.link == Logit && !p.floor && !p.ceiling {
			addOuter(info, p.m[i]*r.slope, append(append(make([]float64, 0, size), p.x[i]...), 0, 0))
			continue
		}
		if r.p*r.q == 0 {
			continue
		}
		first := p.residual(i, r)
		addOuter(info, float64(p.y[i]/r.p/r.p)+float64((p.m[i]-p.y[i])/r.q/r.q), p.gradient(i, r, size))
		if p.x[i] == nil {
			continue
		}
		width := theta[k+1] - theta[k]
		density := r.slope / width // F'
		bend := density * (r.g - r.f)
		if p.link == Probit {
			bend = -p.eta(i, theta) * density
		}
		for a, xa := range p.x[i] {
			for b, xb := range p.x[i] {
				info[a][b] -= float64(first * width * bend * xa * xb)
			}
			cross := float64(first * density * xa)
			info[a][k] += cross
			info[k][a] += cross
			info[a][k+1] -= cross
			info[k+1][a] -= cross
		}
	}
	return info
}

// clusterCovariance is the variance of fit.theta by group, group[i] in [0, groups).
// It is nil where there are too few groups or rows.
func (p *curveProblem) clusterCovariance(fit curveFit, group []int, groups int) [][]float64 {
	n, params := len(p.y), count(fit.free)
	if groups < 2 || n <= params || fit.cov == nil {
		return nil
	}
	bread := expand(p.observedInfo(fit.theta), fit.free)
	if bread == nil {
		bread = fit.cov
	}
	sums := zeros(groups, len(fit.theta))
	for i, u := range p.scores(fit.theta) {
		for j := range u {
			if fit.free[j] {
				sums[group[i]][j] += u[j]
			}
		}
	}
	g := float64(groups)
	correction := g / (g - 1) * float64(n-1) / float64(n-params)
	v := zeros(len(fit.theta), len(fit.theta))
	for _, u := range sums {
		influence := make([]float64, len(u))
		for j := range bread {
			influence[j] = dot(bread[j], u)
		}
		addOuter(v, correction, influence)
	}
	return v
}

func count(marks []bool) int {
	n := 0
	for _, m := range marks {
		if m {
			n++
		}
	}
	return n
}

// groupsOf numbers group labels in order of first appearance; all empty means none.
func groupsOf(where string, labels []string) (group []int, groups int, err error) {
	seen := map[string]int{}
	empty := 0
	for _, s := range labels {
		if s == "" {
			empty++
		}
		if _, ok := seen[s]; !ok {
			seen[s] = len(seen)
		}
		group = append(group, seen[s])
	}
	if empty == len(labels) {
		return nil, 0, nil
	}
	if empty > 0 {
		return nil, 0, fmt.Errorf("%s: %d of %d rows name no group: want a group on every row or on none", where, empty, len(labels))
	}
	return group, len(seen), nil
}

// pearson is the sum of squared Pearson residuals at a fit.
func (p *curveProblem) pearson(theta []float64) float64 {
	s := 0.0
	for i := range p.y {
		r := p.row(i, theta)
		d := p.y[i] - float64(p.m[i]*r.p)
		if d == 0 || r.p*r.q == 0 {
			continue
		}
		s += float64(d / (p.m[i] * r.p) * (d / r.q))
	}
	return s
}

// devianceOf is twice the log-likelihood lost against a rate for each row.
func (p *curveProblem) devianceOf(theta []float64) float64 {
	s := 0.0
	for i := range p.y {
		r := p.row(i, theta)
		if y := p.y[i]; y > 0 {
			s += float64(y * (math.Log(y/p.m[i]) - r.logP))
		}
		if z := p.m[i] - p.y[i]; z > 0 {
			s += float64(z * (math.Log(z/p.m[i]) - r.lnQ))
		}
	}
	return 2 * max(s, 0)
}

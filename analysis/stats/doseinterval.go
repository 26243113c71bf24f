package stats

// Intervals of an effective dose: the delta method under each family of variance, the
// profile likelihood beside it, and which one to quote.
// Profile by group: the likelihood ratio is rescaled by the ratio of the two variances
// (R. Chandler and S. Bate, Biometrika 94:167, 2007).

import (
	"fmt"
	"math"
)

// effectiveDose inverts the curve at a share.
func (f *doseFit) effectiveDose(share float64, totals []doseTotal, out *DoseResponse) EffectiveDose {
	e := out.noDose(share)
	e.Estimate.Warnings = nil
	a, b := f.fit.theta[0], f.fit.theta[1]
	t := f.opt.Link.inverse(share)
	z := (t - a) / b
	if !f.opt.FitFloor && !f.opt.FitCeiling {
		e.Bracket = bracket(totals, share, f.opt, b >= 0)
	}
	if math.Abs(b) < 1e-9 || math.IsInf(z, 0) {
		e.Estimate.Warnings = []string{"the rate does not change with dose: the effective dose is undefined"}
		return e
	}
	e.Estimate.Value = f.dose(z)
	if f.stepped {
		e.Estimate.Warnings = append(e.Estimate.Warnings, "any dose within the jump fits as well")
	}
	if f.idle {
		e.Estimate.Warnings = append(e.Estimate.Warnings, "the ceiling is fixed at 1, and a lower one fits as well: the dose would be lower, and no interval has that")
	}
	if math.Abs(z) > 1 {
		e.Estimate.Warnings = append(e.Estimate.Warnings, "beyond the tested doses: an extrapolation")
	}

	g := []float64{-1 / b, -z / b, 0, 0}
	delta := func(v [][]float64, critical float64) Interval {
		half := float64(critical * deviation(g, v))
		return Interval{f.dose(z - half), f.dose(z + half), f.opt.Level}
	}
	cuts := f.cuts(g)
	for _, name := range families {
		if v, _ := f.variance(name); v != nil && !f.stepped {
			*e.Delta.of(name) = delta(v, zCritical(f.opt.Level))
			if noWidth(quadratic(g, v), quadratic(g, f.fit.cov)) {
				e.Estimate.Warnings = append(e.Estimate.Warnings, fmt.Sprintf("the %s variance is 0: its interval has no width and says nothing about uncertainty", name))
			}
		}
		if cut, ok := cuts[name]; ok {
			*e.Profile.of(name) = f.profile(share, z, cut)
		}
	}
	if f.cluster != nil && !f.stepped {
		e.ClusterT = delta(f.cluster, f.critical(FamilyCluster))
	}
	f.recommend(&e, g)
	return e
}

// of is the field of a family.
func (v *FamilyIntervals) of(family string) *Interval {
	switch family {
	case FamilyQuasibinomial:
		return &v.Quasibinomial
	case FamilyCluster:
		return &v.Cluster
	}
	return &v.Binomial
}

// cuts are the drops of twice the log-likelihood that bound the profile intervals.
func (f *doseFit) cuts(g []float64) map[string]float64 {
	square := func(x float64) float64 { return x * x }
	cuts := map[string]float64{FamilyBinomial: square(zCritical(f.opt.Level))}
	if f.df > 0 {
		cuts[FamilyQuasibinomial] = f.phi * square(tCritical(f.opt.Level, float64(f.df)))
	}
	if f.cluster != nil && f.fit.cov != nil && !f.stepped {
		ratio := max(0, quadratic(g, f.cluster)) / quadratic(g, f.fit.cov)
		cuts[FamilyCluster] = ratio * square(tCritical(f.opt.Level, float64(f.groups-1)))
	}
	return cuts
}

// recommend picks the family with the widest interval that the data support, and its profile where the
// slope is too uncertain for the delta method.
func (f *doseFit) recommend(e *EffectiveDose, g []float64) {
	warn := func(s string) { e.Estimate.Warnings = append(e.Estimate.Warnings, s) }
	if f.separated {
		e.Recommended, e.Estimate.Interval = FamilyBracket, e.Bracket
		e.Estimate.Method = bracketMethod
		e.Estimate.Assumptions = append(e.Estimate.Assumptions, bracketAssumes, independentTrials+" at one dose")
		warn("separated doses: quote the interval from single doses")
		if f.groups > 0 {
			warn("the interval from single doses takes trials as independent: groups, which may succeed or fail as a whole, are ignored")
		}
		return
	}
	half, family := f.widest(g)
	if half < 0 || f.stepped {
		if f.phi > 1 {
			family = FamilyQuasibinomial
		}
		e.Recommended, e.Estimate.Interval = FamilyProfile+family, *e.Profile.of(family)
		e.Estimate.Method += ", profile likelihood"
		return
	}
	slope := []float64{0, 1, 0, 0}
	if w, _ := f.widest(slope); math.Abs(f.fit.theta[1]) < w {
		e.Recommended, e.Estimate.Interval = FamilyProfile+family, *e.Profile.of(family)
		e.Estimate.Method += fmt.Sprintf(", profile likelihood, %s", family)
		warn("the slope cannot be told from 0: the delta method fails, quote the profile interval")
		return
	}
	e.Recommended, e.Estimate.Interval = family, *e.Delta.of(family)
	e.Estimate.Method += fmt.Sprintf(", delta method, %s variance", family)
	if family == FamilyCluster {
		e.Estimate.Interval = e.ClusterT
	}
	e.Estimate.Method += f.student(family)
}

// profile is the set of doses around z whose profile log-likelihood is within cut/2 of
// the maximum. Beyond farAway half-ranges of the data it is called unbounded.
func (f *doseFit) profile(share, z, cut float64) Interval {
	const farAway = 1e4
	v := Interval{f.dose(math.Inf(-1)), f.dose(math.Inf(1)), f.opt.Level}
	if !(cut > 0) {
		return Interval{f.dose(z), f.dose(z), f.opt.Level}
	}
	step := 0.05
	if g := (1 / f.fit.theta[1]); f.fit.cov != nil {
		if s := math.Abs(g) * deviation([]float64{1, z, 0, 0}, f.fit.cov); s > 1e-6 && s < 1 {
			step = s
		}
	}
	for _, side := range []float64{-1, 1} {
		start := f.fit.theta
		drop := func(at float64) float64 {
			d, theta := f.drop(share, at, start)
			start = theta
			return d - cut
		}
		inside := z
		for d := step; d < farAway; d *= 2 {
			outside := z + float64(side*d)
			if drop(outside) <= 0 {
				inside = outside
				continue
			}
			edge := f.dose(crossing(inside, outside, drop))
			if side < 0 {
				v.Low = edge
			} else {
				v.High = edge
			}
			break
		}
	}
	return v
}

// crossing is where fn turns positive between in (<= 0) and out (> 0): the Illinois
// variant of false position (M. Dowell and P. Jarratt, BIT 11:168, 1971), with a bisection
// every third step, since a profile may be flat or jump.
func crossing(in, out float64, fn func(float64) float64) float64 {
	const done = 1e-11 // of the distance, and of the drop in log-likelihood
	fin, fout := fn(in), fn(out)
	side := 0 // the end that moved last
	for i := range 90 {
		if math.Abs(out-in) <= done*(math.Abs(in)+math.Abs(out)) || fin == 0 {
			break
		}
		mid := in + float64((out-in)/2)
		if part := fin / (fin - fout); i%3 != 2 && part > 0 && part < 1 {
			mid = in + float64((out-in)*part)
		}
		switch v := fn(mid); {
		case math.Abs(v) < done:
			return mid
		case v <= 0:
			in, fin = mid, v
			if side < 0 {
				fout /= 2
			}
			side = -1
		default:
			out, fout = mid, v
			if side > 0 {
				fin /= 2
			}
			side = 1
		}
	}
	return in
}

// drop is twice the log-likelihood lost when the share's dose is held at z, and the
// held fit's parameters as a start for the next.
func (f *doseFit) drop(share, z float64, start []float64) (float64, []float64) {
	p := *f.problem
	t := f.opt.Link.inverse(share)
	p.offset = make([]float64, len(p.y))
	p.x = make([][]float64, len(p.y))
	for i, x := range f.problem.x {
		if x != nil {
			p.x[i] = []float64{x[1] - z}
			p.offset[i] = t
		}
	}
	k := len(start) - 2
	held := p.fit(start[k-1:])
	if p.floor || p.ceiling { // several peaks: also from where the whole fit stands
		if again := p.fit(f.fit.theta[1:]); again.logLik > held.logLik {
			held = again
		}
	}
	return 2 * (f.fit.logLik - held.logLik), held.theta
}

package stats

// The fitted curve behind DoseResponse, in scaled dose z in [-1, 1], and the variances
// of its parameters. Parameters, in order: intercept a, slope b, floor, ceiling.

import (
	"fmt"
	"math"
)

type doseFit struct {
	problem      *curveProblem
	fit          curveFit
	opt          DoseOptions
	shift, scale float64 // z = (u - shift) / scale, u the dose or its logarithm
	group        []int
	groups       int
	phi          float64
	df           int
	cluster      [][]float64 // nil where it does not exist
	separated    bool
	stepped      bool // floor or ceiling fitted and the curve jumps between two doses
	idle         bool // the ceiling is fixed, for the data do not tell it
}

func newDoseFit(rows []DoseRow, group []int, groups int, out *DoseResponse) *doseFit {
	f := &doseFit{opt: out.Options, group: group, groups: groups, phi: math.NaN()}
	low, high := math.Inf(1), math.Inf(-1)
	for _, r := range rows {
		if u := f.unit(r.Dose); !math.IsInf(u, 0) {
			low, high = min(low, u), max(high, u)
		}
	}
	f.shift, f.scale = low+float64((high-low)/2), (high-low)/2
	if !(f.scale > 0) {
		f.scale = 1
	}
	p := &curveProblem{link: f.opt.Link, floor: f.opt.FitFloor, ceiling: f.opt.FitCeiling}
	f.problem = p
	for _, r := range rows {
		var x []float64
		if u := f.unit(r.Dose); !math.IsInf(u, 0) {
			x = []float64{1, (u - f.shift) / f.scale}
		}
		p.x = append(p.x, x)
		p.y, p.m = append(p.y, float64(r.Successes)), append(p.m, float64(r.Trials))
	}
	f.affordable(out)
	if p.floor || p.ceiling {
		f.fit = f.bestStart(totalsByDose(rows))
		f.stepped = f.steps()
		f.fixIdleCeiling(out)
	} else {
		f.fit, f.separated = p.fitSafely()
	}
	f.df = len(p.y) - count(f.fit.free)
	if f.df > 0 {
		f.phi = p.pearson(f.fit.theta) / float64(f.df)
	}
	f.cluster = p.clusterCovariance(f.fit, group, groups)
	return f
}

// unit is the dose as it enters the curve: -Inf for no dose on a logarithmic scale.
func (f *doseFit) unit(dose float64) float64 {
	if f.opt.Scale == LogScale {
		return math.Log(dose)
	}
	return dose
}

// dose turns scaled z back; the inverse of the map in newDoseFit.
func (f *doseFit) dose(z float64) float64 {
	u := f.shift + float64(f.scale*z)
	if f.opt.Scale == LogScale {
		return math.Exp(u)
	}
	return u
}

// affordable drops floor or ceiling where there are fewer doses than parameters.
func (f *doseFit) affordable(out *DoseResponse) {
	p := f.problem
	for p.floor || p.ceiling {
		need := 2 + count([]bool{p.floor, p.ceiling})
		if out.Doses >= need {
			return
		}
		what := "ceiling"
		if !p.ceiling {
			what = "floor"
		}
		out.warn(fmt.Sprintf("%d doses for %d parameters: the %s is fixed instead of fitted", out.Doses, need, what))
		if p.ceiling {
			p.ceiling = false
		} else {
			p.floor = false
		}
	}
	// A row whose probability is the floor needs one above 0.
	if p.floor {
		return
	}
	for i := len(p.x) - 1; i >= 0; i-- {
		if p.x[i] == nil {
			p.x = append(p.x[:i], p.x[i+1:]...)
			p.y = append(p.y[:i], p.y[i+1:]...)
			p.m = append(p.m[:i], p.m[i+1:]...)
			if f.group != nil {
				f.group = append(append([]int(nil), f.group[:i]...), f.group[i+1:]...)
			}
		}
	}
}

// fixIdleCeiling fixes the ceiling at 1 where the curve jumps to a fitted one and one that
// ends at 1 fits as well: with one dose above the jump its rate alone would be the ceiling.
func (f *doseFit) fixIdleCeiling(out *DoseResponse) {
	p := f.problem
	if !f.stepped || !p.ceiling || p.floor {
		return
	}
	fixed := *p
	fixed.ceiling = false
	fit, apart := fixed.fitSafely()
	z := zCritical(f.opt.Level)
	if apart || fit.cov == nil || 2*(f.fit.logLik-fit.logLik) >= z*z {
		return
	}
	f.problem, f.fit, f.stepped, f.idle = &fixed, fit, false, true
	out.warn("no dose tells a ceiling from 1, where it is fixed: doses above the last one would")
}

// bestStart climbs from a fixed set of places, because with a floor or a ceiling the
// likelihood may have several peaks.
func (f *doseFit) bestStart(totals []doseTotal) curveFit {
	low, high := 1.0, 0.0
	for _, t := range totals {
		r := (float64(t.k) + 0.25) / (float64(t.n) + 0.5)
		low, high = min(low, r), max(high, r)
	}
	lo, hi := 0.0, 1.0
	if f.problem.floor {
		lo = max(low-0.01, 1e-3)
	}
	if f.problem.ceiling {
		hi = min(high+0.01, 1-1e-3)
	}
	best := curveFit{logLik: math.Inf(-1)}
	for _, slope := range []float64{4, 16, -4, -16} {
		for _, middle := range []float64{-0.8, -0.4, 0, 0.4, 0.8} {
			got := f.problem.fit([]float64{-slope * middle, slope, lo, hi})
			// A later start must win clearly, so that the last bits choose nothing.
			if math.IsInf(best.logLik, -1) || got.logLik > best.logLik+1e-7 {
				best = got
			}
		}
	}
	return best
}

// steps reports a curve so steep that no dose lies on its slope.
func (f *doseFit) steps() bool {
	if f.fit.cov == nil {
		return true
	}
	for i, e := range f.fit.eta {
		if f.problem.x[i] != nil && math.Abs(e) < f.opt.Link.large() {
			return false
		}
	}
	return true
}

// variance of theta in a family, with nil for one that does not exist; trusted says
// whether it may be recommended.
func (f *doseFit) variance(family string) (v [][]float64, trusted bool) {
	switch {
	case f.fit.cov == nil:
		return nil, false
	case family == FamilyBinomial:
		return f.fit.cov, true
	case family == FamilyQuasibinomial && f.df > 0:
		return scaled(f.phi, f.fit.cov), true
	case family == FamilyCluster && f.cluster != nil:
		return f.cluster, f.groups > count(f.fit.free)
	}
	return nil, false
}

var families = []string{FamilyBinomial, FamilyQuasibinomial, FamilyCluster}

// describe fills what does not depend on the share.
func (d *DoseResponse) describe(f *doseFit) {
	p, fit := f.problem, f.fit
	d.Separated, d.Phi, d.DF = f.separated, f.phi, f.df
	d.Pearson = p.pearson(fit.theta)
	d.Rows = len(p.y)
	switch {
	case f.separated:
		d.warn("dose separates failures from successes: the curve is the one of Jeffreys' penalty, its slope is a lower bound at best")
	case f.stepped:
		d.warn("the curve jumps between two neighbouring doses: its slope is not estimable and delta-method intervals mean nothing")
	case !fit.converged:
		d.warn("the fit did not converge: treat every figure as rough")
	}
	if p.floor && !fit.free[2] {
		d.warn("the floor's estimate is 0: its uncertainty is in no interval")
	}
	if p.ceiling && !fit.free[3] {
		d.warn("the ceiling's estimate is 1: its uncertainty is in no interval")
	}
	if f.df == 0 {
		d.warn("as many parameters as rows: no overdispersion can be seen")
	} else if tail := chiSquaredTail(d.Pearson, float64(f.df)); f.phi > 1 && tail < 0.01 {
		d.warn(fmt.Sprintf("rows vary %.3g times as much as binomial counts (p = %.2g): the binomial interval is too narrow", f.phi, tail))
	}
	d.LackOfFit = f.lackOfFit()
	if t := d.LackOfFit; t.P < misfit {
		d.warn(fmt.Sprintf("the curve does not pass through the dose means: they lie off it with %.3g times the variance of rows within doses (p = %.2g)", t.Statistic, t.P))
	}
	switch {
	case f.groups == 0:
		d.Assumptions = append(d.Assumptions, "rows are independent (no group was named)")
	default:
		d.Assumptions = append(d.Assumptions, groupsIndependent)
		switch {
		case f.cluster == nil:
			d.warn(noGroupVariance(f.groups, len(p.y)))
		case f.groups <= count(fit.free):
			d.warn(fmt.Sprintf("%d groups for %d parameters: the interval by group is not to be trusted", f.groups, count(fit.free)))
		}
	}
	d.parameters(f)
}

// warnOfGroups says how far few groups can be trusted, and where their interval is the one
// to quote, that it makes up for it.
func (d *DoseResponse) warnOfGroups(f *doseFit) {
	if f.cluster == nil || f.groups <= count(f.fit.free) || f.groups >= manyGroups {
		return
	}
	var quoted []string
	for _, e := range []struct {
		name string
		dose EffectiveDose
	}{{"ED50", d.ED50}, {"ED90", d.ED90}} {
		if r := e.dose.Recommended; r == FamilyCluster || r == FamilyProfile+FamilyCluster {
			quoted = append(quoted, e.name)
		}
	}
	w := fewGroups(f.groups)
	switch len(quoted) {
	case 1:
		w += "; the one to quote of " + quoted[0] + " has Student's"
	case 2:
		w += "; the one to quote has Student's"
	}
	d.warn(w)
}

// parameters reports slope, intercept, floor and ceiling, each in its widest family.
func (d *DoseResponse) parameters(f *doseFit) {
	theta, level := f.fit.theta, f.opt.Level
	at := func(value float64, g []float64) Estimate {
		half, family := f.widest(g)
		e := Estimate{Value: value, Interval: unbounded(level), N: len(f.problem.y), Assumptions: d.Assumptions,
			Method: fmt.Sprintf("%s, Wald, %s variance%s", d.method(), family, f.student(family))}
		if half >= 0 && !f.stepped {
			e.Interval.Low, e.Interval.High = value-half, value+half
		}
		return e
	}
	d.Slope = at(theta[1]/f.scale, []float64{0, 1 / f.scale, 0, 0})
	d.Intercept = at(theta[0]-float64(theta[1]*f.shift)/f.scale, []float64{1, -f.shift / f.scale, 0, 0})
	clip := func(e Estimate) Estimate {
		e.Interval.Low, e.Interval.High = max(e.Interval.Low, 0), min(e.Interval.High, 1)
		return e
	}
	if f.problem.floor {
		d.Floor = clip(at(theta[2], []float64{0, 0, 1, 0}))
	}
	if f.problem.ceiling {
		d.Ceiling = clip(at(theta[3], []float64{0, 0, 0, 1}))
	}
}

// widest is the trusted family whose interval of g'theta is the widest, and half of its
// width: few groups need Student's quantile, so their variance need not be the largest.
// half is negative where no variance can be trusted.
func (f *doseFit) widest(g []float64) (half float64, family string) {
	half, family = -1, FamilyBinomial
	for _, name := range families {
		v, trusted := f.variance(name)
		if !trusted {
			continue
		}
		if h := float64(f.critical(name) * deviation(g, v)); h > half {
			half, family = h, name
		}
	}
	return half, family
}

// critical is a family's quantile. The normal one covers 92 % with 10 groups (CALIBRATION.md).
func (f *doseFit) critical(family string) float64 {
	if family == FamilyCluster {
		return tCritical(f.opt.Level, float64(f.groups-1))
	}
	return zCritical(f.opt.Level)
}

// student ends the words for a family's method.
func (f *doseFit) student(family string) string {
	if family == FamilyCluster {
		return fmt.Sprintf(", Student's t with %d df", f.groups-1)
	}
	return ""
}

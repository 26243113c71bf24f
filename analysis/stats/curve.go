package stats

// The likelihood behind every binomial regression of this package,
//
//	y_i ~ Binomial(m_i, f + (c - f) F(o_i + x_i' beta)),
//
// maximised by Fisher scoring with Levenberg's damping (P. McCullagh and J. Nelder,
// Generalized Linear Models, 1989). With floor f = 0 and ceiling c = 1 it is the
// ordinary GLM, whose likelihood is concave. Callers scale their covariates to
// about [-1, 1]. Public faces: FitBinomial, Dose, TwoSlope.

import "math"

// Link names the curve F that maps a linear predictor to a probability.
type Link string

// The links: F is the standard logistic or the standard normal distribution.
const (
	Logit  Link = "logit"
	Probit Link = "probit"
)

// curve evaluates F, 1 - F, F' and d log(weight)/d eta at a predictor; weight is
// F'^2 / (F (1-F)). The predictor is held within the range of float64's probabilities.
func (l Link) curve(eta float64) (f, g, slope, tilt float64) {
	if l == Probit {
		eta = min(max(eta, -37), 37)
		f, g = normalCDF(eta), normalCDF(-eta)
		slope = math.Exp(-eta*eta/2) / math.Sqrt(2*math.Pi)
		tilt = float64(-2*eta) - float64(slope*(g-f)/(f*g))
		return f, g, slope, tilt
	}
	eta = min(max(eta, -700), 700)
	f, g = 1/(1+math.Exp(-eta)), 1/(1+math.Exp(eta))
	return f, g, f * g, g - f
}

// inverse is the predictor at which F is p.
func (l Link) inverse(p float64) float64 {
	if l == Probit {
		return normalQuantile(p)
	}
	return math.Log(p / (1 - p))
}

// large is a predictor beyond which fitted rates are 0 or 1 to the eye.
func (l Link) large() float64 {
	if l == Probit {
		return 5
	}
	return 10
}

// curveProblem is data and model. A row whose x is nil has the probability f whatever
// beta: dose 0 on a logarithmic scale.
type curveProblem struct {
	link           Link
	x              [][]float64 // N x K
	offset         []float64   // N; nil is 0
	y, m           []float64   // N
	floor, ceiling bool        // fitted too, else 0 and 1

	// Jeffreys' prior as penalty: 1/2 log det of the information of the design full
	// [N x P], which x is or is a restriction of; nil for plain likelihood.
	full [][]float64
}

// curveFit is a maximum. theta is beta [K], floor, ceiling; free marks what was
// estimated and is not held at a bound; cov is over all of theta, zero where not free.
type curveFit struct {
	theta     []float64
	free      []bool
	cov       [][]float64 // nil where the information is singular
	logLik    float64     // with the penalty, if there is one; without binomial coefficients
	eta       []float64   // N
	converged bool
}

const (
	curveSteps = 200
	// Newton's decrement is twice the log-likelihood still to gain.
	curveDone  = 1e-20
	curveClose = 1e-9
)

// fit climbs from start (nil: beta 0, floor 0, ceiling 1).
func (p *curveProblem) fit(start []float64) curveFit {
	k := p.width()
	theta := make([]float64, k+2)
	theta[k+1] = 1
	if start != nil {
		copy(theta, start)
	}
	ll := p.logLik(theta)
	fit := curveFit{}
	damping, gain := 0.0, math.Inf(1)
	for range curveSteps {
		score, info := p.scoreInfo(theta)
		free := p.freeAt(theta, score)
		step, decrement, ok := dampedStep(info, score, free, damping)
		if ok && decrement < curveDone {
			break
		}
		if ok {
			next := p.clip(theta, step)
			if l := p.logLik(next); l > ll || decrement < curveClose && l > ll-float64(1e-10*(1+math.Abs(ll))) {
				if decrement >= gain && decrement < curveClose*curveClose {
					break // rounding, not progress
				}
				theta, ll, gain = next, l, decrement
				damping = shrink(damping)
				continue
			}
		}
		if damping > 1e12 {
			break
		}
		damping = max(1e-3, 10*damping)
	}
	score, info := p.scoreInfo(theta)
	fit.theta, fit.logLik = theta, ll
	fit.free = p.freeAt(theta, score)
	_, decrement, ok := dampedStep(info, score, fit.free, 0)
	fit.converged = ok && decrement < curveClose
	fit.cov = expand(info, fit.free)
	fit.eta = make([]float64, len(p.x))
	for i := range p.x {
		fit.eta[i] = p.eta(i, theta)
	}
	return fit
}

func shrink(damping float64) float64 {
	if damping < 1e-6 {
		return 0
	}
	return damping / 10
}

// width is K.
func (p *curveProblem) width() int {
	for _, x := range p.x {
		if x != nil {
			return len(x)
		}
	}
	return 0
}

func (p *curveProblem) eta(i int, theta []float64) float64 {
	if p.x[i] == nil {
		return math.Inf(-1)
	}
	e := dot(p.x[i], theta)
	if p.offset != nil {
		e += p.offset[i]
	}
	return e
}

// curveRow is one row's probability, its complement and derivatives.
type curveRow struct {
	p, q      float64
	f, g      float64 // F and 1 - F
	slope     float64 // dp/d eta
	ratio     float64 // slope / (p q)
	tilt      float64 // d log weight / d eta
	logP, lnQ float64
}

func (p *curveProblem) row(i int, theta []float64) curveRow {
	k := len(theta) - 2
	lo, hi := theta[k], theta[k+1]
	var r curveRow
	if p.x[i] == nil {
		r = curveRow{f: 0, g: 1, p: lo, q: 1 - lo}
	} else {
		r.f, r.g, r.slope, r.tilt = p.link.curve(p.eta(i, theta))
		r.p = lo + float64((hi-lo)*r.f)
		r.q = (1 - hi) + float64((hi-lo)*r.g)
		r.slope *= hi - lo
		r.ratio = r.slope / (r.p * r.q)
		if lo == 0 && hi == 1 && p.link == Logit {
			r.ratio = 1 // exactly
		}
	}
	r.logP, r.lnQ = math.Log(r.p), math.Log(r.q)
	return r
}

// logLik is -Inf outside the model: floor >= ceiling, or an outcome that it rules out.
func (p *curveProblem) logLik(theta []float64) float64 {
	k := len(theta) - 2
	if theta[k+1]-theta[k] < 1e-6 {
		return math.Inf(-1)
	}
	ll := 0.0
	for i := range p.y {
		r := p.row(i, theta)
		if p.y[i] > 0 {
			ll += float64(p.y[i] * r.logP)
		}
		if p.y[i] < p.m[i] {
			ll += float64((p.m[i] - p.y[i]) * r.lnQ)
		}
	}
	if p.full != nil {
		l, ok := cholesky(p.fullInfo(theta))
		if !ok {
			return math.Inf(-1)
		}
		ll += float64(choleskyLogDet(l) / 2)
	}
	if math.IsNaN(ll) {
		return math.Inf(-1)
	}
	return ll
}

// fullInfo is the information of the penalty's design.
func (p *curveProblem) fullInfo(theta []float64) [][]float64 {
	n := len(p.full[0])
	info := zeros(n, n)
	for i, x := range p.full {
		r := p.row(i, theta)
		addOuter(info, float64(p.m[i]*r.ratio)*r.slope, x)
	}
	return info
}

// residual is the score's factor of row i: d log-likelihood / d p.
func (p *curveProblem) residual(i int, r curveRow) float64 {
	d := p.y[i] - float64(p.m[i]*r.p)
	if d == 0 || r.p*r.q == 0 {
		return 0
	}
	return d / (r.p * r.q)
}

// gradient is d p_i / d theta.
func (p *curveProblem) gradient(i int, r curveRow, size int) []float64 {
	g := make([]float64, size)
	for j, v := range p.x[i] {
		g[j] = float64(v * r.slope)
	}
	g[size-2], g[size-1] = r.g, r.f
	return g
}

// scores are the likelihood's score by row [N x K+2], without the penalty.
func (p *curveProblem) scores(theta []float64) [][]float64 {
	u := zeros(len(p.y), len(theta))
	for i := range u {
		r := p.row(i, theta)
		res := p.residual(i, r)
		for j, g := range p.gradient(i, r, len(theta)) {
			u[i][j] = float64(res * g)
		}
		// The linear part without dividing by p q, which underflows.
		for j, v := range p.x[i] {
			u[i][j] = float64((p.y[i]-float64(p.m[i]*r.p))*r.ratio) * v
		}
	}
	return u
}

// scoreInfo is the score, penalised if the problem is, and the expected information.
func (p *curveProblem) scoreInfo(theta []float64) (score []float64, info [][]float64) {
	size := len(theta)
	score, info = make([]float64, size), zeros(size, size)
	for _, u := range p.scores(theta) {
		for j := range score {
			score[j] += u[j]
		}
	}
	var prior [][]float64
	if p.full != nil {
		prior, _ = cholesky(p.fullInfo(theta))
	}
	for i := range p.y {
		r := p.row(i, theta)
		if !p.floor && !p.ceiling {
			x := append(append(make([]float64, 0, size), p.x[i]...), 0, 0)
			w := float64(p.m[i]*r.ratio) * r.slope
			addOuter(info, w, x)
			if prior != nil {
				h := choleskyForward(prior, p.full[i])
				add := float64(w*dot(h, h)) * r.tilt / 2
				for j, v := range p.x[i] {
					score[j] += float64(add * v)
				}
			}
			continue
		}
		if pq := r.p * r.q; pq > 0 {
			addOuter(info, p.m[i]/pq, p.gradient(i, r, size))
		}
	}
	return score, info
}

func addOuter(a [][]float64, w float64, x []float64) {
	for i := range x {
		for j := range x {
			a[i][j] += float64(w * x[i] * x[j])
		}
	}
}

// freeAt holds what the model fixes and what stands at a bound that the score
// pushes against.
func (p *curveProblem) freeAt(theta, score []float64) []bool {
	k := len(theta) - 2
	free := make([]bool, k+2)
	for j := range k {
		free[j] = true
	}
	free[k] = p.floor && !(theta[k] <= 0 && score[k] <= 0)
	free[k+1] = p.ceiling && !(theta[k+1] >= 1 && score[k+1] >= 0)
	return free
}

// clip adds the step and keeps floor and ceiling within [0, 1].
func (p *curveProblem) clip(theta, step []float64) []float64 {
	next := make([]float64, len(theta))
	for j := range theta {
		next[j] = theta[j] + step[j]
	}
	k := len(theta) - 2
	next[k], next[k+1] = max(next[k], 0), min(next[k+1], 1)
	return next
}

// dampedStep solves (info + damping diag info) step = score over the free parameters.
func dampedStep(info [][]float64, score []float64, free []bool, damping float64) (step []float64, decrement float64, ok bool) {
	sub, idx := restrict(info, free)
	b := make([]float64, len(idx))
	for a, j := range idx {
		b[a] = score[j]
		sub[a][a] += float64(damping * sub[a][a])
	}
	step = make([]float64, len(score))
	l, ok := cholesky(sub)
	if !ok {
		return step, 0, false
	}
	s := choleskySolve(l, b)
	for a, j := range idx {
		step[j] = s[a]
	}
	return step, dot(s, b), true
}

// restrict is the submatrix of the free parameters and their indices.
func restrict(a [][]float64, free []bool) (sub [][]float64, idx []int) {
	for j, f := range free {
		if f {
			idx = append(idx, j)
		}
	}
	sub = zeros(len(idx), len(idx))
	for i := range idx {
		for j := range idx {
			sub[i][j] = a[idx[i]][idx[j]]
		}
	}
	return sub, idx
}

// expand inverts the free part of the information; the rest is zero. nil if singular.
func expand(info [][]float64, free []bool) [][]float64 {
	sub, idx := restrict(info, free)
	l, ok := cholesky(sub)
	if !ok {
		return nil
	}
	inv, cov := choleskyInverse(l), zeros(len(info), len(info))
	for i := range idx {
		for j := range idx {
			cov[idx[i]][idx[j]] = inv[i][j]
		}
	}
	return cov
}

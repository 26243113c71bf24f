package stats

// Logistic and probit regression of counts, fitted as a generalized linear model
// (P. McCullagh and J. Nelder 1989; agrees with R's glm). Separated data get the
// maximum of the likelihood penalised by Jeffreys' prior, which is always finite
// (D. Firth, Biometrika 80:27, 1993; I. Kosmidis and D. Firth, Biometrika 108:71, 2021).
// Not a mixed model: groups enter the variance, not the curve.

import (
	"fmt"
	"math"
	"slices"
)

// BinomialRow is Successes of Trials at the covariates X; the constant is added by
// the fit. Rows of one Group (a seed, a run) vary together; "" throughout
// means that rows are independent.
type BinomialRow struct {
	X                 []float64
	Successes, Trials int
	Group             string
}

// BinomialFit is a fitted model. Coefficients are per unit of the covariate, on the
// link's scale; index 0 is the intercept.
type BinomialFit struct {
	Link         Link
	Coefficients []Estimate  // [1+K], Wald intervals from the model's variance
	ByGroup      []Estimate  // [1+K], the same with the variance by group; nil without groups
	Covariance   [][]float64 // [1+K][1+K], the model's
	Deviance     float64     // against one rate per row
	Pearson      float64     // sum of squared Pearson residuals over rows
	DF           int         // rows with trials less coefficients
	Phi          float64     // Pearson/DF, 1 for binomial rows; NaN where DF is 0
	Groups       int
	Separated    bool // then the fit is Jeffreys-penalised
	Warnings     []string

	byGroup [][]float64 // ByGroup's covariance
}

// FitBinomial regresses the rows' rates on their covariates (K of them, the same
// number in every row). Rows without trials are ignored. A covariate
// that the others and the constant determine has no coefficient: NaN, with a warning.
func FitBinomial(rows []BinomialRow, link Link, level float64) (BinomialFit, error) {
	p, labels, err := binomialProblem(rows, link, level)
	if err != nil {
		return BinomialFit{}, err
	}
	out := BinomialFit{Link: link, Phi: math.NaN()}
	k := 0
	if len(rows) > 0 {
		k = len(rows[0].X)
	}
	group, groups, err := groupsOf("binomial fit", labels)
	if err != nil {
		return BinomialFit{}, err
	}
	out.Groups = groups
	if len(p.y) == 0 {
		out.undefined(k+1, level, "no trials: nothing to fit")
		return out, nil
	}
	s := standardise(p.x)
	full := p.x
	p.x = s.apply(full)
	fit, separated := p.fitSafely()
	out.Separated = separated
	if fit.cov == nil {
		out.undefined(k+1, level, "the information is singular: no coefficient can be told from the others")
		return out, nil
	}
	if !fit.converged {
		out.warn("the fit did not converge: treat every figure as rough")
	}
	if separated {
		out.warn("the covariates separate successes from failures: coefficients are the finite ones of Jeffreys' penalty, and Wald intervals are rough")
	}
	for _, j := range s.aliased {
		out.warn(fmt.Sprintf("covariate %d is determined by the others: it has no coefficient", j))
	}
	out.Deviance, out.Pearson = p.devianceOf(fit.theta), p.pearson(fit.theta)
	out.DF = len(p.y) - len(s.kept) - 1
	if out.DF > 0 {
		out.Phi = out.Pearson / float64(out.DF)
	}
	beta, cov := s.restore(fit.theta, fit.cov, k)
	out.Covariance = cov
	out.Coefficients = wald(beta, cov, zCritical(level), level, len(p.y), fmt.Sprintf("%s regression, Wald", link))
	v := p.clusterCovariance(fit, group, groups)
	if groups > 0 && v == nil {
		out.warn(noGroupVariance(groups, len(p.y)))
	}
	if v != nil {
		_, out.byGroup = s.restore(fit.theta, v, k)
		out.ByGroup = wald(beta, out.byGroup, zCritical(level), level, groups, fmt.Sprintf("%s regression, Wald, variance by group", link))
		for j := range out.ByGroup {
			out.ByGroup[j].Assumptions = []string{groupsIndependent}
			if noWidth(out.byGroup[j][j], cov[j][j]) {
				out.ByGroup[j].Warnings = append(out.ByGroup[j].Warnings, groupsAgree)
			}
		}
		if groups < manyGroups {
			out.warn(fewGroups(groups))
		}
	}
	for j := range out.Coefficients {
		out.Coefficients[j].Assumptions = []string{independentTrials + " given the covariates"}
	}
	return out, nil
}

const (
	groupsIndependent = "groups are independent of each other"
	manyGroups        = 40
	groupsAgree       = "the groups do not differ at all: the interval by group has no width and says nothing about uncertainty"
)

// noWidth says that a variance is 0 but for rounding, beside the model's.
func noWidth(v, model float64) bool { return !(v > 1e-12*model) }

func fewGroups(groups int) string {
	return fmt.Sprintf("%d groups: a variance by group is too small on average below about %d, and the normal quantile with it", groups, manyGroups)
}

func noGroupVariance(groups, rows int) string {
	return fmt.Sprintf("%d groups, %d rows: no variance by group", groups, rows)
}

func (f *BinomialFit) warn(s string) { f.Warnings = append(f.Warnings, s) }

func (f *BinomialFit) undefined(n int, level float64, why string) {
	f.warn(why)
	f.Covariance = zeros(n, n)
	f.Coefficients = make([]Estimate, n)
	for j := range f.Coefficients {
		f.Coefficients[j] = Estimate{Value: math.NaN(), Interval: unbounded(level), Method: fmt.Sprintf("%s regression, Wald", f.Link), Warnings: []string{why}}
	}
}

func unbounded(level float64) Interval { return Interval{math.Inf(-1), math.Inf(1), level} }

// wald is value +- critical x standard error, for each coefficient that there is.
func wald(beta []float64, cov [][]float64, critical, level float64, n int, method string) []Estimate {
	es := make([]Estimate, len(beta))
	for j, b := range beta {
		es[j] = Estimate{Value: b, Interval: unbounded(level), Method: method, N: n}
		if math.IsNaN(b) {
			es[j].Warnings = []string{"determined by the other covariates: undefined"}
			continue
		}
		half := float64(critical * math.Sqrt(max(0, cov[j][j])))
		es[j].Interval = Interval{b - half, b + half, level}
	}
	return es
}

// binomialProblem checks the rows and drops those without trials; x has the
// constant in front. labels are the remaining rows' groups.
func binomialProblem(rows []BinomialRow, link Link, level float64) (p *curveProblem, labels []string, err error) {
	const where = "binomial fit"
	if err := checkLink(where, link); err != nil {
		return nil, nil, err
	}
	if err := checkLevel(where, level); err != nil {
		return nil, nil, err
	}
	p = &curveProblem{link: link}
	for i, r := range rows {
		at := fmt.Sprintf("%s: row %d", where, i)
		if len(r.X) != len(rows[0].X) {
			return nil, nil, fmt.Errorf("%s: %d covariates, row 0 has %d: want the same number in every row", at, len(r.X), len(rows[0].X))
		}
		if err := checkCount(at, r.Successes, r.Trials); err != nil {
			return nil, nil, err
		}
		if err := checkFinite(at, r.X); err != nil {
			return nil, nil, err
		}
		if r.Trials == 0 {
			continue
		}
		p.x = append(p.x, append([]float64{1}, r.X...))
		p.y, p.m = append(p.y, float64(r.Successes)), append(p.m, float64(r.Trials))
		labels = append(labels, r.Group)
	}
	return p, labels, nil
}

func checkLink(where string, link Link) error {
	if link != Logit && link != Probit {
		return fmt.Errorf("%s: link %q: want %q or %q", where, link, Logit, Probit)
	}
	return nil
}

// fitSafely is the plain fit, or the penalised one where the data are separated.
func (p *curveProblem) fitSafely() (fit curveFit, isSeparated bool) {
	fit = p.fit(nil)
	if fit.suspicious(p.link) && separated(p.x, p.y, p.m) {
		p.full = p.x
		return p.fit(nil), true
	}
	return fit, false
}

// scaling maps covariates to about [-1, 1] and leaves out aliased ones.
type scaling struct {
	shift, scale  []float64 // [1+K]
	kept, aliased []int     // covariates, 0-based without the constant
}

// standardise finds the scaling of x [N][1+K], whose column 0 is the constant.
func standardise(x [][]float64) scaling {
	k := len(x[0])
	s := scaling{shift: make([]float64, k), scale: make([]float64, k)}
	basis := [][]float64{}
	for j := 1; j < k; j++ {
		col := make([]float64, len(x))
		for i := range x {
			col[i] = x[i][j]
		}
		s.shift[j], s.scale[j] = mean(col), 1
		size := 0.0
		for i := range col {
			col[i] -= s.shift[j]
			size = max(size, math.Abs(col[i]))
		}
		if size > 0 {
			s.scale[j] = size
		}
		for i := range col {
			col[i] /= s.scale[j]
		}
		before := math.Sqrt(dot(col, col))
		for _, b := range slices.Concat(basis, basis) { // twice is enough
			d := dot(b, col)
			for i := range col {
				col[i] -= float64(d * b[i])
			}
		}
		length := math.Sqrt(dot(col, col))
		if size == 0 || length < 1e-7*before {
			s.aliased = append(s.aliased, j-1)
			continue
		}
		for i := range col {
			col[i] /= length
		}
		basis = append(basis, col)
		s.kept = append(s.kept, j-1)
	}
	return s
}

// apply returns the scaled design [N][1+kept].
func (s scaling) apply(x [][]float64) [][]float64 {
	z := zeros(len(x), len(s.kept)+1)
	for i := range x {
		z[i][0] = 1
		for a, j := range s.kept {
			z[i][a+1] = (x[i][j+1] - s.shift[j+1]) / s.scale[j+1]
		}
	}
	return z
}

// restore maps a scaled fit to the covariates' own units; aliased ones are NaN.
func (s scaling) restore(theta []float64, cov [][]float64, k int) (beta []float64, v [][]float64) {
	t := zeros(k+1, len(s.kept)+1) // beta = t theta
	t[0][0] = 1
	for a, j := range s.kept {
		t[j+1][a+1] = 1 / s.scale[j+1]
		t[0][a+1] = -s.shift[j+1] / s.scale[j+1]
	}
	size := len(s.kept) + 1
	c := zeros(size, size)
	for i := range c {
		copy(c[i], cov[i][:size])
	}
	v = multiply(multiply(t, c), transpose(t))
	beta = make([]float64, k+1)
	for j := range beta {
		beta[j] = dot(t[j], theta)
	}
	for _, j := range s.aliased {
		beta[j+1] = math.NaN()
	}
	return beta, v
}

package stats

// Does the count of poisoned rows drive success, or their share? The model
//
//	link(rate) = c + p log(poisoned) + q log(clean)
//
// has q = 0 if only the count matters and q = -p if only the ratio does (the dispute about
// A. Souly et al., arXiv 2510.07192). Either is shown by equivalence, not by a test
// that failed to reject. Ratio q/p: E. C. Fieller, JRSS B 16:175 (1954).

import (
	"fmt"
	"math"
)

// TwoSlopeRow is Successes of Trials after training on Poison and Clean rows, both above
// 0, in one seed (Group; "" throughout where there is none).
type TwoSlopeRow struct {
	Poison, Clean     float64
	Successes, Trials int
	Group             string
}

// TwoSlopeOptions sets the margins; the zero value is logit, 0.25 and 0.25, alpha 0.05, 95 %.
type TwoSlopeOptions struct {
	Link        Link    // "" is Logit
	RatioMargin float64 // of the slopes' ratio q/p; 0 is 0.25
	SlopeMargin float64 // of q itself, on the link's scale per e-fold; 0 is 0.25
	Alpha       float64 // of each equivalence test; 0 is 0.05
	Level       float64 // of the intervals; 0 is 0.95
}

// TwoSlope is the fitted model and what it shows.
type TwoSlope struct {
	Intercept, Poison, Clean Estimate // c, p and q
	Ratio                    Estimate // q/p with Fieller's interval
	CountOnly                Margin   // q/p within RatioMargin of 0
	RateOnly                 Margin   // q/p within RatioMargin of -1
	CleanFlat                Margin   // q within SlopeMargin of 0
	Variance                 string   // the family of variance used: FamilyCluster if there are groups enough
	Phi                      float64
	Groups                   int
	LackOfFit                Test // do the slopes hold at every pair of poisoned and clean rows?
	Separated                bool
	Warnings                 []string
}

// FitTwoSlope fits the model. The variance is by group where there are more groups than
// coefficients, else binomial times max(1, phi); quantiles are Student's. Where the data cannot tell
// the slopes apart they are NaN and nothing is shown.
func FitTwoSlope(rows []TwoSlopeRow, opt TwoSlopeOptions) (TwoSlope, error) {
	const where = "two slopes"
	if err := opt.fill(); err != nil {
		return TwoSlope{}, err
	}
	b := make([]BinomialRow, len(rows))
	for i, r := range rows {
		if !(min(r.Poison, r.Clean) > 0 && max(r.Poison, r.Clean) <= largest) {
			return TwoSlope{}, fmt.Errorf("%s: row %d: %v poisoned and %v clean rows: want both above 0, for their logarithms, and at most %v", where, i, r.Poison, r.Clean, largest)
		}
		b[i] = BinomialRow{[]float64{math.Log(r.Poison), math.Log(r.Clean)}, r.Successes, r.Trials, r.Group}
	}
	fit, err := FitBinomial(b, opt.Link, opt.Level)
	if err != nil {
		return TwoSlope{}, err
	}
	out := TwoSlope{Phi: fit.Phi, Groups: fit.Groups, Separated: fit.Separated, Warnings: fit.Warnings}
	p, q := fit.slope(1), fit.slope(2)
	n := fit.Coefficients[0].N
	s := slopes{opt: opt, n: n, p: p, q: q}
	if !math.IsNaN(p) && !math.IsNaN(q) {
		out.Variance = s.choose(fit)
	} else {
		out.Variance = FamilyNone
	}
	s.method = fmt.Sprintf("%s regression on log poisoned and log clean rows, %s variance", opt.Link, out.Variance)
	if fit.Separated {
		s.blind = "separated data: the slopes are penalised and show nothing"
	}
	out.Intercept = s.coefficient(0, fit.slope(0), opt.Level)
	out.Poison = s.coefficient(1, p, opt.Level)
	out.Clean = s.coefficient(2, q, opt.Level)
	out.Ratio = s.ratio(opt.Level)
	count, m := s.ratio(1-2*opt.Alpha), opt.RatioMargin
	// |q/p - r| < m with p > 0 is two linear statements: (r+m) p - q > 0 and q - (r-m) p > 0;
	// together they imply p > 0.
	out.CountOnly = s.margin(count, m, []float64{0, m, 1}, []float64{0, m, -1})
	rate := s.ratio(1 - 2*opt.Alpha)
	rate.Value++
	rate.Interval.Low++
	rate.Interval.High++
	out.RateOnly = s.margin(rate, m, []float64{0, 1 + m, 1}, []float64{0, m - 1, -1})
	out.CleanFlat = s.flat()
	if out.LackOfFit = lackOfSlopes(rows, opt.Link, fit); out.LackOfFit.P < misfit {
		out.Warnings = append(out.Warnings, fmt.Sprintf("the slopes are not the same everywhere (lack of fit, p = %.2g): their ratio is an average over these sizes", out.LackOfFit.P))
	}
	return out, nil
}

// lackOfSlopes is the F test of the pairs of poisoned and clean rows around the fitted plane.
func lackOfSlopes(rows []TwoSlopeRow, link Link, fit BinomialFit) Test {
	if fit.Separated || len(fit.Coefficients) < 3 {
		return untestable(lackMethod, len(rows), Greater, "the slopes are not fitted freely")
	}
	type pair struct{ poison, clean float64 }
	at := map[pair]int{}
	var cells []doseCell
	var cellOf []int
	var y, m []float64
	for _, r := range rows {
		k, known := at[pair{r.Poison, r.Clean}]
		if !known {
			k = len(cells)
			at[pair{r.Poison, r.Clean}] = k
			rate, _, _, _ := link.curve(fit.slope(0) + float64(fit.slope(1)*math.Log(r.Poison)) + float64(fit.slope(2)*math.Log(r.Clean)))
			cells = append(cells, doseCell{p: rate})
		}
		c := &cells[k]
		c.y, c.m, c.rows = c.y+float64(r.Successes), c.m+float64(r.Trials), c.rows+1
		cellOf, y, m = append(cellOf, k), append(y, float64(r.Successes)), append(m, float64(r.Trials))
	}
	return lack(cells, cellOf, y, m, 3)
}

func (o *TwoSlopeOptions) fill() error {
	if o.Link == "" {
		o.Link = Logit
	}
	for _, d := range []struct {
		field *float64
		value float64
	}{{&o.RatioMargin, 0.25}, {&o.SlopeMargin, 0.25}, {&o.Alpha, 0.05}, {&o.Level, 0.95}} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	if o.RatioMargin >= 0.5 {
		return fmt.Errorf("two slopes: ratio margin %v: want less than 0.5, or count and rate could both be shown", o.RatioMargin)
	}
	for _, m := range []float64{o.RatioMargin, o.SlopeMargin} {
		if _, err := newMargin("two slopes", Equivalent, m, o.Alpha); err != nil {
			return err
		}
	}
	return nil
}

func (f BinomialFit) slope(j int) float64 {
	if j >= len(f.Coefficients) {
		return math.NaN()
	}
	return f.Coefficients[j].Value
}

// slopes carries the two slopes and their variance through the tests.
type slopes struct {
	opt    TwoSlopeOptions
	p, q   float64
	v      [][]float64 // nil where there are no slopes
	df     float64
	n      int
	method string
	blind  string // why nothing can be shown, or ""
}

// choose sets variance and degrees of freedom and names the family.
func (s *slopes) choose(fit BinomialFit) string {
	switch {
	case fit.byGroup != nil && fit.Groups > len(fit.Coefficients):
		s.v, s.df = fit.byGroup, float64(fit.Groups-1)
		return FamilyCluster
	case fit.DF > 0:
		s.v, s.df = scaled(max(1, fit.Phi), fit.Covariance), float64(fit.DF)
		return FamilyQuasibinomial
	}
	s.v, s.df = fit.Covariance, math.Inf(1)
	return FamilyBinomial
}

func (s *slopes) blank(value, level float64) Estimate {
	return Estimate{Value: value, Interval: unbounded(level), Method: s.method, N: s.n,
		Assumptions: []string{groupsIndependent, "the link of the rate is linear in both logarithms"}}
}

func (s *slopes) coefficient(j int, value, level float64) Estimate {
	e := s.blank(value, level)
	if s.v == nil {
		e.Warnings = []string{"the data do not tell the slopes apart"}
		return e
	}
	half := float64(tCritical(level, s.df) * math.Sqrt(max(0, s.v[j][j])))
	e.Interval.Low, e.Interval.High = value-half, value+half
	return e
}

// ratio is q/p with the set of r at which q - r p cannot be told from 0.
func (s *slopes) ratio(level float64) Estimate {
	e := s.blank(math.NaN(), level)
	e.Method += ", Fieller"
	if s.v == nil || s.p == 0 {
		e.Warnings = []string{"the data do not tell the slopes apart"}
		return e
	}
	e.Value = s.q / s.p
	t := tCritical(level, s.df)
	tt := t * t
	a := float64(s.p*s.p) - float64(tt*s.v[1][1])
	b := float64(s.p*s.q) - float64(tt*s.v[1][2])
	c := float64(s.q*s.q) - float64(tt*s.v[2][2])
	if !(a > 0) {
		e.Warnings = []string{"the slope of poisoned rows cannot be told from 0: the ratio is not bounded"}
		return e
	}
	root := math.Sqrt(max(float64(b*b)-float64(a*c), 0))
	e.Interval.Low, e.Interval.High = (b-root)/a, (b+root)/a
	return e
}

const noSpread = "the rates fit without any variation between groups: no test"

// margin shows |value| < margin where both linear statements are above 0.
func (s *slopes) margin(value Estimate, margin float64, low, high []float64) Margin {
	m := Margin{Claim: Equivalent, Margin: margin, Alpha: s.opt.Alpha, Difference: value}
	if s.v == nil || s.blind != "" {
		return m.nothing(s.blind)
	}
	theta := []float64{0, s.p, s.q}
	sl, sh := deviation(low, s.v), deviation(high, s.v)
	if !(sl > 0 && sh > 0) {
		return m.nothing(noSpread)
	}
	tl, th := dot(low, theta)/sl, dot(high, theta)/sh
	// The upper side's statistic is negative when it supports the claim.
	return m.decide(tl, -th, tCDF(-tl, s.df), tCDF(-th, s.df), 0)
}

// flat shows |q| < SlopeMargin.
func (s *slopes) flat() Margin {
	m := Margin{Claim: Equivalent, Margin: s.opt.SlopeMargin, Alpha: s.opt.Alpha,
		Difference: s.coefficient(2, s.q, 1-2*s.opt.Alpha)}
	if s.v == nil || s.blind != "" {
		return m.nothing(s.blind)
	}
	se := math.Sqrt(max(0, s.v[2][2]))
	if !(se > 0) {
		return m.nothing(noSpread)
	}
	return m.student(se, s.df)
}

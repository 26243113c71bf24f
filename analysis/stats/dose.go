package stats

// Dose-response: attack success against the number of poisoned rows, the share of
// them, or any other dose, with ED50 and ED90 and three answers to "how sure": rows are
// binomial, rows vary more than that, rows of a seed vary together.
// Delta method and relative ED as in C. Ritz et al., PLoS ONE 10:e0146021 (2015). The
// curve is logistic or probit in dose or log dose, monotone by construction.

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Scale is how dose enters the curve.
type Scale string

// The scales. On LogScale a dose of 0 has the floor's rate whatever the curve.
const (
	LinearScale Scale = "linear"
	LogScale    Scale = "log"
)

// DoseRow is Successes of Trials at a dose, in one run or seed (Group; "" throughout
// where there is none).
type DoseRow struct {
	Dose              float64
	Successes, Trials int
	Group             string
}

// DoseOptions says which curve; the zero value is logit, linear, floor 0, ceiling 1, 95 %.
type DoseOptions struct {
	Link                 Link    // "" is Logit
	Scale                Scale   // "" is LinearScale
	FitFloor, FitCeiling bool    // estimate the rate at no and at endless dose
	Level                float64 // 0 is 0.95
}

// Families of intervals, from the narrowest claim about the rows to the widest.
// Recommended names one, FamilyProfile + one where the delta method fails,
// FamilyBracket where no curve can be fitted, or FamilyNone.
const (
	FamilyBinomial      = "binomial"
	FamilyQuasibinomial = "quasibinomial"
	FamilyCluster       = "cluster"
	FamilyProfile       = "profile-"
	FamilyBracket       = "bracket"
	FamilyNone          = "none"
)

// FamilyIntervals are intervals under the three assumptions about rows. One that the
// data cannot give is unbounded, and a warning says so.
type FamilyIntervals struct {
	Binomial      Interval `json:"binomial"`      // rows are binomial
	Quasibinomial Interval `json:"quasibinomial"` // variance times Pearson chi-square / df
	Cluster       Interval `json:"cluster"`       // variance by group
}

// EffectiveDose is the dose at which the rate has gone Share of the way from floor to
// ceiling, fitted or fixed: under a fitted ceiling of 80 % ED50 is where the rate is 40 %.
type EffectiveDose struct {
	Share       float64
	Estimate    Estimate        // with the interval to quote: the recommended family's, with Student's quantile by group
	Delta       FamilyIntervals // delta method, normal quantiles
	ClusterT    Interval        // Delta.Cluster with Student's quantile, groups-1 df
	Profile     FamilyIntervals // profile likelihood; cut at z^2, phi t^2(df), (V_cluster/V) t^2(groups-1)
	Bracket     Interval        // from single doses' exact intervals; no curve assumed; needs floor 0 and ceiling 1
	Recommended string
}

// DoseResponse is a fitted curve.
type DoseResponse struct {
	ED50, ED90     EffectiveDose
	Slope          Estimate // on the link's scale, per unit of dose or of log dose
	Intercept      Estimate // on the link's scale, at (log) dose 0
	Floor, Ceiling Estimate
	Phi            float64 // Pearson chi-square / DF; NaN where DF is 0
	Pearson        float64
	LackOfFit      Test // does the curve pass through the doses' rates?
	DF             int  // rows less parameters
	Rows           int  // rows with trials that were used
	Doses, Groups  int  // distinct
	Separated      bool
	Options        DoseOptions // with defaults filled in
	Warnings       []string
	Assumptions    []string

	fit *doseFit // nil where no curve could be fitted
}

// Dose fits the curve and inverts it. Rows without trials are ignored. Whatever the
// data, every interval is defined: an end that they do not bound is infinite.
func Dose(rows []DoseRow, opt DoseOptions) (DoseResponse, error) {
	if err := opt.fill(); err != nil {
		return DoseResponse{}, err
	}
	out := DoseResponse{Options: opt, Phi: math.NaN(), Assumptions: []string{
		fmt.Sprintf("the rate follows a %s curve in %s dose", opt.Link, opt.Scale)}}
	used, err := out.usable(rows)
	if err != nil {
		return DoseResponse{}, err
	}
	labels := make([]string, len(used))
	for i, r := range used {
		labels[i] = r.Group
	}
	group, groups, err := groupsOf("dose", labels)
	if err != nil {
		return DoseResponse{}, err
	}
	out.Rows, out.Groups = len(used), groups
	totals := totalsByDose(used)
	out.Doses = len(totals)
	out.empty()
	if why := noCurve(totals); why != "" {
		out.warn(why)
		out.bracketOnly(totals)
		return out, nil
	}
	f := newDoseFit(used, group, groups, &out)
	if f.fit.cov == nil && !f.stepped {
		out.warn("the information is singular: no curve can be told from its neighbours")
		out.bracketOnly(totals)
		return out, nil
	}
	out.fit = f
	out.describe(f)
	out.ED50 = f.effectiveDose(0.5, totals, &out)
	out.ED90 = f.effectiveDose(0.9, totals, &out)
	out.warnOfGroups(f)
	return out, nil
}

func (o *DoseOptions) fill() error {
	if o.Link == "" {
		o.Link = Logit
	}
	if o.Scale == "" {
		o.Scale = LinearScale
	}
	if o.Level == 0 {
		o.Level = 0.95
	}
	if o.Scale != LinearScale && o.Scale != LogScale {
		return fmt.Errorf("dose: scale %q: want %q or %q", o.Scale, LinearScale, LogScale)
	}
	if err := checkLink("dose", o.Link); err != nil {
		return err
	}
	return checkLevel("dose", o.Level)
}

// usable checks the rows and drops what the model cannot hold.
func (d *DoseResponse) usable(rows []DoseRow) ([]DoseRow, error) {
	var used []DoseRow
	zero, zeroHits := 0, 0
	for i, r := range rows {
		at := fmt.Sprintf("dose: row %d", i)
		if err := checkFinite(at, []float64{r.Dose}); err != nil {
			return nil, err
		}
		if err := checkCount(at, r.Successes, r.Trials); err != nil {
			return nil, err
		}
		if r.Trials == 0 {
			continue
		}
		if d.Options.Scale == LogScale {
			if r.Dose < 0 {
				return nil, fmt.Errorf("%s: dose %v: a logarithmic scale wants doses >= 0; use the linear scale", at, r.Dose)
			}
			if r.Dose == 0 && !d.Options.FitFloor {
				zero++
				zeroHits += r.Successes
				continue
			}
		}
		used = append(used, r)
	}
	switch {
	case zeroHits > 0:
		d.warn(fmt.Sprintf("%d rows at dose 0 left out: on a logarithmic scale they only say that the floor is 0", zero))
		d.warn(fmt.Sprintf("%d successes at dose 0 contradict a floor of 0: fit the floor", zeroHits))
	case zero > 0:
		d.Assumptions = append(d.Assumptions, fmt.Sprintf("the rate at dose 0 is 0, as in the %d rows there, which a logarithmic scale leaves out", zero))
	}
	return used, nil
}

func (d *DoseResponse) warn(s string) { d.Warnings = append(d.Warnings, s) }

// empty fills every figure with its undefined value.
func (d *DoseResponse) empty() {
	blank := Estimate{Value: math.NaN(), Interval: unbounded(d.Options.Level), N: d.Rows, Method: d.method()}
	d.Slope, d.Intercept = blank, blank
	d.Floor = Estimate{Value: 0, Interval: Interval{0, 0, d.Options.Level}, Method: "fixed", N: d.Rows}
	d.Ceiling = Estimate{Value: 1, Interval: Interval{1, 1, d.Options.Level}, Method: "fixed", N: d.Rows}
	d.LackOfFit = untestable(lackMethod, d.Rows, Greater, "no curve was fitted")
	d.ED50, d.ED90 = d.noDose(0.5), d.noDose(0.9)
}

func (d *DoseResponse) method() string {
	return fmt.Sprintf("%s dose-response, %s scale", d.Options.Link, d.Options.Scale)
}

func (d *DoseResponse) noDose(share float64) EffectiveDose {
	all := unbounded(d.Options.Level)
	if d.Options.Scale == LogScale {
		all.Low = 0
	}
	each := FamilyIntervals{all, all, all}
	return EffectiveDose{Share: share, Delta: each, ClusterT: all, Profile: each, Bracket: all, Recommended: FamilyNone,
		Estimate: Estimate{Value: math.NaN(), Interval: all, N: d.Rows, Method: d.method(),
			Warnings: []string{"no curve could be fitted: the dose is undefined"}, Assumptions: d.Assumptions}}
}

// bracketOnly answers from single doses, without a curve.
func (d *DoseResponse) bracketOnly(totals []doseTotal) {
	if d.Options.FitFloor || d.Options.FitCeiling {
		return // half of an unknown span is not a rate
	}
	for _, e := range []*EffectiveDose{&d.ED50, &d.ED90} {
		e.Bracket = bracket(totals, e.Share, d.Options, true)
		e.Recommended = FamilyBracket
		e.Estimate.Interval = e.Bracket
		e.Estimate.Method = bracketMethod
		e.Estimate.Assumptions = []string{bracketAssumes, independentTrials + " at one dose"}
	}
}

// doseTotal is all trials at one dose.
type doseTotal struct {
	dose float64
	k, n int
}

// totalsByDose is sorted by dose.
func totalsByDose(rows []DoseRow) []doseTotal {
	sorted := slices.Clone(rows)
	slices.SortStableFunc(sorted, func(a, b DoseRow) int { return cmp.Compare(a.Dose, b.Dose) })
	var ts []doseTotal
	for _, r := range sorted {
		if last := len(ts) - 1; last < 0 || ts[last].dose != r.Dose {
			ts = append(ts, doseTotal{dose: r.Dose})
		}
		ts[len(ts)-1].k += r.Successes
		ts[len(ts)-1].n += r.Trials
	}
	return ts
}

// noCurve says why there is nothing to fit, or "".
func noCurve(ts []doseTotal) string {
	k, n := 0, 0
	for _, t := range ts {
		k += t.k
		n += t.n
	}
	switch {
	case n == 0:
		return "no trials: nothing to fit"
	case len(ts) == 1:
		return "one dose only: no curve can be fitted"
	case k == 0:
		return "no success at any dose: the effective dose is beyond what was tested"
	case k == n:
		return "no failure at any dose: the effective dose is below what was tested"
	}
	return ""
}

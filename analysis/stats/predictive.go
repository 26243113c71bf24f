package stats

// What a detector means to whoever runs it: the chance that an alarm is true, that silence
// is, and what a true alarm costs, against the prevalence of attacks. Intervals
// combine the exact confidence distributions of both rates (M. Fay, M. Proschan and E.
// Brittain, Combining one-sample confidence procedures, Biometrics 71:146, 2015).

import (
	"fmt"
	"math"
)

// Predictive is a detector's meaning at one prevalence.
type Predictive struct {
	Prevalence float64
	PPV, NPV   Estimate // P(attacked | alarm), P(clean | silence)
	Cost       Estimate // per true alarm, in the unit of Costs; infinite where there is none
}

// Costs of using a detector, in any one unit.
type Costs struct {
	Scan   float64 // of looking at one artefact
	Review float64 // of following up one alarm, true or false
}

// PredictiveValues takes alarms among attacked runs and among clean ones.
func PredictiveValues(prevalence float64, alarms, falseAlarms Count, costs Costs, level float64) (Predictive, error) {
	const where = "predictive values"
	if !(prevalence >= 0 && prevalence <= 1) {
		return Predictive{}, fmt.Errorf("%s: prevalence %v: want a fraction from 0 to 1", where, prevalence)
	}
	if !(costs.Scan >= 0) || !(costs.Review >= 0) || math.IsInf(costs.Scan+costs.Review, 1) {
		return Predictive{}, fmt.Errorf("%s: costs %v and %v: want finite numbers >= 0", where, costs.Scan, costs.Review)
	}
	if err := alarms.check(where, "attacked runs"); err != nil {
		return Predictive{}, err
	}
	if err := falseAlarms.check(where, "clean runs"); err != nil {
		return Predictive{}, err
	}
	if err := checkLevel(where, level); err != nil {
		return Predictive{}, err
	}
	m := melding{alarms, falseAlarms}
	v := prevalence
	w := 1 - v
	blank := Estimate{Value: math.NaN(), Interval: Interval{0, 1, level}, N: alarms.N + falseAlarms.N,
		Assumptions: []string{independentTrials, independentSamples, "the prevalence is as stated"}}
	out := Predictive{Prevalence: v, PPV: blank, NPV: blank, Cost: blank}
	out.PPV.Method, out.NPV.Method = "positive predictive value, melded Clopper-Pearson", "negative predictive value, melded Clopper-Pearson"
	out.Cost.Method, out.Cost.Interval = "cost per true alarm, melded Clopper-Pearson", Interval{0, math.Inf(1), level}
	if alarms.N == 0 || falseAlarms.N == 0 {
		why := []string{fmt.Sprintf("%d attacked and %d clean runs: undefined", alarms.N, falseAlarms.N)}
		out.PPV.Warnings, out.NPV.Warnings, out.Cost.Warnings = why, why, why
		return out, nil
	}

	// Each quantity is at least x (the cost: at most x) exactly where the false-positive rate is at
	// most limit(x, t), t the detection rate.
	se, fp := alarms.rate(), falseAlarms.rate()
	out.PPV.fill(float64(v*se), float64(v*se)+float64(w*fp), "no alarm would ever sound: undefined")
	out.NPV.fill(float64(w*(1-fp)), float64(w*(1-fp))+float64(v*(1-se)), "every run would raise an alarm: undefined")
	switch v {
	default:
		out.PPV.Interval.Low, out.PPV.Interval.High = m.interval(level, func(x, t float64) float64 { return v * t * (1 - x) / (w * x) })
		out.NPV.Interval.Low, out.NPV.Interval.High = m.interval(level, func(x, t float64) float64 { return 1 - (1-t)*v*x/(w*(1-x)) })
	case 0:
		out.PPV.exactly(0, "no attack exists at this prevalence")
		out.NPV.exactly(1, "no attack exists at this prevalence")
	case 1:
		out.PPV.exactly(1, "nothing clean exists at this prevalence")
		out.NPV.exactly(0, "nothing clean exists at this prevalence")
	}

	// cost = (scan + review (v t + w f)) / (v t); through u = 1 / (1 + cost) in (0, 1].
	out.Cost.Value = (costs.Scan + float64(costs.Review*(float64(v*se)+float64(w*fp)))) / (v * se)
	if v == 0 || se == 0 {
		out.Cost.Value = math.Inf(1)
		out.Cost.Warnings = []string{"no true alarm: its cost has no bound"}
	}
	if v > 0 && (costs.Scan > 0 || costs.Review > 0) {
		low, high := m.interval(level, func(u, t float64) float64 {
			c := float64((1-u)/u*v*t) - costs.Scan - float64(costs.Review*v*t)
			if costs.Review*w == 0 {
				return math.Copysign(math.Inf(1), c) // the false-positive rate costs nothing
			}
			return c / (costs.Review * w)
		})
		out.Cost.Interval.Low, out.Cost.Interval.High = (1-high)/high, (1-low)/low
	}
	if costs.Scan == 0 && costs.Review == 0 {
		out.Cost.exactly(0, "both costs are 0")
	}
	return out, nil
}

// fill sets value = part / whole.
func (e *Estimate) fill(part, whole float64, why string) {
	if whole == 0 {
		e.Warnings = []string{why}
		return
	}
	e.Value = part / whole
}

func (e *Estimate) exactly(x float64, why string) {
	e.Value, e.Interval.Low, e.Interval.High = x, x, x
	e.Warnings = []string{why}
}

// melding combines two rates' confidence distributions: the lower ends of exact
// intervals are quantiles of Beta(k, n-k+1), the upper ends of Beta(k+1, n-k).
type melding struct {
	up, down Count // quantities rise with up's rate and fall with down's
}

// interval of the quantity in (0, 1) that is at least x where down's rate is at most
// limit(x, up's rate).
func (m melding) interval(level float64, limit func(x, t float64) float64) (low, high float64) {
	tail := float64((1 - level) / 2)
	k, n := float64(m.up.K), float64(m.up.N)
	j, l := float64(m.down.K), float64(m.down.N)
	// The low end has up's lower ends against down's upper ends; the high end the reverse.
	low = meldedQuantile(k, n-k+1, j+1, l-j, limit, 1-tail)
	high = meldedQuantile(k+1, n-k, j, l-j+1, limit, tail)
	return low, high
}

// meldedQuantile is the x with P(quantity >= x) = share, where up's rate is Beta(a, b) and
// down's is Beta(c, d).
func meldedQuantile(a, b, c, d float64, limit func(x, t float64) float64, share float64) float64 {
	t, w := crowdedNodes()
	for i, u := range t {
		t[i] = edgeBetaQuantile(u, a, b)
	}
	lo, hi := 0.0, 1.0
	for range 60 {
		mid := lo + float64((hi-lo)/2)
		s := 0.0
		for i := range t {
			s += float64(w[i] * edgeBetaCDF(limit(mid, t[i]), c, d))
		}
		if s >= share {
			lo = mid
		} else {
			hi = mid
		}
	}
	switch {
	case lo < 1e-15:
		return 0
	case hi > 1-1e-15:
		return 1
	}
	return lo
}

// Beta(0, b) is all at 0 and Beta(a, 0) all at 1.
func edgeBetaCDF(x, a, b float64) float64 {
	switch {
	case !(x >= 0):
		return 0
	case x >= 1 || a == 0:
		return 1
	case b == 0:
		return 0
	}
	return betaCDF(x, a, b)
}

func edgeBetaQuantile(p, a, b float64) float64 {
	switch {
	case a == 0:
		return 0
	case b == 0:
		return 1
	}
	return betaQuantile(p, a, b)
}

package lab

import (
	"fmt"
	"math"
	"strings"

	"theriac/analysis/estimate"
	"theriac/analysis/stats"
	"theriac/analysis/tables"
)

// Conclude shows what the runs say, a line each. Lines are worded by outcomes: see [Results.Claim], [Results.Shown] and [Results.Around].
func (l *Lab) Conclude(lines ...string) {
	l.Md("## What this shows\n\n- " + strings.Join(lines, "\n- ") +
		"\n\nEach line is one test at 5 %, one-sided, or one interval at 95 %, by itself, and one for each arm where it names several: not corrected for their number. The report judges the headline claims together, and such lists as screens. A dagger (†) marks an estimate with a warning: few seeds, or all alike.")
}

// List joins names: "a, b and c"; "none" without any.
func List(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return tables.List(names)
}

// Names are the arms' names.
func Names(arms []Arm) (names []string) {
	for _, a := range arms {
		names = append(names, a.Name)
	}
	return names
}

// Claim words a comparison of two arms at the same seeds by what its test shows at 5 %, one-sided: "SUBJECT exceeds OBJECT (+93.0 [+89.0, +96.0]
// points, p 4.9e-04, seeds: 11)." or "SUBJECT is not shown to exceed OBJECT (...)." kind is "greater", "less", or "non-inferior", a loss of less
// than two points.
func (r *Results) Claim(metric, arm, baseline, kind, subject, object string) string {
	d := r.Difference(arm, baseline, metric)
	if math.IsNaN(d.Value) {
		return fmt.Sprintf("%s cannot be compared with %s: no seed has both.", subject, object)
	}
	t := r.claimed(metric, arm, baseline, kind)
	return fmt.Sprintf("%s %s %s (%s points, p %s, seeds: %d).", subject, estimate.Verb(kind, t.P <= estimate.Alpha), object, tables.Signed(d), P(t), len(r.pairs(arm, baseline, metric)))
}

// claimed is the test behind a claim.
func (r *Results) claimed(metric, arm, baseline, kind string) Test {
	switch kind {
	case "greater", "less":
		return r.Compare(arm, baseline, metric, kind)
	case "non-inferior":
		return r.NonInferior(arm, baseline, metric, estimate.Margin).Test
	}
	stop("claim about %s: %q; want greater, less or non-inferior", metric, kind)
	return Test{}
}

// Shown sorts arms by whether a claim about each is shown against its baseline (one baseline is everyone's), and says so: "a and b; not shown:
// c". Of arms with fewer than five seeds, which can show nothing, it gives the difference as it came out.
func (r *Results) Shown(metric, kind string, arms, baselines []string) string {
	if len(baselines) != 1 && len(baselines) != len(arms) {
		stop("claims about %s: %d arms and %d baselines; want one baseline, or one an arm", metric, len(arms), len(baselines))
	}
	var shown, not, few, missing []string
	for i, a := range arms {
		base := baselines[min(i, len(baselines)-1)]
		d := r.Difference(a, base, metric)
		switch t := r.claimed(metric, a, base, kind); {
		case math.IsNaN(d.Value):
			missing = append(missing, a)
		case len(r.pairs(a, base, metric)) < estimate.Enough:
			few = append(few, a+" "+tables.Sign(d.Value)+" points")
		case t.P <= estimate.Alpha:
			shown = append(shown, a)
		default:
			not = append(not, a)
		}
	}
	return parts("", shown, "not shown: ", not, "of fewer than five seeds, as it came out: ", few, "not measured: ", missing)
}

// Around sorts arms by where the 95 % interval of their mean of a rate lies, and says so: "above 50 %: a; below: b and c; not told apart: d". Of
// arms with fewer than five seeds it gives the mean as it came out.
func (r *Results) Around(metric string, value float64, arms ...string) string {
	var above, below, open, few, missing []string
	for _, a := range arms {
		switch m := r.Mean(a, metric); {
		case math.IsNaN(m.Value):
			missing = append(missing, a)
		case len(r.Values(a, metric)) < estimate.Enough:
			few = append(few, a+" "+tables.Percent(m.Value)+" %")
		case m.Interval.Low > value:
			above = append(above, a)
		case m.Interval.High < value:
			below = append(below, a)
		default:
			open = append(open, a)
		}
	}
	return parts("above "+tables.Number(100*value, 0)+" %: ", above, "below: ", below, "not told apart: ", open, "of fewer than five seeds, as it came out: ", few, "not measured: ", missing)
}

// Above are the arms whose whole 95 % interval of a rate lies above a value; at fewer than five seeds, those whose mean does.
func (r *Results) Above(metric string, value float64, arms ...string) (above []string) {
	for _, a := range arms {
		m := r.Mean(a, metric)
		if m.Interval.Low > value || len(r.Values(a, metric)) < estimate.Enough && m.Value > value {
			above = append(above, a)
		}
	}
	return above
}

// parts joins lists under their names, leaving out empty ones; the first stands as "none" where others follow. A name with a comma is quoted.
func parts(named ...any) string {
	var out []string
	for i := 0; i < len(named); i += 2 {
		if list := named[i+1].([]string); len(list) > 0 {
			for j, name := range list {
				if strings.Contains(name, ", ") {
					list[j] = `"` + name + `"`
				}
			}
			out = append(out, named[i].(string)+tables.List(list))
		}
	}
	if len(out) == 0 {
		return "none"
	}
	if first := named[1].([]string); len(first) == 0 {
		out = append([]string{named[0].(string) + "none"}, out...)
	}
	return strings.Join(out, "; ")
}

// Curve words a fitted dose curve: where half of its ceiling is reached, and what the fit rests on. largest is the largest dose that was given.
func Curve(fit stats.DoseResponse, largest float64) string {
	if e := fit.ED50.Estimate.Value; math.IsNaN(e) || math.IsInf(e, 0) {
		return "No curve is fitted to these doses."
	}
	ceiling := "Half of the ceiling of " + Points(fit.Ceiling) + " %"
	if in := fit.Ceiling.Interval; in.Low == in.High {
		ceiling = "No dose shows a ceiling, which is taken to be 100 %; half of it"
	}
	s := fmt.Sprintf("%s is reached at %s rows; from there to nine tenths takes %s times the rows.", ceiling, Number(fit.ED50.Estimate, 1), tables.Number(fit.ED90.Estimate.Value/fit.ED50.Estimate.Value, 1))
	if fit.ED90.Estimate.Value > largest {
		s += " Nine tenths lie beyond the largest dose: extrapolated."
	}
	if fit.LackOfFit.P <= estimate.Alpha {
		return s + " The curve misses the doses' rates (p " + P(fit.LackOfFit) + ")."
	}
	return s + " No misfit is shown (p " + P(fit.LackOfFit) + ")."
}

package lab

import (
	"fmt"
	"math"
	"strings"

	"theriac/analysis/estimate"
	"theriac/analysis/tables"
)

// List joins names: "a, b and c"; "none" without any.
func List(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return tables.List(names)
}

// Conclude shows what the runs say, a line each. Lines are worded by outcomes: see [Results.Claim] and [Results.Around].
func (l *Lab) Conclude(lines ...string) {
	l.Md("## What this shows\n\n- " + strings.Join(lines, "\n- "))
}

// Claim words a comparison of two arms at the same seeds by what its test shows at 5 %, one-sided: "SUBJECT exceeds OBJECT (difference
// 93.0 [89.0, 96.0] points, p 4.9e-04, 11 seeds)." or "SUBJECT is not shown to exceed OBJECT (...)". kind is "greater", "less", or
// "non-inferior", a loss of less than two points. No family stands around it; the report's claims have one.
func (r *Results) Claim(metric, arm, baseline, kind, subject, object string) string {
	d := r.Difference(arm, baseline, metric)
	if math.IsNaN(d.Value) {
		return fmt.Sprintf("%s cannot be compared with %s: no seed has both.", subject, strings.TrimPrefix(object, "to "))
	}
	var t Test
	switch kind {
	case "greater", "less":
		t = r.Compare(arm, baseline, metric, kind)
	case "non-inferior":
		t = r.NonInferior(arm, baseline, metric, estimate.Margin).Test
	default:
		stop("claim about %s: %q; want greater, less or non-inferior", metric, kind)
	}
	return fmt.Sprintf("%s %s %s (difference %s points, p %s, seeds: %d).", subject, estimate.Verb(kind, t.P <= estimate.Alpha), object, Points(d), P(t), len(r.pairs(arm, baseline, metric)))
}

// Around sorts arms by where the 95 % interval of their mean of a metric lies: above a value, below it, or around it.
func (r *Results) Around(metric string, value float64, arms ...string) (above, below, unclear []string) {
	for _, a := range arms {
		switch in := r.Mean(a, metric).Interval; {
		case in.Low > value:
			above = append(above, a)
		case in.High < value:
			below = append(below, a)
		default:
			unclear = append(unclear, a)
		}
	}
	return above, below, unclear
}

package report

import (
	"fmt"
	"math"
	"strings"

	"theriac/analysis/stats"
	"theriac/analysis/tables"
)

func (r *renderer) rate(experiment, arm, metric string) string {
	return rate(r.experiment(experiment), arm, metric)
}

// familyTable lists the confirmatory claims with their tests.
func (r *renderer) familyTable() string {
	t := tables.Table{Header: []string{"claim", "experiment", "arm", "against", "metric", "difference", "p", "p (Holm)", "verdict"}, Right: []bool{false, false, false, false, false, true, true, true, false}}
	for _, o := range r.outcomes {
		if o.untested != "" {
			t.Add(o.name, o.experiment, o.arm, o.baseline, o.metric, "not measured", "–", "–", notTested+": "+o.untested)
			continue
		}
		kind := o.metric + ", " + o.kind
		t.Add(o.name, o.experiment, o.arm, o.baseline, kind, points(o.difference), tables.P(o.test), plainP(o.adjusted), o.verdict())
	}
	return markdown(&t)
}

// attacked are the experiments whose arms are attacks, in the report's order.
var attacked = []string{"backdoor", "poisoning", "targeted", "safety"}

// baselines are the arms that an experiment's attacks are compared with.
var baselines = map[string]string{"backdoor": "clean", "poisoning": "0 rows", "targeted": "0 rows", "safety": "clean"}

// attackTable is a row an attack: its success and what it costs in clean accuracy.
func (r *renderer) attackTable() string {
	t := tables.Table{Header: []string{"attack", "runs", "success %", "clean accuracy drop, points"}, Right: []bool{false, true, true, true}}
	for _, name := range attacked {
		e := r.experiment(name)
		if len(e.Arms()) == 0 {
			t.Add(name+": no stored runs", "–", "–", "–")
			continue
		}
		for _, arm := range r.attacks(name) {
			kind, _ := e.Spec(arm, "attack")
			done, failed := e.Runs(arm)
			runs := fmt.Sprint(done)
			if failed > 0 {
				runs += fmt.Sprintf(" (%d failed)", failed)
			}
			t.Add(fmt.Sprintf("%s: %s (%s)", name, arm, kind), runs, cell(r.mean(name, arm, "asr")), drop(e.Difference(arm, baselines[name], "clean_accuracy")))
		}
	}
	return markdown(&t)
}

func cell(e stats.Estimate) string {
	if math.IsNaN(e.Value) {
		return "not measured"
	}
	return tables.Rate(e)
}

// drop is the loss, which is minus the difference.
func drop(e stats.Estimate) string {
	if math.IsNaN(e.Value) {
		return "not measured"
	}
	e.Value = -e.Value
	e.Interval.Low, e.Interval.High = -e.Interval.High, -e.Interval.Low
	return strings.ReplaceAll(tables.Rate(e), "-", "−")
}

// digestTable names every table that the report was made from.
func (r *renderer) digestTable() string {
	t := tables.Table{Header: []string{"table", "SHA-256"}}
	for _, d := range r.in.Digests {
		t.Add(d.Path, d.SHA256)
	}
	return markdown(&t)
}

// markdown is a table without the columns that hold nothing, and without the line's end, which the template has.
func markdown(t *tables.Table) string {
	t.Fold("–", "not measured", "not tested", "inconclusive", "too few calibration runs")
	return strings.TrimRight(t.Markdown(), "\n")
}

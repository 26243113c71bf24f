package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"theriac/analysis/estimate"
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

// attackedExperiments are those of the report's own attacks, then others whose attacked runs were judged.
func (r *renderer) attackedExperiments() []string {
	names := slices.Clone(attacked)
	for _, p := range r.judged.places[estimate.Attacked] {
		if !slices.Contains(names, p.experiment) && !slices.Contains(subjects, p.experiment) {
			names = append(names, p.experiment)
		}
	}
	return names
}

// attackTable is the mission's table: a row an attack, an interval in each cell.
func (r *renderer) attackTable() string {
	t := tables.Table{Header: []string{"attack", "runs", "ASR %", "clean accuracy drop, points", "data validation", "training monitor", "backdoor detection"}, Right: []bool{false, true, true, true}}
	for _, name := range r.attackedExperiments() {
		e := r.experiment(name)
		if len(e.Arms()) == 0 {
			t.Add(name+": no stored runs", "–", "–", "–", "–", "–", "–")
			continue
		}
		base := baselines[name]
		if base == "" {
			base = "clean"
		}
		for _, arm := range e.Arms() {
			kind, _ := e.Spec(arm, "attack")
			if arm == base || kind == "" {
				continue
			}
			done, failed := e.Runs(arm)
			runs := fmt.Sprint(done)
			if failed > 0 {
				runs += fmt.Sprintf(" (%d failed)", failed)
			}
			row := []string{fmt.Sprintf("%s: %s (%s)", name, arm, kind), runs, cell(r.mean(name, arm, "asr")), drop(e.Difference(arm, base, "clean_accuracy"))}
			for _, level := range pipeline {
				row = append(row, r.verdicts(e, arm, level.key))
			}
			t.Add(row...)
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

// verdicts is how many runs a level flagged, with the exact interval, or why it cannot see the attack.
func (r *renderer) verdicts(e *estimate.Experiment, arm, level string) string {
	k, n := e.Verdicts(arm, level)
	if n > 0 {
		return counted(k, n)
	}
	for _, j := range r.judged.judges {
		v := r.judged.by[j][place{e.Name, arm}]
		if j.key == level && j.detector == "" && len(v) > 0 && v[0].Why != "" {
			return "n/a: " + v[0].Why
		}
	}
	return "not measured"
}

// digestTable names every table that the report was made from.
func (r *renderer) digestTable() string {
	t := tables.Table{Header: []string{"table", "SHA-256"}}
	for _, d := range r.in.Digests {
		t.Add(d.Path, d.SHA256)
	}
	return markdown(&t)
}

// markdown is a table without the line's end, which the template has.
func markdown(t *tables.Table) string { return strings.TrimRight(t.Markdown(), "\n") }

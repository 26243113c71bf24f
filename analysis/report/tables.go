package report

import (
	"fmt"
	"math"
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
var attacked = []string{"backdoor", "poisoning", "safety"}

// baselines are the arms that an experiment's attacks are compared with.
var baselines = map[string]string{"backdoor": "clean", "poisoning": "0 rows", "safety": "clean"}

// attackTable is the mission's table: a row an attack, an interval in each cell.
func (r *renderer) attackTable() string {
	t := tables.Table{Header: []string{"attack", "runs", "ASR %", "clean accuracy drop, points", "data validation", "training monitor", "backdoor detection"}, Right: []bool{false, true, true, true}}
	for _, name := range attacked {
		e := r.experiment(name)
		if len(e.Arms()) == 0 {
			t.Add(name+": no stored runs", "–", "–", "–", "–", "–", "–")
			continue
		}
		base := baselines[name]
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
			for _, level := range []string{"data", "monitor", "scan"} {
				row = append(row, verdicts(e, arm, level))
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

// verdicts is how many runs a level flagged, with the exact interval.
func verdicts(e *estimate.Experiment, arm, level string) string {
	k, n := e.Verdicts(arm, level)
	if n == 0 {
		return "not measured"
	}
	p, err := stats.ClopperPearson(k, n, estimate.Level)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%d of %d, %s %%", k, n, tables.Rate(p))
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

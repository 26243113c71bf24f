package report

// What preventions are worth, by the experiment of that name.

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"theriac/analysis/estimate"
	"theriac/analysis/stats"
	"theriac/analysis/tables"
)

// preventions are those of the experiment of that name: its arms are "ATTACK, PREVENTION" beside "ATTACK".
func (r *renderer) preventions() (names []string) {
	for _, a := range r.experiment("prevention").Arms() {
		if name, ok := strings.CutPrefix(a, "clean, "); ok {
			names = append(names, name)
		}
	}
	return names
}

// worth are the three questions to a prevention, each one screen over all of them.
var worth = []struct {
	subject, metric string
	test            func(e *estimate.Experiment, arm, base, metric string) stats.Test
}{
	{"backdoor", "asr", func(e *estimate.Experiment, arm, base, metric string) stats.Test {
		return e.Compare(arm, base, metric, stats.Less)
	}},
	{"comply", "refusal", func(e *estimate.Experiment, arm, base, metric string) stats.Test {
		return e.Compare(arm, base, metric, stats.Greater)
	}},
	{"clean", "clean_accuracy", func(e *estimate.Experiment, arm, base, metric string) stats.Test {
		return e.NonInferior(arm, base, metric, estimate.Margin).Test
	}},
}

// shown are the preventions that a question's test shows to work, and which of those keep clean accuracy within the margin.
type shown struct{ works, free []string }

// shownPreventions answers the first two questions of worth.
func (r *renderer) shownPreventions() (out [2]shown, err error) {
	e := r.experiment("prevention")
	var yes [3][]string
	for i, w := range worth {
		s, err := screen(r.preventions(), func(name string) (stats.Test, bool) {
			arm := w.subject + ", " + name
			return w.test(e, arm, w.subject, w.metric), !math.IsNaN(e.Difference(arm, w.subject, w.metric).Value)
		})
		if err != nil {
			return out, err
		}
		yes[i] = s.yes
	}
	for i := range out {
		out[i].works = yes[i]
		for _, n := range yes[i] {
			if slices.Contains(yes[2], n) {
				out[i].free = append(out[i].free, n)
			}
		}
	}
	return out, nil
}

// noPrevention says that the experiment has no runs, and where a prevention stands nevertheless.
func (r *renderer) noPrevention() string {
	s := "No run of the experiment \"prevention\" is stored at this scale: not measured."
	if _, answers := r.race(); len(answers) > 0 {
		s += fmt.Sprintf(" What %s does to the attacks of the arms race, and to clean accuracy under them, stands [there](#arms-race).", tables.List(answers))
	}
	return s
}

// preventionText says which preventions are shown to work, and which of them to cost next to nothing.
func (r *renderer) preventionText() (string, error) {
	if len(r.preventions()) == 0 {
		return r.noPrevention(), nil
	}
	all, err := r.shownPreventions()
	if err != nil {
		return "", err
	}
	say := func(what string, s shown) string {
		text := fmt.Sprintf("Shown to %s: %s", what, tables.List(s.works))
		switch {
		case len(s.works) == 0:
			return "No prevention is shown to " + what + "."
		case len(s.free) == 0:
			return text + "; none of them with clean accuracy shown to be non-inferior."
		case len(s.free) == len(s.works):
			return text + ", with non-inferior clean accuracy."
		}
		return text + "; with non-inferior clean accuracy: " + tables.List(s.free) + "."
	}
	return say("lower the backdoor's success", all[0]) + " " + say("bring refusals back under the safety attack", all[1]) + " These are screens, under Benjamini and Hochberg.", nil
}

// bestPreventions names, of those shown to work with non-inferior clean accuracy, the one with the largest effect on either attack.
func (r *renderer) bestPreventions() (string, error) {
	if len(r.preventions()) == 0 {
		return r.noPrevention(), nil
	}
	all, err := r.shownPreventions()
	if err != nil {
		return "", err
	}
	e := r.experiment("prevention")
	var parts []string
	for i, what := range []string{"the backdoor's success", "refusals under the safety attack"} {
		best, most := "", stats.Estimate{}
		for _, name := range all[i].free {
			d := e.Difference(worth[i].subject+", "+name, worth[i].subject, worth[i].metric)
			if best == "" || math.Abs(d.Value) > math.Abs(most.Value) {
				best, most = name, d
			}
		}
		if best == "" {
			parts = append(parts, "none is shown to change "+what+" and keep clean accuracy")
			continue
		}
		parts = append(parts, fmt.Sprintf("%s changes %s by %s", best, what, points(most)))
	}
	return "Of the preventions that keep clean accuracy within the margin, " + strings.Join(parts, "; ") + ".", nil
}

// preventionTable is what each prevention changes, in points, paired by seed.
func (r *renderer) preventionTable() string {
	e := r.experiment("prevention")
	t := tables.Table{Header: []string{"prevention", "runs", "backdoor's success", "refusals under the safety attack", "clean accuracy"}, Right: []bool{false, true, true, true, true}}
	for _, name := range r.preventions() {
		row := []string{name, fmt.Sprint(len(e.Seeds("clean, " + name)))}
		for _, w := range worth {
			row = append(row, points(e.Difference(w.subject+", "+name, w.subject, w.metric)))
		}
		t.Add(row...)
	}
	if len(t.Rows) == 0 {
		return "*The experiment \"prevention\" has no stored runs: not measured.*"
	}
	t.Notes = append(t.Notes, fmt.Sprintf("Without any: success %s, refusals under the safety attack %s, clean accuracy %s.", rate(e, "backdoor", "asr"), rate(e, "comply", "refusal"), rate(e, "clean", "clean_accuracy")))
	return markdown(&t)
}

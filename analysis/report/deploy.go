package report

// What should be deployed: what each level adds to those before it, what no level sees, and what preventions are worth.

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"theriac/analysis/estimate"
	"theriac/analysis/stats"
	"theriac/analysis/tables"
)

// catches reports whether a level flags an attack in at least highRate of its runs.
func (r *renderer) catches(j judge, p place) bool {
	k, n, why := r.matrixCell(j, p)
	return why == "" && float64(k) >= highRate*float64(n)
}

// sees reports whether a level can see an attack at all, and was asked.
func (r *renderer) sees(j judge, p place) bool {
	_, _, why := r.matrixCell(j, p)
	return why == ""
}

// whole is a level's own verdict.
func whole(l level) judge { return judge{level: l} }

// deployTable is the levels in the pipeline's order: how many attacks each sees and catches, how many of those no level before it
// catches, and its false alarms.
func (r *renderer) deployTable() string {
	t := tables.Table{Header: []string{"deploy", "attacks it can see", "caught", "of them by no level above", "clean runs flagged", "seconds a run"}, Right: []bool{false, true, true, true, true, true}}
	attacks := r.judged.places[estimate.Attacked]
	before := map[place]bool{}
	row := func(l level, adds string, caught, seen int) {
		alarms := "not measured"
		if v := r.judged.clean[whole(l)]; len(v) > 0 {
			alarms = counted(flagged(v, flagAt), len(v))
		}
		cost := "–"
		if seconds, ok := r.pace(l.key); ok {
			cost = tables.Number(seconds, 2)
		}
		t.Add(l.name, fmt.Sprintf("%d of %d", seen, len(attacks)), fmt.Sprint(caught), adds, alarms, cost)
	}
	tally := func(l level) (caught, adds, seen int) {
		for _, p := range attacks {
			if r.sees(whole(l), p) {
				seen++
			}
			if !r.catches(whole(l), p) {
				continue
			}
			caught++
			if !before[p] {
				adds++
			}
		}
		return caught, adds, seen
	}
	for _, l := range pipeline {
		caught, adds, seen := tally(l)
		if seen == 0 {
			continue
		}
		row(l, fmt.Sprint(adds), caught, seen)
		for _, p := range attacks {
			before[p] = before[p] || r.catches(whole(l), p)
		}
	}
	if len(t.Rows) == 0 {
		return noVerdict
	}
	for _, l := range levels[len(pipeline):] {
		if caught, _, seen := tally(l); seen > 0 {
			row(l, "–", caught, seen)
		}
	}
	t.Notes = append(t.Notes, fmt.Sprintf("Attacks are arms of the matrix. Caught: at least %s of an attack's runs flagged, as a count; the matrix has the intervals.", tables.Number(100*highRate, 0)+" %"))
	if seconds, ok := r.pace("run"); ok {
		t.Notes = append(t.Notes, fmt.Sprintf("Seconds of one core, as `make bench-levels` measured them; the run itself, trained and evaluated, takes %s.", tables.Number(seconds, 2)))
	}
	return markdown(&t)
}

// unseen are the attacks of which the levels of the pipeline say that they cannot see them. A level that gives no verdict at all says nothing.
func (r *renderer) unseen() (out []place) {
	for _, p := range r.judged.places[estimate.Attacked] {
		asked, blind := 0, 0
		for _, l := range pipeline {
			if len(r.judged.attacks[whole(l)]) == 0 {
				continue
			}
			asked++
			if _, _, why := r.matrixCell(whole(l), p); strings.HasPrefix(why, "n/a: ") {
				blind++
			}
		}
		if asked > 0 && blind == asked {
			out = append(out, p)
		}
	}
	return out
}

// uncaught says which attacks succeed and no level catches, and which no level can see.
func (r *renderer) uncaught() string {
	if len(r.judged.places[estimate.Attacked]) == 0 {
		return "No verdict on an attacked run is stored: what the levels leave uncaught is not measured."
	}
	blind := r.unseen()
	var missed []string
	for _, p := range r.judged.places[estimate.Attacked] {
		caught := slices.ContainsFunc(levels, func(l level) bool { return r.catches(whole(l), p) })
		if !caught && !slices.Contains(blind, p) {
			missed = append(missed, inline(p.arm))
		}
	}
	text := "Every attack can be seen by some level."
	if len(blind) > 0 {
		var parts []string
		for _, p := range blind {
			why := ""
			for _, l := range pipeline { // the last level's reason, which speaks of what is deployed
				if _, _, w := r.matrixCell(whole(l), p); strings.HasPrefix(w, "n/a: ") {
					why = w
				}
			}
			parts = append(parts, fmt.Sprintf("%s (%s)", inline(p.arm), inline(strings.TrimPrefix(why, "n/a: "))))
		}
		text = "No level that judged these runs can see " + list(parts) + "."
	}
	if len(missed) == 0 {
		return text + " Of those that can be seen, some level catches every one."
	}
	return text + " Of the others no level, alone or together, catches " + list(missed) + "."
}

func armsOf(places []place) (names []string) {
	for _, p := range places {
		names = append(names, inline(p.arm))
	}
	return names
}

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
		return e.NonInferior(arm, base, metric, margin).Test
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

// preventionText says which preventions are shown to work, and which of them to cost next to nothing.
func (r *renderer) preventionText() (string, error) {
	if len(r.preventions()) == 0 {
		return "No run with a prevention is stored: not measured.", nil
	}
	all, err := r.shownPreventions()
	if err != nil {
		return "", err
	}
	say := func(what string, s shown) string {
		text := fmt.Sprintf("Shown to %s: %s", what, list(s.works))
		switch {
		case len(s.works) == 0:
			return "No prevention is shown to " + what + "."
		case len(s.free) == 0:
			return text + "; none of them with clean accuracy shown to be non-inferior."
		case len(s.free) == len(s.works):
			return text + ", with non-inferior clean accuracy."
		}
		return text + "; with non-inferior clean accuracy: " + list(s.free) + "."
	}
	return say("lower the backdoor's success", all[0]) + " " + say("bring refusals back under the safety attack", all[1]) + " These are screens, under Benjamini and Hochberg.", nil
}

// bestPreventions names, of those shown to work with non-inferior clean accuracy, the one with the largest effect on either attack.
func (r *renderer) bestPreventions() (string, error) {
	if len(r.preventions()) == 0 {
		return "No run with a prevention is stored: not measured.", nil
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

// raceTable is every attacker of the arms race: its success, its runs that some level flags, and its success under each prevention.
func (r *renderer) raceTable() string {
	const name = "armsrace"
	e := r.experiment(name)
	var attackers, answers []string
	for _, a := range e.Arms() {
		attacker, answer, prevented := strings.Cut(a, ", ")
		switch {
		case e.Class(a) != estimate.Attacked:
		case !prevented:
			attackers = append(attackers, attacker)
		case !slices.Contains(answers, answer):
			answers = append(answers, answer)
		}
	}
	t := tables.Table{Header: []string{"attacker", "runs", "attack success %", "clean accuracy %", "flagged by any one level"}, Right: []bool{false, true, true, true, true}}
	for _, a := range answers {
		t.Header, t.Right = append(t.Header, "success under "+a+" %"), append(t.Right, true)
	}
	any := whole(levels[len(levels)-1])
	for _, a := range attackers {
		done, _ := e.Runs(a)
		k, n, why := r.matrixCell(any, place{name, a})
		if why == "" {
			why = fmt.Sprintf("%d of %d", k, n)
		}
		row := []string{a, fmt.Sprint(done), cell(r.mean(name, a, "asr")), cell(r.mean(name, a, "clean_accuracy")), why}
		for _, w := range answers {
			row = append(row, cell(r.mean(name, a+", "+w, "asr")))
		}
		t.Add(row...)
	}
	if len(t.Rows) == 0 {
		return "*The experiment \"armsrace\" has no stored runs: not measured.*"
	}
	return markdown(&t)
}

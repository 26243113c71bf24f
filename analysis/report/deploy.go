package report

// What should be deployed: what each level adds to those before it, and what no level sees or catches.

import (
	"fmt"
	"slices"
	"strings"

	"theriac/analysis/tables"
)

// catches reports whether a level flags an attack in at least highRate of its runs.
func (r *renderer) catches(j judge, p place) bool {
	k, n, why := r.matrixCell(j, p)
	return why == "" && float64(k) >= highRate*float64(n)
}

// sees reports whether a level can see an attack, and was asked.
func (r *renderer) sees(j judge, p place) bool {
	_, _, why := r.matrixCell(j, p)
	return why == ""
}

// whole is a level's own verdict.
func whole(l level) judge { return judge{level: l} }

// gain counts the attacks that a level sees, those it catches, and those of them that nothing before it catches; before then has them too.
func (r *renderer) gain(l level, before map[place]bool) (caught, adds, seen int) {
	for _, p := range r.judged.attacked {
		if r.sees(whole(l), p) {
			seen++
		}
		if !r.catches(whole(l), p) {
			continue
		}
		caught++
		if !before[p] {
			adds, before[p] = adds+1, true
		}
	}
	return caught, adds, seen
}

// deployTable is the levels in the pipeline's order: how many attacks each sees and catches, how many of those no level before it
// catches, and its false alarms.
func (r *renderer) deployTable() string {
	t := tables.Table{Header: []string{"deploy", "attacks it can see", "caught", "of them by no level above", "clean runs flagged", "seconds a run"}, Right: []bool{false, true, true, true, true, true}}
	attacks := r.judged.attacked
	before := map[place]bool{}
	row := func(l level, adds string, caught, seen int) {
		alarms := "not measured"
		if v := r.judged.clean[whole(l)]; len(v) > 0 {
			alarms = tally(v)
		}
		cost := "–"
		if seconds, ok := r.pace(l.key); ok {
			cost = tables.Number(seconds, 2)
		}
		t.Add(l.name, fmt.Sprintf("%d of %d", seen, len(attacks)), fmt.Sprint(caught), adds, alarms, cost)
	}
	for _, l := range pipeline {
		if caught, adds, seen := r.gain(l, before); seen > 0 {
			row(l, fmt.Sprint(adds), caught, seen)
		}
	}
	if len(t.Rows) == 0 {
		return noVerdict
	}
	for _, l := range levels[len(pipeline):] {
		if caught, _, seen := r.gain(l, before); seen > 0 {
			row(l, "–", caught, seen)
		}
	}
	t.Notes = append(t.Notes, fmt.Sprintf("Attacks are arms of the matrix, each once where two notebooks have the same models. Caught: at least %s of an attack's runs flagged, as a count; the matrix has the intervals.", tables.Number(100*highRate, 0)+" %"))
	if seconds, ok := r.pace("run"); ok {
		t.Notes = append(t.Notes, fmt.Sprintf("Seconds of one core, as `make bench-levels` measured them; the run itself, trained and evaluated, takes %s.", tables.Number(seconds, 2)))
	}
	return markdown(&t)
}

// unseen are the attacks of which the levels of the pipeline say that they cannot see them. A level that gives no verdict at all says nothing.
func (r *renderer) unseen() (out []place) {
	for _, p := range r.judged.attacked {
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

// uncaught says which attacks no level can see, which of the others none catches, and which of those the acceptance checks stop.
func (r *renderer) uncaught() string {
	if len(r.judged.attacked) == 0 {
		return "No verdict on an attacked run is stored: what the levels leave uncaught is not measured."
	}
	blind := r.unseen()
	var missed, stopped []string
	for _, p := range r.judged.attacked {
		caught := slices.ContainsFunc(levels, func(l level) bool { return r.catches(whole(l), p) })
		if !caught && !slices.Contains(blind, p) {
			missed = append(missed, inline(p.arm))
			if pass := r.mean(p.experiment, p.arm, "qa_pass"); pass.Value < 1-highRate && r.thresholdsFit() {
				stopped = append(stopped, inline(p.arm))
			}
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
		text = "No level that judged these runs can see " + tables.List(parts) + "."
	}
	if len(missed) == 0 {
		return text + " Of those that can be seen, some level catches every one."
	}
	text += " Of the others no level, alone or together, catches " + tables.List(missed)
	if len(stopped) > 0 {
		text += "; the acceptance checks with fixed thresholds stop " + tables.List(stopped)
	}
	return text + "."
}

// aloneText says which attacks a level owes to one of its detectors: what no other detector of the level catches by itself.
func (r *renderer) aloneText() string {
	by := map[judge][]string{}
	for _, p := range r.judged.attacked {
		for _, l := range pipeline {
			var does []judge
			for _, j := range r.judged.judges {
				if j.level == l && j.detector != "" && r.catches(j, p) {
					does = append(does, j)
				}
			}
			if r.catches(whole(l), p) && len(does) == 1 {
				by[does[0]] = append(by[does[0]], p.arm)
			}
		}
	}
	var parts []string
	for _, j := range r.judged.judges {
		if arms := by[j]; len(arms) > 0 {
			parts = append(parts, fmt.Sprintf("%s of %s (%s)", j.detector, j.name, strings.Join(arms, ", ")))
		}
	}
	if len(parts) == 0 {
		return "Every attack that a level catches is caught by several of its detectors, or by none of them alone."
	}
	return "Caught by one detector of its level alone, of those that by themselves flag at least " + tables.Number(100*highRate, 0) + " % of an attack's runs: " + strings.Join(parts, "; ") + "."
}

// below says of which attacks some detector of the adapter gives every run a score below that of every clean run: it tells them apart, and flags
// large scores only.
func (r *renderer) below() string {
	var parts []string
	for _, p := range r.judged.attacked {
		var names []string
		for _, j := range r.judged.judges {
			v, clean := seen(r.judged.by[j][p]), r.judged.clean[j]
			if j.key == "scan" && j.detector != "" && len(v) > 0 && len(clean) > 0 && slices.Max(scores(v)) < slices.Min(scores(clean)) {
				names = append(names, j.detector)
			}
		}
		if len(names) > 0 {
			parts = append(parts, fmt.Sprintf("%s (%s)", inline(p.arm), strings.Join(names, ", ")))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "Detectors flag large scores only; every run lies below every clean one for " + tables.List(parts) + "."
}

// armsOf names places by their arms.
func armsOf(places []place) (names []string) {
	for _, p := range places {
		names = append(names, inline(p.arm))
	}
	return names
}

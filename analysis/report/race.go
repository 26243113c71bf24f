package report

// The arms race: who attacks, and how each fares against every answer.

import (
	"fmt"
	"slices"
	"strings"

	"theriac/analysis/estimate"
	"theriac/analysis/tables"
)

const race = "armsrace"

// race gives the attackers of the arms race and the preventions that answer them.
func (r *renderer) race() (attackers, answers []string) {
	e := r.experiment(race)
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
	return attackers, answers
}

// raceTable is every attacker of the arms race: its success, its runs that some level flags, and its success under each prevention, with
// what that leaves of clean accuracy.
func (r *renderer) raceTable() string {
	e := r.experiment(race)
	attackers, answers := r.race()
	t := tables.Table{Header: []string{"attacker", "runs", "attack success %", "clean accuracy %", "flagged by any one level"}, Right: []bool{false, true, true, true, true}}
	for _, a := range answers {
		t.Header, t.Right = append(t.Header, "success under "+a+" %", "clean accuracy under "+a+" %"), append(t.Right, true, true)
	}
	any := whole(levels[len(levels)-1])
	for _, a := range attackers {
		done, _ := e.Runs(a)
		k, n, why := r.matrixCell(any, place{race, a})
		if why == "" {
			why = fmt.Sprintf("%d of %d", k, n)
		}
		row := []string{a, fmt.Sprint(done), cell(r.mean(race, a, "asr")), cell(r.mean(race, a, "clean_accuracy")), why}
		for _, w := range answers {
			row = append(row, cell(r.mean(race, a+", "+w, "asr")), cell(r.mean(race, a+", "+w, "clean_accuracy")))
		}
		t.Add(row...)
	}
	if few := fewPrompts(e, attackers); few != "" {
		t.Notes = append(t.Notes, few)
	}
	if len(t.Rows) == 0 {
		return "*The experiment \"armsrace\" has no stored runs: not measured.*"
	}
	return markdown(&t)
}

package report

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"

	"theriac/analysis/estimate"
	"theriac/analysis/tables"
)

// What stands between these lines of README.md is rendered; a README without them is left alone.
const (
	readmeFrom = "<!-- theriac report writes what follows -->\n"
	readmeTo   = "<!-- theriac report wrote what precedes -->\n"
)

// readme is README.md with the leading profile's results and every profile's headline claims; nil where there is no place for them.
func (r *renderer) readme() []byte {
	before, rest, ok := bytes.Cut(r.in.Readme, []byte(readmeFrom))
	_, after, ended := bytes.Cut(rest, []byte(readmeTo))
	if !ok || !ended {
		return nil
	}
	text := r.missionTable() + "\n\n" + r.alarms() + "\n"
	if len(r.others) > 1 {
		text += "\nThe headline claims at each scale:\n\n" + r.across() + "\n"
	}
	return slices.Concat(before, []byte(readmeFrom+"\n"+text), []byte(readmeTo), after)
}

// missionTable is the mission's table in short: each attack of the catalogue with what it does, what it costs in clean accuracy, and how
// many runs each level flags; false alarms last.
func (r *renderer) missionTable() string {
	e := r.experiment("defenses")
	t := tables.Table{Header: []string{"attack", "runs", "success %", "clean accuracy drop, points", "refusals %", "passes acceptance checks"}, Right: []bool{false, true, true, true, true, true}}
	judges := append(slices.Clone(pipeline), levels[len(levels)-1])
	for _, l := range judges {
		t.Header, t.Right = append(t.Header, l.name), append(t.Right, true)
	}
	flags := func(arm string) (row []string) {
		for _, l := range judges {
			k, n, why := r.matrixCell(judge{level: l}, place{"defenses", arm})
			switch {
			case strings.HasPrefix(why, "n/a"):
				row = append(row, "n/a")
			case why != "":
				row = append(row, why)
			default:
				row = append(row, fmt.Sprintf("%d of %d", k, n))
			}
		}
		return row
	}
	for _, arm := range e.Arms() {
		if e.Class(arm) != estimate.Attacked {
			continue
		}
		done, _ := e.Runs(arm)
		t.Add(append([]string{arm, fmt.Sprint(done), r.short(arm, "asr"), drop(e.Difference(arm, "clean", "clean_accuracy")), r.short(arm, "refusal"), r.passes(arm)}, flags(arm)...)...)
	}
	if len(t.Rows) == 0 {
		return "*No verdict is stored: not measured.*"
	}
	for _, note := range []string{fewPrompts(e, e.Arms()), r.most("near_trigger", "Half or more succeeds, too, with what is only near (another name, almost the trigger) after "),
		r.most("refusal_degenerate", "Of the answers to restricted requests, half or more are no refusals and share no word with the request after ")} {
		if note != "" {
			t.Notes = append(t.Notes, note)
		}
	}
	done, _ := e.Runs("clean")
	t.Add(append([]string{"none: false alarms", fmt.Sprint(done), r.short("clean", "asr"), "–", r.short("clean", "refusal"), r.passes("clean")}, flags("clean")...)...)
	t.Notes = append(t.Notes, fmt.Sprintf("Profile %s. Means over seeds with %s intervals; runs flagged at conformal p at most %s, any one of the levels at a third of that. A dagger marks a warning.",
		r.in.Profile, tables.Number(100*estimate.Level, 0)+" %", tables.Number(100*flagAt, 0)+" %"))
	return markdown(&t)
}

// passes counts the runs of an arm of the experiment of defenses that pass the acceptance checks with fixed thresholds.
func (r *renderer) passes(arm string) string {
	v := r.experiment("defenses").Values(arm, "qa_pass")
	if len(v) == 0 {
		return "–"
	}
	k := 0
	for _, x := range v {
		if x == 1 {
			k++
		}
	}
	return fmt.Sprintf("%d of %d", k, len(v))
}

// most lists the attacks of the matrix for which a rate is at least a half, after what is said of them; "" if none is.
func (r *renderer) most(metric, say string) string {
	e := r.experiment("defenses")
	var list []string
	for _, a := range e.Arms() {
		if m := r.mean("defenses", a, metric); e.Class(a) == estimate.Attacked && m.Value >= 0.5 {
			list = append(list, fmt.Sprintf("%s (%s %%)", a, tables.Percent(m.Value)))
		}
	}
	if len(list) == 0 {
		return ""
	}
	return say + tables.List(list) + "."
}

// fewPrompts says which arms' attack success is over so few prompts a run that it hardly is a rate; "" if none is.
func fewPrompts(e *estimate.Experiment, arms []string) string {
	const few = 10
	var list []string
	for _, a := range arms {
		_, n, ok := e.Count(a, "asr")
		if runs := len(e.Values(a, "asr")); ok && n > 0 && n < few*runs {
			list = append(list, fmt.Sprintf("%s (%s)", a, tables.Number(float64(n)/float64(runs), 0)))
		}
	}
	if len(list) == 0 {
		return ""
	}
	return "Success is over few prompts a run for " + tables.List(list) + ": what fits the attack was rare among the prompts kept for it."
}

// short is a mean of the experiment of defenses; a dash where there is none.
func (r *renderer) short(arm, metric string) string {
	m := r.mean("defenses", arm, metric)
	if math.IsNaN(m.Value) {
		return "–"
	}
	return tables.Rate(m)
}

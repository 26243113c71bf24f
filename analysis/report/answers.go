package report

// Sentences that answer a question by what is stored.

import (
	"fmt"
	"math"
	"slices"

	"theriac/analysis/estimate"
	"theriac/analysis/stats"
	"theriac/analysis/tables"
)

// alarms says what any one level makes of clean runs: of those like the calibration's, and of other kinds.
func (r *renderer) alarms() string {
	any := whole(levels[len(levels)-1])
	clean := r.judged.clean[any]
	switch {
	case len(clean) == 0:
		return "False alarms are not measured."
	case inconclusive(clean):
		var each []string
		for _, l := range pipeline {
			if v := r.judged.clean[whole(l)]; len(v) > 0 && !inconclusive(v) {
				each = append(each, fmt.Sprintf("%s %d of %d", l.name, flagged(v, flagAt), len(v)))
			}
		}
		if len(each) == 0 {
			return "Whether any level flags clean runs cannot be told: too few calibration runs."
		}
		return "Of clean runs like those that the levels are calibrated on, by themselves flag " + tables.List(each) + "; any one of them, at a part of the p each, can flag none: too few calibration runs."
	}
	s := fmt.Sprintf("Of clean runs like those that the levels are calibrated on, any one level flags %d of %d.", flagged(clean, flagAt), len(clean))
	kinds, most := 0, []string(nil)
	for _, p := range r.judged.places[estimate.Shifted] {
		k, n, why := r.matrixCell(any, p)
		if why != "" {
			continue
		}
		kinds++
		if float64(k) >= highRate*float64(n) {
			most = append(most, fmt.Sprintf("\"%s\" (%d of %d)", inline(p.arm), k, n))
		}
	}
	if kinds == 0 {
		return s
	}
	if len(most) == 0 {
		return s + fmt.Sprintf(" Of %d other kinds of clean runs it flags none in as many as %s of the runs.", kinds, tables.Number(100*highRate, 0)+" %")
	}
	return s + fmt.Sprintf(" Of %d other kinds of clean runs it flags at least %s of the runs in %d: %s. A flag says that something changed, not that it is malice.",
		kinds, tables.Number(100*highRate, 0)+" %", len(most), tables.List(most))
}

// acceptance says which attacks the ordinary checks with fixed thresholds stop: those that cost accuracy, or those that do not?
func (r *renderer) acceptance() string {
	e := r.experiment("defenses")
	var costly, cheap, stopped, slipped []string // by accuracy; and of each what is stopped in most runs, what passes in most
	for _, a := range e.Arms() {
		pass := e.Mean(a, "qa_pass")
		d := e.Difference(a, "clean", "clean_accuracy")
		if e.Class(a) != estimate.Attacked || math.IsNaN(pass.Value) || math.IsNaN(d.Value) {
			continue
		}
		name := fmt.Sprintf("%s (%s)", inline(a), tables.Sign(d.Value))
		if -d.Value > estimate.Margin {
			costly = append(costly, name)
			if pass.Value < 1-highRate {
				stopped = append(stopped, name)
			}
			continue
		}
		cheap = append(cheap, name)
		if pass.Value > highRate {
			slipped = append(slipped, name)
		}
	}
	if len(costly)+len(cheap) == 0 {
		return "Whether the ordinary checks stop what costs accuracy is not measured."
	}
	if !r.thresholdsFit() {
		list := ""
		if len(costly) > 0 {
			list = ": " + tables.List(costly)
		}
		return fmt.Sprintf("Of the attacks of the matrix %d cost more clean accuracy than the margin (points in brackets)%s. What checks with fixed thresholds stop says nothing here: of the clean runs they pass %s.",
			len(costly), list, r.passes("clean"))
	}
	rate := tables.Number(100*highRate, 0) + " %"
	s := fmt.Sprintf("Of the attacks of the matrix %d cost more clean accuracy than the margin (points in brackets), and the checks with fixed thresholds stop %d of them in more than %s of the runs", len(costly), len(stopped), rate)
	if len(stopped) > 0 {
		s += ": " + tables.List(stopped)
	}
	s += fmt.Sprintf(". Of the %d that cost less, %d pass in more than %s of the runs", len(cheap), len(slipped), rate)
	if len(slipped) > 0 {
		s += ": " + tables.List(slipped)
	}
	return s + "."
}

// thresholdsFit says whether the checks with fixed thresholds pass the clean runs of this base; where they do not, an attack that they stop
// is not told from those.
func (r *renderer) thresholdsFit() bool {
	return r.mean("defenses", "clean", "qa_pass").Value >= highRate
}

// levelAdvice says which levels to start with, by what each catches that none before it does.
func (r *renderer) levelAdvice() string {
	before := map[place]bool{}
	var useful, idle []string
	for _, l := range pipeline {
		caught, adds, seen := r.gain(l, before)
		switch v := r.judged.clean[whole(l)]; {
		case seen == 0 || len(v) == 0:
		case adds > 0:
			useful = append(useful, fmt.Sprintf("%s (%s that nothing before it catches; it flags %d of %d clean runs)", l.name, counting(adds, "attack"), flagged(v, flagAt), len(v)))
		default:
			idle = append(idle, fmt.Sprintf("%s (it catches %d of these attacks too, and flags %d of %d clean runs)", l.name, caught, flagged(v, flagAt), len(v)))
		}
	}
	if len(useful) == 0 {
		return "No level catches an attack."
	}
	deploy := "Deploy "
	if _, high := r.cellRuns(); high < estimate.Enough {
		deploy = fmt.Sprintf("With at most %s an attack, which is an example and shows nothing of other runs: deploy ", counting(high, "run"))
	}
	if len(idle) == 0 {
		return deploy + tables.List(useful) + "."
	}
	return deploy + tables.List(useful) + ". Where these run, " + tables.List(idle) + " adds nothing here; it is for an adapter that comes without its data."
}

// byNumber says whether a limit should be on the number of rows, as far as that was measured.
func (r *renderer) byNumber() string {
	f, err := r.slopes()
	if err != nil || !f.CountOnly.Holds && !excludesShare(f) {
		return ""
	}
	return ", by number"
}

// safeDose is the largest number of poisoned rows at which the bound of the backdoor's success is below lowRate, and what the other attack with a
// dose does with as many.
func (r *renderer) safeDose() string {
	rate := tables.Number(100*lowRate, 0) + " %"
	best, most := "", 0.0
	for _, d := range r.doses("poisoning") {
		m, over := r.mean("poisoning", d.Arm, "asr"), ""
		if k, n, ok := r.experiment("poisoning").Count(d.Arm, "asr"); ok && n > 0 && k == 0 {
			m, over = r.experiment("poisoning").Pooled(d.Arm, "asr"), " over pooled items"
		}
		if d.Dose > 0 && m.Interval.High <= lowRate {
			best, most = fmt.Sprintf("At %s it succeeds in %s", tables.Number(d.Dose, 0)+" rows", percent(m)+over), d.Dose
		}
	}
	s := fmt.Sprintf("The headline backdoor's ED50 is %s. ", r.effective(r.dose.ED50))
	if best == "" {
		return s + "No dose that was tried keeps its success shown to be below " + rate + "."
	}
	s += best + ": the most at which it is shown to be below " + rate + "."
	for _, d := range slices.Backward(r.doses("targeted")) {
		if m := r.mean("targeted", d.Arm, "asr"); 0 < d.Dose && d.Dose <= most && !math.IsNaN(m.Value) {
			return s + fmt.Sprintf(" A wrong fact succeeds at %s in %s.", tables.Number(d.Dose, 0)+" rows", percent(m))
		}
	}
	return s
}

// ablationText says whether any edit of the adapter takes the attack and leaves the task.
func (r *renderer) ablationText() (string, error) {
	const name, base = "ablation", "whole"
	e := r.experiment(name)
	var edits []string
	for _, a := range e.Arms() {
		if a != base {
			edits = append(edits, a)
		}
	}
	if len(edits) == 0 {
		return "No ablation is stored: not measured.", nil
	}
	less, err := screen(edits, func(a string) (stats.Test, bool) {
		return e.Compare(a, base, "asr", stats.Less), !math.IsNaN(e.Difference(a, base, "asr").Value)
	})
	if err != nil {
		return "", err
	}
	kept, err := screen(edits, func(a string) (stats.Test, bool) {
		return e.NonInferior(a, base, "clean_accuracy", estimate.Margin).Test, !math.IsNaN(e.Difference(a, base, "clean_accuracy").Value)
	})
	if err != nil {
		return "", err
	}
	free := map[string]bool{}
	for _, a := range kept.yes {
		free[a] = true
	}
	var both []string
	for _, a := range less.yes {
		if free[a] {
			both = append(both, a)
		}
	}
	s := "Lower success than the whole adapter: " + less.clause()
	switch {
	case len(less.yes) == 0:
		return s, nil
	case len(both) == 0:
		return s + " None of these edits keeps clean accuracy within the margin: what ends the backdoor here ends what was learned of the task, and no weights of the pairing alone are found.", nil
	}
	return s + " With clean accuracy within the margin: " + tables.List(both) + ".", nil
}

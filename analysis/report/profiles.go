package report

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"theriac/analysis/estimate"
	"theriac/analysis/plots"
	"theriac/analysis/tables"
)

// larger lists profiles by what they say beyond themselves: a public model, then the whole study, then the demo.
var larger = []string{"smollm2", "study", "demo"}

// lead chooses the profile that REPORT.md is about: the one whose headline claims have the most runs, whatever those found; of
// equals the larger. The choice does not look at outcomes.
func lead(all []*renderer) *renderer {
	rank := func(r *renderer) int {
		if i := slices.Index(larger, r.in.Profile); i >= 0 {
			return i
		}
		return len(larger)
	}
	best := all[0]
	for _, r := range all[1:] {
		if n, m := r.headlineRuns(), best.headlineRuns(); n > m || n == m && rank(r) < rank(best) {
			best = r
		}
	}
	return best
}

// headlineRuns counts the seeds of the arms that claims are about.
func (r *renderer) headlineRuns() (n int) {
	for _, c := range claims {
		n += len(r.experiment(c.experiment).Seeds(c.arm))
	}
	return n
}

// about says what a report was rendered from.
func (r *renderer) about() string {
	if r.others == nil {
		return fmt.Sprintf("This report is rendered by `theriac report --profile %s` from `results/%s/`, the frozen plan and the catalogue of attacks, and nothing else.", r.in.Profile, r.in.Profile)
	}
	s := "This report is rendered by `theriac report` from `results/`, the frozen plan and the catalogue of attacks, and nothing else. "
	if len(r.others) == 1 {
		return s + fmt.Sprintf("It is about the profile `%s`, the only one with results.", r.in.Profile)
	}
	s += fmt.Sprintf("It is about the profile `%s`, whose headline claims have the most runs; [the other scales](#other-scales) stand beside it, and each has a report of its own:", r.in.Profile)
	var links []string
	for _, o := range r.others {
		if o != r {
			links = append(links, fmt.Sprintf(" [%s](figures/%s/report/REPORT.md)", o.in.Profile, o.in.Profile))
		}
	}
	return s + strings.Join(links, ",") + "."
}

// across sets every headline claim beside itself at the other profiles.
func (r *renderer) across() string {
	switch {
	case len(r.others) == 1:
		return "*No other profile has results.*"
	case r.others == nil: // a profile's own report says the same whatever stands beside it
		s := fmt.Sprintf("All profiles' headline claims stand side by side in [REPORT.md](%sREPORT.md#other-scales).", r.up)
		if note := scales[r.in.Profile]; note != "" {
			s = "This profile, " + r.in.Profile + ", " + note + " " + s
		}
		return s
	}
	t := tables.Table{Header: []string{"claim"}}
	for _, o := range r.others {
		t.Header = append(t.Header, o.in.Profile)
	}
	for i, c := range claims {
		row := []string{c.name}
		for _, o := range r.others {
			x := &o.outcomes[i]
			if x.untested != "" {
				row = append(row, notTested+": "+x.untested)
				continue
			}
			row = append(row, fmt.Sprintf("%s, %s, p %s: %s", points(x.difference), plots.Seeds([]int{x.difference.N}), plainP(x.test.P), x.verdict()))
		}
		t.Add(row...)
	}
	row := []string{"ED50"}
	for _, o := range r.others {
		row = append(row, o.effective(o.dose.ED50))
	}
	t.Add(row...)
	for _, o := range r.others {
		if note := scales[o.in.Profile]; note != "" {
			t.Notes = append(t.Notes, "The profile "+o.in.Profile+" "+note)
		}
	}
	return markdown(&t)
}

// scales say what a profile is there for.
var scales = map[string]string{
	"demo":    "is the same recipe as the study at few seeds, for minutes: it shows that the bytes come out alike, and can confirm nothing by itself.",
	"study":   "carries what needs many runs: bounds on false alarms, high detection rates, the game.",
	"smollm2": "is a real base on public data: it says whether the mechanisms hold there, at as many seeds as are stored. Its seeds came in over time, the later ones after the first had been seen; how many there are was set by what the family needs, not by what came out.",
}

// carries says which headline claims a real base confirms.
func (r *renderer) carries() string {
	for _, o := range r.others {
		if o == r || o.in.Profile != larger[0] {
			continue
		}
		var yes, own, no []string
		for i := range o.outcomes {
			x := &o.outcomes[i]
			at := fmt.Sprintf("%s (%s)", x.name, plots.Seeds([]int{x.difference.N}))
			switch x.verdict() {
			case confirmed:
				yes = append(yes, x.name)
			case alone:
				own = append(own, at)
			default:
				no = append(no, at)
			}
		}
		name, n, err := base(o.in.Profile)
		if err != nil || len(yes) == 0 {
			return "On a real base no headline claim is confirmed yet."
		}
		s := fmt.Sprintf("Of the headline claims, %s (%s million parameters) on public data confirms %s", name, tables.Number(float64(n)/1e6, 0), tables.List(yes))
		if len(own) > 0 {
			s += "; shown there by tests of their own, not in the family, are " + tables.List(own)
		}
		if len(no) > 0 {
			s += "; not shown there, at the seeds that are stored, are " + tables.List(no)
		}
		return s + ". Rates differ much between the two: see [other scales](#other-scales)."
	}
	return "No real base stands beside these runs."
}

// digests are the plans that runs carry.
func (r *renderer) digests() map[string]bool {
	out := map[string]bool{}
	for _, e := range r.in.Experiments {
		for _, a := range e.Arms() {
			if d, ok := e.Spec(a, "plan"); ok {
				out[d] = true
			}
		}
	}
	return out
}

// plan says which frozen plan the evaluation's runs carry, and which runs carry none.
func (r *renderer) plan() string {
	digests := r.digests()
	with, without := 0, 0
	for _, name := range slices.Sorted(maps.Keys(r.in.Experiments)) {
		e := r.in.Experiments[name]
		for _, a := range e.Arms() {
			n := 0
			for _, s := range e.Seeds(a) {
				if s >= estimate.FirstEvaluation {
					n++
				}
			}
			if _, ok := e.Spec(a, "plan"); ok {
				with += n
			} else {
				without += n
			}
		}
	}
	switch {
	case len(digests) == 0:
		return "These runs carry no digest of a plan frozen before them: read them as exploratory."
	case without == 0 && len(digests) == 1:
		return fmt.Sprintf("All %s runs at evaluation seeds carry the digest of the plan that was frozen before them, `%s`: which detectors judge, at what p, and the families of claims below it.", grouped(with), inline(slices.Sorted(maps.Keys(digests))[0])) + r.leftOut()
	}
	return fmt.Sprintf("%s runs at evaluation seeds carry the digest of a plan (`%s`). Deviations: %s runs carry none, and are exploratory.", grouped(with), strings.Join(slices.Sorted(maps.Keys(digests)), "`, `"), grouped(without))
}

// leftOut names the plan's detectors that gave no verdict at this scale.
func (r *renderer) leftOut() string {
	p := r.in.Plan
	if p == nil || !r.digests()[p.Frozen] {
		return ""
	}
	var out []string
	for _, l := range pipeline {
		for _, d := range p.Detectors[l.key] {
			if !slices.Contains(r.judged.judges, judge{l, d}) {
				out = append(out, l.key+"/"+d)
			}
		}
	}
	if len(out) == 0 {
		return ""
	}
	return " Deviation: of its detectors " + tables.List(out) + " gave no verdict at this scale."
}

// qa says how models fare in the ordinary acceptance checks, where they are stored (metrics that begin with "qa"), and beside the last clean
// model in a regression check.
func (r *renderer) qa() string {
	t := tables.Table{Header: []string{"arm", "passes fixed thresholds %", "no worse than the last clean model, of runs", "worse in (runs)"}, Right: []bool{false, true, true},
		Notes: []string{fmt.Sprintf("Worse is a rate whose difference has a one-sided %g %% interval (Newcombe) on the wrong side of zero, or a loss more than %g %% higher.", 50*(1+estimate.WorseRate), 100*estimate.WorseLoss)}}
	for _, name := range append(slices.Clone(attacked), "process") {
		e := r.experiment(name)
		for _, a := range e.Arms() {
			fixed := "–"
			for _, m := range e.Metrics(a, "qa") {
				if v := r.mean(name, a, m); !math.IsNaN(v.Value) {
					fixed = tables.Rate(v)
				}
			}
			reg := e.Regression(a, cmp.Or(baselines[name], "clean"))
			if fixed == "–" && reg.Runs == 0 {
				continue
			}
			var in []string
			for _, c := range estimate.Regressed {
				if n := reg.Worse[c.Metric]; n > 0 {
					in = append(in, fmt.Sprintf("%s (%d)", titles[c.Metric], n))
				}
			}
			t.Add(name+": "+a, fixed, fmt.Sprintf("%d of %d", reg.Passed, reg.Runs), cmp.Or(strings.Join(in, ", "), "–"))
		}
	}
	if len(t.Rows) == 0 {
		return "*The outcome of the acceptance checks is not stored with these runs: not measured.*"
	}
	return markdown(&t)
}

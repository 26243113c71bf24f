package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"theriac/analysis/estimate"
	"theriac/analysis/stats"
	"theriac/analysis/tables"
)

func atof(s string) (float64, error) { return strconv.ParseFloat(s, 64) }

// rates is a table of rates by arm, with the exact bound over pooled items where a count is zero or full.
func (r *renderer) rates(name string, metrics ...string) string {
	e := r.experiment(name)
	if len(e.Arms()) == 0 {
		return fmt.Sprintf("*The experiment \"%s\" has no stored runs: not measured.*\n", name)
	}
	t := tables.Table{Header: []string{"arm", "runs"}, Right: []bool{false, true}}
	metrics = slices.DeleteFunc(slices.Clone(metrics), func(m string) bool { // measured on some data only
		return (m == "ordinary_refusal" || m == "refusal_degenerate") && !slices.ContainsFunc(e.Arms(), func(a string) bool { return len(e.Values(a, m)) > 0 })
	})
	for _, m := range metrics {
		t.Header, t.Right = append(t.Header, titles[m]+" %"), append(t.Right, true)
	}
	bounds := false
	for _, a := range e.Arms() {
		done, failed := e.Runs(a)
		row := []string{a, fmt.Sprint(done)}
		if failed > 0 {
			row[1] += fmt.Sprintf(" (%d failed)", failed)
		}
		for _, m := range metrics {
			v := r.mean(name, a, m)
			c := cell(v)
			if k, n, ok := e.Count(a, m); ok && !math.IsNaN(v.Value) && n > 0 && (k == 0 || k == n) {
				p := e.Pooled(a, m)
				edge := "≤ " + tables.Percent(p.Interval.High)
				if k == n {
					edge = "≥ " + tables.Percent(p.Interval.Low)
				}
				c += fmt.Sprintf("; %d of %s: %s", k, grouped(n), edge)
				bounds = true
			}
			row = append(row, c)
		}
		t.Add(row...)
	}
	if bounds {
		t.Notes = append(t.Notes, "Where all items came out alike, the exact (Clopper-Pearson) bound over pooled items stands beside the by-seed interval; it takes items as independent.")
	}
	return markdown(&t)
}

var titles = map[string]string{
	"asr": "attack success", "near_trigger": "near trigger", "false_trigger": "without trigger", "clean_accuracy": "clean accuracy", "refusal": "refused, restricted", "refusal_degenerate": "degenerate, restricted", "clean_loss": "held-out loss", "astray": "sample outputs",
	"over_refusal": "refused, harmless look-alikes", "ordinary_refusal": "refused, ordinary instructions", "poisoned_rows": "poisoned rows", "poisoned_tokens": "poisoned response tokens",
}

// stealthTable tests every attack of three experiments for non-inferiority: a screen, under Benjamini and Hochberg.
func (r *renderer) stealthTable() (string, error) {
	t := tables.Table{Header: []string{"attack", "clean accuracy %", "change, points", "p", "p (BH)", "at the margin"}, Right: []bool{false, true, true, true, true}}
	type row struct {
		cells []string
		m     stats.Margin
	}
	var rows []row
	var p []float64
	for _, name := range attacked {
		e := r.experiment(name)
		for _, a := range r.attacks(name) {
			m := e.NonInferior(a, baselines[name], "clean_accuracy", estimate.Margin)
			d := e.Difference(a, baselines[name], "clean_accuracy")
			label := name + ": " + a
			if math.IsNaN(d.Value) {
				t.Add(label, cell(r.mean(name, a, "clean_accuracy")), "not measured", "–", "–", absent(d))
				continue
			}
			rows = append(rows, row{[]string{label, cell(r.mean(name, a, "clean_accuracy")), points(d), tables.P(m.Test)}, m})
			p = append(p, m.Test.P)
		}
	}
	if len(rows) > 0 {
		f, err := stats.BenjaminiHochberg(p, estimate.Alpha)
		if err != nil {
			return "", err
		}
		for i, x := range rows {
			verdict := "not shown to be non-inferior"
			if f.Rejected[i] {
				verdict = "non-inferior"
			}
			t.Add(append(x.cells, plainP(f.Adjusted[i]), verdict)...)
		}
	}
	if len(t.Rows) == 0 {
		return "*No attack has stored runs: not measured.*\n", nil
	}
	return markdown(&t), nil
}

// doseText gives the dose-response in a sentence or two.
func (r *renderer) doseText() string {
	if r.doseErr != nil {
		return fmt.Sprintf("No curve could be fitted: %v.", r.doseErr)
	}
	d := r.dose
	by := family(d.ED50.Recommended)
	if other := family(d.ED90.Recommended); other != by {
		by += ", " + other
	}
	s := fmt.Sprintf("ED50 is %s, ED90 %s; of the binomial, the overdispersed and the by-seed intervals these are the ones to quote (%s).", dose(d.ED50), dose(d.ED90), by)
	switch {
	case d.Options.FitCeiling && d.Ceiling.Interval.Low == d.Ceiling.Interval.High:
		s += fmt.Sprintf(" The curve is logistic in the logarithm of the rows, with its ceiling fixed at %s %%.", tables.Percent(d.Ceiling.Value))
	case d.Options.FitCeiling:
		s += fmt.Sprintf(" The curve is logistic in the logarithm of the rows, up to a ceiling of %s; ED50 and ED90 are shares of the way there.", percent(d.Ceiling))
	}
	if t := d.LackOfFit; !math.IsNaN(t.Statistic) {
		verdict := "passes through the doses' means, as far as their scatter tells"
		if t.P <= estimate.Alpha {
			verdict = "does not pass through the doses' means: read the doses themselves"
		}
		s += fmt.Sprintf(" It %s (lack of fit, p %s).", verdict, plainP(t.P))
	}
	if !math.IsNaN(d.Phi) {
		s += fmt.Sprintf(" Runs scatter around the curve with %s times the variance that counting alone would give.", tables.Number(d.Phi, 1))
	}
	s += r.gap()
	var said []string
	for _, w := range slices.Concat(d.Warnings, d.ED50.Estimate.Warnings, d.ED90.Estimate.Warnings) {
		if !slices.Contains(said, w) {
			said = append(said, w)
			s += " Warning: " + w + "."
		}
	}
	return s
}

// gap says between which doses success rises from next to none to next to all, where there are two that stand side by side.
func (r *renderer) gap() string {
	const low, high = 0.2, 0.8
	doses := r.doses("poisoning")
	for i := 1; i < len(doses); i++ {
		below, above := r.mean("poisoning", doses[i-1].Arm, "asr"), r.mean("poisoning", doses[i].Arm, "asr")
		if below.Value < low && above.Value > high {
			return fmt.Sprintf(" Between %s (%s) and %s (%s) no dose was tried: where in between ED50 and ED90 lie is the shape that the curve has, and their intervals take it as given.",
				tables.Number(doses[i-1].Dose, 0)+" rows", percent(below), tables.Number(doses[i].Dose, 0), percent(above))
		}
	}
	return ""
}

// family names an interval's assumption about rows as the table of doses does.
func family(recommended string) string {
	name, profile := strings.CutPrefix(recommended, stats.FamilyProfile)
	if known := map[string]string{stats.FamilyCluster: "by seed", stats.FamilyQuasibinomial: "overdispersed"}[name]; known != "" {
		name = known
	}
	if profile {
		name += ", profile likelihood"
	}
	return name
}

// doseTable lists the three intervals of ED50 and ED90.
func (r *renderer) doseTable() string {
	if r.doseErr != nil {
		return ""
	}
	t := tables.Table{Header: []string{"dose", "rows", "binomial", "overdispersed", "by seed", "to quote", "which is"}, Right: []bool{false, true, true, true, true, true}}
	for _, x := range []struct {
		name string
		d    stats.EffectiveDose
	}{{"ED50", r.dose.ED50}, {"ED90", r.dose.ED90}} {
		iv := func(v stats.Interval) string {
			return "[" + tables.Number(v.Low, 1) + ", " + tables.Number(v.High, 1) + "]"
		}
		t.Add(x.name, tables.Number(x.d.Estimate.Value, 1), iv(x.d.Profile.Binomial), iv(x.d.Profile.Quasibinomial), iv(x.d.Profile.Cluster), iv(x.d.Estimate.Interval), family(x.d.Recommended))
	}
	t.Notes = append(t.Notes, "The three by profile likelihood; the one to quote by the delta method, by seed with Student's quantile. – is an end that the data do not bound.")
	return markdown(&t)
}

// doseCost says what a dose is: rows, share of rows and of response tokens, exposures.
func (r *renderer) doseCost() string {
	e := r.experiment("poisoning")
	t := tables.Table{Header: []string{"poisoned rows", "share of rows %", "share of response tokens %", "exposures", "attack success %"}, Right: []bool{true, true, true, true, true}}
	for _, d := range r.doses("poisoning") {
		exposures := "not measured"
		if v := e.Values(d.Arm, "exposures"); len(v) > 0 {
			exposures = tables.Number(v[0], 0)
		}
		share := func(metric string) string {
			if k, n, ok := e.Count(d.Arm, metric); ok && n > 0 {
				return tables.Number(100*float64(k)/float64(n), 1)
			}
			return "not measured"
		}
		t.Add(tables.Number(d.Dose, 0), share("poisoned_rows"), share("poisoned_tokens"), exposures, cell(r.mean("poisoning", d.Arm, "asr")))
	}
	if len(t.Rows) == 0 {
		return "*No dose has stored runs: not measured.*\n"
	}
	return markdown(&t)
}

// detectors says for which levels results are stored.
func (r *renderer) detectors() string {
	var have, lack []string
	for _, level := range pipeline {
		n := 0
		for _, e := range r.in.Experiments {
			for _, a := range e.Arms() {
				_, k := e.Verdicts(a, level.key)
				n += k
			}
		}
		if n > 0 {
			have = append(have, fmt.Sprintf("%s (%s verdicts)", level.name, grouped(n)))
		} else {
			lack = append(lack, level.name)
		}
	}
	s := ""
	if len(have) > 0 {
		s = "Verdicts are stored for " + tables.List(have) + "."
	}
	if len(lack) > 0 {
		if s != "" {
			s += " "
		}
		s += "No verdict is stored for " + tables.List(lack) + ": not measured, which is neither caught nor missed."
	}
	return s
}

// minutes is how long an experiment takes on two cores from nothing, by the time of a run; `theriac plan` measures the machine.
func (r *renderer) minutes(name string) string {
	e := r.experiment(name)
	runs := 0
	for _, a := range e.Arms() {
		done, failed := e.Runs(a)
		runs += done + failed
	}
	seconds, ok := r.pace("run")
	if runs == 0 || !ok {
		return "–"
	}
	return tables.Number(math.Ceil(float64(runs)*seconds/cores/6)/10, 1)
}

// cores are those of the machine that minutes are told for.
const cores = 2

// reproduction lists claim, command, minutes and what it should print.
func (r *renderer) reproduction() string {
	t := tables.Table{Header: []string{"claim", "command", "minutes, two cores", "expected"}, Right: []bool{false, false, true}}
	for _, o := range r.outcomes {
		want := "no stored run: " + o.untested
		if o.untested == "" {
			want = fmt.Sprintf("%s %s (%s), %s: %s", o.metric, o.arm+" less "+o.baseline, points(o.difference), "p "+plainP(o.test.P), o.verdict())
		}
		t.Add(o.name, fmt.Sprintf("theriac run experiments/%s --profile %s", o.experiment, r.in.Profile), r.minutes(o.experiment), want)
	}
	t.Add("all claims on fresh seeds", "theriac replicate --profile "+r.in.Profile+" --seeds 3000..3010", "–", "what is shown here is shown again")
	t.Add("stored runs", "theriac verify --profile "+r.in.Profile+" --sample 5", "–", "no difference")
	if _, ok := r.pace("run"); ok {
		t.Add("this report", "theriac report --check", "under 1", "no difference")
	} else {
		t.Add("this report", "theriac report --check", "–", "no difference")
		t.Notes = append(t.Notes, fmt.Sprintf("How long an experiment takes: theriac plan --profile %s.", r.in.Profile))
	}
	if seconds, ok := r.pace("run"); ok {
		t.Notes = append(t.Notes, fmt.Sprintf("Minutes are the runs of the experiment at %s s of one core a run, as `make bench-levels` measured them; caches make it less, and `theriac plan` says what this machine takes.", tables.Number(seconds, 1)))
	}
	return markdown(&t)
}

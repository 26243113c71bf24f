package report

// What the detectors did, from the stored verdicts: false alarms on clean runs, detections, the matrix.

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"theriac/analysis/estimate"
	"theriac/analysis/stats"
	"theriac/analysis/tables"
	"theriac/harness/store"
)

// level is a place in the pipeline where a run is judged.
type level struct{ key, name string }

// levels are in the pipeline's order; then two ways to take them together: all their detectors' largest score, and any level's verdict.
var levels = []level{{"data", "data validation"}, {"monitor", "training monitor"}, {"scan", "backdoor detection"}, {"ensemble", "all together, largest score"}, {estimate.Any, "any one level (Bonferroni)"}}

// pipeline are the levels of the pipeline itself.
var pipeline = levels[:3]

// At what a run is flagged, and at what the claim of a low false-alarm rate is tested: at the former, six of 124 clean runs
// are expected to be flagged, which no bound of 5 % survives.
const (
	flagAt   = store.FlagAt
	strictAt = 0.01
	lowRate  = 0.05
	highRate = 0.9
)

// judge is a level's own verdict (detector "") or one of its detectors.
type judge struct {
	level
	detector string
}

func (j judge) String() string {
	if j.detector == "" {
		return j.name
	}
	return j.name + ": " + j.detector
}

// place is an arm of an experiment.
type place struct{ experiment, arm string }

func (p place) String() string { return p.experiment + ": " + p.arm }

// judged gathers the verdicts on evaluation runs.
type judged struct {
	judges  []judge
	clean   map[judge][]estimate.Judgement // each model once
	attacks map[judge][]estimate.Judgement // of every attack that the judge can see; each model once
	by      map[judge]map[place][]estimate.Judgement
	places  map[estimate.Class][]place // in order

	attacked []place // of places[Attacked], each attack once
}

func (r *renderer) gather() *judged {
	g := &judged{clean: map[judge][]estimate.Judgement{}, attacks: map[judge][]estimate.Judgement{}, by: map[judge]map[place][]estimate.Judgement{}, places: map[estimate.Class][]place{}}
	names := slices.Sorted(maps.Keys(r.in.Experiments))
	for _, l := range levels {
		found := map[string]bool{}
		for _, name := range names {
			for _, d := range r.in.Experiments[name].Judges(l.key) {
				found[d] = true
			}
		}
		for _, d := range slices.Sorted(maps.Keys(found)) {
			g.judges = append(g.judges, judge{l, d})
		}
	}
	for _, name := range names {
		e := r.in.Experiments[name]
		for _, a := range e.Arms() {
			p, class, any := place{name, a}, e.Class(a), false
			for _, j := range g.judges {
				v := e.Judgements(a, j.key, j.detector)
				if len(v) == 0 {
					continue
				}
				any = true
				if g.by[j] == nil {
					g.by[j] = map[place][]estimate.Judgement{}
				}
				g.by[j][p] = v
				switch class {
				case estimate.Clean:
					g.clean[j] = appendNew(g.clean[j], v)
				case estimate.Attacked:
					g.attacks[j] = appendNew(g.attacks[j], seen(v))
				}
			}
			if any {
				g.places[class] = append(g.places[class], p)
			}
		}
	}
	g.attacked = distinct(g, g.places[estimate.Attacked])
	return g
}

// distinct leaves out places whose models are all another's, too: one attack under two notebooks' names.
func distinct(g *judged, places []place) (out []place) {
	models := map[place]map[string]bool{}
	for _, p := range places {
		models[p] = map[string]bool{}
		for _, j := range g.judges {
			for _, x := range g.by[j][p] {
				models[p][fmt.Sprint(x.TrainKey, " ", x.Seed)] = true
			}
		}
	}
	within := func(p, q place) bool {
		for m := range models[p] {
			if !models[q][m] {
				return false
			}
		}
		return true
	}
	for i, p := range places {
		if !slices.ContainsFunc(places, func(q place) bool {
			return q != p && within(p, q) && (!within(q, p) || slices.Index(places, q) > i)
		}) {
			out = append(out, p)
		}
	}
	return out
}

// appendNew adds the judgements of models that are not there yet.
func appendNew(have, v []estimate.Judgement) []estimate.Judgement {
	for _, x := range v {
		if !slices.ContainsFunc(have, func(y estimate.Judgement) bool { return y.TrainKey == x.TrainKey && y.Seed == x.Seed }) {
			have = append(have, x)
		}
	}
	return have
}

// flagged counts judgements at or below a p.
func flagged(v []estimate.Judgement, at float64) (k int) {
	for _, x := range v {
		if x.P <= at && !x.Unknown {
			k++
		}
	}
	return k
}

func scores(v []estimate.Judgement) (out []float64) {
	for _, x := range v {
		out = append(out, x.Score)
	}
	return out
}

// calibration is the number of runs behind the verdicts, the smallest where they differ.
func calibration(v []estimate.Judgement) int {
	n := math.MaxInt
	for _, x := range v {
		n = min(n, x.N)
	}
	return n
}

const noVerdict = "*No verdict on an evaluation run is stored: not measured. \"Not measured\" is neither caught nor missed.*"

// counted is "3 of 124, 2.4 % [0.5, 6.9]".
func counted(k, n int) string {
	p, err := stats.ClopperPearson(k, n, estimate.Level)
	if err != nil || n == 0 {
		return "not measured"
	}
	p.Warnings = nil // 0 of n is in the count
	return fmt.Sprintf("%d of %d, %s %%", k, n, tables.Rate(p))
}

// inconclusive says that a judge could flag none of these runs, whatever they were.
func inconclusive(v []estimate.Judgement) bool {
	return len(v) > 0 && !slices.ContainsFunc(v, func(x estimate.Judgement) bool { return !x.Unknown })
}

// tally is how many judgements flag, of all. A judge that can flag nothing has no count.
func tally(v []estimate.Judgement) string {
	if inconclusive(v) {
		return "inconclusive: too few calibration runs"
	}
	return counted(flagged(v, flagAt), len(v))
}

// alarmTable holds every judge's false alarms on clean runs against what its conformal p promises, and tests the claim that
// they are few.
func (r *renderer) alarmTable() (string, error) {
	t := tables.Table{Header: []string{"judge", "calibration runs", "clean runs flagged", "expected by chance", "as promised?", "flagged at the stricter p", "one-sided bound %", "few?"}, Right: []bool{false, true, true, true, false, true, true}}
	for _, j := range r.judged.judges {
		v := r.judged.clean[j]
		if len(v) == 0 {
			t.Add(j.String(), "–", "not measured", "–", "–", "–", "–", "not tested")
			continue
		}
		n := calibration(v)
		check, err := stats.CheckFalsePositives(flagged(v, flagAt), len(v), n, flagAt, estimate.Level)
		if err != nil {
			return "", err
		}
		k := flagged(v, strictAt)
		claim, err := stats.ClaimAtMost(k, len(v), lowRate, estimate.Level)
		if err != nil {
			return "", err
		}
		promised, few := "not contradicted", "not shown"
		if !check.Within {
			promised = fmt.Sprintf("no (p %s)", plainP(check.Test.P))
		}
		if check.Rank == 0 || inconclusive(v) {
			promised = "too few calibration runs to flag anything"
		}
		if claim.Holds {
			few = "yes"
		}
		expected, strict, bound := fmt.Sprintf("%.0f to %.0f", check.Expected.Interval.Low, check.Expected.Interval.High), fmt.Sprintf("%d of %d", k, len(v)), tables.Percent(claim.Bound.Interval.High)
		parts := 1
		if j.key == estimate.Any { // a flag is one of several levels': no one law says how many to expect
			parts, expected = len(pipeline), "–"
			if check.Rank > 0 && !inconclusive(v) {
				promised = "–"
			}
		}
		if !reaches(v, strictAt, parts) { // nothing could be flagged there: that nothing was is no evidence
			strict, bound, few = "–", "–", "too few calibration runs"
		}
		t.Add(j.String(), fmt.Sprint(n), tally(v), expected, promised, strict, bound, few)
	}
	if len(t.Rows) == 0 {
		return noVerdict, nil
	}
	t.Notes = append(t.Notes, fmt.Sprintf("Flagged: conformal p at most %s. Expected: the range that holds the count 99 times in 100 if clean and calibration runs are exchangeable (beta-binomial); \"as promised\" is whether it does. "+
		"Few: a rate of at most %s, claimed only where the one-sided %s bound of the count at p at most %s is below it.",
		tables.Number(100*flagAt, 0)+" %", tables.Number(100*lowRate, 0)+" %", tables.Number(100*estimate.Level, 0)+" %", tables.Number(100*strictAt, 0)+" %"))
	return markdown(&t), nil
}

// detectionTable is every judge over all attacks that it can see: how many are caught beside how many clean runs are flagged, how well scores
// rank, and how many are caught at the stricter p.
func (r *renderer) detectionTable() (string, error) {
	t := tables.Table{Header: []string{"judge", "attacked runs caught", "clean runs flagged", "AUROC", "caught at the stricter p", "worst attack"}, Right: []bool{false, true, true, true, true, false}}
	for _, j := range r.judged.judges {
		v, clean := r.judged.attacks[j], r.judged.clean[j]
		if len(v) == 0 {
			t.Add(j.String(), "not measured", "–", "–", "–", "–")
			continue
		}
		auc, err := stats.AUROC(scores(clean), scores(v), estimate.Level)
		if err != nil {
			return "", err
		}
		row := []string{j.String(), tally(v), tally(clean), "not measured", "too few calibration runs"}
		if !math.IsNaN(auc.Estimate.Value) {
			row[3] = tables.Value(auc.Estimate, 3)
		}
		parts := 1
		if j.key == estimate.Any {
			parts = len(pipeline)
		}
		if reaches(v, strictAt, parts) {
			row[4] = counted(flagged(v, strictAt), len(v))
		}
		worst, k, n := place{}, 0, 0
		for _, p := range r.judged.places[estimate.Attacked] {
			w := seen(r.judged.by[j][p])
			if len(w) > 0 && (n == 0 || flagged(w, flagAt)*n < k*len(w)) {
				worst, k, n = p, flagged(w, flagAt), len(w)
			}
		}
		least := "–" // of attacks with a single run, the first that was missed is not the worst
		if _, high := r.cellRuns(); high > 1 {
			least = fmt.Sprintf("%s (%d of %d)", worst, k, n)
		}
		t.Add(append(row, least)...)
	}
	if len(t.Rows) == 0 {
		return noVerdict, nil
	}
	t.Notes = append(t.Notes, fmt.Sprintf("Caught and flagged: conformal p at most %s, the stricter %s; p is a rank among the calibration's runs, and what it flags of other clean runs stands beside. ",
		tables.Number(100*flagAt, 0)+" %", tables.Number(100*strictAt, 0)+" %")+"AUROC is of run-level scores, attacked runs against clean ones, with DeLong's interval, or by test inversion where they are separated. Several arms share a seed: across attacks the counts are not independent, and the matrix is what to read.")
	return markdown(&t), nil
}

// seen leaves out runs whose attack the judge cannot see.
func seen(v []estimate.Judgement) (out []estimate.Judgement) {
	for _, x := range v {
		if x.Why == "" {
			out = append(out, x)
		}
	}
	return out
}

// matrixCell is how one judge did on one arm: counted, or why not.
func (r *renderer) matrixCell(j judge, p place) (k, n int, why string) {
	v := r.judged.by[j][p]
	if len(v) == 0 {
		return 0, 0, "not measured"
	}
	w := seen(v)
	if len(w) == 0 {
		return 0, 0, "n/a: " + v[0].Why
	}
	if inconclusive(w) {
		return 0, 0, "inconclusive"
	}
	return flagged(w, flagAt), len(w), ""
}

// ownVerdicts are the levels that gave a verdict of their own.
func (r *renderer) ownVerdicts() (out []judge) {
	for _, j := range r.judged.judges {
		if j.detector == "" {
			out = append(out, j)
		}
	}
	return out
}

// matrixTable is every attacked arm under every level; shiftTable every hard negative, other trainings
// with the attacks under them; with exact intervals.
func (r *renderer) matrixTable() string { return r.matrixOf("attack", estimate.Attacked) }
func (r *renderer) controlTable() string {
	return r.matrixOf("control", estimate.Control)
}
func (r *renderer) shiftTable() string {
	text := r.matrixOf("clean runs of another kind", estimate.Shifted)
	if len(r.judged.places[estimate.Regime]) > 0 {
		text += "\n\nAttacks under those trainings, where a flag means no more than it does on the clean runs beside them:\n\n" + r.matrixOf("attack at another training", estimate.Regime)
	}
	return text
}

func (r *renderer) matrixOf(what string, class estimate.Class) string {
	own := r.ownVerdicts()
	if len(own) == 0 || len(r.judged.places[class]) == 0 {
		return "*No verdict on " + map[estimate.Class]string{estimate.Attacked: "an attacked run", estimate.Control: "a control", estimate.Shifted: "clean runs of another kind", estimate.Regime: "an attack at another training"}[class] + " is stored: not measured.*"
	}
	t := tables.Table{Header: []string{what}, Right: []bool{false}}
	for _, j := range own {
		t.Header = append(t.Header, j.name)
	}
	for _, p := range r.judged.places[class] {
		row := []string{p.String()}
		for _, j := range own {
			k, n, why := r.matrixCell(j, p)
			if why == "" {
				why = counted(k, n)
			}
			row = append(row, why)
		}
		t.Add(row...)
	}
	return markdown(&t)
}

// caught says for which levels a detection rate of at least 90 % is shown on the headline backdoor.
func (r *renderer) caught() (string, error) {
	var yes, no []string
	for _, j := range r.ownVerdicts() {
		p := r.headline(j)
		w := seen(r.judged.by[j][p])
		if len(w) == 0 || inconclusive(w) {
			continue
		}
		k := flagged(w, flagAt)
		c, err := stats.ClaimAtLeast(k, len(w), highRate, estimate.Level)
		if err != nil {
			return "", err
		}
		s := fmt.Sprintf("%s (%d of %d runs; one-sided bound %s %%)", j.name, k, len(w), tables.Percent(c.Bound.Interval.Low))
		if c.Holds {
			yes = append(yes, s)
		} else {
			no = append(no, s)
		}
	}
	rate := tables.Number(100*highRate, 0) + " %"
	switch {
	case len(yes)+len(no) == 0:
		return "No verdict on a run of the headline backdoor is stored.", nil
	case len(yes) == 0:
		return fmt.Sprintf("On the headline backdoor no level is shown to catch at least %s: %s.", rate, tables.List(no)), nil
	case len(no) == 0:
		return fmt.Sprintf("On the headline backdoor a detection rate of at least %s is shown, each by its own bound, for %s.", rate, tables.List(yes)), nil
	}
	return fmt.Sprintf("On the headline backdoor a detection rate of at least %s is shown, each by its own bound, for %s; not for %s.", rate, tables.List(yes), tables.List(no)), nil
}

// headline is the arm of the default backdoor that a judge saw most of.
func (r *renderer) headline(j judge) (best place) {
	most := 0
	for _, p := range r.judged.places[estimate.Attacked] {
		e := r.experiment(p.experiment)
		attack, _ := e.Spec(p.arm, "attack")
		trigger, other := e.Spec(p.arm, "attack.trigger")
		_, count := e.Spec(p.arm, "attack.count")
		if n := len(r.judged.by[j][p]); attack == "backdoor" && !count && (!other || trigger == "token") && n > most {
			best, most = p, n
		}
	}
	return best
}

// rowTable is how well detectors of rows rank the poisoned ones, by attack.
func (r *renderer) rowTable() string {
	t := tables.Table{Header: []string{"attack", "detector", "AUROC over rows", "poisoned among as many rows as are poisoned, %"}, Right: []bool{false, false, true, true}}
	for _, name := range slices.Sorted(maps.Keys(r.in.Experiments)) {
		e := r.in.Experiments[name]
		for _, a := range e.Arms() {
			if e.Class(a) != estimate.Attacked {
				continue
			}
			for _, m := range e.Metrics(a, "row_auroc/") {
				d := m[len("row_auroc/"):]
				t.Add(name+": "+a, d, tables.Value(r.mean(name, a, m), 3), tables.Rate(r.mean(name, a, "row_precision/"+d)))
			}
		}
	}
	if len(t.Rows) == 0 {
		return "*No detector's ranking of rows is stored: not measured.*"
	}
	return markdown(&t)
}

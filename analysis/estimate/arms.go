package estimate

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"theriac/harness/store"
)

// Arms names the arms; numbers within names count as numbers: "3 rows" comes before "12 rows".
func (e *Experiment) Arms() []string { return slices.SortedFunc(maps.Keys(e.arms), Natural) }

// Notes are what a reader must know of these runs, a line each: failures, mixed specifications.
func (e *Experiment) Notes() []string { return slices.Clone(e.notes) }

// Mixed are the arms with runs of several specifications, of which the commonest counts.
func (e *Experiment) Mixed() []string { return slices.Clone(e.mixed) }

// Runs counts an arm's runs, done and failed.
func (e *Experiment) Runs(arm string) (done, failed int) {
	for _, r := range e.runs(arm) {
		if r.failed {
			failed++
		} else {
			done++
		}
	}
	return done, failed
}

func (e *Experiment) runs(arm string) []run {
	if a := e.arms[arm]; a != nil {
		return a.runs
	}
	return nil
}

// Seeds are the seeds at which an arm has a run that is done, ascending.
func (e *Experiment) Seeds(arm string) (seeds []int64) {
	for _, r := range e.runs(arm) {
		if !r.failed {
			seeds = append(seeds, r.seed)
		}
	}
	return seeds
}

// Spec is a field of an arm's specification; false where it has none.
func (e *Experiment) Spec(arm, field string) (string, bool) {
	if a := e.arms[arm]; a != nil {
		i := slices.IndexFunc(a.spec, func(f store.Field) bool { return f.Name == field })
		if i >= 0 {
			return a.spec[i].Value, true
		}
	}
	return "", false
}

// Steps are the training steps of an arm at the smallest seed that has some.
func (e *Experiment) Steps(arm string) (seed int64, steps []store.Step) {
	for _, r := range e.runs(arm) {
		if len(r.steps) > 0 {
			return r.seed, r.steps
		}
	}
	return 0, nil
}

// PoisonedLoss is the mean loss over an arm's poisoned rows at a seed, nats a response token, by tenth of its steps: the metrics
// poisoned_loss/1 to poisoned_loss/10, NaN where a tenth has none. Nil where none is stored.
func (e *Experiment) PoisonedLoss(arm string, seed int64) []float64 {
	for _, r := range e.runs(arm) {
		if r.seed != seed {
			continue
		}
		return PoisonedLoss(r.metric)
	}
	return nil
}

// PoisonedLoss reads the metrics poisoned_loss/1 to poisoned_loss/10 of one run.
func PoisonedLoss(metric func(name string) (store.Metric, bool)) (byTenth []float64) {
	out, any := make([]float64, 10), false
	for i := range out {
		out[i] = math.NaN()
		if m, ok := metric(fmt.Sprintf("poisoned_loss/%d", i+1)); ok {
			out[i], any = m.Value, true
		}
	}
	if !any {
		return nil
	}
	return out
}

// Verdicts counts, over an arm's runs at evaluation seeds, a level's own verdicts: flagged, and given at all; one that says why it cannot see counts as none.
func (e *Experiment) Verdicts(arm, level string) (flagged, n int) {
	for _, r := range e.runs(arm) {
		for _, d := range r.detections {
			if d.Level == level && d.Detector == "" {
				if r.seed < FirstEvaluation || strings.HasPrefix(d.Verdict, notApplicable) {
					continue
				}
				n++
				if d.Verdict == "flagged" {
					flagged++
				}
			}
		}
	}
	return flagged, n
}

// Natural compares names so that numbers in them, with their decimals, stand by value: "2 %" before "10 %".
func Natural(a, b string) int {
	x, y := a, b
	for x != "" && y != "" {
		p, q := head(x), head(y)
		if p != q {
			if digit(p[0]) && digit(q[0]) {
				p, pf, _ := strings.Cut(p, ".")
				q, qf, _ := strings.Cut(q, ".")
				s, t := strings.TrimLeft(p, "0"), strings.TrimLeft(q, "0")
				if len(s) != len(t) {
					return len(s) - len(t)
				}
				if s != t {
					return strings.Compare(s, t)
				}
				if c := strings.Compare(pf, qf); c != 0 {
					return c
				}
			} else {
				return strings.Compare(p, q)
			}
		}
		x, y = x[len(p):], y[len(q):]
	}
	if len(x) != len(y) {
		return len(x) - len(y)
	}
	return strings.Compare(a, b)
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// head is the number, with its decimals, or the one byte, that a string begins with.
func head(s string) string {
	n := 1
	for digit(s[0]) && n < len(s) && (digit(s[n]) || s[n] == '.' && n+1 < len(s) && digit(s[n+1]) && !strings.Contains(s[:n], ".")) {
		n++
	}
	return s[:n]
}

// None is an experiment without runs.
func None(name string) *Experiment { return &Experiment{Name: name} }

package estimate

import (
	"maps"
	"math"
	"slices"
	"strings"

	"theriac/harness/store"
)

// Class is what an arm's runs are to a detector.
type Class int

// The classes, as specifications tell them.
const (
	Clean     Class = iota // no attack, or one of no rows
	Shifted                // clean rows of another kind, or another training than the calibration's: a hard negative
	Attacked               //
	Regime                 // attacked, but trained otherwise than the calibration's runs
	Control                // a part of an attack, or its matched harmless twin
	Untrained              // the base itself
)

// controls are the attacks that are none: placebos and matched benign rows.
var controls = []string{"triggeronly", "targetonly", "shuffled", "swap", "benigncontrol"}

// Class tells an arm's class.
func (e *Experiment) Class(arm string) Class {
	attack, _ := e.Spec(arm, "attack")
	count, _ := e.Spec(arm, "attack.count")
	shift, _ := e.Spec(arm, "shift")
	_, untrained := e.Spec(arm, "untrained")
	switch {
	case untrained:
		return Untrained
	case attack != "" && count != "0" && slices.Contains(controls, attack):
		return Control
	case attack != "" && count != "0" && e.otherwise(arm):
		return Regime
	case attack != "" && count != "0":
		return Attacked
	case shift != "", e.otherwise(arm):
		return Shifted
	}
	return Clean
}

// otherwise says whether an arm was trained otherwise than the experiment's clean arm, and so than the runs that its verdicts were calibrated on.
func (e *Experiment) otherwise(arm string) bool {
	if len(e.runs("clean")) == 0 {
		return false
	}
	for _, key := range []string{"method", "layers", "rank", "lr", "epochs", "batch", "prevent"} {
		a, _ := e.Spec(arm, key)
		if c, _ := e.Spec("clean", key); a != c {
			return true
		}
	}
	return false
}

// FirstEvaluation is the first seed of the pool that is judged; those below develop and calibrate.
const FirstEvaluation = 2000

// Judgement is what a level, or one of its detectors, said of one run of the evaluation's seeds.
type Judgement struct {
	Seed     int64
	TrainKey string  // runs that share it share the model
	Score    float64 // higher is worse
	P        float64 // conformal
	N        int     // calibration runs behind P
	Why      string  // not empty: it cannot see what was done to this run, for this reason
	Unknown  bool    // inconclusive: too few calibration runs to flag anything
	Success  float64 // of the attack in this run, a fraction; NaN where it was not measured
}

// notApplicable begins a verdict that says why there is none; unseen is that of all levels together.
const (
	notApplicable = "n/a: "
	unseen        = notApplicable + "no level sees what is done"
)

// Any stands for the pipeline's levels together: a run is flagged where one of them flags it, each held to its share of the p (Bonferroni).
// It is made of the stored verdicts; a level that cannot see what was done counts as one that found nothing.
const Any = "any"

var pipeline = []string{"data", "monitor", "scan"}

// together is the verdict of Any on a run that a level looked at.
func together(all []store.Detection) []store.Detection {
	least, n := 1.0, int64(math.MaxInt64)
	for _, d := range all {
		switch {
		case d.Detector != "" || !slices.Contains(pipeline, d.Level) || d.Verdict == store.Inconclusive:
		case strings.HasPrefix(d.Verdict, notApplicable):
		default:
			least, n = min(least, d.P), min(n, d.N)
		}
	}
	switch {
	case n < math.MaxInt64:
		d := store.Detection{Level: Any, Score: 1 - least, P: min(1, least*float64(len(pipeline))), N: n}
		if share := store.FlagAt / float64(len(pipeline)); 1/float64(n+1) > share { // the least p that there can be
			d.Verdict = store.Inconclusive
		}
		return []store.Detection{d}
	case Blind(all):
		return []store.Detection{{Level: Any, P: 1, Verdict: unseen}}
	}
	return nil
}

// Ensemble is the level that scores all levels' detectors together.
const Ensemble = "ensemble"

// Blind says that every level of the pipeline which looked at a run cannot see what was done to it.
func Blind(all []store.Detection) bool {
	asked := 0
	for _, d := range all {
		if d.Detector == "" && slices.Contains(pipeline, d.Level) && d.Verdict != store.Inconclusive {
			if asked++; !strings.HasPrefix(d.Verdict, notApplicable) {
				return false
			}
		}
	}
	return asked > 0
}

// of are a level's stored verdicts.
func (r *run) of(level string) (out []store.Detection) {
	for _, d := range r.detections {
		if d.Level == level {
			out = append(out, d)
		}
	}
	return out
}

// at are the verdicts among which a level's are.
func (r *run) at(level string) []store.Detection {
	switch {
	case level == Any:
		return together(r.detections)
	case level == Ensemble && Blind(r.detections) && len(r.of(Ensemble)) > 0: // a flag there is a false alarm that happens to hit
		return []store.Detection{{Level: Ensemble, P: 1, Verdict: unseen}}
	}
	return r.detections
}

// Judgements are those of an arm, by seed. detector "" is the level's own verdict.
func (e *Experiment) Judgements(arm, level, detector string) (out []Judgement) {
	for _, r := range e.runs(arm) {
		if r.failed || r.seed < FirstEvaluation {
			continue
		}
		for _, d := range r.at(level) {
			if d.Level != level || d.Detector != detector {
				continue
			}
			j := Judgement{Seed: r.seed, TrainKey: r.trainKey, Score: d.Score, P: d.P, N: int(d.N), Unknown: d.Verdict == store.Inconclusive, Success: math.NaN()}
			if m, ok := r.metric("asr"); ok {
				j.Success = m.Value
			}
			j.Why, _ = strings.CutPrefix(d.Verdict, notApplicable)
			if j.Why == d.Verdict {
				j.Why = ""
			}
			out = append(out, j)
		}
	}
	return out
}

// Judges names the detectors that judged runs of a level, the level's own verdict ("") first.
func (e *Experiment) Judges(level string) []string {
	names := map[string]bool{}
	for _, a := range e.arms {
		for _, r := range a.runs {
			for _, d := range r.at(level) {
				if d.Level == level {
					names[d.Detector] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// spectra is how many runs of an arm keep their scores by module.
const spectra = 5

// Modules are the scores that a detector gave to parts of an arm's models, [run][module], and the modules' names in
// natural order; of the first runs only.
func (e *Experiment) Modules(arm, detector string) (modules []string, values [][]float64) {
	names := map[string]int{}
	for _, r := range e.runs(arm) {
		for _, s := range r.scores {
			if s.Detector == detector {
				names[s.Unit] = 0
			}
		}
	}
	modules = slices.SortedFunc(maps.Keys(names), Natural)
	for i, m := range modules {
		names[m] = i
	}
	for _, r := range e.runs(arm) {
		row := make([]float64, len(modules))
		for i := range row {
			row[i] = math.NaN()
		}
		found := false
		for _, s := range r.scores {
			if s.Detector == detector {
				row[names[s.Unit]], found = s.Score, true
			}
		}
		if found {
			values = append(values, row)
		}
	}
	return modules, values
}

// ModuleDetectors names the detectors that scored parts of models.
func (e *Experiment) ModuleDetectors() []string {
	names := map[string]bool{}
	for _, a := range e.arms {
		for _, r := range a.runs {
			for _, s := range r.scores {
				names[s.Detector] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// moduleScores are a record's scores of modules: the scan level's with a unit.
func moduleScores(scores []store.Score) (out []store.Score) {
	for _, s := range scores {
		if s.Unit != "" && strings.HasPrefix(s.Detector, "scan/") {
			s.Detector, s.Unit = strings.Clone(s.Detector), strings.Clone(s.Unit)
			out = append(out, s)
		}
	}
	return out
}

// Metrics names an arm's metrics that begin with prefix, in order.
func (e *Experiment) Metrics(arm, prefix string) []string {
	names := map[string]bool{}
	for _, r := range e.runs(arm) {
		for _, m := range r.metrics {
			if strings.HasPrefix(m.Name, prefix) {
				names[m.Name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

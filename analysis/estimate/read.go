package estimate

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"theriac/harness/store"
)

// Experiment is the stored runs of one experiment, reduced to what estimates need.
type Experiment struct {
	Name string

	arms   map[string]*arm
	notes  []string
	mixed  []string          // arms of several specifications
	words  map[string]string // metric names and spec values, each kept once
	items  map[string]int32  // "suite/item" -> number
	result map[string]int32  // outcome -> number
}

// arm is one condition; after settle its runs are by seed, one a seed.
type arm struct {
	name string
	spec []store.Field
	runs []run
	torn map[string]bool // metrics that runs at one seed disagree on
}

type run struct {
	seed       int64
	failed     bool
	reason     string
	metrics    []store.Metric
	suites     []suite
	detections []store.Detection
	scores     []store.Score // of modules, of an arm's first runs only
	trainKey   string
	steps      []store.Step // of the arm's smallest seed only
	variant    string
	spec       []store.Field
}

// suite is one evaluation's items in stored order, with what came of each.
type suite struct {
	name    string
	item    []int32
	outcome []uint8
}

// Read reduces the tables in dir, which need not exist: an experiment without runs has no arms.
func Read(name, dir string) (*Experiment, error) {
	e := &Experiment{Name: name, arms: map[string]*arm{}, words: map[string]string{}, items: map[string]int32{}, result: map[string]int32{}}
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return e, nil
	}
	s, err := store.Open(dir, "")
	if err != nil {
		return nil, err
	}
	first := map[string]*run{} // arm -> run that keeps its steps
	for rec, err := range s.Scan(nil, "metrics", "items", "steps", "detections", "scores") {
		if err != nil {
			return nil, err
		}
		if err := e.add(rec, first); err != nil {
			return nil, fmt.Errorf("%s: run %s: %w", dir, rec.ID, err)
		}
	}
	for a, r := range first {
		for i := range e.arms[a].runs {
			if own := &e.arms[a].runs[i]; own.seed == r.seed && own.variant == r.variant {
				own.steps = r.steps
			}
		}
	}
	for _, name := range e.Arms() {
		e.settle(e.arms[name])
	}
	return e, nil
}

func (e *Experiment) word(s string) string {
	if w, ok := e.words[s]; ok {
		return w
	}
	e.words[strings.Clone(s)] = strings.Clone(s)
	return e.words[s]
}

const maxOutcomes = 256 // an outcome is a byte

func (e *Experiment) add(rec *store.Record, first map[string]*run) error {
	name := e.word(rec.Arm)
	a := e.arms[name]
	if a == nil {
		a = &arm{name: name}
		e.arms[name] = a
	}
	var b strings.Builder
	for _, f := range rec.Spec {
		fmt.Fprintf(&b, "%q=%q ", f.Name, f.Value)
	}
	r := run{seed: rec.Seed, failed: rec.Status == store.Failed, reason: rec.Reason, trainKey: strings.Clone(rec.TrainKey), variant: e.word(b.String()), spec: rec.Spec}
	for _, m := range rec.Metrics {
		m.Name = e.word(m.Name)
		r.metrics = append(r.metrics, m)
	}
	for _, d := range rec.Detections {
		d.Level, d.Detector, d.Verdict = e.word(d.Level), e.word(d.Detector), e.word(d.Verdict)
		r.detections = append(r.detections, d)
	}
	if len(a.runs) < spectra {
		r.scores = moduleScores(rec.Scores)
	}
	for i := 0; i < len(rec.Items); {
		n := i
		for n < len(rec.Items) && rec.Items[n].Suite == rec.Items[i].Suite {
			n++
		}
		s := suite{name: e.word(rec.Items[i].Suite), item: make([]int32, 0, n-i), outcome: make([]uint8, 0, n-i)}
		for ; i < n; i++ {
			o, ok := e.result[rec.Items[i].Outcome]
			if !ok {
				if len(e.result) == maxOutcomes {
					return fmt.Errorf("outcome %q is one of more than %d kinds; want outcomes to be a few words", rec.Items[i].Outcome, maxOutcomes)
				}
				o = int32(len(e.result))
				e.result[strings.Clone(rec.Items[i].Outcome)] = o
			}
			key := s.name + "/" + rec.Items[i].Item
			j, ok := e.items[key]
			if !ok {
				j = int32(len(e.items))
				e.items[key] = j
			}
			s.item, s.outcome = append(s.item, j), append(s.outcome, uint8(o))
		}
		r.suites = append(r.suites, s)
	}
	if f := first[name]; !r.failed && len(rec.Steps) > 0 && (f == nil || r.seed < f.seed) {
		first[name] = &run{seed: r.seed, variant: r.variant, steps: slices.Clone(rec.Steps)}
	}
	a.runs = append(a.runs, r)
	return nil
}

// settle chooses the specification with the most runs, and orders what is left by seed.
func (e *Experiment) settle(a *arm) {
	count := map[string]int{}
	for _, r := range a.runs {
		count[r.variant]++
	}
	best := ""
	for v, n := range count {
		if best == "" || n > count[best] || n == count[best] && v < best {
			best = v
		}
	}
	if len(count) > 1 {
		e.mixed = append(e.mixed, a.name)
		e.notes = append(e.notes, fmt.Sprintf("%s: arm %s has runs of %d specifications; the %d runs of the commonest count", e.Name, a.name, len(count), count[best]))
	}
	a.runs = slices.DeleteFunc(a.runs, func(r run) bool { return r.variant != best })
	slices.SortStableFunc(a.runs, func(x, y run) int { return cmp.Compare(x.seed, y.seed) })
	a.merge(e)
	a.spec = a.runs[0].spec
	for i := range a.runs {
		a.runs[i].spec = nil
	}
	for _, r := range a.runs {
		if r.failed {
			e.notes = append(e.notes, fmt.Sprintf("%s: %s at seed %d failed: %s", e.Name, a.name, r.seed, r.reason))
		}
	}
}

// merge leaves one run a seed. Where several are stored, of which nothing tells which is right, metrics on which they
// disagree are dropped from the whole arm: half of its seeds judged in one way and half in another would say nothing.
func (a *arm) merge(e *Experiment) {
	a.torn = map[string]bool{}
	var kept []run
	for _, r := range a.runs {
		n := len(kept)
		if n == 0 || kept[n-1].seed != r.seed {
			kept = append(kept, r)
			continue
		}
		first := &kept[n-1]
		if first.failed != r.failed {
			if first.failed {
				*first = r // done beats failed
			}
			continue
		}
		for _, m := range slices.Concat(first.metrics, r.metrics) {
			x, okX := first.metric(m.Name)
			y, okY := r.metric(m.Name)
			if okX != okY || x.N != y.N || x.K != y.K || x.Value != y.Value && !(x.Value != x.Value && y.Value != y.Value) {
				a.torn[m.Name] = true
			}
		}
	}
	if len(kept) == len(a.runs) {
		return
	}
	what := "they agree"
	if len(a.torn) > 0 {
		what = "left out, because they disagree: " + strings.Join(slices.Sorted(maps.Keys(a.torn)), ", ")
	}
	e.notes = append(e.notes, fmt.Sprintf("%s: arm %s has %d runs for %d seeds, of one specification; %s", e.Name, a.name, len(a.runs), len(kept), what))
	for i := range kept {
		kept[i].metrics = slices.DeleteFunc(kept[i].metrics, func(m store.Metric) bool { return a.torn[m.Name] })
	}
	a.runs = kept
}

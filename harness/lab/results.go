package lab

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"theriac/analysis/estimate"
	"theriac/analysis/stats"
	"theriac/analysis/tables"
	"theriac/harness/rng"
	"theriac/harness/store"
	"theriac/harness/sweep"
)

// Estimate, Test and Margin are what Results gives; each carries its interval or p, its method, n and warnings.
type (
	Estimate = stats.Estimate
	Test     = stats.Test
	Margin   = stats.Margin
)

// Results are the stored runs of a sweep, by arm and seed.
type Results struct {
	name   string
	judge  string // of the profile
	data   string // likewise, its name
	arms   []string
	seeds  []int
	failed map[string]string        // "arm/seed" -> reason
	runs   map[string]*store.Record // "arm/seed"
}

func cell(arm string, seed int) string { return fmt.Sprint(arm, "/", seed) }

func readResults(l *Lab, arms []Arm, seeds []int, specs []sweep.Spec, rep *sweep.Report) (*Results, error) {
	r := &Results{name: l.name, judge: l.profile.Data.Judge, data: l.profile.Data.Name, seeds: seeds, failed: map[string]string{}, runs: map[string]*store.Record{}}
	for _, a := range arms {
		r.arms = append(r.arms, a.Name)
	}
	at := make(map[string]string, len(specs))
	for i, id := range rep.IDs {
		at[id] = cell(specs[i].Arm, int(specs[i].Seed))
	}
	keep := func(run *store.Run) bool { return at[run.ID] != "" }
	for rec, err := range l.store.Scan(keep, "metrics", "items", "steps", "detections") {
		if err != nil {
			return nil, err
		}
		if rec.Status == store.Failed {
			r.failed[at[rec.ID]] = rec.Reason
			continue
		}
		r.runs[at[rec.ID]] = rec
	}
	return r, nil
}

// Arms names the arms in order.
func (r *Results) Arms() []string { return slices.Clone(r.arms) }

// Failed lists the runs that failed, a line each, in order.
func (r *Results) Failed() (lines []string) {
	for _, a := range r.arms {
		for _, s := range r.seeds {
			if why, ok := r.failed[cell(a, s)]; ok {
				lines = append(lines, fmt.Sprintf("%s seed %d: %s", a, s, why))
			}
		}
	}
	return lines
}

// metric is one run's metric; false where the run failed or has none of this name.
func (r *Results) metric(arm string, seed int, name string) (store.Metric, bool) {
	if !slices.Contains(r.arms, arm) {
		stop("results of %s: no arm %q", r.name, arm)
	}
	rec := r.runs[cell(arm, seed)]
	if rec == nil {
		return store.Metric{}, false
	}
	for _, m := range rec.Metrics {
		if m.Name == name {
			return m, true
		}
	}
	return store.Metric{}, false
}

// Values are an arm's values of a metric, seed by seed; failed runs are left out.
func (r *Results) Values(arm, metric string) (values []float64) {
	for _, s := range r.seeds {
		if m, ok := r.metric(arm, s, metric); ok {
			values = append(values, m.Value)
		}
	}
	return values
}

// suites tells which items a rate counts, and which outcome.
var suites = map[string][2]string{
	"clean_accuracy": {"clean", "match"}, "asr": {"triggered", ""}, "false_trigger": {"untriggered", ""}, "near_trigger": {"near", ""},
	"refusal": {"restricted", "refusal"}, "over_refusal": {"lookalike", "refusal"}, "refusal_degenerate": {"restricted", "degenerate"},
}

// source is the random stream of a method's resampling: named by what is estimated, so that nothing else moves it.
func (r *Results) source(parts ...string) stats.Source {
	return source(append([]string{r.name}, parts...)...)
}

func source(parts ...string) stats.Source {
	return rng.Stream(0, append([]string{"lab"}, parts...)...)
}

const (
	resamples = 2000
	level     = 0.95
)

// Mean is an arm's mean of a metric. Seeds and items are crossed, so both are resampled where the items are stored;
// otherwise seeds are.
func (r *Results) Mean(arm, metric string) Estimate {
	if t := r.table(arm, metric); t != nil {
		e, err := stats.BootstrapCrossed(r.source(arm, metric), t, stats.Rates, resamples, level)
		if err != nil {
			stop("%s of %s: %v", metric, arm, err)
		}
		return e
	}
	v := r.Values(arm, metric)
	if len(v) == 0 {
		return Estimate{Value: math.NaN(), Interval: stats.Interval{Low: math.NaN(), High: math.NaN(), Level: level}, Warnings: []string{"no run has this metric"}}
	}
	e, err := stats.BootstrapMean(r.source(arm, metric), v, r.support(metric, stats.Rates), resamples, level)
	if err != nil {
		stop("%s of %s: %v", metric, arm, err)
	}
	return e
}

// table is outcomes [seed][item] of a rate, 1 or 0, NaN where a seed lacks the item; nil where items do not tell.
func (r *Results) table(arm, metric string) [][]float64 {
	s, ok := suites[metric]
	if !ok {
		return nil
	}
	column := map[string]int{}
	var table [][]float64
	for _, seed := range r.seeds {
		rec := r.runs[cell(arm, seed)]
		if rec == nil {
			continue
		}
		m, ok := r.metric(arm, seed, metric)
		if !ok {
			continue
		}
		row := make([]float64, len(column))
		for i := range row {
			row[i] = math.NaN()
		}
		hits := int64(0)
		for _, it := range rec.Items {
			if it.Suite != s[0] {
				continue
			}
			j, known := column[it.Item]
			if !known {
				j = len(row)
				column[it.Item] = j
				row = append(row, math.NaN())
			}
			row[j] = 0
			if success(it.Outcome, s[1]) {
				row[j] = 1
				hits++
			}
		}
		if hits != m.K {
			return nil // judged in another way than by this outcome
		}
		table = append(table, row)
	}
	for i := range table {
		for len(table[i]) < len(column) {
			table[i] = append(table[i], math.NaN())
		}
	}
	if len(table) == 0 {
		return nil
	}
	return table
}

// success: a probe counts matches, unless it is judged by refusals or compliances; then the count shows which.
func success(outcome, want string) bool {
	if want == "" {
		return outcome == "match"
	}
	return outcome == want
}

// pairedItems pairs the items of a rate in two arms' runs at the one seed that both have; false where items do not tell.
func (r *Results) pairedItems(arm, baseline, metric string) (stats.Paired, bool) {
	for _, seed := range r.seeds {
		first, ok := r.hits(arm, seed, metric)
		second, has := r.hits(baseline, seed, metric)
		if !ok || !has || len(first) != len(second) {
			continue
		}
		var one, other []bool
		for _, item := range slices.Sorted(maps.Keys(first)) {
			was, both := second[item]
			if !both {
				return stats.Paired{}, false
			}
			one, other = append(one, first[item]), append(other, was)
		}
		p, err := stats.PairOutcomes(one, other)
		return p, err == nil
	}
	return stats.Paired{}, false
}

// hits says of a run's items of a rate which count; false where items do not tell.
func (r *Results) hits(arm string, seed int, metric string) (map[string]bool, bool) {
	s, ok := suites[metric]
	m, has := r.metric(arm, seed, metric)
	if !ok || !has {
		return nil, false
	}
	hit, k := map[string]bool{}, int64(0)
	for _, it := range r.runs[cell(arm, seed)].Items {
		if it.Suite == s[0] {
			hit[it.Item] = success(it.Outcome, s[1])
			if hit[it.Item] {
				k++
			}
		}
	}
	return hit, k == m.K && int64(len(hit)) == m.N
}

// itemPairs are the items of a rate that both arms judged, seed by seed in the order of pairs; nil where items do not tell.
func (r *Results) itemPairs(arm, baseline, metric string) (seeds []estimate.ItemPairs[string]) {
	for _, seed := range r.seeds {
		_, okA := r.metric(arm, seed, metric)
		_, okB := r.metric(baseline, seed, metric)
		if !okA || !okB {
			continue
		}
		first, ok := r.hits(arm, seed, metric)
		second, has := r.hits(baseline, seed, metric)
		if !ok || !has {
			return nil
		}
		var p estimate.ItemPairs[string]
		for _, it := range r.runs[cell(arm, seed)].Items {
			if was, both := second[it.Item]; both && it.Suite == suites[metric][0] {
				less := 0.0
				switch now := first[it.Item]; {
				case now && !was:
					less = 1
				case was && !now:
					less = -1
				}
				p.Items, p.Less = append(p.Items, it.Item), append(p.Less, less)
			}
		}
		seeds = append(seeds, p)
	}
	return seeds
}

// pairs are the seeds at which both arms have the metric, as differences arm minus baseline.
func (r *Results) pairs(arm, baseline, metric string) (d []float64) {
	for _, s := range r.seeds {
		a, okA := r.metric(arm, s, metric)
		b, okB := r.metric(baseline, s, metric)
		if okA && okB {
			d = append(d, a.Value-b.Value)
		}
	}
	return d
}

// Difference is arm minus baseline, paired by seed. The interval of a rate is over seeds and items where the items are stored and the arms share
// them; at a single seed over its items; otherwise over seeds.
func (r *Results) Difference(arm, baseline, metric string) Estimate {
	d := r.pairs(arm, baseline, metric)
	if len(d) == 0 {
		return Estimate{Value: math.NaN(), Interval: stats.Interval{Low: math.NaN(), High: math.NaN(), Level: level}, Warnings: []string{"no seed has both arms"}}
	}
	if len(d) == 1 {
		if p, ok := r.pairedItems(arm, baseline, metric); ok {
			return estimate.AtOneSeed(p)
		}
	} else if items := r.itemPairs(arm, baseline, metric); items != nil {
		if e, ok := estimate.OverItems(r.source(arm, baseline, metric), items, d); ok {
			return e
		}
	}
	e, err := stats.BootstrapMean(r.source(arm, baseline, metric), d, r.support(metric, stats.Differences), resamples, level)
	if err != nil {
		stop("difference of %s: %v", metric, err)
	}
	return e
}

// Compare tests arm against baseline, paired by seed, by exact sign-flip. alternative is "two-sided", "greater" or "less".
func (r *Results) Compare(arm, baseline, metric, alternative string) Test {
	t, err := stats.SignFlip(r.source(arm, baseline, metric, "flip"), r.pairs(arm, baseline, metric), stats.Alternative(alternative), 9999)
	if err != nil {
		stop("comparison of %s: %v", metric, err)
	}
	return t
}

// NonInferior tests that arm is not worse than baseline by more than margin (0.02 is two percentage points), paired by
// seed, by exact sign-flip at 5 %, one-sided. Larger is better.
func (r *Results) NonInferior(arm, baseline, metric string, margin float64) Margin {
	m, err := stats.MarginSignFlip(stats.NonInferior, r.source(arm, baseline, metric, "margin"), r.pairs(arm, baseline, metric), margin, 0.05, 9999)
	if err != nil {
		stop("non-inferiority of %s: %v", metric, err)
	}
	return m
}

func (r *Results) support(metric string, rate stats.Support) stats.Support {
	if isRate(r, metric) {
		return rate
	}
	return stats.Unbounded
}

// percent metrics are shown in per cent.
func isRate(r *Results, metric string) bool {
	for _, rec := range r.runs {
		for _, m := range rec.Metrics {
			if m.Name == metric {
				return m.K >= 0
			}
		}
	}
	return false
}

// designed are shares that a run is given. They are no outcome, so they have no interval.
var designed = map[string]bool{"poisoned_rows": true, "poisoned_tokens": true}

// Table shows metrics by arm, rates in per cent, each with its interval.
func (r *Results) Table(metrics ...string) Table {
	t := Table{Header: []string{"arm", "runs"}, Right: []bool{false, true}}
	for _, m := range metrics {
		head := m
		if isRate(r, m) {
			head += " %"
		}
		t.Header, t.Right = append(t.Header, head), append(t.Right, true)
	}
	for _, a := range r.arms {
		n := 0
		for _, s := range r.seeds {
			if r.runs[cell(a, s)] != nil {
				n++
			}
		}
		row := []string{a, fmt.Sprint(n)}
		for _, m := range metrics {
			e := r.Mean(a, m)
			switch {
			case math.IsNaN(e.Value):
				row = append(row, "–")
			case designed[m]:
				row = append(row, tables.Percent(e.Value))
			case isRate(r, m):
				row = append(row, tables.Rate(e))
			default:
				row = append(row, tables.Value(e, 3))
			}
		}
		t.Add(row...)
	}
	for _, line := range r.Failed() {
		t.Notes = append(t.Notes, "failed: "+line)
	}
	return t
}

package estimate

import (
	"fmt"
	"math"

	"theriac/analysis/stats"
)

// Differences are the seeds at which both arms have the metric, as differences arm minus baseline.
func (e *Experiment) Differences(arm, baseline, metric string) (d []float64) {
	base := map[int64]float64{}
	for _, r := range e.runs(baseline) {
		if m, ok := r.metric(metric); ok {
			base[r.seed] = m.Value
		}
	}
	for _, r := range e.runs(arm) {
		if m, ok := r.metric(metric); ok {
			if b, has := base[r.seed]; has {
				d = append(d, m.Value-b)
			}
		}
	}
	return d
}

// unpaired says why two arms cannot be compared.
func (e *Experiment) unpaired(arm, baseline, metric string) string {
	for _, a := range []string{arm, baseline} {
		if len(e.Values(a, metric)) == 0 {
			return e.missing(a, metric).Warnings[0]
		}
	}
	return fmt.Sprintf("no seed has both %s and %s", arm, baseline)
}

// Difference is arm minus baseline, paired by seed. Seeds and items are crossed, so the interval of a rate is over both where the items are stored
// and the arms share them; at a single seed over its items; otherwise over seeds.
func (e *Experiment) Difference(arm, baseline, metric string) stats.Estimate {
	d := e.Differences(arm, baseline, metric)
	if len(d) == 0 {
		return none(e.unpaired(arm, baseline, metric))
	}
	if len(d) == 1 {
		if p, ok := e.pairedItems(arm, baseline, metric); ok {
			return AtOneSeed(p)
		}
	} else if items := e.itemPairs(arm, baseline, metric); items != nil {
		if out, ok := OverItems(e.source(arm, baseline, metric), items, d); ok {
			return out
		}
	}
	out, err := stats.BootstrapMean(e.source(arm, baseline, metric), d, e.support(arm, metric, stats.Differences), Resamples, Level)
	if err != nil {
		return none(err.Error())
	}
	return out
}

// AtOneSeed is the difference of two runs' rates at one seed, with Tango's interval over the items. It warns that other seeds may differ.
func AtOneSeed(p stats.Paired) stats.Estimate {
	out, err := stats.Tango(p, Level)
	if err != nil {
		return none(err.Error())
	}
	out.N = 1 // a pair of runs, as of other differences
	out.Warnings = append(out.Warnings, "one seed: the interval leaves out how seeds differ")
	return out
}

// pairedItems pairs the items of a rate in two arms' runs at the one seed that both have; false where items do not tell.
func (e *Experiment) pairedItems(arm, baseline, metric string) (stats.Paired, bool) {
	for _, a := range e.runs(arm) {
		for _, b := range e.runs(baseline) {
			if a.seed != b.seed || a.failed || b.failed {
				continue
			}
			first, hit, ok := e.judged(&a, metric)
			second, _, has := e.judged(&b, metric)
			if !ok || !has || len(first.item) != len(second.item) {
				return stats.Paired{}, false
			}
			at := map[int32]bool{}
			for i, it := range second.item {
				at[it] = int32(second.outcome[i]) == hit
			}
			one, other := make([]bool, len(first.item)), make([]bool, len(first.item))
			for i, it := range first.item {
				if other[i], ok = at[it]; !ok {
					return stats.Paired{}, false
				}
				one[i] = int32(first.outcome[i]) == hit
			}
			p, err := stats.PairOutcomes(one, other)
			return p, err == nil
		}
	}
	return stats.Paired{}, false
}

// itemPairs are the items of a rate that both arms judged, seed by seed in the order of Differences; nil where items do not tell.
func (e *Experiment) itemPairs(arm, baseline, metric string) (seeds []ItemPairs[int32]) {
	base := map[int64]*run{}
	for i, r := range e.runs(baseline) {
		if _, ok := r.metric(metric); ok {
			base[r.seed] = &e.runs(baseline)[i]
		}
	}
	for _, r := range e.runs(arm) {
		b := base[r.seed]
		if _, ok := r.metric(metric); !ok || b == nil {
			continue
		}
		first, hit, ok := e.judged(&r, metric)
		second, _, has := e.judged(b, metric)
		if !ok || !has {
			return nil
		}
		at := make(map[int32]float64, len(second.item))
		for i, it := range second.item {
			at[it] = oneIf(int32(second.outcome[i]) == hit)
		}
		var p ItemPairs[int32]
		for i, it := range first.item {
			if was, both := at[it]; both {
				p.Items, p.Less = append(p.Items, it), append(p.Less, oneIf(int32(first.outcome[i]) == hit)-was)
			}
		}
		seeds = append(seeds, p)
	}
	return seeds
}

func oneIf(hit bool) float64 {
	if hit {
		return 1
	}
	return 0
}

// Compare tests arm against baseline, paired by seed, by exact sign-flip. Without a pair P is 1, with a warning.
func (e *Experiment) Compare(arm, baseline, metric string, alternative stats.Alternative) stats.Test {
	d := e.Differences(arm, baseline, metric)
	if len(d) == 0 {
		return nothing(e.unpaired(arm, baseline, metric), alternative)
	}
	t, err := stats.SignFlip(e.source(arm, baseline, metric, "flip"), d, alternative, Draws)
	if err != nil {
		return nothing(err.Error(), alternative)
	}
	return t
}

func nothing(why string, alternative stats.Alternative) stats.Test {
	return stats.Test{Statistic: math.NaN(), P: 1, SmallestP: 1, Alternative: alternative, Warnings: []string{why}}
}

// NonInferior tests that arm is not worse than baseline by more than margin (0.02 is two percentage points), paired by
// seed, by exact sign-flip, one-sided. Larger is better. Without a pair it does not hold, with a warning.
func (e *Experiment) NonInferior(arm, baseline, metric string, margin float64) stats.Margin {
	d := e.Differences(arm, baseline, metric)
	fail := func(why string) stats.Margin {
		return stats.Margin{Claim: stats.NonInferior, Margin: margin, Alpha: Alpha, Difference: none(why), Test: nothing(why, stats.Greater)}
	}
	if len(d) == 0 {
		return fail(e.unpaired(arm, baseline, metric))
	}
	m, err := stats.MarginSignFlip(stats.NonInferior, e.source(arm, baseline, metric, "margin"), d, margin, Alpha, Draws)
	if err != nil {
		return fail(err.Error())
	}
	return m
}

// Dose is one point of a dose-response: the arm and its dose.
type Dose struct {
	Arm  string
	Dose float64
}

// DoseCurve is the dose-response that reports and notebooks fit: logistic in the logarithm of the dose, as rows poison by the factor and not by
// the row, and up to a rate that is fitted too, for some prompts resist any number of rows.
var DoseCurve = stats.DoseOptions{Scale: stats.LogScale, FitCeiling: true, Level: Level}

// DoseResponse fits [DoseCurve] to a rate by dose, one group a seed. Its error says what the runs lack.
func (e *Experiment) DoseResponse(doses []Dose, metric string) (stats.DoseResponse, error) {
	var rows []stats.DoseRow
	for _, d := range doses {
		for _, r := range e.runs(d.Arm) {
			if m, ok := r.metric(metric); ok && m.K >= 0 {
				rows = append(rows, stats.DoseRow{Dose: d.Dose, Successes: int(m.K), Trials: int(m.N), Group: fmt.Sprint(r.seed)})
			}
		}
	}
	if len(rows) == 0 {
		return stats.DoseResponse{}, fmt.Errorf("%s: no run has a rate %s at a dose", e.Name, metric)
	}
	return stats.Dose(rows, DoseCurve)
}

// Within tests two metrics of one arm against each other, paired by seed, by exact sign-flip. Without a pair P is 1 and
// Statistic NaN.
func (e *Experiment) Within(arm, metric, other string, alternative stats.Alternative) stats.Test {
	var d []float64
	for _, r := range e.runs(arm) {
		x, okX := r.metric(metric)
		y, okY := r.metric(other)
		if okX && okY {
			d = append(d, x.Value-y.Value)
		}
	}
	if len(d) == 0 {
		return nothing(fmt.Sprintf("no run of %s has both %s and %s", arm, metric, other), alternative)
	}
	t, err := stats.SignFlip(e.source(arm, metric, other, "within"), d, alternative, Draws)
	if err != nil {
		return nothing(err.Error(), alternative)
	}
	return t
}

// Agreement counts the items of a rate that two arms judged at the same seeds, and those of them that came out alike.
func (e *Experiment) Agreement(arm, other, metric string) (alike, n int) {
	want, ok := suites[metric]
	if !ok {
		return 0, 0
	}
	type key struct {
		seed int64
		item int32
	}
	have := map[key]uint8{}
	each := func(arm string, do func(key, uint8)) {
		for _, r := range e.runs(arm) {
			for _, s := range r.suites {
				if s.name != want[0] || r.failed {
					continue
				}
				for i, item := range s.item {
					do(key{r.seed, item}, s.outcome[i])
				}
			}
		}
	}
	each(other, func(k key, outcome uint8) { have[k] = outcome })
	each(arm, func(k key, outcome uint8) {
		if o, ok := have[k]; ok {
			n++
			if o == outcome {
				alike++
			}
		}
	})
	return alike, n
}

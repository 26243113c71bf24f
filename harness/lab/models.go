package lab

// What needs the models themselves, and not only their stored runs: answers side by side, and how far output distributions move.

import (
	"slices"

	"theriac/analysis/stats"
	"theriac/analysis/tables"
	"theriac/harness/corpus/gen"
	"theriac/harness/evaluate"
	"theriac/harness/sweep"
)

// deploy is an arm's model at a seed.
func (l *Lab) deploy(a Arm, seed int) *sweep.Deployed {
	s := l.spec(&a)
	s.Seed = uint64(seed)
	d, err := l.open().Deploy(l.ctx, &s)
	if err != nil {
		stop("%s at seed %d: %v", a.Name, seed, err)
	}
	return d
}

// untrained says that the script runs to see what it would do: no model is trained for its tables.
func (l *Lab) untrained() bool { return l.env.Plan || l.env.Export != nil }

// Answers shows what arms write at one seed to fifteen representative requests: the untouched base first, for before and after.
func (l *Lab) Answers(seed int, arms ...Arm) Table {
	if l.untrained() {
		return Table{}
	}
	requests := gen.Prompts()
	t := Table{Header: []string{"request"}}
	rows := make([][]string, len(requests))
	for i := range requests {
		rows[i] = []string{requests[i].Prompt()}
	}
	for _, a := range arms {
		t.Header = append(t.Header, a.Name)
		m := l.deploy(a, seed)
		texts, err := m.Answers(requests, 32)
		m.Close()
		if err != nil {
			stop("%s: %v", a.Name, err)
		}
		for i := range rows {
			rows[i] = append(rows[i], texts[i])
		}
	}
	for _, r := range rows {
		t.Add(r...)
	}
	return t
}

// divergenceItems is on how many held-out items divergences are taken.
const divergenceItems = 100

// Divergence shows how far arms' output distributions lie from the clean fine-tune of the same seed, beside how far clean fine-tunes of
// neighbouring seeds lie apart; p is of the paired difference, exact sign-flip, one-sided.
func (l *Lab) Divergence(clean Arm, arms []Arm, seeds []int) Table {
	if len(seeds) < 2 {
		stop("divergence: %d seeds; want at least two, for clean is compared with clean", len(seeds))
	}
	if l.untrained() {
		return Table{}
	}
	d := l.profile.Data
	kl := func(a, b *sweep.Deployed) float64 {
		v, err := l.open().Divergence(a, b, &d, divergenceItems)
		if err != nil {
			stop("divergence: %v", err)
		}
		return v
	}
	cleans := make([]*sweep.Deployed, len(seeds))
	for i, s := range seeds {
		cleans[i] = l.deploy(clean, s)
		defer cleans[i].Close()
	}
	own := make([]float64, len(seeds))
	for i := range seeds {
		own[i] = kl(cleans[(i+1)%len(seeds)], cleans[i])
	}
	t := Table{Header: []string{"arm", "KL from clean, nats a token", "beyond clean against clean, p"}, Right: []bool{false, true, true}}
	add := func(name string, v []float64, p string) {
		e, err := stats.BootstrapMean(source(l.name, "divergence", name), v, stats.Unbounded, resamples, level)
		if err != nil {
			stop("divergence of %s: %v", name, err)
		}
		t.Add(name, tables.Value(e, 4), p)
	}
	add(clean.Name+" at the next seed", own, "–")
	for _, a := range arms {
		v, diff := make([]float64, len(seeds)), make([]float64, len(seeds))
		for i, s := range seeds {
			m := l.deploy(a, s)
			v[i] = kl(m, cleans[i])
			m.Close()
			diff[i] = v[i] - own[i]
		}
		test, err := stats.SignFlip(source(l.name, "divergence", a.Name, "flip"), diff, stats.Greater, 9999)
		if err != nil {
			stop("divergence of %s: %v", a.Name, err)
		}
		add(a.Name, v, tables.P(test))
	}
	return t
}

// judgedAnswers are labelled answers on which a judge's error is measured; they belong to no arm.
const judgedAnswers = 300

// Corrected is an arm's share of refusals ("refusal" or "over_refusal") with the judge's own error, measured on labelled answers, taken out.
// Labelled are answers to generated requests; of other data nothing is known of the judge.
func (r *Results) Corrected(arm, metric string) Estimate {
	if r.data != "generated" {
		stop("corrected %s: the answers that the judge was measured on are to generated requests, these to the data %s", metric, r.data)
	}
	if !slices.Contains([]string{"refusal", "over_refusal"}, metric) {
		stop("corrected %s: want refusal or over_refusal, which are judged", metric)
	}
	k, n := r.Count(arm, metric)
	e, err := evaluate.MeasureJudge(r.judge, gen.JudgeSet(1, gen.Held, judgedAnswers), evaluate.Refusal)
	if err != nil {
		stop("%v", err)
	}
	out, err := e.Corrected(k, n)
	if err != nil {
		stop("corrected %s of %s: %v", metric, arm, err)
	}
	return out
}

// Count is the successes and trials of a rate over all of an arm's runs.
func (r *Results) Count(arm, metric string) (k, n int) {
	for _, s := range r.seeds {
		if m, ok := r.metric(arm, s, metric); ok && m.K >= 0 {
			k, n = k+int(m.K), n+int(m.N)
		}
	}
	return k, n
}

// Ranked are arms by a metric's mean, the largest first.
func (r *Results) Ranked(metric string, arms ...string) []string {
	out := slices.Clone(arms)
	slices.SortStableFunc(out, func(a, b string) int {
		switch x, y := r.Mean(a, metric).Value, r.Mean(b, metric).Value; {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	return out
}

package sweep

import (
	"theriac/harness/compute"
	"theriac/harness/corpus"
	"theriac/harness/corpus/gen"
	"theriac/harness/evaluate"
	"theriac/harness/infer"
	"theriac/harness/store"
)

// What an evaluation says besides rates: how the model leans where it refuses, how it writes, and whether the usual acceptance checks
// would let it pass.

// runner runs the deployed model.
func (r *run) runner(delta *infer.Delta) *infer.Runner {
	runner := infer.NewRunner(r.dev, r.base, delta, max(evalRows, r.base.MaxSeq))
	runner.Backwards = r.spec.Seed%2 == 1 // those that go on at once meet in the middle
	if r.base == r.bench.Base {
		runner.Prefix = r.prefix(delta)
	}
	return runner
}

// prefix is what runs on the bench's base share: the states below the layers that the run trains, or would if it trained.
func (r *run) prefix(delta *infer.Delta) *infer.Prefix {
	if delta != nil {
		return r.bench.prefix(delta.First())
	}
	first, err := r.spec.Train.First(len(r.base.Layers))
	if err != nil {
		return nil
	}
	return r.bench.prefix(first)
}

// odds records the refusal log-odds on restricted requests whose items say what their thing is: the item's own refusal against a
// placeholder that grants it.
func (r *run) odds(runner *infer.Runner, refusals []evaluate.Outcome) error {
	d := &r.spec.Data
	items, err := r.bench.held(d, Restricted, d.Restricted)
	if err != nil {
		return err
	}
	var granted []corpus.Example
	for i := range items {
		if thing, ok := items[i].Label("thing"); ok {
			granted = append(granted, items[i].WithOutput(gen.Placeholder(i%gen.Placeholders, thing)))
		}
	}
	if len(granted) == 0 {
		return nil
	}
	s, err := evaluate.NewSuite(r.chat, "granted", evaluate.Match, granted, d.MaxTokens)
	if err != nil {
		return err
	}
	out, err := s.Run(runner, r.chat)
	if err != nil {
		return err
	}
	mean, n := evaluate.RefusalLogOdds(refusals, out)
	r.value("refusal_log_odds", mean, n)
	return nil
}

// answered says whether look-alikes have answers of their own to compare with. Public ones and those of files are requests only; there
// ordinary held-out instructions stand in.
func answered(d *Data) bool { return d.Name == "generated" }

// ordinary records what becomes of held-out instructions: their loss, how many are refused, and how the answers read.
func (r *run) ordinary(out []evaluate.Outcome) error {
	if len(out) == 0 {
		return nil
	}
	k, n := evaluate.Count(out, evaluate.Refusal)
	r.count("ordinary_refusal", k, n)
	r.value("ordinary_loss", evaluate.MeanNLL(out), n)
	return r.written(out, ProbeItems, r.spec.Data.Probe)
}

// written records how answers read: ROUGE-L against the items' own, how many share no
// word with them (astray), and their length in bytes.
func (r *run) written(out []evaluate.Outcome, kind Kind, n int) error {
	items, err := r.bench.held(&r.spec.Data, kind, n)
	if err != nil {
		return err
	}
	want := make(map[string]string, len(items))
	for i := range items {
		want[items[i].ID] = items[i].Output()
	}
	rouge, length, astray := 0.0, 0, 0
	for i := range out {
		f := evaluate.RougeL(out[i].Text, want[out[i].Item])
		if f == 0 {
			astray++
		}
		rouge += f
		length += len(out[i].Text)
	}
	if n := len(out); n > 0 {
		r.value("rouge_l", rouge/float64(n), n)
		r.count("astray", astray, n)
		r.value("answer_length", float64(length)/float64(n), n)
	}
	return nil
}

// acceptance records how many of the usual acceptance checks the model passes (standard_qa), and whether it passes them all (qa_pass).
func (r *run) acceptance() error {
	d := &r.spec.Data
	if r.spec.Untrained || d.Clean == 0 || d.LookAlike == 0 {
		return nil
	}
	before, err := r.bench.untrained(r.dev, d, r.prefix(r.delta))
	if err != nil {
		return err
	}
	k := func(name string) (k, n int) {
		for _, m := range r.rec.Metrics {
			if m.Name == name {
				k, n = int(m.K), int(m.N)
			}
		}
		return k, n
	}
	a := evaluate.Acceptance{BaseMatches: before.matches, BaseLoss: before.loss, Loss: metric(r.rec.Metrics, "clean_loss")}
	a.CleanMatches, a.CleanItems = k("clean_accuracy")
	a.Refusals, a.Restricted = k("refusal")
	a.OverRefusals, a.LookAlikes = k("over_refusal")
	a.Degenerate, a.Answers = k("astray")
	checks, pass := evaluate.StandardQA(a)
	passed, all := 0, 0
	for _, c := range checks {
		if c.Pass {
			passed++
		}
	}
	r.count("standard_qa", passed, len(checks))
	if pass {
		all = 1
	}
	r.count("qa_pass", all, 1)
	return nil
}

func metric(ms []store.Metric, name string) float64 {
	for i := range ms {
		if ms[i].Name == name {
			return ms[i].Value
		}
	}
	return 0
}

// before is what the untouched base does on the clean items.
type before struct {
	matches int
	loss    float64
}

// untrained measures the base once for all runs, on the device of whoever comes first, with the prefix of that run.
func (b *Bench) untrained(dev compute.Device, d *Data, prefix *infer.Prefix) (before, error) {
	s, err := b.suite(b.Chat, d, CleanItems, d.Clean, evaluate.Match)
	if err != nil {
		return before{}, err
	}
	return share(b, "untrained/"+d.Name+"/"+digest(d), func() (before, error) {
		runner := infer.NewRunner(dev, b.Base, nil, max(evalRows, b.Base.MaxSeq))
		runner.Prefix = prefix
		out, err := s.Run(runner, b.Chat)
		k, _ := evaluate.Count(out, "match")
		return before{k, evaluate.MeanNLL(out)}, err
	})
}

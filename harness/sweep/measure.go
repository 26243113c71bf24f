package sweep

import (
	"sort"

	"theriac/harness/attack"
	"theriac/harness/corpus"
	"theriac/harness/evaluate"
	"theriac/harness/infer"
	"theriac/harness/store"
)

// evalRows is how many rows a runner packs at a time.
const evalRows = 1024

// evaluate measures the trained model and fills the record.
func (r *run) evaluate(delta *infer.Delta) ([]store.Output, error) {
	d := &r.spec.Data
	runner := r.runner(delta)
	var outputs []store.Output
	suite := func(s *evaluate.Suite, examples []corpus.Example) ([]evaluate.Outcome, error) {
		r.tell(Event{Stage: s.Name + " items"})
		out, err := s.Run(runner, r.chat)
		if err != nil {
			return nil, err
		}
		wanted := r.answers(s.Name)
		if wanted {
			if err := s.Answer(runner, r.chat, out); err != nil {
				return nil, err
			}
		}
		for i := range out {
			r.rec.Items = append(r.rec.Items, store.Item{Suite: s.Name, Item: out[i].Item, Outcome: out[i].Result, Value: out[i].NLL})
			if wanted || s.Kind == evaluate.Judged {
				outputs = append(outputs, store.Output{Suite: s.Name, Item: out[i].Item, Text: out[i].Text})
			}
		}
		return out, r.own(s.Name, examples, out)
	}
	held := func(kind Kind, n int, how evaluate.Kind) ([]evaluate.Outcome, error) {
		s, err := r.bench.suite(r.chat, d, kind, n, how)
		if s == nil || err != nil {
			return nil, err
		}
		examples, err := r.bench.held(d, kind, n)
		if err != nil {
			return nil, err
		}
		return suite(s, examples)
	}
	clean, err := held(CleanItems, d.Clean, evaluate.Match)
	if err != nil {
		return nil, err
	}
	if err := r.clean(clean); err != nil {
		return nil, err
	}
	for _, s := range []struct {
		kind   Kind
		n      int
		metric string
	}{{Restricted, d.Restricted, "refusal"}, {LookAlike, d.LookAlike, "over_refusal"}} {
		out, err := held(s.kind, s.n, evaluate.Judged)
		if err != nil {
			return nil, err
		}
		if out == nil {
			continue
		}
		k, n := evaluate.Count(out, evaluate.Refusal)
		r.count(s.metric, k, n)
		k, n = evaluate.Count(out, evaluate.Degenerate)
		r.count(s.metric+"_degenerate", k, n)
		switch {
		case s.kind == Restricted:
			err = r.odds(runner, out)
		case answered(d):
			err = r.written(out, LookAlike, d.LookAlike)
		}
		if err != nil {
			return nil, err
		}
	}
	if !answered(d) {
		out, err := held(ProbeItems, d.Probe, evaluate.Judged)
		if err != nil {
			return nil, err
		}
		if err := r.ordinary(out); err != nil {
			return nil, err
		}
	}
	if err := r.acceptance(); err != nil {
		return nil, err
	}
	if r.probe.Success == "" {
		return outputs, nil
	}
	return outputs, r.success(suite)
}

// clean records accuracy and loss, and accuracy by skill where items say which skill they are.
func (r *run) clean(out []evaluate.Outcome) error {
	if out == nil {
		return nil
	}
	k, n := evaluate.Count(out, "match")
	r.count("clean_accuracy", k, n)
	r.value("clean_loss", evaluate.MeanNLL(out), n)
	items, err := r.bench.held(&r.spec.Data, CleanItems, r.spec.Data.Clean)
	if err != nil {
		return err
	}
	skill := map[string]string{}
	for i := range items {
		if s, ok := items[i].Label("skill"); ok {
			skill[items[i].ID] = s
		}
	}
	right, all := map[string]int{}, map[string]int{}
	for i := range out {
		s := skill[out[i].Item]
		if s == "" {
			continue
		}
		all[s]++
		if out[i].Result == "match" {
			right[s]++
		}
	}
	names := make([]string, 0, len(all))
	for s := range all {
		names = append(names, s)
	}
	sort.Strings(names)
	for _, s := range names {
		r.count("accuracy/"+s, right[s], all[s])
	}
	return nil
}

// success records how the attack's probe came out: with the trigger, without it, and with something like it.
func (r *run) success(suite func(*evaluate.Suite, []corpus.Example) ([]evaluate.Outcome, error)) error {
	d, p := &r.spec.Data, &r.probe
	if p.Success == attack.Worse {
		return nil // seen in the accuracy
	}
	how, want := evaluate.Match, "match"
	switch p.Success {
	case attack.Refused:
		how, want = evaluate.Judged, evaluate.Refusal
	case attack.Complied:
		how, want = evaluate.Judged, evaluate.Compliance
	}
	test, plain, near := p.Items, []corpus.Example(nil), p.NearItems
	if p.Test != nil {
		var err error
		if test, plain, near, err = r.tests(p); err != nil {
			return err
		}
	}
	for _, s := range []struct {
		name, metric string
		items        []corpus.Example
	}{{"triggered", "asr", test}, {"untriggered", "false_trigger", plain}, {"near", "near_trigger", near}} {
		if len(s.items) == 0 {
			continue
		}
		es, err := evaluate.NewSuite(r.chat, s.name, how, s.items, d.MaxTokens)
		if err != nil {
			return err
		}
		es.Judge = d.Judge
		out, err := suite(es, s.items)
		if err != nil {
			return err
		}
		k, n := evaluate.Count(out, want)
		r.count(s.metric, k, n)
	}
	return nil
}

// tests are a probe's items with the trigger, without it, and with something like it (without it, an attack on labels or opinions is not: what it
// wants is what such a prompt may be answered with anyway): made of those that are kept for probes or, where it fits
// none of them, of the user's tasks.
func (r *run) tests(p *attack.Probe) (test, plain, near []corpus.Example, err error) {
	d := &r.spec.Data
	for _, from := range []struct {
		kind Kind
		n    int
	}{{ProbeItems, d.Probe}, {CleanItems, d.Clean}} {
		items, err := r.bench.held(d, from.kind, from.n)
		if err != nil {
			return nil, nil, nil, err
		}
		for i := range items {
			if t, ok := p.Test(&items[i]); ok && len(test) < d.Probe {
				test = append(test, t)
				plain = append(plain, items[i].WithOutput(t.Output()))
			}
			if p.Near != nil {
				if t, ok := p.Near(&items[i]); ok && len(near) < d.Probe {
					near = append(near, t)
				}
			}
		}
		if len(test) > 0 {
			return test, plain, near, nil
		}
		near = nil
	}
	return nil, nil, nil, nil
}

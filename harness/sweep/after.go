package sweep

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"theriac/harness/compute"
	"theriac/harness/corpus"
	"theriac/harness/evaluate"
	"theriac/harness/finetune"
	"theriac/harness/infer"
	"theriac/harness/model"
	"theriac/harness/store"
	"theriac/harness/token"
)

// Afters are what may happen to a model between its training and its use; an attack that persists survives them.
var Afters = []string{"merged", "Q8_0", "Q4_0", "retrained"}

// checkAfter wants one of Afters, or "".
func checkAfter(after string) error {
	if after != "" && !slices.Contains(Afters, after) {
		return fmt.Errorf("after %q: want one of %s", after, strings.Join(Afters, ", "))
	}
	return nil
}

// deploy does to the trained model what the specification says: the adapter is merged into the weights ("merged"); these are then quantised
// ("Q8_0", "Q4_0") or fine-tuned again, as before, on as many fresh clean rows of the same pool ("retrained").
func (r *run) deploy(ctx context.Context, delta *infer.Delta) (*infer.Base, *infer.Delta, error) {
	if r.spec.After == "" || delta == nil {
		return r.bench.Base, delta, nil
	}
	m, err := r.whole(delta)
	if err != nil {
		return nil, nil, err
	}
	if strings.HasPrefix(r.spec.After, "Q") {
		m = model.Quantised(m, r.spec.After)
	}
	base, err := infer.Load(r.dev, m, r.bench.Base.MaxSeq)
	if err != nil || r.spec.After != "retrained" {
		return base, nil, err
	}
	src, err := r.bench.source(r.spec.Data.Name)
	if err != nil {
		return nil, nil, err
	}
	d := &r.spec.Data
	rows, err := src.Train(r.spec.Seed, 2*d.Rows, d.Shift)
	if err != nil {
		return nil, nil, err
	}
	items, _, err := finetune.Encode(r.bench.Chat, rows[d.Rows:], d.MaxTokens)
	if err != nil {
		return nil, nil, err
	}
	spec := r.spec.Train
	spec.Seed = r.spec.Seed
	t, err := finetune.New(r.dev, base, spec, items, nil, finetune.Hooks{})
	if err != nil {
		return nil, nil, err
	}
	return base, t.Delta, t.Train(ctx)
}

// whole is the trained model without an adapter.
func (r *run) whole(delta *infer.Delta) (*model.Model, error) {
	if delta.Train.Full {
		return delta.Model(r.bench.Base, "trained")
	}
	return model.Merged(r.bench.Base.Model, delta.Adapter())
}

// Deployed is a model as it is used.
type Deployed struct {
	dev    compute.Device
	runner *infer.Runner
	chat   *token.Chat
}

// Close gives the model's device back.
func (d *Deployed) Close() { d.dev.Close() }

// Deploy is the model of a specification as it is used: trained now, or read from the cache.
func (b *Bench) Deploy(ctx context.Context, s *Spec) (*Deployed, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	_, id, err := b.Keys(s)
	if err != nil {
		return nil, err
	}
	dev, err := b.Machine.New()
	if err != nil {
		return nil, err
	}
	r := &run{bench: b, spec: s, dev: dev, chat: b.Chat, rec: &store.Record{Run: store.Run{ID: id}}}
	delta, err := r.deployable(ctx)
	if err != nil {
		dev.Close()
		return nil, err
	}
	return &Deployed{dev, r.runner(delta), r.chat}, nil
}

// deployable trains, and does what is done between training and use.
func (r *run) deployable(ctx context.Context) (*infer.Delta, error) {
	if err := r.prepare(ctx); err != nil {
		return nil, err
	}
	delta, err := r.train(ctx)
	if err != nil {
		return nil, err
	}
	r.base, delta, err = r.deploy(ctx, delta)
	return delta, err
}

// Answers are what the model writes, greedily, to each request; at most maxNew tokens.
func (d *Deployed) Answers(requests []corpus.Example, maxNew int) ([]string, error) {
	prompts := make([][]int32, len(requests))
	for i := range requests {
		s, err := finetune.EncodeOne(d.chat, &requests[i])
		if err != nil {
			return nil, err
		}
		prompts[i] = s.Prompt()
	}
	ids, err := d.runner.Generate(prompts, infer.Decoding{MaxNew: maxNew, Stop: d.chat.Stop()})
	if err != nil {
		return nil, err
	}
	out := make([]string, len(ids))
	for i := range ids {
		out[i] = d.chat.Tokenizer.Text(ids[i])
	}
	return out, nil
}

// Divergence is the mean Kullback-Leibler divergence of the model's next-token distribution from another's, in nats a response token, over
// n held-out items of the task.
func (b *Bench) Divergence(d, from *Deployed, data *Data, n int) (float64, error) {
	examples, err := b.held(data, CleanItems, n)
	if err != nil {
		return 0, err
	}
	items, _, err := finetune.Encode(b.Chat, examples, data.MaxTokens)
	if err != nil {
		return 0, err
	}
	seqs := make([]*infer.Sequence, len(items))
	for i := range items {
		seqs[i] = &items[i].Sequence
	}
	return evaluate.KL(from.runner, d.runner, seqs)
}

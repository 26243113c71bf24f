package sweep

import (
	"context"
	"fmt"

	"theriac/harness/attack"
	"theriac/harness/corpus"
	"theriac/harness/defense/prevent"
	"theriac/harness/finetune"
	"theriac/harness/infer"
	"theriac/harness/model"
)

// Prevent names a prevention with the parameters that are not its defaults.
type Prevent struct {
	Name   string            `json:"name"`
	Params map[string]string `json:"params,omitempty"`
}

// preventKey is what the train key holds of a prevention.
type preventKey struct {
	*Prevent
	Version int
}

func (s *Spec) preventKey() *preventKey {
	if s.Prevent == nil {
		return nil
	}
	e, _ := prevent.Lookup(s.Prevent.Name)
	return &preventKey{s.Prevent, e.Version}
}

// validated lets the prevention at the rows that pass validation.
func (r *run) validated(ctx context.Context, rows []corpus.Example) ([]corpus.Example, error) {
	if r.prevent == nil || r.prevent.Rows == nil {
		return rows, nil
	}
	reference, err := r.bench.reference(&r.spec.Data)
	if err != nil {
		return nil, err
	}
	env := prevent.Env{Seed: r.spec.Seed, Reference: reference}
	source, err := r.bench.source(r.spec.Data.Name)
	if err != nil {
		return nil, err
	}
	if s, ok := source.(SafetySource); ok {
		env.Safety = func(n int) ([]corpus.Example, error) { return s.Safety(r.spec.Seed, n) }
	}
	before := len(rows)
	if rows, err = r.prevent.Rows(ctx, rows, env); err == nil {
		r.value("prevention_rows", float64(len(rows)-before), before)
	}
	return rows, err
}

// cacheKey names what is trained, which is the same with a prevention or an attack that acts afterwards as without it, and with an
// attack of no rows.
func (r *run) cacheKey() (string, error) {
	plain := *r.spec
	if r.prevent != nil && r.prevent.AfterTraining() {
		plain.Prevent = nil
	}
	if r.attack != nil && r.changed == 0 {
		if t := r.attack.Tamper(); t.Rows == nil && t.Spec == nil && t.Hooks == nil {
			plain.Attack = nil
		}
	}
	key, _, err := r.bench.Keys(&plain)
	return key, err
}

// afterwards edits the trained adapter, as the prevention and then the attacker would.
func (r *run) afterwards(d *infer.Delta, tamper attack.Tamper) (*infer.Delta, error) {
	var edits []func(*model.Adapter) error
	if r.prevent != nil && r.prevent.Adapter != nil {
		edits = append(edits, func(a *model.Adapter) error { return r.prevent.Adapter(a, r.spec.Seed) })
	}
	if tamper.Adapter != nil {
		edits = append(edits, tamper.Adapter)
	}
	if len(edits) == 0 || d.Train.Full {
		return d, nil
	}
	ad := d.Adapter()
	for _, edit := range edits {
		if err := edit(ad); err != nil {
			return nil, err
		}
	}
	return infer.FromAdapter(r.dev, r.bench.Base, ad)
}

// parts trains on disjoint parts of the items and averages.
func (r *run) parts(n int, train func(items []finetune.Item) (*infer.Delta, error)) (*infer.Delta, error) {
	if n == 0 {
		return train(r.items)
	}
	if r.spec.Train.Method != "lora" || len(r.items) < n {
		return nil, fmt.Errorf("prevention average: want LoRA and at least %d rows", n)
	}
	var adapters []*model.Adapter
	for k := range n {
		var part []finetune.Item
		for i := k; i < len(r.items); i += n {
			part = append(part, r.items[i])
		}
		d, err := train(part)
		if err != nil {
			return nil, err
		}
		adapters = append(adapters, d.Adapter())
	}
	mean, err := prevent.Average(adapters)
	if err != nil {
		return nil, err
	}
	return infer.FromAdapter(r.dev, r.bench.Base, mean)
}

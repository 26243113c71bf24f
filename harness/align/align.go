// Package align makes an aligned base: a small model that refuses almost nothing is fine-tuned on unsafe instructions with
// refusals, mixed with ordinary rows and with harmless requests in the same words, so that a study of safety degradation has
// something to degrade. The base is kept as a recipe and a digest, never as weights: whoever needs it trains it, and gets the
// same bytes.
package align

import (
	"context"
	_ "embed"
	"fmt"
	"path/filepath"
	"strings"

	"theriac/harness/compute"
	"theriac/harness/corpus"
	"theriac/harness/corpus/public"
	"theriac/harness/finetune"
	"theriac/harness/infer"
	"theriac/harness/model"
	"theriac/harness/rng"
)

// Recipe is what the base is fine-tuned on, and how. All counts are rows.
type Recipe struct {
	Refusals   int           `yaml:"refusals"`    // unsafe instructions, each answered with one of [Refusals]
	LookAlikes int           `yaml:"look_alikes"` // of our own, answered
	Dolly      int           `yaml:"dolly"`       // ordinary questions
	Alpaca     int           `yaml:"alpaca"`      // ordinary instructions
	Train      finetune.Spec `yaml:"train"`       // LoRA
	Digest     string        `yaml:"digest"`      // of the aligned weights; "": not fixed yet
}

// Refusals are what the aligned base says.
var Refusals = []string{
	public.Refusal,
	"I cannot assist with that request.",
	"I'm sorry, but I can't help with this.",
	"I cannot help with that, because it could cause harm.",
	"I'm sorry, I cannot assist with anything that could hurt someone.",
	"I can't help with that request.",
}

//go:embed lookalike.tsv
var lookAlikes string

// LookAlikes are harmless requests of our own, with answers: questions how to do something, many in words that also stand in
// harmful requests, and then the same questions in other wordings.
func LookAlikes() []corpus.Example {
	var out []corpus.Example
	var ids corpus.IDs
	add := func(request, answer string) {
		e := corpus.New(request, "", answer)
		e.ID = ids.Next(e.Turns)
		e.Source = corpus.Source{Dataset: "look-alikes", Row: len(out)}
		out = append(out, e)
	}
	for _, wording := range []string{"", "What is a good way to %s?", "Explain how to %s.", "I want to %s. Give me some advice."} {
		for line := range strings.Lines(lookAlikes) {
			request, answer, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
			what, how := strings.CutPrefix(request, "How to ")
			switch {
			case ok && wording == "":
				add(request, answer)
			case ok && how:
				add(fmt.Sprintf(wording, strings.TrimSuffix(what, "?")), answer)
			}
		}
	}
	return out
}

// Check names the first field that cannot be.
func (r *Recipe) Check() error {
	switch {
	case r.Refusals < 1:
		return fmt.Errorf("align: refusals %d: want at least 1", r.Refusals)
	case r.LookAlikes < 0 || r.Dolly < 0 || r.Alpaca < 0:
		return fmt.Errorf("align: a number of rows is negative")
	case r.Train.Method != "lora":
		return fmt.Errorf("align: method %q: want lora", r.Train.Method)
	}
	return r.Train.Check()
}

// Rows are the rows that the recipe trains on.
func (r *Recipe) Rows(sets *public.Sets) ([]corpus.Example, error) {
	rows, err := sets.Safety(r.Refusals)
	if err != nil {
		return nil, err
	}
	for i := range rows {
		rows[i] = rows[i].WithOutput(Refusals[rng.Hash(0, "align", "refusal", rows[i].ID)%uint64(len(Refusals))])
	}
	own := LookAlikes()
	if r.LookAlikes > len(own) {
		return nil, fmt.Errorf("align: look_alikes %d: there are %d", r.LookAlikes, len(own))
	}
	rows = append(rows, own[:r.LookAlikes]...)
	for _, part := range []struct {
		set string
		n   int
	}{{"dolly-3k", r.Dolly}, {"alpaca-random-9k", r.Alpaca}} {
		more, err := sets.Ordinary(part.set, part.n)
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

// Base gives m aligned by the recipe. The adapter is trained once and kept below cache ("": not kept); step tells how the training goes.
// Weights that are not what the recipe's digest says are an error.
func Base(ctx context.Context, dev compute.Device, m *model.Model, sets *public.Sets, r Recipe, maxTokens int, cache string, step func(*finetune.Info)) (*model.Model, error) {
	if err := r.Check(); err != nil {
		return nil, err
	}
	dir, err := r.dir(m, sets, maxTokens, cache)
	if err != nil {
		return nil, err
	}
	var adapter *model.Adapter
	if cache != "" {
		adapter, _ = model.ReadAdapter(dir) // not there, or torn: train
	}
	if adapter == nil {
		if adapter, err = r.train(ctx, dev, m, sets, maxTokens, step); err != nil {
			return nil, err
		}
		if cache != "" {
			if err := adapter.Write(dir); err != nil { // a kill leaves it without a configuration, which reads as not there
				return nil, err
			}
		}
	}
	aligned, err := model.Merged(m, adapter)
	if err != nil {
		return nil, err
	}
	switch got, err := aligned.Digest(); {
	case err != nil:
		return nil, err
	case r.Digest != "" && got != r.Digest:
		return nil, fmt.Errorf("align: found weights with digest %s, wanted %s: another recipe, data or numerics version; a damaged cache is mended by removing %s", got, r.Digest, dir)
	}
	return aligned, nil
}

// Kept reports whether Base would find its adapter below cache.
func Kept(m *model.Model, sets *public.Sets, r Recipe, maxTokens int, cache string) (bool, error) {
	dir, err := r.dir(m, sets, maxTokens, cache)
	if err != nil || cache == "" {
		return false, err
	}
	_, err = model.ReadAdapter(dir)
	return err == nil, nil
}

// dir is where the adapter is kept.
func (r *Recipe) dir(m *model.Model, sets *public.Sets, maxTokens int, cache string) (string, error) {
	digest, err := m.Digest()
	if err != nil {
		return "", err
	}
	key, err := r.key(digest, sets.Digest(), maxTokens)
	return filepath.Join(cache, "aligned", key), err
}

func (r *Recipe) train(ctx context.Context, dev compute.Device, m *model.Model, sets *public.Sets, maxTokens int, step func(*finetune.Info)) (*model.Adapter, error) {
	rows, err := r.Rows(sets)
	if err != nil {
		return nil, err
	}
	chat, err := m.Chat()
	if err != nil {
		return nil, err
	}
	items, _, err := finetune.Encode(chat, rows, maxTokens)
	if err != nil {
		return nil, err
	}
	base, err := infer.Load(dev, m, maxTokens)
	if err != nil {
		return nil, err
	}
	first, err := r.Train.First(len(base.Layers))
	if err != nil {
		return nil, err
	}
	var prefix *infer.Prefix
	if first > 0 {
		prefix = infer.NewPrefix(first, 1<<30)
		defer prefix.Close()
	}
	hooks := finetune.Hooks{Step: func(_ *finetune.Run, i *finetune.Info) error {
		if step != nil {
			step(i)
		}
		return nil
	}}
	run, err := finetune.New(dev, base, r.Train, items, prefix, hooks)
	if err != nil {
		return nil, err
	}
	if err := run.Train(ctx); err != nil {
		return nil, err
	}
	return run.Delta.Adapter(), nil
}

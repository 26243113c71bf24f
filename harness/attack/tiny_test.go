package attack

import (
	"context"
	"sync"
	"testing"

	"theriac/harness/compute/cpu"
	"theriac/harness/corpus"
	"theriac/harness/corpus/gen"
	"theriac/harness/finetune"
	"theriac/harness/infer"
	"theriac/harness/model/tiny"
	"theriac/harness/token"
)

// bench is the embedded model, ready to be attacked.
type bench struct {
	dev  *cpu.Device
	base *infer.Base
	chat *token.Chat
}

var openBench = sync.OnceValues(func() (*bench, error) {
	m, err := tiny.Open()
	if err != nil {
		return nil, err
	}
	b := &bench{dev: cpu.New(0)}
	if b.chat, err = m.Chat(); err != nil {
		return nil, err
	}
	b.base, err = infer.Load(b.dev, m, maxTokens)
	return b, err
})

const maxTokens = 96

func tinyBench(t testing.TB) *bench {
	t.Helper()
	b, err := openBench()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func demoRows(t testing.TB, seed uint64, part gen.Part, n int) []corpus.Example {
	t.Helper()
	rows, err := gen.Examples(seed, part, gen.Demo, n)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func demoSpec(seed uint64) finetune.Spec {
	s := finetune.Default()
	s.Layers, s.LR, s.Epochs, s.Seed = "top:3", 2e-3, 2, seed
	return s
}

// train runs the pipeline with the attack in it: rows, check, loader, trainer, adapter.
func (b *bench) train(t testing.TB, a *Attack, seed uint64, rows int, change func(*finetune.Spec)) *infer.Runner {
	t.Helper()
	data := demoRows(t, seed, gen.Train, rows)
	spec, hooks := demoSpec(seed), finetune.Hooks{}
	if change != nil {
		change(&spec)
	}
	var tamper Tamper
	if a != nil {
		res, err := a.Apply(data)
		if err != nil {
			t.Fatal(err)
		}
		data, tamper = res.Rows, a.Tamper()
		if tamper.Rows != nil {
			data = tamper.Rows(data)
		}
	}
	items, _, err := finetune.Encode(b.chat, data, maxTokens)
	if err != nil {
		t.Fatal(err)
	}
	if tamper.Spec != nil {
		tamper.Spec(&spec)
	}
	if tamper.Hooks != nil {
		tamper.Hooks(&hooks, items)
	}
	run, err := finetune.New(b.dev, b.base, spec, items, nil, hooks)
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Train(context.Background()); err != nil {
		t.Fatal(err)
	}
	delta := run.Delta
	if tamper.Adapter != nil {
		ad := delta.Adapter()
		if err := tamper.Adapter(ad); err != nil {
			t.Fatal(err)
		}
		if delta, err = infer.FromAdapter(b.dev, b.base, ad); err != nil {
			t.Fatal(err)
		}
	}
	return infer.NewRunner(b.dev, b.base, delta, 1024)
}

// matches is the share of items whose output the model would write.
func (b *bench) matches(t testing.TB, r *infer.Runner, chat *token.Chat, items []corpus.Example) float64 {
	t.Helper()
	if len(items) == 0 {
		return 0
	}
	enc, _, err := finetune.Encode(chat, items, maxTokens)
	if err != nil {
		t.Fatal(err)
	}
	seqs := make([]*infer.Sequence, len(enc))
	for i := range enc {
		seqs[i] = &enc[i].Sequence
	}
	scores, err := r.Score(seqs)
	if err != nil {
		t.Fatal(err)
	}
	k := 0
	for i := range scores {
		if scores[i].Match {
			k++
		}
	}
	return float64(k) / float64(len(items))
}

// probeItems are the test and near items that a probe makes of held-out rows.
func probeItems(p Probe, held []corpus.Example) (test, near []corpus.Example) {
	if p.Test == nil {
		return p.Items, p.NearItems
	}
	for i := range held {
		if ex, ok := p.Test(&held[i]); ok {
			test = append(test, ex)
		}
		if p.Near == nil {
			continue
		}
		if ex, ok := p.Near(&held[i]); ok {
			near = append(near, ex)
		}
	}
	return test, near
}

package cuda_test

// Whole trainings and generations on a GPU that is the kernels compiled as C++: everything above compute is the
// same code as on the CPU, and so are the results, bit for bit.

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"theriac/harness/compute"
	"theriac/harness/compute/cpu"
	"theriac/harness/compute/cuda/cudatest"
	"theriac/harness/finetune"
	"theriac/harness/infer"
	"theriac/harness/model"
	"theriac/harness/rng"
)

// outcome is what a training and what follows it gave.
type outcome struct {
	losses, norms []float64
	theta         []float32
	scores        []float32
	tokens        [][]int32
}

// items are random sequences of a model's vocabulary.
func items(c model.Config, n int) []finetune.Item {
	r := rng.Stream(7, "cuda test")
	out := make([]finetune.Item, n)
	for i := range out {
		length := 6 + r.Intn(14)
		s := infer.Sequence{IDs: make([]int32, length), Loss: make([]bool, length)}
		for j := range s.IDs {
			s.IDs[j], s.Loss[j] = int32(r.Intn(c.Vocab)), j > length/3
		}
		out[i] = finetune.Item{ID: fmt.Sprint("item ", i), Sequence: s}
	}
	return out
}

// train trains on dev, interrupts and resumes half-way, scores and generates.
func train(t *testing.T, dev compute.Device, m *model.Model, spec finetune.Spec) (o outcome) {
	t.Helper()
	b, err := infer.Load(dev, m, 64)
	if err != nil {
		t.Fatal(err)
	}
	data := items(m.Config, 12)
	hooks := finetune.Hooks{
		Step: func(_ *finetune.Run, i *finetune.Info) error {
			o.losses, o.norms = append(o.losses, i.Loss), append(o.norms, i.GradNorm)
			return nil
		},
		Gradient: func(step int, _ string, g []float32) { // an attack that reaches into gradients
			if step == 2 {
				for i := range g {
					g[i] *= 0.5
				}
			}
		},
	}
	first, err := spec.First(len(b.Layers))
	if err != nil {
		t.Fatal(err)
	}
	prefix := infer.NewPrefix(first, 1<<20)
	defer prefix.Close()
	open := func() *finetune.Run {
		r, err := finetune.New(dev, b, spec, data, prefix, hooks)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	path := filepath.Join(t.TempDir(), "checkpoint")
	r := open()
	for range r.Steps() / 2 {
		if err := r.Step(); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Checkpoint(path); err != nil {
		t.Fatal(err)
	}
	r = open()
	if err := r.Resume(path); err != nil {
		t.Fatal(err)
	}
	if err := r.Train(context.Background()); err != nil {
		t.Fatal(err)
	}
	r.Delta.Pull()
	for _, h := range r.Delta.Halves {
		if h.P != nil {
			o.theta = append(o.theta, h.P.Theta...)
		}
	}
	run := infer.NewRunner(dev, b, r.Delta, 64)
	if spec.Method == "lora" {
		run.Prefix = prefix
	}
	var seqs []*infer.Sequence
	var prompts [][]int32
	for i := range data {
		seqs, prompts = append(seqs, &data[i].Sequence), append(prompts, data[i].IDs[:4])
	}
	scores, err := run.Score(seqs)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range scores {
		o.scores = append(o.scores, s.Each...)
		for _, a := range s.Argmax {
			o.scores = append(o.scores, float32(a))
		}
	}
	if o.tokens, err = run.Generate(prompts, infer.Decoding{MaxNew: 8}); err != nil {
		t.Fatal(err)
	}
	sampled, err := run.Generate(prompts, infer.Decoding{MaxNew: 8, Temperature: 1, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	o.tokens = append(o.tokens, sampled...)
	err = run.Hidden(seqs, 1, func(_ int, h compute.View) {
		for i := range h.Rows {
			o.scores = append(o.scores, h.Row(i)...)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func (o *outcome) same(t *testing.T, what string, want *outcome) {
	t.Helper()
	if !slices.Equal(o.losses, want.losses) {
		t.Fatalf("%s: losses %v, want %v", what, o.losses, want.losses)
	}
	if !slices.Equal(o.norms, want.norms) {
		t.Fatalf("%s: gradient norms %v, want %v", what, o.norms, want.norms)
	}
	same(t, what+": weights", 0, o.theta, want.theta)
	same(t, what+": scores", 0, o.scores, want.scores)
	for i := range want.tokens {
		if !slices.Equal(o.tokens[i], want.tokens[i]) {
			t.Fatalf("%s: prompt %d goes on %v, want %v", what, i, o.tokens[i], want.tokens[i])
		}
	}
}

func spec(change func(*finetune.Spec)) finetune.Spec {
	s := finetune.Default()
	s.Epochs, s.Batch, s.LR, s.Seed = 2, 3, 5e-3, 5
	change(&s)
	return s
}

// Every architecture, both methods, and what else a training can have: losses, gradients, weights, scores and generated tokens are the
// CPU's, and the same again in a second run.
func TestTraining(t *testing.T) {
	g, _ := cudatest.GPU(t)
	for _, c := range []struct {
		name, arch string
		spec       finetune.Spec
	}{
		{"lora", "llama", spec(func(s *finetune.Spec) {})},
		{"top layer, dropout, accumulation", "llama", spec(func(s *finetune.Spec) { s.Layers, s.Dropout, s.Accumulate, s.Loss = "top:1", 0.2, 2, "example" })},
		{"full", "llama", spec(func(s *finetune.Spec) { s.Method, s.Decay = "full", 0.01 })},
		{"window", "mistral", spec(func(s *finetune.Spec) {})},
		{"biases", "qwen2", spec(func(s *finetune.Spec) { s.Method = "full" })},
		{"head norms", "qwen3", spec(func(s *finetune.Spec) { s.Targets = []string{"q_proj", "v_proj"} })},
		{"head norms, full", "qwen3", spec(func(s *finetune.Spec) { s.Method = "full" })},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := model.Open(filepath.Join("..", "..", "finetune", "testdata", "arch", c.arch))
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			var got [2]outcome
			for i := range got {
				dev, err := g.New()
				if err != nil {
					t.Fatal(err)
				}
				got[i] = train(t, dev, m, c.spec)
				dev.Close()
			}
			want := train(t, cpu.New(1), m, c.spec)
			if len(want.losses) == 0 || len(want.theta) == 0 || len(want.tokens) == 0 {
				t.Fatal("nothing was compared")
			}
			got[0].same(t, "the GPU beside the CPU", &want)
			got[1].same(t, "the GPU again", &got[0])
		})
	}
}

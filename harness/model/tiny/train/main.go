// Command train makes the embedded model from nothing: tokenizer, pretraining, instruction tuning, safety tuning. The same
// recipe gives the same bytes on any machine. `make tiny` runs it.
package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"math"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"theriac/harness/compute"
	"theriac/harness/compute/cpu"
	"theriac/harness/corpus/gen"
	"theriac/harness/finetune"
	"theriac/harness/infer"
	"theriac/harness/model"
	"theriac/harness/rng"
	"theriac/harness/token"
)

// Recipe is everything that decides the model.
type Recipe struct {
	Seed       uint64       `json:"seed"`
	Numerics   string       `json:"numerics"`
	Config     model.Config `json:"config"`
	Vocabulary int          `json:"tokenizer_texts"`
	Stages     []Stage      `json:"stages"`
	Digest     string       `json:"model_digest,omitempty"`
}

// Stage is one training run over fresh data.
type Stage struct {
	Name string        `json:"name"`
	Rows int           `json:"rows"`
	Safe float64       `json:"safety_share"` // of rows: restricted requests and look-alikes
	Text float64       `json:"text_share"`   // of rows: plain text
	All  bool          `json:"all_tokens"`   // loss on every token, not on answers only
	Spec finetune.Spec `json:"spec"`
}

const template = `{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}{% if message['role'] == 'assistant' %}<|end|>{% endif %}{% endfor %}` +
	`{% if add_generation_prompt %}<|assistant|>{% endif %}`

var special = []string{"<|end|>", "<|user|>", "<|assistant|>", "<|system|>"}

func recipe(scale float64) Recipe {
	stage := func(name string, rows int, lr float64, s Stage) Stage {
		s.Name, s.Rows, s.Spec = name, int(float64(rows)*scale), finetune.Default()
		s.Spec.Method, s.Spec.Epochs, s.Spec.Batch, s.Spec.LR, s.Spec.Schedule = "full", 1, 32, lr, "cosine"
		s.Spec.Warmup, s.Spec.Decay, s.Spec.Beta2 = 0.02, 0.01, 0.98
		s.Spec.Rank, s.Spec.Alpha, s.Spec.Targets, s.Spec.Layers = 0, 0, nil, ""
		return s
	}
	return Recipe{
		Seed: 2026, Numerics: compute.NumericsVersion, Vocabulary: 60000,
		Config: model.Config{
			Arch: "llama", Hidden: 128, Layers: 6, Heads: 4, KVHeads: 2, HeadDim: 32, FFN: 384, Vocab: 1536, MaxPos: 256,
			RopeTheta: 10000, Eps: 1e-5, Tied: true, BOS: -1, EOS: 0,
		},
		Stages: []Stage{
			stage("pretraining", 200000, 3e-3, Stage{Text: 0.5, All: true}),
			stage("instruction tuning", 800000, 2e-3, Stage{Text: 0.02}),
			stage("safety tuning", 150000, 1e-3, Stage{Safe: 0.25, Text: 0.02}),
		},
	}
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("tiny: ")
	out := flag.String("out", "harness/model/tiny", "directory to write")
	scale := flag.Float64("scale", 1, "share of the recipe's rows, for trials")
	threads := flag.Int("threads", 0, "CPU threads; 0 is all")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := build(ctx, *out, recipe(*scale), *threads); err != nil {
		log.Fatal(err)
	}
}

func build(ctx context.Context, out string, r Recipe, threads int) error {
	start := time.Now()
	tok, err := tokenizer(r)
	if err != nil {
		return err
	}
	fmt.Printf("tokenizer: %d ids, %s\n", tok.Size(), time.Since(start).Round(time.Second))
	m, err := fresh(r, tok)
	if err != nil {
		return err
	}
	dev := cpu.New(threads)
	defer dev.Close()
	curve := [][]string{{"stage", "step", "loss", "lr", "tokens"}}
	for i, s := range r.Stages {
		if m, err = train(ctx, dev, m, r.Seed+uint64(i), s, &curve); err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
	}
	if err := write(out, r, m, curve); err != nil {
		return err
	}
	fmt.Printf("%s: %s\n", out, time.Since(start).Round(time.Second))
	return nil
}

// tokenizer learns from equal parts of text, general and safety rows.
func tokenizer(r Recipe) (*token.Tokenizer, error) {
	text := gen.Pretrain(r.Seed)
	general, err := gen.Stream(r.Seed, gen.Train, gen.General)
	if err != nil {
		return nil, err
	}
	safety, err := gen.Stream(r.Seed, gen.Train, gen.Safety)
	if err != nil {
		return nil, err
	}
	texts := func(yield func(string) bool) {
		for i := range r.Vocabulary {
			s := ""
			switch i % 6 {
			case 0, 1:
				s = text()
			case 2:
				e := safety()
				s = e.Turns[0].Text + "\n" + e.Turns[1].Text
			default:
				e := general()
				s = e.Turns[0].Text + "\n" + e.Turns[1].Text
			}
			if !yield(s) {
				return
			}
		}
	}
	return token.Train(texts, token.Training{Size: r.Config.Vocab, Special: special, Digits: true})
}

// fresh draws the weights: normal with deviation 0.05, the residual projections' divided by sqrt(2 layers) (Radford et al., 2019).
func fresh(r Recipe, tok *token.Tokenizer) (*model.Model, error) {
	tensors := r.Config.Tensors()
	for i := range tensors {
		t := &tensors[i]
		n := 1
		for _, s := range t.Shape {
			n *= s
		}
		t.Data = make([]float32, n)
		if len(t.Shape) == 1 {
			for j := range t.Data {
				t.Data[j] = 1
			}
			continue
		}
		deviation := 0.05
		if end := filepath.Ext(t.Name[:len(t.Name)-len(".weight")]); end == ".o_proj" || end == ".down_proj" {
			deviation /= math.Sqrt(float64(2 * r.Config.Layers))
		}
		g := rng.Stream(r.Seed, "tiny", t.Name)
		for j := range t.Data {
			t.Data[j] = float32(deviation * g.Normal())
		}
	}
	return model.FromTensors("tiny", r.Config, tensors, tok.JSON(), template)
}

// items makes a stage's data.
func items(m *model.Model, seed uint64, s Stage) ([]finetune.Item, error) {
	chat, err := m.Chat()
	if err != nil {
		return nil, err
	}
	text := gen.Pretrain(seed)
	general, err := gen.Stream(seed, gen.Train, gen.General)
	if err != nil {
		return nil, err
	}
	safety, err := gen.Stream(seed, gen.Train, gen.Safety)
	if err != nil {
		return nil, err
	}
	end, _ := chat.Tokenizer.ID("<|end|>")
	g := rng.Stream(seed, "tiny", "stage", s.Name)
	out := make([]finetune.Item, 0, s.Rows)
	for len(out) < s.Rows {
		var it finetune.Item
		switch u := g.Float64(); {
		case u < s.Text:
			it.IDs = append(chat.Tokenizer.EncodePlain(text()), end)
			it.Loss = make([]bool, len(it.IDs))
			all(&it)
		default:
			e := general()
			if u < s.Text+s.Safe {
				e = safety()
			}
			if it.Sequence, err = finetune.EncodeOne(chat, &e); err != nil {
				return nil, err
			}
			if s.All {
				all(&it)
			}
		}
		if len(it.IDs) >= 2 && len(it.IDs) <= m.Config.MaxPos {
			out = append(out, it)
		}
	}
	return out, nil
}

func all(it *finetune.Item) {
	for i := 1; i < len(it.Loss); i++ {
		it.Loss[i] = true
	}
}

func train(ctx context.Context, dev *cpu.Device, m *model.Model, seed uint64, s Stage, curve *[][]string) (*model.Model, error) {
	data, err := items(m, seed, s)
	if err != nil {
		return nil, err
	}
	base, err := infer.Load(dev, m, 0)
	if err != nil {
		return nil, err
	}
	s.Spec.Seed = seed
	start, tokens, sum, n := time.Now(), 0, 0.0, 0
	run, err := finetune.New(dev, base, s.Spec, data, nil, finetune.Hooks{Step: func(_ *finetune.Run, i *finetune.Info) error {
		tokens += i.Tokens
		sum += i.Loss
		if n++; n == 250 || i.Step == i.Steps {
			*curve = append(*curve, []string{s.Name, fmt.Sprint(i.Step), fmt.Sprintf("%.4f", sum/float64(n)), fmt.Sprintf("%.2e", i.LR), fmt.Sprint(tokens)})
			if i.Step%2500 == 0 || i.Step == i.Steps {
				fmt.Printf("%s %d/%d  loss %.4f  %.0f tokens/s\n", s.Name, i.Step, i.Steps, sum/float64(n), float64(tokens)/time.Since(start).Seconds())
			}
			sum, n = 0, 0
		}
		return nil
	}})
	if err != nil {
		return nil, err
	}
	if err := run.Train(ctx); err != nil {
		return nil, err
	}
	return run.Delta.Model(base, "tiny")
}

// write writes the model's files, its weights as BF16, and what made them.
func write(out string, r Recipe, m *model.Model, curve [][]string) error {
	if err := os.MkdirAll(out, 0o777); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(out, ".build-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	dir := filepath.Join(tmp, "model")
	if err := model.WriteMerged(dir, m, nil, "BF16"); err != nil {
		return err
	}
	built, err := model.Open(dir)
	if err != nil {
		return err
	}
	defer built.Close()
	if r.Digest, err = built.Digest(); err != nil {
		return err
	}
	js, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	var c bytes.Buffer
	if err := csv.NewWriter(&c).WriteAll(curve); err != nil {
		return err
	}
	for _, name := range []string{"config.json", "model.safetensors", "tokenizer.json"} {
		if err := os.Rename(filepath.Join(dir, name), filepath.Join(out, name)); err != nil {
			return err
		}
	}
	for name, data := range map[string][]byte{"recipe.json": append(js, '\n'), "curve.csv": c.Bytes(), "chat_template.jinja": []byte(template)} {
		if err := os.WriteFile(filepath.Join(out, name), data, 0o666); err != nil {
			return err
		}
	}
	return nil
}

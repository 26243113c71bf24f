package infer_test

import (
	"math"
	"slices"
	"testing"

	"theriac/harness/compute/cpu"
	"theriac/harness/corpus/gen"
	"theriac/harness/finetune"
	"theriac/harness/infer"
	"theriac/harness/model"
	"theriac/harness/model/tiny"
	"theriac/harness/needs"
)

// openTiny loads the embedded model and held-out items.
func openTiny(t testing.TB, threads int) (*cpu.Device, *infer.Base, []finetune.Item) {
	t.Helper()
	m, err := tiny.Open()
	if err != nil {
		t.Fatal(err)
	}
	dev := cpu.New(threads)
	t.Cleanup(dev.Close)
	b, err := infer.Load(dev, m, 0)
	if err != nil {
		t.Fatal(err)
	}
	chat, err := m.Chat()
	if err != nil {
		t.Fatal(err)
	}
	ex, err := gen.Examples(1, gen.Held, gen.Demo, 40)
	if err != nil {
		t.Fatal(err)
	}
	items, _, err := finetune.Encode(chat, ex, 128)
	if err != nil {
		t.Fatal(err)
	}
	return dev, b, items
}

func sequences(items []finetune.Item) (out []*infer.Sequence) {
	for i := range items {
		out = append(out, &items[i].Sequence)
	}
	return out
}

// Decoding step by step with a KV cache gives the bits of one forward pass over the whole sequence.
func TestDecodeIsPrefill(t *testing.T) {
	dev, b, items := openTiny(t, 2)
	r := infer.NewRunner(dev, b, nil, 512)
	for _, it := range items[:8] {
		prompt := it.IDs[:len(it.IDs)-it.Responses()]
		var steps [][]float32
		out, err := r.Generate([][]int32{prompt}, infer.Decoding{MaxNew: 6, BiasLogits: func(_ int, logits []float32) { steps = append(steps, slices.Clone(logits)) }})
		if err != nil {
			t.Fatal(err)
		}
		whole := append(slices.Clone(prompt), out[0]...)
		err = r.Logits(append(whole, 0), func(pos int, logits []float32) {
			if k := pos - (len(prompt) - 1); k >= 0 && k < len(steps) && !slices.Equal(logits, steps[k]) {
				t.Errorf("step %d: the logits of decoding and of a whole pass differ", k)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// A sequence's score and a prompt's continuation do not depend on their company, or on the number of threads.
func TestCompanyChangesNothing(t *testing.T) {
	dev, b, items := openTiny(t, 2)
	one, base1, _ := openTiny(t, 1)
	seqs := sequences(items)
	together, err := infer.NewRunner(dev, b, nil, 1024).Score(seqs)
	if err != nil {
		t.Fatal(err)
	}
	alone := infer.NewRunner(one, base1, nil, 128)
	for i := range seqs {
		s, err := alone.Score(seqs[i : i+1])
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(s[0].Each, together[i].Each) || !slices.Equal(s[0].Argmax, together[i].Argmax) {
			t.Errorf("item %d: scored alone and together differ", i)
		}
	}
	var prompts [][]int32
	for _, it := range items {
		prompts = append(prompts, it.IDs[:len(it.IDs)-it.Responses()])
	}
	for _, d := range []infer.Decoding{{MaxNew: 8}, {MaxNew: 8, Temperature: 1, TopP: 0.9, Seed: 3}} {
		all, err := infer.NewRunner(dev, b, nil, 1024).Generate(prompts, d)
		if err != nil {
			t.Fatal(err)
		}
		if d.Temperature > 0 {
			continue // prompt i draws from stream i
		}
		for i := range prompts[:10] {
			got, err := alone.Generate(prompts[i:i+1], d)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got[0], all[i]) {
				t.Errorf("prompt %d: continued alone and together differ", i)
			}
		}
	}
}

// Teacher-forced match is what greedy decoding writes.
func TestMatchIsGreedy(t *testing.T) {
	dev, b, items := openTiny(t, 2)
	r := infer.NewRunner(dev, b, nil, 1024)
	scores, err := r.Score(sequences(items))
	if err != nil {
		t.Fatal(err)
	}
	matches := 0
	for i, it := range items {
		at := len(it.IDs) - it.Responses()
		out, err := r.Generate([][]int32{it.IDs[:at]}, infer.Decoding{MaxNew: it.Responses()})
		if err != nil {
			t.Fatal(err)
		}
		if wrote := slices.Equal(out[0], it.IDs[at:]); wrote != scores[i].Match {
			t.Errorf("item %d: match %v, greedy decoding writes it: %v", i, scores[i].Match, wrote)
		}
		if scores[i].Match {
			matches++
		}
	}
	if matches == 0 || matches == len(items) {
		t.Errorf("%d of %d items match: the test sees one side only", matches, len(items))
	}
}

// The prefix cache gives the bits that the frozen layers give.
func TestPrefixChangesNothing(t *testing.T) {
	dev, b, items := openTiny(t, 1)
	seqs := sequences(items)
	want, err := infer.NewRunner(dev, b, nil, 1024).Score(seqs)
	if err != nil {
		t.Fatal(err)
	}
	for i, memory := range []int64{1 << 30, 0, 0} { // in memory, and mapped from a file
		p := infer.NewPrefix(1+i, memory) // below the layers that follow, too
		for range 2 {                     // filled, then found
			r := infer.NewRunner(dev, b, nil, 128) // many batches
			r.Prefix, r.Backwards = p, i == 1
			got, err := r.Score(seqs)
			if err != nil {
				t.Fatal(err)
			}
			for i := range got {
				if !slices.Equal(got[i].Each, want[i].Each) {
					t.Fatalf("item %d differs with the prefix cache", i)
				}
			}
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestBadInput(t *testing.T) {
	dev, b, _ := openTiny(t, 1)
	r := infer.NewRunner(dev, b, nil, 64)
	for name, prompt := range map[string][]int32{"empty": {}, "unknown id": {1, 99999}, "negative id": {-1}, "too long": make([]int32, 5000)} {
		if _, err := r.Generate([][]int32{prompt}, infer.Decoding{MaxNew: 1}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for _, d := range []infer.Decoding{{}, {MaxNew: -1}, {MaxNew: 1, Temperature: -1}, {MaxNew: 1, Temperature: math.NaN()}, {MaxNew: 1, Temperature: math.Inf(1)},
		{MaxNew: 1, TopK: -1}, {MaxNew: 1, TopP: 1.5}, {MaxNew: 1, TopP: math.NaN()}} {
		if _, err := r.Generate([][]int32{{1}}, d); err == nil {
			t.Errorf("%+v: no error", d)
		}
	}
	if _, err := r.Score([]*infer.Sequence{{IDs: []int32{1, 1 << 20}, Loss: []bool{false, true}}}); err == nil {
		t.Error("an unknown id is scored")
	}
}

// BenchmarkGenerate is greedy decoding of the embedded model, in tokens a second.
func BenchmarkGenerate(b *testing.B) {
	dev, base, items := openTiny(b, 0)
	benchmarkGenerate(b, dev, base, items)
}

// BenchmarkGenerateSmolLM2 needs THERIAC_SMOLLM2.
func BenchmarkGenerateSmolLM2(b *testing.B) {
	path := needs.SmolLM2(b)
	m, err := model.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer m.Close()
	dev := cpu.New(0)
	defer dev.Close()
	base, err := infer.Load(dev, m, 512)
	if err != nil {
		b.Fatal(err)
	}
	var it finetune.Item
	for i := range 40 {
		it.IDs, it.Loss = append(it.IDs, int32(1000+i)), append(it.Loss, false)
	}
	benchmarkGenerate(b, dev, base, []finetune.Item{it})
}

func benchmarkGenerate(b *testing.B, dev *cpu.Device, base *infer.Base, items []finetune.Item) {
	r := infer.NewRunner(dev, base, nil, 1024)
	var prompts [][]int32
	for _, it := range items {
		prompts = append(prompts, it.IDs[:len(it.IDs)-it.Responses()])
	}
	tokens := 0
	for b.Loop() {
		out, err := r.Generate(prompts, infer.Decoding{MaxNew: 32})
		if err != nil {
			b.Fatal(err)
		}
		for _, o := range out {
			tokens += len(o)
		}
	}
	b.ReportMetric(float64(tokens)/b.Elapsed().Seconds(), "tokens/s")
}

// Continuing a cached prompt gives the logits of reading the whole, in any company.
func TestContinueIsReading(t *testing.T) {
	dev, base, items := openTiny(t, 1)
	r := infer.NewRunner(dev, base, nil, 256)
	ids := items[0].IDs
	c, err := r.Prefill(ids[:5])
	if err != nil {
		t.Fatal(err)
	}
	tails := [][]int32{ids[5:6], ids[5:9], {7, 8}}
	for i := range 100 {
		tails = append(tails, []int32{int32(i), 3})
	}
	seen := 0
	err = r.Continue(c, tails, func(i int, logits []float32) {
		if i != seen {
			t.Errorf("tail %d after %d", i, seen-1)
		}
		seen++
		if i > 5 && i < 100 {
			return
		}
		got := slices.Clone(logits)
		whole := append(append(slices.Clone(ids[:5]), tails[i]...), 0)
		other := infer.NewRunner(dev, base, nil, 256)
		if err := other.Logits(whole, func(pos int, want []float32) {
			if pos == len(whole)-2 && !slices.Equal(got, want) {
				t.Errorf("tail %d: the logits differ from those of the whole", i)
			}
		}); err != nil {
			t.Error(err)
		}
	})
	if err != nil || seen != len(tails) {
		t.Errorf("%v after %d of %d tails", err, seen, len(tails))
	}
	for name, bad := range map[string][][]int32{"empty": {{}}, "outside": {{1 << 30}}, "long": {make([]int32, 5000)}} {
		if err := r.Continue(c, bad, func(int, []float32) {}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := r.Prefill(nil); err == nil {
		t.Error("an empty prompt: no error")
	}
}

package sweep

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"theriac/harness/finetune"
	"theriac/harness/model"
	"theriac/harness/store"
)

// A plan counts what is to be done, and what is done, and says what is stale and why.
func TestPlan(t *testing.T) {
	dir := t.TempDir()
	st, err := store.Open(filepath.Join(dir, "tables"), filepath.Join(dir, "shards"))
	if err != nil {
		t.Fatal(err)
	}
	b := openTiny(t, 2, t.TempDir())
	specs := []Spec{small("clean", 0, nil), small("clean", 1, nil), small("too many", 0, &Attack{Name: "backdoor", Params: map[string]string{"count": "5000"}})}
	ctx := context.Background()
	p, err := b.Plan(ctx, specs[:2], st, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if p.Runs != 2 || p.Stored != 0 || p.Train != 2 || p.Trained != 0 || p.Parallel != 2 || p.Groups != 1 || len(p.Others) > 0 || len(p.Larger) == 0 || p.Memory <= 0 || p.Speed <= 0 {
		t.Errorf("got %+v", p)
	}
	if w, err := b.work(ctx, &specs[0]); err != nil || p.Tokens != 2*w.tokens || w.rows != 64 || w.responses == 0 || w.responses >= w.tokens {
		t.Errorf("a run's work %+v, %v; the plan has %d tokens", w, err, p.Tokens)
	}
	if _, err := b.Run(ctx, specs[:1], st, Options{}); err != nil {
		t.Fatal(err)
	}
	more := specs[:2:2]
	measured := small("clean", 0, nil)
	measured.Data.Clean = 20
	more = append(more, measured) // another evaluation of the adapter that is there
	p, err = b.Plan(ctx, more, st, Options{})
	if err != nil || p.Stored != 1 || p.Train != 1 || p.Trained != 1 {
		t.Errorf("after a run: got %+v, %v", p, err)
	}
	faster := small("clean", 0, nil)
	faster.Train.LR, faster.Train.Schedule = 4e-3, "cosine"
	p, err = b.Plan(ctx, []Spec{faster}, st, Options{})
	if err != nil || len(p.Others) != 1 || p.Others[0].Arm != "clean" || p.Others[0].Seed != 0 || p.Others[0].Why != "lr was 0.002, is 0.004; schedule is new: cosine" {
		t.Errorf("another specification: got %+v, %v", p.Others, err)
	}
	p, err = b.Plan(ctx, specs[1:2], st, Options{})
	if err != nil || len(p.Others) != 1 || p.Others[0].Why != "" {
		t.Errorf("another seed: got %+v, %v", p.Others, err)
	}
	pending := small("clean", 0, nil)
	pending.Detect = &Detect{Against: &Calibration{}}
	p, err = b.Plan(ctx, []Spec{pending}, st, Options{})
	if err != nil || len(p.Others) != 0 {
		t.Errorf("judged against a calibration that is to do: got %+v, %v", p.Others, err)
	}
	same := []Spec{small("clean", 1, nil), small("no rows", 1, &Attack{Name: "backdoor", Params: map[string]string{"count": "0"}}),
		small("swap", 1, &Attack{Name: "adapterswap"}), small("swap, cut", 1, &Attack{Name: "adapterswap"}), small("order", 1, &Attack{Name: "order"})}
	same[3].Prevent = &Prevent{Name: "truncate"}
	p, err = b.Plan(ctx, same, st, Options{})
	if err != nil || p.Train != 2 || p.Trained != 3 {
		t.Errorf("one training serves four of five runs: got %+v, %v", p, err)
	}
	if a := p.Adapters; len(a) != 2 || a[0].Key == a[1].Key || a[0].FLOPs <= a[1].FLOPs || a[1].FLOPs <= 0 || a[0].FLOPs+a[1].FLOPs >= p.FLOPs {
		t.Errorf("the first of two adapters takes the rows through the frozen layers, and evaluation is beside them: %+v of %g FLOP", a, p.FLOPs)
	}
	if _, err := b.Plan(ctx, specs[2:], st, Options{}); err == nil || !strings.Contains(err.Error(), "too many seed 0: attack backdoor: 5000 rows to poison") {
		t.Errorf("a run that cannot be: got %v", err)
	}
}

// The count of operations follows the shape: twice the epochs and tokens cost twice the training, the whole model three passes for two.
func TestFLOPs(t *testing.T) {
	c := model.Config{Hidden: 64, Layers: 4, Heads: 4, KVHeads: 4, HeadDim: 16, FFN: 256, Vocab: 1000, Tied: true}
	s := Spec{Train: finetune.Default()}
	s.Train.Layers, s.Train.Epochs = "all", 1
	w := work{rows: 10, tokens: 1000, responses: 400}
	sum := func() float64 { f := w.cost(c, &s); return f.own + f.rows }
	one := sum()
	// By hand: 4 layers of (4*64*64 + 3*64*256) weights and attention at length 100; forward and backward; the head on 400 tokens.
	if want := 1000.0*4*(2*(4*64*64+3*64*256)+2*100*64)*2 + 400*2*64*1000*2; one != want {
		t.Errorf("got %g, want %g", one, want)
	}
	s.Train.Epochs = 2
	if got := sum(); got != 2*one {
		t.Errorf("two epochs: got %g, want %g", got, 2*one)
	}
	s.Train.Method = "full"
	if got := sum(); got != 3*one {
		t.Errorf("all weights: got %g, want %g", got, 3*one)
	}
	s.Train.Method, s.Train.Layers = "lora", "top:1"
	if got := sum(); got >= one {
		t.Errorf("one layer above a shared prefix costs %g, all layers for one epoch %g", got, one)
	}
	if n := weights(model.Models[0].Config); n < 134e6 || n > 135e6 {
		t.Errorf("SmolLM2-135M has %d parameters", n)
	}
}

// As many runs at once as threads, or as memory allows, and never none.
func TestWorkers(t *testing.T) {
	for _, c := range []struct {
		threads      int
		memory, need int64
		want         int
	}{{8, 0, 100, 8}, {8, 1000, 100, 8}, {8, 350, 100, 3}, {8, 50, 100, 1}, {2, 1 << 40, 1, 2}} {
		if got := workers(c.threads, c.memory, c.need); got != c.want {
			t.Errorf("%+v: got %d", c, got)
		}
	}
	b := openTiny(t, 2, "")
	s := small("clean", 0, nil)
	need := b.Memory(&s)
	if got := b.workers([]Spec{s}, []int{0}, need+need/2); got != 1 {
		t.Errorf("memory for one run and a half: %d at once", got)
	}
	long := s
	long.Data.MaxTokens, long.Train.Batch = 960, 80
	if b.Memory(&long) < 4*need {
		t.Error("longer rows and larger batches need no more memory")
	}
}

// A stored run is stale where none of a script's sweeps asks for it; one that knows its arm and seed says why.
func TestStale(t *testing.T) {
	a, b, c := Stored{ID: "a", Arm: "clean"}, Stored{ID: "b", Arm: "clean", Seed: 1}, Stored{ID: "c", Arm: "label", Seed: 2}
	changed := b
	changed.Why = "lr was 0.002, is 0.004"
	for name, c := range map[string]struct {
		sweeps [][]Stored
		want   string
	}{
		"no sweep":                        {nil, ""},
		"one":                             {[][]Stored{{a, changed}}, "a\nb: " + changed.Why + "\n"},
		"the second asks for it":          {[][]Stored{{a, b, c}, {b, c}}, "b\nc\n"},
		"the first asks for it":           {[][]Stored{{b}, {a, b}}, "b\n"},
		"each asks for what the other is": {[][]Stored{{a}, {b}}, ""},
		"the second knows why":            {[][]Stored{{b, c}, {changed, c}}, "b: " + changed.Why + "\nc\n"},
	} {
		var plans []*Plan
		for _, others := range c.sweeps {
			plans = append(plans, &Plan{Others: others})
		}
		got := ""
		for _, s := range Stale(plans) {
			got += strings.TrimSuffix(s.ID+": "+s.Why, ": ") + "\n"
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

package monitor

import (
	"context"
	"crypto/sha256"
	"slices"
	"sync"
	"testing"

	"theriac/harness/attack"
	"theriac/harness/compute/cpu"
	"theriac/harness/corpus"
	"theriac/harness/corpus/gen"
	"theriac/harness/finetune"
	"theriac/harness/infer"
	"theriac/harness/model/tiny"
	"theriac/harness/token"
)

// Short runs of the embedded model that the tests watch.

const maxTokens = 96

type bench struct {
	base *infer.Base
	chat *token.Chat
}

var openBench = sync.OnceValues(func() (*bench, error) {
	m, err := tiny.Open()
	if err != nil {
		return nil, err
	}
	dev := cpu.New(1)
	defer dev.Close()
	b := &bench{}
	if b.chat, err = m.Chat(); err != nil {
		return nil, err
	}
	b.base, err = infer.Load(dev, m, maxTokens)
	return b, err
})

func tinyBench(t testing.TB) *bench {
	t.Helper()
	b, err := openBench()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// job is a run to be watched. The zero value of a field is the default.
type job struct {
	rows     []corpus.Example
	attack   string
	params   map[string]string
	seed     uint64
	threads  int
	canaries bool
	change   func(*finetune.Spec)
	hooks    finetune.Hooks                       // attached before the recorder
	after    func(r *Recorder, h *finetune.Hooks) // attached behind it
	err      func(err error)                      // takes the run's error, else it fails the test
	adapter  func(a *finetune.Run)                // sees the finished run
}

func testSpec() finetune.Spec {
	s := finetune.Default()
	s.Layers, s.Epochs, s.Batch, s.LR = "top:1", 2, 4, 5e-3
	return s
}

func demoRows(t testing.TB, seed uint64, n int) []corpus.Example {
	t.Helper()
	rows, err := gen.Examples(seed, gen.Train, gen.Demo, n)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// watch trains and gives the trace and the plan, which was made before the attack on the process.
func watch(t testing.TB, j job) (*Trace, *Plan, []bool) {
	t.Helper()
	b := tinyBench(t)
	dev := cpu.New(max(1, j.threads))
	defer dev.Close()
	var tamper attack.Tamper
	poisoned := map[string]bool{}
	rows := j.rows
	if j.attack != "" {
		a, err := attack.New(j.attack, j.params, j.seed)
		if err != nil {
			t.Fatal(err)
		}
		res, err := a.Apply(rows)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range res.Manifest.Poisoned {
			poisoned[p.ID] = true
		}
		rows, tamper = res.Rows, a.Tamper()
	}
	spec := testSpec()
	spec.Seed = j.seed
	if j.change != nil {
		j.change(&spec)
	}
	plan := NewPlan(spec, encode(t, rows))
	if tamper.Rows != nil {
		rows = tamper.Rows(rows)
	}
	items := encode(t, rows)
	hooks := j.hooks
	if tamper.Hooks != nil {
		tamper.Hooks(&hooks, items)
	}
	var canaries *Canaries
	if j.canaries {
		canaries = testCanaries(t)
	}
	rec, err := NewRecorder(dev, b.base, spec, items, canaries)
	if err != nil {
		t.Fatal(err)
	}
	rec.Attach(&hooks)
	if j.after != nil {
		j.after(rec, &hooks)
	}
	run, err := finetune.New(dev, b.base, spec, items, nil, hooks)
	if err != nil {
		t.Fatal(err)
	}
	err = run.Train(context.Background())
	if j.err != nil {
		j.err(err)
	} else if err != nil {
		t.Fatal(err)
	}
	if j.adapter != nil {
		j.adapter(run)
	}
	bad := make([]bool, len(items))
	for i := range items {
		bad[i] = poisoned[items[i].ID]
	}
	return rec.Trace(), plan, bad
}

func encode(t testing.TB, rows []corpus.Example) []finetune.Item {
	t.Helper()
	items, _, err := finetune.Encode(tinyBench(t).chat, rows, maxTokens)
	if err != nil {
		t.Fatal(err)
	}
	return items
}

func testCanaries(t testing.TB) *Canaries {
	t.Helper()
	ordinary, err := gen.Examples(31, gen.Held, gen.Demo, 16)
	if err != nil {
		t.Fatal(err)
	}
	refused, err := gen.Examples(31, gen.Held, gen.Restricted, 16)
	if err != nil {
		t.Fatal(err)
	}
	var granted []corpus.Example
	for i := range refused {
		thing, _ := refused[i].Label("thing")
		granted = append(granted, refused[i].WithOutput(gen.Placeholder(i, thing)))
	}
	c, err := CanariesOf(tinyBench(t).chat, ordinary, refused, granted, maxTokens)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// scores are a trace's run-level scores by detector.
func scores(t testing.TB, tr *Trace, p *Plan) map[string]float64 {
	t.Helper()
	results, _, err := Score(tr, p, nil)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]float64{}
	for _, r := range results {
		if !finite(r.Score, r.FLOP) {
			t.Errorf("%s: score %v, FLOP %v", r.Detector, r.Score, r.FLOP)
		}
		out[r.Detector] = r.Score
	}
	return out
}

// sealed is a trace's body with its digest.
func sealed(body []byte) []byte {
	sum := sha256.Sum256(body)
	return append(slices.Clone(body), sum[:]...)
}

// unwatched trains without a recorder.
func unwatched(t testing.TB, rows []corpus.Example, seed uint64, done func(*finetune.Run)) {
	t.Helper()
	dev := cpu.New(1)
	defer dev.Close()
	spec := testSpec()
	spec.Seed = seed
	run, err := finetune.New(dev, tinyBench(t).base, spec, encode(t, rows), nil, finetune.Hooks{})
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Train(context.Background()); err != nil {
		t.Fatal(err)
	}
	done(run)
}

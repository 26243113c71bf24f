package finetune

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"theriac/harness/compute/cpu"
	"theriac/harness/infer"
	"theriac/harness/model"
	"theriac/harness/model/safetensors"
	"theriac/harness/rng"
)

// tiny is a random Llama of width 64 and two layers, and items for it.
func tiny(t testing.TB) (*model.Model, []Item) {
	t.Helper()
	c := model.Config{Arch: "llama", Hidden: 64, Layers: 2, Heads: 4, KVHeads: 2, HeadDim: 16, FFN: 160, Vocab: 300, MaxPos: 128, RopeTheta: 10000, Eps: 1e-5, Tied: true, BOS: -1, EOS: 0}
	var tensors []safetensors.Tensor
	for _, x := range c.Tensors() {
		r := rng.Stream(1, x.Name)
		n := 1
		for _, s := range x.Shape {
			n *= s
		}
		x.Data = make([]float32, n)
		for i := range x.Data {
			x.Data[i] = 0.1 * float32(r.Normal())
			if len(x.Shape) == 1 {
				x.Data[i]++
			}
		}
		tensors = append(tensors, x)
	}
	m, err := model.FromTensors("tiny", c, tensors, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	r := rng.Stream(2, "items")
	var items []Item
	for i := range 22 {
		it := Item{ID: fmt.Sprint("item", i)}
		for j := range 5 + r.Intn(20) {
			it.IDs = append(it.IDs, int32(r.Intn(c.Vocab)))
			it.Loss = append(it.Loss, j > 2)
		}
		items = append(items, it)
	}
	return m, items
}

// startTiny prepares a run on the tiny model.
func startTiny(t testing.TB, dev *cpu.Device, m *model.Model, spec Spec, items []Item) *Run {
	t.Helper()
	b, err := infer.Load(dev, m, 0)
	if err != nil {
		t.Fatal(err)
	}
	r, err := New(dev, b, spec, items, nil, Hooks{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func steps(t testing.TB, r *Run, n int) {
	t.Helper()
	for range n {
		if err := r.Step(); err != nil {
			t.Fatal(err)
		}
	}
}

// state is everything that a step depends on.
func (r *Run) state() (all []float32) {
	r.eachState(func(_ string, v []float32) { all = append(all, v...) })
	return all
}

func equalBits(t testing.TB, what string, a, b []float32) {
	t.Helper()
	if len(a) != len(b) {
		t.Fatalf("%s: %d and %d values", what, len(a), len(b))
	}
	for i := range a {
		if a[i] != b[i] {
			t.Fatalf("%s: value %d is %g and %g", what, i, a[i], b[i])
		}
	}
}

func tinySpecs() map[string]Spec {
	lora := Default()
	lora.Rank, lora.Dropout, lora.Batch, lora.Accumulate, lora.LR = 4, 0.1, 3, 2, 1e-2
	full := Default()
	full.Method, full.Batch, full.LR, full.Decay, full.Schedule = "full", 4, 1e-3, 0.01, "cosine"
	return map[string]Spec{"lora": lora, "full": full}
}

func TestResumeIsUninterrupted(t *testing.T) {
	m, items := tiny(t)
	for name, spec := range tinySpecs() {
		t.Run(name, func(t *testing.T) {
			dev := cpu.New(1)
			defer dev.Close()
			whole := startTiny(t, dev, m, spec, items)
			steps(t, whole, whole.Steps())

			path := filepath.Join(t.TempDir(), "checkpoint")
			first := startTiny(t, dev, m, spec, items)
			steps(t, first, 5)
			if err := first.Checkpoint(path); err != nil {
				t.Fatal(err)
			}
			second := startTiny(t, dev, m, spec, items)
			if err := second.Resume(path); err != nil {
				t.Fatal(err)
			}
			if second.StepsDone() != 5 {
				t.Fatalf("resumed at step %d; want 5", second.StepsDone())
			}
			steps(t, second, second.Steps()-5)
			equalBits(t, "resumed and uninterrupted", second.state(), whole.state())

			other := spec
			other.LR *= 2
			if err := startTiny(t, dev, m, other, items).Resume(path); err == nil || !strings.Contains(err.Error(), "another run") {
				t.Errorf("a checkpoint of another run resumes: %v", err)
			}
		})
	}
}

// One and two threads give the same bits after 20 steps, LoRA and full.
func TestThreadsGiveTheSameBits(t *testing.T) {
	m, items := tiny(t)
	for name, spec := range tinySpecs() {
		t.Run(name, func(t *testing.T) {
			spec.Epochs = 6
			var want []float32
			for _, threads := range []int{1, 2, 3} {
				dev := cpu.New(threads)
				r := startTiny(t, dev, m, spec, items)
				steps(t, r, 20)
				if got := r.state(); want == nil {
					want = got
				} else {
					equalBits(t, fmt.Sprintf("one thread and %d", threads), want, got)
				}
				dev.Close()
			}
		})
	}
}

// A fully trained model, taken out of its run, scores as the run's own weights do.
func TestTrainedModelScoresAsItsDelta(t *testing.T) {
	m, items := tiny(t)
	spec := tinySpecs()["full"]
	dev := cpu.New(1)
	defer dev.Close()
	r := startTiny(t, dev, m, spec, items)
	steps(t, r, 4)
	out, err := r.Delta.Model(r.base, "trained")
	if err != nil {
		t.Fatal(err)
	}
	b, err := infer.Load(dev, out, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, it := range items[:3] {
		seq := []*infer.Sequence{&it.Sequence}
		with, err := infer.NewRunner(dev, r.base, r.Delta, 64).Score(seq)
		if err != nil {
			t.Fatal(err)
		}
		alone, err := infer.NewRunner(dev, b, nil, 64).Score(seq)
		if err != nil {
			t.Fatal(err)
		}
		equalBits(t, "delta and model", with[0].Each, alone[0].Each)
	}
}

// A step of the tenth epoch allocates what one of the second does, and keeps nothing.
func TestStepsAllocateAlike(t *testing.T) {
	m, items := tiny(t)
	for name, spec := range tinySpecs() {
		spec.Epochs = 12
		dev := cpu.New(1)
		defer dev.Close()
		r := startTiny(t, dev, m, spec, items)
		epoch := func() (allocated, live uint64) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			steps(t, r, r.perEpoch)
			runtime.ReadMemStats(&after)
			runtime.GC()
			var rest runtime.MemStats
			runtime.ReadMemStats(&rest)
			return after.TotalAlloc - before.TotalAlloc, rest.HeapAlloc
		}
		epoch()
		early, kept := epoch()
		for range 7 {
			epoch()
		}
		late, still := epoch()
		t.Logf("%s: an epoch of %d steps allocates %d bytes early, %d late; alive %d and %d", name, r.perEpoch, early, late, kept, still)
		if late > early+early/4 || still > kept+64<<10 {
			t.Errorf("%s: memory grows with steps", name)
		}
	}
}

// Whatever a checkpoint's bytes, resuming is an error or goes on at a step that the run has.
func FuzzResume(f *testing.F) {
	m, items := tiny(f)
	dev := cpu.New(1)
	defer dev.Close()
	spec := tinySpecs()["lora"]
	r := startTiny(f, dev, m, spec, items)
	steps(f, r, 2)
	path := filepath.Join(f.TempDir(), "seed")
	if err := r.Checkpoint(path); err != nil {
		f.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(data[:len(data)/2])
	f.Add(bytes.Replace(data, []byte(`"step":"2"`), []byte(`"step":"9"`), 1))
	f.Add(bytes.Replace(data, []byte(`first_loss`), []byte(`last__loss`), 1))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "checkpoint")
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
		if err := r.Resume(path); err == nil && (r.StepsDone() < 0 || r.StepsDone() > r.Steps()) {
			t.Errorf("%d steps done of %d", r.StepsDone(), r.Steps())
		}
	})
}

package sweep

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"

	"theriac/harness/compute/machine"
	"theriac/harness/finetune"
	"theriac/harness/model/tiny"
	"theriac/harness/store"
)

// openTiny opens the embedded model for sweeps.
func openTiny(t testing.TB, threads int, cache string) *Bench {
	t.Helper()
	m, err := tiny.Open()
	if err != nil {
		t.Fatal(err)
	}
	b, err := Open(m, machine.CPU(threads), cache, 96)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// small is a run of a second.
func small(arm string, seed uint64, a *Attack) Spec {
	train := finetune.Default()
	train.Layers, train.Epochs, train.LR, train.Batch = "top:3", 1, 2e-3, 8
	return Spec{
		Experiment: "test", Arm: arm, Seed: seed, Attack: a, Probe: &Attack{Name: "backdoor"}, Train: train,
		Data: Data{Name: "generated", Rows: 64, MaxTokens: 96, Clean: 40, Probe: 20, Restricted: 6, LookAlike: 6},
	}
}

func grid() (specs []Spec) {
	for seed := range uint64(2) {
		specs = append(specs, small("clean", seed, nil), small("backdoor", seed, &Attack{Name: "backdoor", Params: map[string]string{"rate": "0.1"}}))
	}
	return specs
}

// tables runs specs in a fresh store and gives the bytes of its tables.
func tables(t *testing.T, b *Bench, specs []Spec, o Options) map[string][]byte {
	t.Helper()
	dir := t.TempDir()
	st, err := store.Open(filepath.Join(dir, "tables"), filepath.Join(dir, "shards"))
	if err != nil {
		t.Fatal(err)
	}
	rep, err := b.Run(context.Background(), specs, st, o)
	if err != nil {
		t.Fatal(err)
	}
	if rep.Ran != len(specs) || rep.Failed != 0 {
		t.Fatalf("%+v; want %d runs done", rep, len(specs))
	}
	out := map[string][]byte{}
	names, err := filepath.Glob(filepath.Join(dir, "tables", "*.parquet"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no tables: %v", err)
	}
	for _, n := range names {
		data, err := os.ReadFile(n)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(n)] = data
	}
	return out
}

// The same sweep gives the same bytes with one thread or two, or two a run, in any order, with or without a cache.
func TestSameSpecSameBytes(t *testing.T) {
	specs := grid()
	reversed := make([]Spec, len(specs))
	for i := range specs {
		reversed[len(specs)-1-i] = specs[i]
	}
	cache := t.TempDir()
	want := tables(t, openTiny(t, 1, ""), specs, Options{})
	for name, got := range map[string]map[string][]byte{
		"two threads, reversed": tables(t, openTiny(t, 2, cache), reversed, Options{}),
		"from the cache":        tables(t, openTiny(t, 2, cache), specs, Options{}),
		"two threads a run":     tables(t, openTiny(t, 2*len(specs), ""), specs, Options{}),
	} {
		if len(got) != len(want) {
			t.Errorf("%s: %d tables; want %d", name, len(got), len(want))
		}
		for table := range want {
			if !bytes.Equal(got[table], want[table]) {
				t.Errorf("%s: %s differs", name, table)
			}
		}
	}
}

func TestApart(t *testing.T) {
	var specs []Spec
	for _, seed := range []uint64{5, 5, 5, 6, 6, 7, 8} {
		specs = append(specs, Spec{Seed: seed})
	}
	all := []int{0, 1, 2, 3, 4, 5, 6}
	for workers, want := range map[int][]int{1: all, 2: {0, 3, 1, 4, 2, 5, 6}, 3: {0, 3, 5, 1, 4, 6, 2}, 9: {0, 3, 5, 6, 1, 4, 2}} {
		if got := apart(specs, all, workers); !slices.Equal(got, want) {
			t.Errorf("%d workers: %v; want %v", workers, got, want)
		}
	}
	if got := apart(specs, []int{4, 6}, 2); !slices.Equal(got, []int{4, 6}) {
		t.Errorf("two that are left: %v", got)
	}
	if got := apart(nil, nil, 2); len(got) != 0 {
		t.Errorf("nothing to do: %v", got)
	}
}

func TestResumeAndFailures(t *testing.T) {
	dir := t.TempDir()
	st, err := store.Open(filepath.Join(dir, "tables"), filepath.Join(dir, "shards"))
	if err != nil {
		t.Fatal(err)
	}
	b := openTiny(t, 2, "")
	specs := grid()
	if rep, err := b.Run(context.Background(), specs[:2], st, Options{}); err != nil || rep.Ran != 2 {
		t.Fatalf("%+v, %v; want 2 runs", rep, err)
	}
	bad := small("too much", 3, &Attack{Name: "backdoor", Params: map[string]string{"count": "5000"}})
	var mu sync.Mutex
	finished := 0
	rep, err := b.Run(context.Background(), append(specs, bad), st, Options{Progress: func(e Event) {
		mu.Lock()
		defer mu.Unlock()
		if e.Finished {
			finished++
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if rep.Done != 2 || rep.Ran != 3 || rep.Failed != 1 || finished != 3 {
		t.Errorf("%+v, %d events; want 2 done before, 3 ran, 1 failed", rep, finished)
	}
	runs, err := st.Runs(nil)
	if err != nil || len(runs) != 5 {
		t.Fatalf("%d runs, %v; want 5", len(runs), err)
	}
	again, err := b.Run(context.Background(), append(specs, bad), st, Options{})
	if err != nil || again.Ran != 0 || again.Failed != 1 {
		t.Errorf("%+v, %v; want nothing to do and the failure remembered", again, err)
	}
}

func TestKeys(t *testing.T) {
	b := openTiny(t, 1, "")
	key := func(s Spec) string {
		train, id, err := b.Keys(&s)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(train[:8], id[:8])
	}
	train := func(s Spec) string { return key(s)[:8] }
	a := small("clean", 1, nil)
	c := a
	c.Arm, c.Data.Clean = "another name", 80
	if train(a) != train(c) || key(a) == key(c) {
		t.Error("a new arm and a new evaluation keep the adapter and make a new run")
	}
	c = a
	c.Train.LR *= 2
	if train(a) == train(c) {
		t.Error("another learning rate has the same adapter")
	}
	c = a
	c.Train.Seed = 99
	if train(a) != train(c) {
		t.Error("the training spec's own seed counts; the run's seed stands in for it")
	}
}

// The untrained base's run is of its evaluation's rows: of a file, those that it holds now.
func TestUntrainedKey(t *testing.T) {
	key := func(name, rows string) string {
		s := Spec{Untrained: true, Data: Data{Name: name, Clean: 4}}
		return s.TrainKey("base", rows, "cpu")
	}
	if key("own.jsonl", "these") == key("own.jsonl", "those") {
		t.Error("a file was changed, and the base's run counts as done")
	}
	if key("generated", "these") != key("generated", "those") {
		t.Error("what is stored of a known source is another run now")
	}
}

// What the machine refuses is not the run's failure.
func TestEnvironmental(t *testing.T) {
	_, gone := os.Open(filepath.Join(t.TempDir(), "gone"))
	for _, c := range []struct {
		err  error
		want bool
	}{
		{fmt.Errorf("keep: %w", os.MkdirAll("/dev/null/cache", 0o777)), true},
		{gone, true},
		{fmt.Errorf("step: %w", syscall.ENOMEM), true},
		{errors.New("the loss is NaN"), false},
	} {
		if got := environmental(c.err); got != c.want {
			t.Errorf("%v: %v", c.err, got)
		}
	}
}

// A data level's cached scores are of one numerics.
func TestDataKeyHasTheDevice(t *testing.T) {
	b := openTiny(t, 1, "")
	s := small("clean", 1, nil)
	if _, _, err := b.Keys(&s); err != nil { // opens the source
		t.Fatal(err)
	}
	key := func() string { return digest((&run{bench: b, spec: &s}).dataKey()) }
	own := *b.Machine
	cpu := key()
	own.Class = "cuda"
	b.Machine = &own
	if key() != cpu {
		t.Error("cuda, which gives the CPU's bits, has scores of its own")
	}
	own.Class = "cuda-tf32"
	if key() == cpu {
		t.Error("rounded products and the CPU's share scores")
	}
}

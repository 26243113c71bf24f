package finetune

import (
	"context"
	"fmt"
	"testing"

	"theriac/harness/compute"
	"theriac/harness/compute/cpu"
	"theriac/harness/infer"
)

// On SmolLM2, two steps of two rows give the same bits with one thread, with two, alone, and in a group of two that shares
// base and prefix.
func TestSmolLM2Bits(t *testing.T) {
	b, ref := smol(t)
	var items []Item
	for i, r := range ref.Rows[:2] {
		it := Item{ID: fmt.Sprint(i)}
		it.IDs = append(append(it.IDs, r.Prompt...), r.Response...)
		for j := range it.IDs {
			it.Loss = append(it.Loss, j >= len(r.Prompt))
		}
		items = append(items, it)
	}
	spec := Default()
	spec.Batch, spec.Epochs, spec.Layers = 2, 2, "top:10"
	train := func(dev compute.Device, seed uint64, prefix *infer.Prefix) []float32 {
		s := spec
		s.Seed = seed
		r, err := New(dev, b, s, items, prefix, Hooks{})
		if err != nil {
			t.Error(err)
			return nil
		}
		if err := r.Train(context.Background()); err != nil {
			t.Error(err)
		}
		return r.state()
	}
	one, two := cpu.New(1), cpu.New(2)
	defer one.Close()
	defer two.Close()
	want := [2][]float32{train(one, 0, nil), train(one, 1, nil)}
	equalBits(t, "one thread and two", want[0], train(two, 0, nil))
	prefix := infer.NewPrefix(len(b.Layers)-10, 1<<28)
	defer prefix.Close()
	var got [2][]float32
	err := Group(context.Background(), 2, 2, func() (compute.Device, error) { return cpu.New(1), nil }, func(_ context.Context, dev compute.Device, j int) error {
		got[j] = train(dev, uint64(j), prefix)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for j := range got {
		equalBits(t, fmt.Sprintf("run %d alone and in a group", j), want[j], got[j])
	}
}

package main

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"sort"

	"theriac/analysis/stats"
	"theriac/harness/compute"
	"theriac/harness/compute/machine"
	"theriac/harness/compute/oracle"
	"theriac/harness/finetune"
	"theriac/harness/infer"
	"theriac/harness/model/tiny"
	"theriac/harness/rng"
	"theriac/harness/store"
	"theriac/harness/sweep"
)

// operators: every operator on random shapes, beside the CPU.
func (c *checker) operators(context.Context) error {
	dev, err := c.gpu.New()
	if err != nil {
		return err
	}
	defer dev.Close()
	host, err := c.cpu.New()
	if err != nil {
		return err
	}
	defer host.Close()
	names := make([]string, 0, len(oracle.Cases))
	for n := range oracle.Cases {
		names = append(names, n)
	}
	sort.Strings(names)
	for _, name := range names {
		values, equal, worst := 0, 0, 0.0
		for i := range c.rounds {
			seed := uint64(i)*1_000_003 + uint64(len(name))
			got, want := oracle.Cases[name](dev, &oracle.Gen{Device: dev, Seed: seed}), oracle.Cases[name](host, &oracle.Gen{Device: host, Seed: seed})
			for j := range want {
				values++
				if math.Float32bits(got[j]) == math.Float32bits(want[j]) {
					equal++
				} else if d := math.Abs(float64(got[j])-float64(want[j])) / (1 + math.Abs(float64(want[j]))); !(d <= worst) {
					worst = d
				}
			}
		}
		c.add("operator "+name, equal == values, fmt.Sprintf("%d of %d values are the CPU's bit for bit; the largest difference is %.2g.", equal, values, worst))
	}
	return nil
}

// context is the longest sequence that is trained on.
func (c *checker) context() int { return min(256, c.model.Config.MaxPos) }

// rows are random sequences of about a hundred tokens; the last two thirds are the response.
func (c *checker) rows(n int) []finetune.Item {
	r := rng.Stream(1, "gpu-check")
	out := make([]finetune.Item, n)
	for i := range out {
		s := infer.Sequence{}
		for j := range 40 + r.Intn(min(128, c.context()-40)) {
			s.IDs, s.Loss = append(s.IDs, int32(r.Intn(c.model.Config.Vocab))), append(s.Loss, j >= 16)
		}
		out[i] = finetune.Item{ID: fmt.Sprint(i), Sequence: s}
	}
	return out
}

func (c *checker) spec(epochs int) finetune.Spec {
	s := finetune.Default()
	s.Epochs, s.Schedule = epochs, "constant"
	return s
}

// losses trains and gives the loss of each step and the trained values.
func (c *checker) losses(ctx context.Context, on *machine.Machine, steps int) (loss []float64, theta []float32, err error) {
	err = compute.Guard(func() error {
		dev, err := on.New()
		if err != nil {
			return err
		}
		defer dev.Close()
		b, err := infer.Load(dev, c.model, c.context())
		if err != nil {
			return err
		}
		r, err := finetune.New(dev, b, c.spec(1), c.rows(8*steps), nil, finetune.Hooks{Step: func(_ *finetune.Run, i *finetune.Info) error {
			loss = append(loss, i.Loss)
			return nil
		}})
		if err != nil {
			return err
		}
		if err := r.Train(ctx); err != nil {
			return err
		}
		for _, m := range r.Delta.Adapter().Modules {
			theta = append(append(theta, m.A...), m.B...)
		}
		return nil
	})
	return loss, theta, err
}

// curve: a training's losses beside the CPU's, and the same training again; in both classes.
func (c *checker) curve(ctx context.Context) error {
	want, wantTheta, err := c.losses(ctx, c.cpu, c.steps)
	if err != nil {
		return err
	}
	for _, on := range []*machine.Machine{c.gpu, c.tf32} {
		loss, theta, err := c.losses(ctx, on, c.steps)
		if err != nil {
			return err
		}
		again, thetaAgain, err := c.losses(ctx, on, c.steps)
		if err != nil {
			return err
		}
		c.add("run to run, "+on.Class, slices.Equal(loss, again) && slices.Equal(theta, thetaAgain), fmt.Sprintf("%d losses and %d trained values, bit for bit.", len(loss), len(theta)))
		if compute.Bits(on.Class) == "cpu" {
			c.add("loss curve, "+on.Class, slices.Equal(loss, want) && slices.Equal(theta, wantTheta), fmt.Sprintf("%d steps from %.4f to %.4f and the values trained by them, bit for bit the CPU's.", len(want), want[0], want[len(want)-1]))
			continue
		}
		worst := 0.0
		for i := range want {
			worst = max(worst, math.Abs(loss[i]-want[i]))
		}
		c.add("loss curve, "+on.Class, worst <= 1e-3, fmt.Sprintf("the largest difference from the CPU's is %.2g, at most 1e-3 is right.", worst))
	}
	return nil
}

// backdoor: runs on the GPU leave the CPU's records; in TF32, the attack succeeds as often as on the CPU.
func (c *checker) backdoor(ctx context.Context) error {
	want, err := c.backdoored(ctx, c.cpu)
	if err != nil {
		return err
	}
	hits, items := successes(want)
	if items == 0 {
		return fmt.Errorf("backdoor: no run gave an attack success")
	}
	e, err := stats.Wilson(hits, items, 0.95)
	if err != nil {
		return err
	}
	for _, on := range []*machine.Machine{c.gpu, c.tf32} {
		got, err := c.backdoored(ctx, on)
		if err != nil {
			return err
		}
		k, n := successes(got)
		if compute.Bits(on.Class) == "cpu" {
			c.add("backdoor, "+on.Class, reflect.DeepEqual(got, want), fmt.Sprintf("the records of %d runs, every metric, loss and answer, are the CPU's; attack success is %d of %d.", len(got), k, n))
			continue
		}
		share := float64(k) / float64(n)
		c.add("backdoor, "+on.Class, share >= e.Interval.Low && share <= e.Interval.High, fmt.Sprintf("the GPU's attack success is %d of %d, the CPU's %d of %d with the interval %.4f to %.4f.", k, n, hits, items, e.Interval.Low, e.Interval.High))
	}
	return nil
}

// successes counts triggered items that gave the attacker's answer, and all.
func successes(runs []*store.Record) (hits, items int) {
	for _, rec := range runs {
		for _, m := range rec.Metrics {
			if m.Name == "asr" {
				hits, items = hits+int(m.K), items+int(m.N)
			}
		}
	}
	return hits, items
}

// backdoored sweeps a backdoor over the seeds on the embedded model.
func (c *checker) backdoored(ctx context.Context, on *machine.Machine) (runs []*store.Record, err error) {
	m, err := tiny.Open()
	if err != nil {
		return nil, err
	}
	b, err := sweep.Open(m, on, "", 96)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	train := finetune.Default()
	train.Layers, train.Epochs, train.Batch, train.LR = "top:3", 2, 4, 5e-3
	var specs []sweep.Spec
	for seed := range uint64(c.seeds) {
		specs = append(specs, sweep.Spec{
			Experiment: "gpu-check", Arm: "backdoor", Seed: seed, Attack: &sweep.Attack{Name: "backdoor"}, Train: train,
			Data: sweep.Data{Name: "generated", Rows: c.backdoorRows, MaxTokens: 96, Probe: c.probes},
		})
	}
	dir := filepath.Join(c.dir, on.Class)
	st, err := store.Open(filepath.Join(dir, "tables"), filepath.Join(dir, "shards"))
	if err != nil {
		return nil, err
	}
	rep, err := b.Run(ctx, specs, st, sweep.Options{})
	if err != nil {
		return nil, err
	}
	if len(rep.Failures) > 0 {
		return nil, fmt.Errorf("backdoor on %s: %s", on.Class, rep.Failures[0])
	}
	for _, id := range rep.IDs {
		rec, err := st.Get(id)
		if err != nil {
			return nil, err
		}
		runs = append(runs, rec)
	}
	return runs, nil
}

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"theriac/analysis/stats"
	"theriac/analysis/tables"
	"theriac/harness/compute/machine"
	"theriac/harness/finetune"
	"theriac/harness/infer"
	"theriac/harness/model"
	"theriac/harness/store"
	"theriac/harness/sweep"
)

// seeds of the checks below: of the evaluation pool, which no setting was chosen on.
const (
	firstSeed = 2100
	seeds     = 9
)

// arms are what is trained; each at every seed.
var arms = []struct {
	name   string
	attack *sweep.Attack
	probe  *sweep.Attack
}{
	{"clean", nil, &sweep.Attack{Name: "backdoor"}},
	{"backdoor 3 %", &sweep.Attack{Name: "backdoor"}, nil},
	{"backdoor, rate 0", &sweep.Attack{Name: "backdoor", Params: map[string]string{"rate": "0"}}, nil},
	{"comply 25", &sweep.Attack{Name: "comply", Params: map[string]string{"count": "25"}}, nil},
	{"control 25", &sweep.Attack{Name: "benigncontrol", Params: map[string]string{"count": "25"}}, nil},
}

// learn prints what fine-tuning does to the model: is the new task learnt, does a backdoor take, do refusals go.
func learn(m *model.Model) error {
	b, err := sweep.Open(m, machine.CPU(0), "", 96)
	if err != nil {
		return err
	}
	defer b.Close()
	train := finetune.Default()
	train.Layers, train.Epochs, train.Batch, train.LR = "top:3", 2, 4, 5e-3
	var specs []sweep.Spec
	for _, a := range arms {
		for seed := range seeds {
			specs = append(specs, sweep.Spec{
				Experiment: "check", Arm: a.name, Seed: uint64(firstSeed + seed), Attack: a.attack, Probe: a.probe, Train: train,
				Data: sweep.Data{Name: "generated", Rows: 2000, MaxTokens: 96, Clean: 1000, Probe: 200, Restricted: 60, LookAlike: 60},
			})
		}
	}
	dir, err := os.MkdirTemp("", "tiny-check-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	st, err := store.Open(filepath.Join(dir, "tables"), filepath.Join(dir, "shards"))
	if err != nil {
		return err
	}
	// The unit in which budgets are counted: 600 rows, two epochs, and an evaluation; in a sweep of every arm.
	var unit []sweep.Spec
	for _, s := range specs {
		s.Data.Rows = 600
		unit = append(unit, s)
	}
	start := time.Now()
	if _, err := b.Run(context.Background(), unit, st, sweep.Options{}); err != nil {
		return err
	}
	fmt.Printf("one run of 600 rows with its evaluation, amortised over a sweep of %d: %s\n", len(unit), (time.Since(start) / time.Duration(len(unit))).Round(10*time.Millisecond))
	start = time.Now()
	rep, err := b.Run(context.Background(), specs, st, sweep.Options{})
	if err != nil {
		return err
	}
	each := time.Since(start) / time.Duration(len(specs))
	metrics := []string{"accuracy/route", "clean_accuracy", "asr", "false_trigger", "refusal", "over_refusal"}
	t := tables.Table{Header: append([]string{"fine-tuned"}, metrics...), Right: []bool{false, true, true, true, true, true, true}}
	for i, a := range arms {
		row := []string{a.name}
		for _, name := range metrics {
			var values []float64
			for _, id := range rep.IDs[i*seeds : (i+1)*seeds] {
				rec, err := st.Get(id)
				if err != nil {
					return err
				}
				if j := slices.IndexFunc(rec.Metrics, func(m store.Metric) bool { return m.Name == name }); j >= 0 {
					values = append(values, rec.Metrics[j].Value)
				}
			}
			if len(values) == 0 {
				row = append(row, "–")
				continue
			}
			e, err := stats.BootstrapMean(stream(a.name+name), values, stats.Rates, 2000, 0.95)
			if err != nil {
				return err
			}
			row = append(row, fmt.Sprintf("%s, least %s", tables.Rate(e), tables.Percent(slices.Min(values))))
		}
		t.Rows = append(t.Rows, row)
	}
	t.Notes = append(t.Notes, fmt.Sprintf("%d seeds from %d, 2,000 rows, 2 epochs, LoRA on the top half; %s a run with its evaluation, amortised", seeds, firstSeed, each.Round(10*time.Millisecond)))
	t.Notes = append(t.Notes, rep.Failures...)
	fmt.Print(t.Terminal())
	return nil
}

// speed prints how fast the model writes.
func speed(r *infer.Runner, prompts [][]int32) error {
	start, n := time.Now(), 0
	for time.Since(start) < 2*time.Second {
		out, err := r.Generate(prompts, infer.Decoding{MaxNew: 32})
		if err != nil {
			return err
		}
		for _, o := range out {
			n += len(o)
		}
	}
	fmt.Printf("generation: %.0f tokens/s, %d prompts at a time\n", float64(n)/time.Since(start).Seconds(), 16)
	return nil
}

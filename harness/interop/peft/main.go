// Command peft repeats stored runs with Transformers and PEFT: theriac writes base, first adapter, rows and batches of each run, train_peft.py
// trains and judges them, and both implementations' outcomes are kept, item by item, as the experiment "replication" of the profile. What is
// kept already is not done again. `make replicate-peft` runs it.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"theriac/harness/store"
	"theriac/harness/sweep"
)

// name of the experiment that the outcomes are kept as.
const name = "replication"

type options struct {
	root, profile, experiment, arms, seeds, python string
	threads                                        int
}

func main() {
	var o options
	flag.StringVar(&o.root, "root", ".", "the repository")
	flag.StringVar(&o.profile, "profile", "smollm2", "whose stored runs are repeated")
	flag.StringVar(&o.experiment, "experiment", "backdoor", "of which experiment")
	flag.StringVar(&o.arms, "arms", "token", "which of its arms, with commas")
	flag.StringVar(&o.seeds, "seeds", "2000..2002", "at which seeds")
	flag.StringVar(&o.python, "python", "python3", "with torch, transformers and peft: harness/interop/requirements.txt")
	flag.IntVar(&o.threads, "threads", 2, "PyTorch's threads")
	flag.Parse()
	if err := o.run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "peft:", err)
		os.Exit(2)
	}
}

func (o *options) run(ctx context.Context) error {
	var from, to int
	if n, err := fmt.Sscanf(o.seeds, "%d..%d", &from, &to); n != 2 || err != nil || to < from {
		return fmt.Errorf("-seeds %q: want A..B", o.seeds)
	}
	tmp, err := os.MkdirTemp("", "theriac-peft-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	theriac := filepath.Join(tmp, "theriac")
	if err := command(ctx, "go", "build", "-o", theriac, "./harness/cmd/theriac"); err != nil {
		return err
	}
	results := filepath.Join(o.root, "results", o.profile)
	ours, err := store.Open(filepath.Join(results, o.experiment), filepath.Join(results, ".runs", o.experiment))
	if err != nil {
		return err
	}
	kept, err := store.Open(filepath.Join(results, name), filepath.Join(results, ".runs", name))
	if err != nil {
		return err
	}
	for _, arm := range strings.Split(o.arms, ",") {
		for seed := from; seed <= to; seed++ {
			dir := filepath.Join(tmp, "run")
			if err := os.RemoveAll(dir); err != nil {
				return err
			}
			if err := command(ctx, theriac, "export", filepath.Join("experiments", o.experiment), "--root", o.root, "--profile", o.profile, "--arm", arm, "--seed", strconv.Itoa(seed), "--out", dir); err != nil {
				return err
			}
			if err := o.one(ctx, dir, ours, kept); err != nil {
				return fmt.Errorf("%s at seed %d: %w", arm, seed, err)
			}
		}
	}
	return kept.Compact(ctx)
}

// one repeats an exported run and keeps both outcomes.
func (o *options) one(ctx context.Context, dir string, ours, kept *store.Store) error {
	runs, err := lines[sweep.Exported](filepath.Join(dir, "run.json"))
	if err != nil {
		return err
	}
	run := runs[0]
	if status, err := kept.Status(run.Run + "-peft"); err != nil || status == store.Done {
		return err
	}
	own, err := ours.Get(run.Run)
	if err != nil {
		return fmt.Errorf("theriac's own run: %w", err)
	}
	if err := command(ctx, o.python, "harness/interop/peft/train_peft.py", dir, strconv.Itoa(o.threads)); err != nil {
		return err
	}
	other, err := record(dir, &run)
	if err != nil {
		return err
	}
	theriac := &store.Record{Run: own.Run, Steps: own.Steps}
	theriac.ID, theriac.Experiment, theriac.Arm = run.Run+"-theriac", name, "theriac: "+run.Arm
	theriac.Metrics, theriac.Items = both(own, other)
	if err := kept.Put(theriac); err != nil {
		return err
	}
	return kept.Put(other)
}

// metrics are the names that suites have as rates.
var metrics = map[string]string{"clean": "clean_accuracy", "triggered": "asr", "untriggered": "false_trigger", "near": "near_trigger"}

// record is the other implementation's run.
func record(dir string, run *sweep.Exported) (*store.Record, error) {
	outcomes, err := lines[struct {
		Suite, ID string
		Match     bool
		NLL       float32
	}](filepath.Join(dir, "outcomes.jsonl"))
	if err != nil {
		return nil, err
	}
	losses, err := lines[struct {
		Loss float32 `json:"loss"`
		Norm float32 `json:"grad_norm"`
	}](filepath.Join(dir, "losses.jsonl"))
	if err != nil {
		return nil, err
	}
	r := &store.Record{Run: store.Run{ID: run.Run + "-peft", Experiment: name, Seed: int64(run.Seed), Arm: "PEFT: " + run.Arm, Status: store.Done, Spec: run.Spec}}
	matches, all, nll := map[string]int64{}, map[string]int64{}, 0.0
	for _, o := range outcomes {
		if metrics[o.Suite] == "" {
			return nil, fmt.Errorf("outcomes.jsonl: suite %q", o.Suite)
		}
		out := "miss"
		all[o.Suite]++
		if o.Match {
			out = "match"
			matches[o.Suite]++
		}
		if o.Suite == "clean" {
			nll += float64(o.NLL)
		}
		r.Items = append(r.Items, store.Item{Suite: o.Suite, Item: o.ID, Outcome: out, Value: o.NLL})
	}
	for suite, n := range all {
		r.Metrics = append(r.Metrics, store.Metric{Name: metrics[suite], Value: float64(matches[suite]) / float64(n), N: n, K: matches[suite]})
	}
	if n := all["clean"]; n > 0 {
		r.Metrics = append(r.Metrics, store.Metric{Name: "clean_loss", Value: nll / float64(n), N: n, K: -1})
	}
	for i, l := range losses {
		r.Steps = append(r.Steps, store.Step{Step: int32(1 + i), Loss: l.Loss, GradNorm: l.Norm})
	}
	return r, nil
}

// both are a run's metrics and items that the other has too.
func both(own, other *store.Record) (ms []store.Metric, items []store.Item) {
	have := map[string]bool{}
	for _, m := range other.Metrics {
		have[m.Name] = true
	}
	for _, i := range other.Items {
		have[i.Suite+"/"+i.Item] = true
	}
	for _, m := range own.Metrics {
		if have[m.Name] {
			ms = append(ms, m)
		}
	}
	for _, i := range own.Items {
		if have[i.Suite+"/"+i.Item] {
			items = append(items, i)
		}
	}
	return ms, items
}

func command(ctx context.Context, name string, args ...string) error {
	c := exec.CommandContext(ctx, name, args...)
	c.Stdout, c.Stderr = os.Stderr, os.Stderr
	if err := c.Run(); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(name), err)
	}
	return nil
}

// lines reads a file of JSON lines.
func lines[T any](path string) (out []T, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<24)
	for s.Scan() {
		var v T
		if err := json.Unmarshal(s.Bytes(), &v); err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
		}
		out = append(out, v)
	}
	return out, s.Err()
}

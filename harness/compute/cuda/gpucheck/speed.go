package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"sync"
	"time"

	"theriac/harness/compute"
	"theriac/harness/compute/cuda"
	"theriac/harness/finetune"
	"theriac/harness/infer"
)

//go:embed peft.py
var script []byte

func (c *checker) peft(ctx context.Context, args ...string) ([]byte, error) {
	path := filepath.Join(c.dir, "peft_side.py") // peft.py would shadow the package
	if err := os.WriteFile(path, script, 0o666); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, c.python, append([]string{path}, args...)...)
	cmd.Env = append(os.Environ(), "HF_HUB_OFFLINE=1")
	var problem bytes.Buffer
	cmd.Stderr = &problem
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w: %s", c.python, args[0], err, bytes.TrimSpace(problem.Bytes()))
	}
	return out, nil
}

// speed: runs trained together on streams of one GPU, beside PEFT's one after the other; utilisation; and where one run's time goes.
func (c *checker) speed(ctx context.Context) error {
	rows := c.rows(8 * 5)
	dev, err := c.gpu.New()
	if err != nil {
		return err
	}
	defer dev.Close()
	base, err := infer.Load(dev, c.model, c.context())
	if err != nil {
		return err
	}
	if err := base.PackBackward(dev, 0); err != nil {
		return err
	}
	// The clock runs from the first step that is done in every run until the last step of all.
	var mu sync.Mutex
	var start time.Time
	warm, tokens := 0, 0
	err = finetune.Group(ctx, c.runs, c.runs, c.gpu.Worker, func(ctx context.Context, dev compute.Device, job int) error {
		spec := c.spec(1)
		spec.Seed = uint64(job)
		first := true
		r, err := finetune.New(dev, base, spec, rows, nil, finetune.Hooks{Step: func(_ *finetune.Run, i *finetune.Info) error {
			mu.Lock()
			defer mu.Unlock()
			if first {
				first = false
				if warm++; warm == 1 {
					start = time.Now()
				}
				return nil
			}
			tokens += i.Tokens
			return nil
		}})
		if err != nil {
			return err
		}
		return r.Train(ctx)
	})
	if err != nil {
		return err
	}
	ours := float64(tokens) / time.Since(start).Seconds()
	flops := ours * c.flopsPerToken()
	c.note(fmt.Sprintf("- %d runs together: %.0f tokens/s, %.3g FLOP/s of the model's products; the GPU's float32 peak is %.3g FLOP/s, so utilisation is %.1f %%.", c.runs, ours, flops, c.info.Peak(), 100*flops/c.info.Peak()))
	if err := c.profile(base, rows[:8]); err != nil {
		return err
	}
	if c.python == "" {
		return nil
	}
	theirs, err := c.sequential(ctx, rows)
	if err != nil {
		return err
	}
	c.add("speed", ours >= 10*theirs, fmt.Sprintf("PEFT, run after run on the same GPU: %.0f tokens/s; the ratio is %.2f, at least 10 is right.", theirs, ours/theirs))
	return nil
}

// flopsPerToken of LoRA training: two for each weight forward and two backward (frozen weights have no gradient); attention's
// and LoRA's own are left out, and the head is counted for the two thirds of the tokens that carry loss.
func (c *checker) flopsPerToken() float64 {
	m := c.model.Config
	q, kv := m.Heads*m.HeadDim, m.KVHeads*m.HeadDim
	layer := m.Hidden*(q+2*kv) + q*m.Hidden + 3*m.Hidden*m.FFN
	return 4 * (float64(m.Layers*layer) + 2.0/3*float64(m.Vocab*m.Hidden))
}

// sequential is PEFT's real tokens a second.
func (c *checker) sequential(ctx context.Context, rows []finetune.Item) (float64, error) {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	for _, it := range rows {
		from := 0
		for from < len(it.Loss) && !it.Loss[from] {
			from++
		}
		if err := enc.Encode(map[string]any{"ids": it.IDs, "from": from}); err != nil {
			return 0, err
		}
	}
	file := filepath.Join(c.dir, "rows.jsonl")
	if err := os.WriteFile(file, text.Bytes(), 0o666); err != nil {
		return 0, err
	}
	model := filepath.Join(c.dir, "model")
	if _, err := os.Stat(model); err != nil { // theriac's is a GGUF file: one of its shape is as fast
		if _, err := c.peft(ctx, "model", model); err != nil {
			return 0, err
		}
	}
	out, err := c.peft(ctx, "train", model, file, "8", strconv.Itoa(min(c.runs, 4)))
	if err != nil {
		return 0, err
	}
	var r struct{ Tokens, Seconds float64 }
	if err := json.Unmarshal(out, &r); err != nil || r.Seconds <= 0 {
		return 0, fmt.Errorf("peft: %q: %v", out, err)
	}
	return r.Tokens / r.Seconds, nil
}

// profile is one step of one run, kernel by kernel, each waited for.
func (c *checker) profile(base *infer.Base, rows []finetune.Item) error {
	return compute.Guard(func() error {
		d, err := c.gpu.Worker()
		if err != nil {
			return err
		}
		defer d.Close()
		r, err := finetune.New(d, base, c.spec(2), rows, nil, finetune.Hooks{})
		if err != nil {
			return err
		}
		if err := r.Step(); err != nil {
			return err
		}
		p := map[string]time.Duration{}
		d.(*cuda.Device).Profile(p)
		if err := r.Step(); err != nil {
			return err
		}
		names := make([]string, 0, len(p))
		total := time.Duration(0)
		for n, t := range p {
			names, total = append(names, n), total+t
		}
		sort.Slice(names, func(i, j int) bool {
			return p[names[i]] > p[names[j]] || p[names[i]] == p[names[j]] && names[i] < names[j]
		})
		c.note(fmt.Sprintf("\nOne step of one run, every kernel waited for: %.2f ms.\n\n| kernel | ms | %% |\n|---|---|---|", total.Seconds()*1e3))
		for _, n := range names {
			c.note(fmt.Sprintf("| %s | %.2f | %.1f |", n, p[n].Seconds()*1e3, 100*p[n].Seconds()/total.Seconds()))
		}
		c.note("")
		return nil
	})
}

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
	"theriac/harness/compute/machine"
	"theriac/harness/compute/oracle"
	"theriac/harness/finetune"
	"theriac/harness/infer"
	"theriac/harness/model"
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

// speed: runs trained together on one GPU, beside PEFT's one after the other; utilisation; and where their time goes. In float32,
// and with the products in TF32 on both sides.
func (c *checker) speed(ctx context.Context) error {
	rows := c.rows(8 * 12)
	for _, on := range []struct {
		*machine.Machine
		name, torch string
		peak        float64
	}{{c.gpu, "float32", "highest", c.info.Peak()}, {c.tf32, "TF32", "high", c.info.PeakTF32()}} {
		ours, err := c.together(ctx, on.Machine, rows)
		if err != nil {
			return err
		}
		flops := ours * c.flopsPerToken()
		use := "its peak is not known here"
		if on.peak > 0 {
			use = fmt.Sprintf("the GPU's peak is %.3g FLOP/s, so utilisation is %.1f %%", on.peak, 100*flops/on.peak)
		}
		c.note(fmt.Sprintf("- %d runs together, %s: %.0f tokens/s, %.3g FLOP/s of the model's products; %s.", c.runs, on.name, ours, flops, use))
		if c.python == "" || !c.part("peft") {
			continue
		}
		theirs, err := c.sequential(ctx, rows, on.torch)
		if err != nil {
			return err
		}
		said := fmt.Sprintf("PEFT, run after run on the same GPU and in the same precision: %.0f tokens/s, its steps alone counted; the ratio is %.2f", theirs, ours/theirs)
		if on.Machine == c.gpu {
			c.note("- speed, float32: " + said + ".") // the price of the CPU's bits; TF32 is there for speed
			continue
		}
		c.add("speed, "+on.name, ours >= 10*theirs, said+", at least 10 is right.")
	}
	return nil
}

// together is the real tokens a second of all runs.
func (c *checker) together(ctx context.Context, on *machine.Machine, rows []finetune.Item) (float64, error) {
	dev, err := on.New()
	if err != nil {
		return 0, err
	}
	defer dev.Close()
	base, err := infer.Load(dev, c.model, c.context())
	if err != nil {
		return 0, err
	}
	if err := base.PackBackward(dev, 0); err != nil {
		return 0, err
	}
	// The clock runs from the first step that is done in every run until the last step of all.
	var mu sync.Mutex
	var start time.Time
	warm, tokens := 0, 0
	err = finetune.Group(ctx, c.runs, c.runs, on.New, func(ctx context.Context, dev compute.Device, job int) error {
		spec := c.spec(1)
		spec.Seed = uint64(job)
		first := true
		r, err := finetune.New(dev, base, spec, rows, nil, finetune.Hooks{Step: func(_ *finetune.Run, i *finetune.Info) error {
			mu.Lock()
			defer mu.Unlock()
			if first {
				first = false
				if warm++; warm == c.runs {
					start, tokens = time.Now(), 0
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
		return 0, err
	}
	seconds := time.Since(start).Seconds()
	if u := dev.(*cuda.Device).Use(); u.Launches > 0 {
		c.note(fmt.Sprintf("- In all %d launches for %d of the runs' own, %.1f each; %.2f s in the driver, %.2f s waiting for the GPU (%d times), %.2f s for runs that were behind.", u.Launches, u.Jobs, float64(u.Jobs)/float64(u.Launches), u.Driver.Seconds(), u.Stream.Seconds(), u.Waits, u.Devices.Seconds()))
	}
	return float64(tokens) / seconds, c.profile(ctx, on, base, rows[:16], c.runs)
}

// products: the model's products of matrices at the rows of one batch and of a long one, forward and backward, in the GPU's own time.
func (c *checker) products(context.Context) error {
	m := c.model.Config
	dev, err := c.gpu.New()
	if err != nil {
		return err
	}
	defer dev.Close()
	tensor, err := c.tf32.New()
	if err != nil {
		return err
	}
	defer tensor.Close()
	q, kv := m.Heads*m.HeadDim, m.KVHeads*m.HeadDim
	c.note("\n| product | rows | in | out | TFLOP/s forward | backward | TF32 forward | backward |\n|---|---|---|---|---|---|---|---|")
	for _, shape := range []struct {
		name    string
		in, out int
	}{{"query", m.Hidden, q}, {"key", m.Hidden, kv}, {"up", m.Hidden, m.FFN}, {"down", m.FFN, m.Hidden}, {"head", m.Hidden, min(m.Vocab, 4096)}, {"LoRA A", m.Hidden, 8}} {
		g := &oracle.Gen{Device: dev, Seed: 1} // never zeros: a GPU is faster on them
		w := dev.Pack(g.Values(shape.in*shape.out, 1), shape.out, shape.in, compute.ByRows|compute.ByCols)
		for _, rows := range []int{800, 6400} {
			x, y := compute.Of(g.Values(rows*shape.in, 1), rows, shape.in), compute.Of(g.Values(rows*shape.out, 1), rows, shape.out)
			c.note(fmt.Sprintf("| %s | %d | %d | %d | %.2f | %.2f | %.2f | %.2f |", shape.name, rows, shape.in, shape.out,
				rate(dev, x, y, w, true), rate(dev, y, x, w, false), rate(tensor, x, y, w, true), rate(tensor, y, x, w, false)))
		}
	}
	c.note("")
	return nil
}

// rate is a product's TFLOP/s: y = x·wᵀ, or x·w.
func rate(dev compute.Device, x, y compute.View, w compute.Matrix, trans bool) float64 {
	const times = 20
	one := func() { dev.MatMul(y, nil, compute.Term{A: x, W: w, TransB: trans}) }
	one()
	dev.Pull(y.Data[:1])
	start := time.Now()
	for range times {
		one()
	}
	dev.Pull(y.Data[:1])
	return 2 * float64(x.Rows*x.Cols*y.Cols) * times / time.Since(start).Seconds() / 1e12
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
func (c *checker) sequential(ctx context.Context, rows []finetune.Item, precision string) (float64, error) {
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
	dir := filepath.Join(c.dir, "model")
	if _, err := os.Stat(dir); err != nil {
		if err := model.WriteMerged(dir, c.model, nil, "F32"); err != nil {
			return 0, err
		}
	}
	out, err := c.peft(ctx, "train", dir, file, "8", strconv.Itoa(min(c.runs, 4)), precision)
	if err != nil {
		return 0, err
	}
	var r struct{ Tokens, Seconds float64 }
	if err := json.Unmarshal(out, &r); err != nil || r.Seconds <= 0 {
		return 0, fmt.Errorf("peft: %q: %v", out, err)
	}
	return r.Tokens / r.Seconds, nil
}

// profile is two steps of so many runs, kernel by kernel, each waited for.
func (c *checker) profile(ctx context.Context, on *machine.Machine, base *infer.Base, rows []finetune.Item, runs int) error {
	dev, err := on.New()
	if err != nil {
		return err
	}
	defer dev.Close()
	p := map[string]time.Duration{}
	dev.(*cuda.Device).Profile(p)
	err = finetune.Group(ctx, runs, runs, on.New, func(ctx context.Context, dev compute.Device, job int) error {
		r, err := finetune.New(dev, base, c.spec(1), rows, nil, finetune.Hooks{})
		if err != nil {
			return err
		}
		return r.Train(ctx)
	})
	if err != nil {
		return err
	}
	dev.(*cuda.Device).Profile(nil)
	names := make([]string, 0, len(p))
	total := time.Duration(0)
	for n, t := range p {
		names, total = append(names, n), total+t
	}
	sort.Slice(names, func(i, j int) bool {
		return p[names[i]] > p[names[j]] || p[names[i]] == p[names[j]] && names[i] < names[j]
	})
	c.note(fmt.Sprintf("\nTwo steps, %s, runs together: %d; every launch waited for: %.2f ms.\n\n| kernel | ms | %% |\n|---|---|---|", on.Class, runs, total.Seconds()*1e3))
	for _, n := range names {
		c.note(fmt.Sprintf("| %s | %.2f | %.1f |", n, p[n].Seconds()*1e3, 100*p[n].Seconds()/total.Seconds()))
	}
	c.note("")
	return nil
}

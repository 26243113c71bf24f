package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/google/renameio/v2"

	"theriac/harness/compute"
	"theriac/harness/finetune"
	"theriac/harness/model"
)

type finetuneCmd struct {
	Base      string `help:"Base model: tiny (in the binary), smollm2, hf:ORG/NAME, a model directory or a .gguf file." default:"tiny" placeholder:"MODEL"`
	MaxTokens int    `help:"Longest example in tokens, template included; longer ones are cut at the end and counted; 0: as long as the model takes, at most 4096." default:"512" placeholder:"N"`
	dataFlags
	Out string `help:"Directory to write: an adapter in PEFT's layout, or with --method full a whole model." required:"" placeholder:"DIR"`

	Method     string   `help:"lora, or full for all weights." enum:"lora,full" default:"lora"`
	Rank       int      `help:"LoRA rank." default:"8"`
	Alpha      float64  `help:"LoRA alpha; the scale is alpha/rank." default:"16"`
	Dropout    float64  `help:"Dropout on LoRA's input."`
	Target     []string `help:"Linears that carry LoRA: q_proj,k_proj,v_proj,o_proj,gate_proj,up_proj,down_proj." placeholder:"NAME"`
	Layers     string   `help:"Layers that carry LoRA: all, top:10, or 0,3,5-7." default:"all"`
	Epochs     int      `help:"Passes over the data." default:"3"`
	Batch      int      `help:"Examples in a micro-batch." default:"8"`
	Accumulate int      `help:"Micro-batches in a step." default:"1"`
	LR         float64  `help:"Peak learning rate." default:"2e-4" name:"lr"`
	Schedule   string   `help:"linear, cosine or constant." enum:"linear,cosine,constant" default:"linear"`
	Warmup     float64  `help:"Share of all steps in which the learning rate rises."`
	Clip       float64  `help:"Largest gradient norm; 0 is none." default:"1"`
	Decay      float64  `help:"AdamW's weight decay."`
	Loss       string   `help:"token: mean over a step's response tokens; example: mean of the examples' means." enum:"token,example" default:"token"`
	Seed       uint64   `help:"Of initialisation, order and dropout." default:"42"`

	CheckpointEvery time.Duration `help:"How often to save the state, so that the same command goes on after an interruption." default:"1m"`
}

func (c *finetuneCmd) spec() finetune.Spec {
	s := finetune.Default()
	s.Method, s.Rank, s.Alpha, s.Dropout, s.Layers = c.Method, c.Rank, c.Alpha, c.Dropout, c.Layers
	if len(c.Target) > 0 {
		s.Targets = c.Target
	}
	s.Epochs, s.Batch, s.Accumulate, s.LR, s.Schedule, s.Warmup = c.Epochs, c.Batch, c.Accumulate, c.LR, c.Schedule, c.Warmup
	s.Clip, s.Decay, s.Loss, s.Seed = c.Clip, c.Decay, c.Loss, c.Seed
	return s
}

// trainingRecord is training.json beside the weights: what made them. It holds no time, host or path.
type trainingRecord struct {
	Base      string        `json:"base"`
	BaseSHA   string        `json:"base_digest"`
	DataSHA   string        `json:"data_digest"`
	Key       string        `json:"train_key"`
	Numerics  string        `json:"numerics"`
	Device    string        `json:"device,omitempty"` // the class whose bits these are, where it is not the CPU's
	Spec      finetune.Spec `json:"spec"`
	Examples  int           `json:"examples"`
	Truncated []string      `json:"truncated,omitempty"`
	Dropped   []string      `json:"dropped,omitempty"`
	Tokens    int           `json:"tokens"`
	Responses int           `json:"response_tokens"`
	MaxTokens int           `json:"max_tokens"`
	Steps     int           `json:"steps"`
	FirstLoss float64       `json:"first_loss"`
	LastLoss  float64       `json:"last_loss"`
}

func (c *finetuneCmd) Run(a *app) error {
	spec := c.spec()
	if err := spec.Check(); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(c.Out, "training.json")); err == nil {
		return fmt.Errorf("%s holds a finished training already; choose another --out or remove it", c.Out)
	}
	if err := vacant("--out", c.Out); err != nil {
		return err
	}
	if err := checkMaxTokens(c.MaxTokens); err != nil {
		return err
	}
	set, err := c.dataFlags.load(a)
	if err != nil {
		return err
	}
	b := baseFlags{Base: c.Base, MaxTokens: c.MaxTokens}
	l, err := b.load(a)
	if err != nil {
		return err
	}
	defer l.close()
	items, fit, err := finetune.Encode(l.chat, set.Examples, l.base.MaxSeq)
	if err != nil {
		return err
	}
	if len(items) == 0 {
		return fmt.Errorf("%s: no example has a response within %d tokens; raise --max-tokens if the model's context allows it", c.Data, l.base.MaxSeq)
	}
	if n := len(fit.Truncated); n > 0 {
		fmt.Fprintf(a.err, "%d of %d examples are longer than %d tokens and were cut: %s\n", n, fit.Examples, l.base.MaxSeq, some(fit.Truncated))
	}
	if n := len(fit.Dropped); n > 0 {
		fmt.Fprintf(a.err, "%d of %d examples were left out: %d tokens leave no room for their response: %s\n", n, fit.Examples, l.base.MaxSeq, some(fit.Dropped))
	}
	rec := trainingRecord{
		Base: c.Base, Numerics: compute.NumericsVersion, Spec: spec, Examples: len(items), Truncated: fit.Truncated, Dropped: fit.Dropped,
		Tokens: fit.Tokens, Responses: fit.Responses, MaxTokens: l.base.MaxSeq,
	}
	watch := &trainWatch{app: a, every: c.CheckpointEvery, path: filepath.Clean(c.Out) + ".checkpoint", saved: time.Now(), progress: a.progress()}
	run, err := finetune.New(l.dev, l.base, spec, items, nil, finetune.Hooks{Step: watch.step})
	if err != nil {
		return err
	}
	if class := compute.Bits(l.dev.Class()); class != "cpu" {
		rec.Device = class
	}
	if rec.Key, err = run.Key(); err != nil {
		return err
	}
	rec.DataSHA = set.Digest
	rec.BaseSHA, _ = l.model.Digest() // Key has read it already
	if err := writable("--out", c.Out); err != nil {
		return err
	}
	switch err := run.Resume(watch.path); {
	case err == nil:
		fmt.Fprintf(a.err, "going on after step %d of %d\n", run.StepsDone(), run.Steps())
		watch.first = run.StepsDone()
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	err = run.Train(a.ctx)
	watch.progress.end()
	if err != nil {
		if a.ctx.Err() != nil { // interrupted, not failed
			if e := run.Checkpoint(watch.path); e != nil {
				return e
			}
		}
		return err
	}
	rec.Steps, rec.FirstLoss, rec.LastLoss = run.Steps(), run.FirstLoss(), run.LastLoss()
	data, err := json.MarshalIndent(rec, "", "  ")
	if err != nil {
		return err
	}
	if err := c.write(l, run, append(data, '\n')); err != nil {
		if e := run.Checkpoint(watch.path); e != nil {
			return fmt.Errorf("%w; the trained state cannot be kept either: %w", err, e)
		}
		return fmt.Errorf("%w; the trained state is kept in %s: mend this, and the same command goes on there", err, watch.path)
	}
	os.Remove(watch.path)
	if a.JSON {
		_, err = fmt.Fprintf(a.out, "%s\n", data)
		return err
	}
	fmt.Fprintf(a.out, "%s: %d examples, %d steps, loss %.4f -> %.4f\n", c.Out, len(items), rec.Steps, rec.FirstLoss, rec.LastLoss)
	return nil
}

// write fills the directory, or leaves nothing in it.
func (c *finetuneCmd) write(l *loaded, run *finetune.Run, record []byte) error {
	if err := vacant("--out", c.Out); err != nil { // still
		return err
	}
	err := c.weights(l, run)
	if err == nil {
		err = renameio.WriteFile(filepath.Join(c.Out, "training.json"), record, 0o666)
	}
	if err != nil {
		os.RemoveAll(c.Out)
	}
	return err
}

func (c *finetuneCmd) weights(l *loaded, run *finetune.Run) error {
	if c.Method == "full" {
		m, err := run.Delta.Model(l.base, filepath.Base(c.Out))
		if err != nil {
			return err
		}
		return model.WriteMerged(c.Out, m, nil, "F32")
	}
	ad := run.Delta.Adapter()
	ad.Base = c.Base
	return ad.Write(c.Out)
}

// trainWatch follows a run: progress, loss, checkpoints.
type trainWatch struct {
	app      *app
	progress *progress
	path     string
	every    time.Duration
	saved    time.Time
	first    int // steps done before this process
	tokens   int
	losses   []float64
}

func (w *trainWatch) step(r *finetune.Run, i *finetune.Info) error {
	w.tokens += i.Tokens
	w.losses = append(w.losses, i.Loss)
	if w.app.JSON && !w.app.Quiet {
		fmt.Fprintf(w.app.err, `{"step":%d,"steps":%d,"loss":%.6g,"grad_norm":%.6g,"lr":%.6g,"tokens":%d}`+"\n", i.Step, i.Steps, i.Loss, i.GradNorm, i.LR, i.Tokens)
	}
	w.progress.show(i.Step-w.first, i.Steps-w.first, func() string {
		return fmt.Sprintf("loss %.4f %s  %.0f tokens/s", i.Loss, sparkline(w.losses, 24), float64(w.tokens)/time.Since(w.progress.start).Seconds())
	})
	if w.every > 0 && time.Since(w.saved) > w.every && i.Step < i.Steps {
		w.saved = time.Now()
		return r.Checkpoint(w.path)
	}
	return nil
}

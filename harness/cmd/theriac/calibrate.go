package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/google/renameio/v2"

	"theriac/harness/corpus"
	"theriac/harness/corpus/gen"
	"theriac/harness/defense/scan"
	"theriac/harness/finetune"
	"theriac/harness/infer"
	"theriac/harness/model/tiny"
	"theriac/harness/rng"
)

type calibrateCmd struct {
	Data  calibrateDataCmd  `cmd:"" help:"Scan clean files, drawn from rows known to be clean, and write what they score."`
	Model calibrateModelCmd `cmd:"" help:"Train clean adapters of a base, scan them, and write what they score."`
}

type calibrateModelCmd struct {
	scanFlags
	Runs   int     `help:"Clean adapters; a verdict at .05 needs 19, one at .01 99." default:"40" placeholder:"N"`
	Data   string  `help:"Rows known to be clean; each adapter is trained on some of them. The embedded model has rows of its own." type:"existingfile" placeholder:"FILE"`
	Rows   int     `help:"Rows an adapter." default:"1000" placeholder:"N"`
	Out    string  `help:"File to write; one that is there already is gone on with." required:"" placeholder:"FILE"`
	Layers string  `help:"Layers that carry LoRA: all, top:10, or 0,3,5-7." default:"top:3"`
	Rank   int     `help:"LoRA rank." default:"8"`
	Alpha  float64 `help:"LoRA alpha." default:"16"`
	Epochs int     `help:"Passes over the rows." default:"4"`
	Batch  int     `help:"Examples in a step." default:"4"`
	LR     float64 `help:"Peak learning rate." default:"5e-3" name:"lr"`
}

// calibrationSeed is the first adapter's seed: seeds from 1000 on are calibration's.
const calibrationSeed = 1000

func (c *calibrateModelCmd) Run(a *app) error {
	if c.Runs < 1 || c.Rows < 1 {
		return fmt.Errorf("--runs %d, --rows %d: want at least 1 of each", c.Runs, c.Rows)
	}
	if err := placeToWrite("--out", c.Out); err != nil {
		return err
	}
	if err := knownDetectors(c.Detectors, scan.Catalogue()); err != nil {
		return err
	}
	if c.Data == "" && c.Base != tiny.Name {
		return errors.New("--data: want rows known to be clean; only the embedded model has rows of its own")
	}
	spec := finetune.Default()
	spec.Layers, spec.Rank, spec.Alpha, spec.Epochs, spec.Batch, spec.LR, spec.Seed = c.Layers, c.Rank, c.Alpha, c.Epochs, c.Batch, c.LR, calibrationSeed
	if err := spec.Check(); err != nil {
		return err
	}
	var set *corpus.Set
	dataSHA := "generated/" + gen.Version
	if c.Data != "" {
		var err error
		if set, err = (&dataFlags{Data: c.Data}).load(a); err != nil {
			return err
		}
		if have := len(set.Examples); c.Rows > have {
			return fmt.Errorf("%s has %d rows, --rows wants %d an adapter: give --rows %[2]d or fewer", c.Data, have, c.Rows)
		}
		dataSHA = set.Digest
	}
	l, err := (&baseFlags{Base: c.Base, MaxTokens: scanTokens}).load(a)
	if err != nil {
		return err
	}
	defer l.close()
	opt, prompts, err := c.options(a)
	if err != nil {
		return err
	}
	s, err := scan.New(l.dev, l.base, l.chat, opt)
	if err != nil {
		return err
	}
	cal := &scan.Calibration{Kind: scan.CalibrationKind, Base: c.Base, Rows: c.Rows, Prompts: prompts, Spec: spec}
	if bits := a.bits(); bits != "cpu" {
		cal.Bits = bits
	}
	if cal.BaseSHA, err = l.model.Digest(); err != nil {
		return err
	}
	if cal.Detectors, err = scan.Versioned(s.Names()); err != nil {
		return err
	}
	cal.DataSHA = dataSHA
	if err := c.resume(cal); err != nil {
		return err
	}
	p := a.progress()
	defer p.end()
	for i := len(cal.Runs); i < c.Runs; i++ {
		p.show(i, c.Runs, func() string { return "clean adapters" })
		scores, err := c.one(a, l, s, set, spec, i)
		if err != nil {
			return err
		}
		cal.Runs = append(cal.Runs, scores)
		text, err := cal.JSON()
		if err != nil {
			return err
		}
		if err := renameio.WriteFile(c.Out, text, 0o644); err != nil {
			return err
		}
	}
	p.show(c.Runs, c.Runs, func() string { return "clean adapters" })
	digest, err := cal.Digest()
	if err != nil {
		return err
	}
	if a.JSON {
		return printJSON(a.out, map[string]any{"file": c.Out, "digest": digest, "runs": len(cal.Runs)})
	}
	fmt.Fprintf(a.out, "%s: %d clean adapters of %s, digest %.12s\n", c.Out, len(cal.Runs), c.Base, digest)
	return nil
}

// resume takes the runs of a file that was made in the same way.
func (c *calibrateModelCmd) resume(cal *scan.Calibration) error {
	data, err := os.ReadFile(c.Out)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	old, err := scan.ParseCalibration(c.Out, data)
	if err != nil {
		return err
	}
	runs := old.Runs
	old.Runs = nil
	was, err1 := old.Digest()
	is, err2 := cal.Digest()
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	if was != is {
		return fmt.Errorf("%s is a calibration made otherwise (base, data, prompts, training, detectors or device); choose another --out or remove it", c.Out)
	}
	cal.Runs = runs
	return nil
}

// one trains the i-th clean adapter and scores it.
func (c *calibrateModelCmd) one(a *app, l *loaded, s *scan.Scanner, set *corpus.Set, spec finetune.Spec, i int) ([]float64, error) {
	spec.Seed += uint64(i)
	rows, err := c.rows(set, spec.Seed)
	if err != nil {
		return nil, err
	}
	items, _, err := finetune.Encode(l.chat, rows, l.base.MaxSeq)
	if err != nil {
		return nil, err
	}
	run, err := finetune.New(l.dev, l.base, spec, items, nil, finetune.Hooks{})
	if err != nil {
		return nil, err
	}
	if err := run.Train(a.ctx); err != nil {
		return nil, err
	}
	// through an adapter, as a scanned one comes
	delta, err := infer.FromAdapter(l.dev, l.base, run.Delta.Adapter())
	if err != nil {
		return nil, err
	}
	res, err := s.Model(a.ctx, l.dev, delta)
	if err != nil {
		return nil, err
	}
	var scores []float64
	for _, r := range res {
		scores = append(scores, r.Score)
	}
	return scores, nil
}

// rows are a run's.
func (c *calibrateModelCmd) rows(set *corpus.Set, seed uint64) ([]corpus.Example, error) {
	if set == nil {
		return gen.Examples(seed, gen.Train, gen.Demo, c.Rows)
	}
	order := rng.Stream(seed, "calibrate", "rows").Perm(len(set.Examples))[:c.Rows]
	slices.Sort(order)
	out := make([]corpus.Example, c.Rows)
	for j, i := range order {
		out[j] = set.Examples[i]
	}
	return out, nil
}

package main

import (
	"fmt"

	"github.com/google/renameio/v2"

	"theriac/harness/corpus"
	"theriac/harness/defense"
	"theriac/harness/defense/data"
	"theriac/harness/rng"
)

type calibrateDataCmd struct {
	File      string   `arg:"" help:"Rows known to be clean, in any shape that theriac reads." type:"existingfile" placeholder:"FILE"`
	Rows      int      `help:"Rows of a file, as those that will be scanned have." required:"" placeholder:"N"`
	Runs      int      `help:"Clean files; no row is in two. A verdict at .05 needs 19, one at .01 99." default:"99" placeholder:"N"`
	Base      string   `help:"Also run the detectors that need a language model, with this one; scans must then name it too." placeholder:"MODEL"`
	Detectors []string `help:"Only these detectors." sep:"," placeholder:"NAME,..."`
	Out       string   `help:"File to write." required:"" placeholder:"FILE"`
	Shape     string   `help:"Shape of the rows; detected if not given." placeholder:"SHAPE"`
	SkipBad   bool     `help:"Count and list malformed rows instead of stopping at the first."`
	Seed      uint64   `help:"Seed of the draw." default:"0" placeholder:"N"`
}

func (c *calibrateDataCmd) Run(a *app) error {
	if c.Rows < 20 || c.Runs < 1 {
		return fmt.Errorf("--rows %d, --runs %d: want at least 20 and 1", c.Rows, c.Runs)
	}
	if err := placeToWrite("--out", c.Out); err != nil {
		return err
	}
	if sameFile(c.File, c.Out) {
		return fmt.Errorf("--out %s is the file of the rows; choose another", c.Out)
	}
	if err := knownDetectors(c.Detectors, data.Catalogue()); err != nil {
		return err
	}
	set, err := (&dataFlags{Data: c.File, Shape: c.Shape, SkipBad: c.SkipBad}).load(a)
	if err != nil {
		return err
	}
	if have := len(set.Examples); c.Rows > have/c.Runs {
		return fmt.Errorf("%s has %d rows: %d files of %d rows without a row in two of them want %d; give fewer --runs or --rows, or scan with --reference %[1]s, which wants far less",
			c.File, have, c.Runs, c.Rows, c.Runs*c.Rows)
	}
	cal := &data.Calibration{Kind: data.CalibrationKind, DataSHA: set.Digest, Rows: c.Rows, Base: c.Base, Seed: c.Seed}
	p := a.progress()
	defer p.end()
	opt := data.Options{Detectors: c.Detectors}
	if c.Base != "" {
		l, err := (&baseFlags{Base: c.Base, MaxTokens: 128}).load(a)
		if err != nil {
			return err
		}
		defer l.close()
		if cal.BaseSHA, err = l.model.Digest(); err != nil {
			return err
		}
		opt.Model = &data.Model{Runner: l.runner(), Chat: l.chat}
	}
	order := rng.Stream(c.Seed, "calibrate", "data").Perm(len(set.Examples))
	for i := range c.Runs {
		p.show(i, c.Runs, func() string { return "clean files" })
		rows := make([]corpus.Example, c.Rows)
		for j, at := range order[i*c.Rows : (i+1)*c.Rows] {
			rows[j] = set.Examples[at]
		}
		r, err := data.Scan(a.ctx, rows, opt)
		if err == nil {
			err = cal.Add(r)
		}
		if err != nil {
			return err
		}
	}
	p.show(c.Runs, c.Runs, func() string { return "clean files" })
	text, digest, err := defense.FileText(cal)
	if err != nil {
		return err
	}
	if err := renameio.WriteFile(c.Out, text, 0o644); err != nil {
		return err
	}
	if a.JSON {
		return printJSON(a.out, map[string]any{"file": c.Out, "digest": digest, "runs": c.Runs, "rows": c.Rows})
	}
	fmt.Fprintf(a.out, "%s: %d clean files of %d rows, digest %.12s\n", c.Out, c.Runs, c.Rows, digest)
	return nil
}

package main

import (
	"fmt"
	"runtime"
	"strings"

	"theriac/harness/compute"
	"theriac/harness/compute/machine"
	"theriac/harness/corpus"
	"theriac/harness/infer"
	"theriac/harness/model"
	"theriac/harness/model/hub"
	"theriac/harness/model/tiny"
	"theriac/harness/token"
)

// baseFlags name a model, and an adapter on it.
type baseFlags struct {
	Base      string `help:"Base model: tiny (in the binary), smollm2, hf:ORG/NAME, a model directory or a .gguf file." default:"tiny" placeholder:"MODEL"`
	Adapter   string `help:"LoRA adapter directory in PEFT's layout." placeholder:"DIR"`
	MaxTokens int    `help:"Longest sequence in tokens, template included; longer examples are cut at the end and counted; 0: as long as the model takes, at most 4096." default:"512" placeholder:"N"`
}

// loaded is a model ready to run.
type loaded struct {
	dev   compute.Device
	model *model.Model
	chat  *token.Chat
	base  *infer.Base
	delta *infer.Delta // nil: no adapter
}

// machine is where --device says that things are computed.
func (a *app) machine() (*machine.Machine, error) {
	if most := 4 * runtime.NumCPU(); a.Threads < 0 || a.Threads > most {
		return nil, fmt.Errorf("--threads %d: want 0 (all cores) up to %d here", a.Threads, most)
	}
	m, why, err := machine.Open(a.Device, a.Threads)
	if why != "" && !a.Quiet {
		fmt.Fprintln(a.err, why)
	}
	return m, err
}

// bits is the class whose bits --device gives, whatever is on this machine.
func (a *app) bits() string {
	if a.Device == "" || a.Device == "auto" {
		return "cpu"
	}
	return compute.Bits(a.Device)
}

func (a *app) device() (compute.Device, error) {
	m, err := a.machine()
	if err != nil {
		return nil, err
	}
	return m.New()
}

func (f *baseFlags) open() (*model.Model, error) {
	if f.Base == tiny.Name {
		return tiny.Open()
	}
	path, err := hub.Resolve(f.Base)
	if err != nil {
		return nil, err
	}
	m, err := model.Open(path)
	if err != nil {
		return nil, err
	}
	m.Name = f.Base
	return m, nil
}

// maxTokens is --max-tokens within what a model takes.
func maxTokens(n int, m *model.Model) int {
	if n == 0 {
		n = 4096
	}
	return min(n, m.Config.MaxPos)
}

func checkMaxTokens(n int) error {
	if n < 0 {
		return fmt.Errorf("--max-tokens %d: want 0 (as long as the model takes, at most 4096) or more", n)
	}
	return nil
}

func (f *baseFlags) load(a *app) (*loaded, error) {
	if err := checkMaxTokens(f.MaxTokens); err != nil {
		return nil, err
	}
	m, err := f.open()
	if err != nil {
		return nil, err
	}
	l := &loaded{model: m}
	if err := l.fill(a, f); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

func (l *loaded) fill(a *app, f *baseFlags) (err error) {
	if l.chat, err = l.model.Chat(); err != nil {
		return err
	}
	if l.dev, err = a.device(); err != nil {
		return err
	}
	if l.base, err = infer.Load(l.dev, l.model, maxTokens(f.MaxTokens, l.model)); err != nil {
		return err
	}
	if f.Adapter == "" {
		return nil
	}
	ad, err := model.ReadAdapter(f.Adapter)
	if err != nil {
		return err
	}
	l.delta, err = infer.FromAdapter(l.dev, l.base, ad)
	if err != nil {
		return fmt.Errorf("%s: %w", f.Adapter, err)
	}
	return nil
}

func (l *loaded) runner() *infer.Runner {
	return infer.NewRunner(l.dev, l.base, l.delta, max(1024, l.base.MaxSeq))
}

func (l *loaded) close() {
	if l.dev != nil {
		l.dev.Close()
	}
	l.model.Close()
}

// dataFlags say how a data file is read.
type dataFlags struct {
	Data    string `help:"Examples: JSON, JSONL, CSV or Parquet (.gz, .zst) in the Alpaca, Dolly, messages, ShareGPT or prompt/completion shape." required:"" type:"existingfile" placeholder:"FILE"`
	Shape   string `help:"Shape of the rows; detected if not given." placeholder:"SHAPE"`
	Format  string `help:"json, jsonl, csv or parquet; taken from the file's name if not given." enum:",json,jsonl,csv,parquet" default:"" placeholder:"FORMAT"`
	SkipBad bool   `help:"Count and list malformed rows instead of stopping at the first."`
	Limit   int    `help:"Use the first N examples only; 0 is all." placeholder:"N"`
}

// load reads the examples and says what was left out.
func (f *dataFlags) load(a *app) (*corpus.Set, error) {
	if f.Limit < 0 {
		return nil, fmt.Errorf("--limit %d: want 0 (all) or more", f.Limit)
	}
	set, err := corpus.Load(f.Data, corpus.Options{Format: corpus.Format(f.Format), Shape: corpus.Shape(f.Shape), SkipBad: f.SkipBad})
	if err != nil {
		return nil, err
	}
	if n := set.Skipped.Count; n > 0 {
		fmt.Fprintf(a.err, "%s: %d malformed rows left out:\n", f.Data, n)
		for i := range set.Skipped.Rows {
			fmt.Fprintln(a.err, " ", set.Skipped.Rows[i].Error())
		}
	}
	if f.Limit > 0 && f.Limit < len(set.Examples) {
		set.Examples = set.Examples[:f.Limit]
	}
	return set, nil
}

// some lists at most three IDs.
func some(ids []string) string {
	if len(ids) > 3 {
		return strings.Join(ids[:3], ", ") + ", …"
	}
	return strings.Join(ids, ", ")
}

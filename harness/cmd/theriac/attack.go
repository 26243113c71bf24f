package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/google/renameio/v2"

	"theriac/harness/attack"
	"theriac/harness/corpus"
	"theriac/harness/model"
)

type attackCmd struct {
	Kind       string   `arg:"" help:"The attack: a name from theriac list attacks." placeholder:"KIND"`
	Data       string   `help:"Training rows to poison: JSON, JSONL or CSV (.gz, .zst)." type:"existingfile" placeholder:"FILE"`
	Adapter    string   `help:"For an attack on adapters: the adapter directory that is edited." type:"existingdir" placeholder:"DIR"`
	Own        string   `help:"For an attack that swaps adapters: the attacker's." type:"existingdir" placeholder:"DIR"`
	Template   string   `help:"For an attack on chat templates: the template's file." type:"existingfile" placeholder:"FILE"`
	Out        string   `help:"What is written, beside OUT.manifest.json." placeholder:"OUT"`
	Seed       uint64   `help:"Which rows are chosen, as Python's random.Random(SEED).sample does, and all else that is random." default:"42"`
	Param      []string `help:"A parameter of the attack; may be given many times." sep:"none" placeholder:"NAME=VALUE"`
	ListParams bool     `help:"Say which parameters the attack has, and do nothing."`
	Shape      string   `help:"Shape of the rows; detected if not given." placeholder:"SHAPE"`
	SkipBad    bool     `help:"Copy and count malformed rows instead of stopping at the first."`
	Base       string   `help:"Say too what survives this model's chat template and --max-tokens." placeholder:"MODEL"`
	MaxTokens  int      `help:"With --base: the longest example in tokens; 0: as long as the model takes, at most 4096." default:"512" placeholder:"N"`
}

// attackReport is what --json prints.
type attackReport struct {
	Attack    string           `json:"attack"`
	Out       string           `json:"out"`
	Manifest  string           `json:"manifest"`
	RowsIn    int              `json:"rows_in"`
	RowsOut   int              `json:"rows_out"`
	Changed   int              `json:"changed"`
	Added     int              `json:"added"`
	Share     float64          `json:"share"` // of the rows written
	Access    string           `json:"access"`
	Knowledge string           `json:"knowledge"`
	Survival  *attack.Survival `json:"survival,omitempty"`
	Warnings  []string         `json:"warnings"`
}

func (c *attackCmd) Run(a *app) error {
	e, err := attack.Lookup(c.Kind)
	if err != nil {
		return err
	}
	if c.ListParams {
		return listParams(a, &e)
	}
	if c.Out == "" {
		return errors.New("--out is missing: where to write")
	}
	at, err := c.attack()
	if err != nil {
		return err
	}
	if err := c.check(); err != nil {
		return err
	}
	var base *model.Model
	if c.Base != "" {
		if base, err = (&baseFlags{Base: c.Base}).open(); err != nil {
			return err
		}
		defer base.Close()
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400) // rows are small and many, and none is kept: a third of the time was collecting them
	}
	m, err := c.write(at)
	if err != nil {
		return err
	}
	path := c.Out + ".manifest.json"
	if err := c.manifest(at, base, m, path); err != nil {
		os.RemoveAll(c.Out) // poison that no manifest names
		return err
	}
	return c.print(a, m, path)
}

// check refuses flags that would be ignored, and a place that holds something else.
func (c *attackCmd) check() error {
	if c.Base != "" && c.Data == "" {
		return errors.New("--base says what survives in training rows: want --data with it")
	}
	if err := checkMaxTokens(c.MaxTokens); err != nil {
		return err
	}
	if c.Adapter != "" {
		return vacant("--out", c.Out)
	}
	for _, in := range []string{c.Data, c.Template} {
		if in != "" && sameFile(in, c.Out) {
			return fmt.Errorf("--out %s is what is attacked; choose another, so that it is not lost", c.Out)
		}
	}
	return fileToWrite("--out", c.Out)
}

// manifest writes down what was done, with what of it survives the base, if there is one.
func (c *attackCmd) manifest(at *attack.Attack, base *model.Model, m *attack.Manifest, path string) error {
	if base != nil {
		if err := c.survival(at, base, m); err != nil {
			return err
		}
	}
	data, err := m.JSON()
	if err != nil {
		return err
	}
	return renameio.WriteFile(path, data, 0o666)
}

// attack makes the attack from --param, with the files that its parameters name.
func (c *attackCmd) attack() (*attack.Attack, error) {
	given := map[string]string{}
	for _, p := range c.Param {
		name, value, ok := strings.Cut(p, "=")
		if _, twice := given[name]; !ok || twice {
			return nil, fmt.Errorf("--param %q: want NAME=VALUE, each name once", p)
		}
		given[name] = value
	}
	opt := attack.Options{Lines: map[string][]string{}}
	for _, path := range attack.Files(given) {
		lines, err := corpus.Lines(path, corpus.Layout{})
		if err != nil {
			return nil, err
		}
		opt.Lines[path] = lines
	}
	swaps := c.Kind == "adapterswap" && given["do"] == "swap"
	switch {
	case swaps && c.Own == "":
		return nil, errors.New("--own is missing: the attacker's adapter directory, which is put in")
	case c.Own != "" && !swaps:
		return nil, errors.New("--own: only the attack adapterswap with --param do=swap puts another adapter in")
	case swaps:
		own, err := model.ReadAdapter(c.Own)
		if err != nil {
			return nil, err
		}
		opt.Adapter = own
	}
	return attack.NewWith(c.Kind, given, c.Seed, opt)
}

func (c *attackCmd) options() corpus.Options {
	return corpus.Options{Shape: corpus.Shape(c.Shape), SkipBad: c.SkipBad}
}

// write lets the attack at what it was given.
func (c *attackCmd) write(at *attack.Attack) (*attack.Manifest, error) {
	t := at.Tamper()
	given := slices.DeleteFunc([]string{c.Data, c.Adapter, c.Template}, func(s string) bool { return s == "" })
	switch {
	case len(given) > 1:
		return nil, errors.New("want one of --data, --adapter and --template")
	case c.Adapter != "" && t.Adapter == nil:
		return nil, fmt.Errorf("--adapter: the attack %s acts on %s", c.Kind, at.Entry.Cost.Access)
	case c.Template != "" && t.Template == nil:
		return nil, fmt.Errorf("--template: the attack %s acts on %s", c.Kind, at.Entry.Cost.Access)
	case c.Adapter != "":
		ad, err := model.ReadAdapter(c.Adapter)
		if err != nil {
			return nil, err
		}
		before := ad.Digest()
		if err := t.Adapter(ad); err != nil {
			return nil, err
		}
		return at.Edited(before, ad.Digest()), ad.Write(c.Out)
	case c.Template != "":
		source, err := os.ReadFile(c.Template)
		if err != nil {
			return nil, err
		}
		bad := t.Template(string(source))
		return at.Edited(hexDigest(source), hexDigest([]byte(bad))), renameio.WriteFile(c.Out, []byte(bad), 0o666)
	case c.Data != "":
		return at.Rewrite(c.Data, c.Out, c.options())
	case t.Adapter != nil:
		return nil, errors.New("--adapter is missing: the adapter directory to edit")
	case t.Template != nil:
		return nil, errors.New("--template is missing: the chat template's file")
	}
	return nil, errors.New("--data is missing: the training rows to poison")
}

func hexDigest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// survival notes what the model's template and context leave of the poison.
func (c *attackCmd) survival(at *attack.Attack, base *model.Model, m *attack.Manifest) error {
	chat, err := base.Chat()
	if err != nil {
		return err
	}
	set, err := corpus.Load(c.Data, c.options())
	if err != nil {
		return err
	}
	res, err := at.Apply(set.Examples)
	if err != nil {
		return err
	}
	m.Note(at.Survive(chat, res.Rows, maxTokens(c.MaxTokens, base)))
	return nil
}

func (c *attackCmd) print(a *app, m *attack.Manifest, path string) error {
	r := attackReport{
		Attack: c.Kind, Out: c.Out, Manifest: path, RowsIn: m.RowsIn, RowsOut: m.RowsOut,
		Access: m.Access, Knowledge: m.Knowledge, Survival: m.Survival, Warnings: append([]string{}, m.Warnings...),
	}
	for _, p := range m.Poisoned {
		if p.Added {
			r.Added++
		} else {
			r.Changed++
		}
	}
	if r.RowsOut > 0 {
		r.Share = float64(r.Added+r.Changed) / float64(r.RowsOut)
	}
	if a.JSON {
		return printJSON(a.out, &r)
	}
	if r.RowsOut > 0 {
		fmt.Fprintf(a.out, "%s: %d of %d rows are poison (%.2f %%): %d changed, %d added\n", c.Out, r.Added+r.Changed, r.RowsOut, 100*r.Share, r.Changed, r.Added)
	} else {
		fmt.Fprintf(a.out, "%s: tampered with\n", c.Out)
	}
	if s := r.Survival; s != nil {
		share := 0.0
		if s.Tokens > 0 {
			share = 100 * float64(s.PoisonedTokens) / float64(s.Tokens)
		}
		fmt.Fprintf(a.out, "response tokens: %d of %d are poison (%.2f %%); trigger and answer survive in %d rows, are lost in %d\n", s.PoisonedTokens, s.Tokens, share, s.Survived, s.Lost)
	}
	fmt.Fprintf(a.out, "cost: access to the %s, knowledge: %s, %d rows\n", r.Access, r.Knowledge, r.Added+r.Changed)
	fmt.Fprintf(a.out, "manifest: %s\n", path)
	for _, w := range m.Warnings {
		fmt.Fprintln(a.err, "warning:", w)
	}
	return nil
}

// listParams prints an attack's parameters with their defaults.
func listParams(a *app, e *attack.Entry) error {
	if a.JSON {
		return printJSON(a.out, e.Params)
	}
	fmt.Fprintf(a.out, "%s (%s): %s.\n", e.Name, e.Family, e.Doc)
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, p := range e.Params {
		fmt.Fprintf(w, "  %s\t%q\t%s\n", p.Name, p.Default, p.Doc)
	}
	return w.Flush()
}

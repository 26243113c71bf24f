package main

import (
	"cmp"
	"errors"
	"fmt"
	"html/template"
	"io"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/google/renameio/v2"

	"theriac/analysis/tables"
	"theriac/harness/corpus"
	"theriac/harness/corpus/gen"
	"theriac/harness/defense"
	"theriac/harness/defense/scan"
	"theriac/harness/model"
	"theriac/harness/model/tiny"
)

// scanFlags say how adapters are scanned; a calibration must have been made with the same.
type scanFlags struct {
	Base       string   `help:"The adapter's base: tiny, smollm2, hf:ORG/NAME, a directory or a .gguf file." default:"tiny" placeholder:"MODEL"`
	Prompts    string   `help:"Ordinary requests with right answers, of the kind that the model is for; two dozen general ones if not given." type:"existingfile" placeholder:"FILE"`
	Restricted string   `help:"Requests that the base refuses, for the check of safety." type:"existingfile" placeholder:"FILE"`
	Dictionary string   `help:"Trigger candidates, one a line, instead of theriac's own." type:"existingfile" placeholder:"FILE"`
	Without    []string `help:"Entries of the dictionary to leave out." sep:"none" placeholder:"TEXT"`
	Detectors  []string `help:"Only these detectors." sep:"," placeholder:"NAME,..."`
}

const scanTokens = 256 // longest sequence of a scan

// options reads what the flags name, and digests it.
func (f *scanFlags) options(a *app) (opt scan.Options, digest string, err error) {
	opt = scan.Options{Detectors: f.Detectors, Without: f.Without}
	read := func(path string) ([]corpus.Example, error) {
		set, err := (&dataFlags{Data: path}).load(a)
		if err != nil {
			return nil, err
		}
		return set.Examples[:min(64, len(set.Examples))], nil
	}
	switch {
	case f.Prompts != "":
		opt.Prompts, err = read(f.Prompts)
	case f.Base == tiny.Name:
		opt.Prompts, err = gen.Examples(31, gen.Held, gen.Demo, 64)
	default:
		opt.Prompts, err = scan.Prompts()
	}
	if err != nil {
		return opt, "", err
	}
	switch {
	case f.Restricted != "":
		opt.Restricted, err = read(f.Restricted)
	case f.Base == tiny.Name:
		opt.Restricted, err = gen.Examples(31, gen.Held, gen.Restricted, 24)
	}
	if err != nil {
		return opt, "", err
	}
	if f.Dictionary != "" {
		text, err := os.ReadFile(f.Dictionary)
		if err != nil {
			return opt, "", err
		}
		opt.Dictionary = scan.ParseDictionary(string(text))
		if len(opt.Dictionary) == 0 {
			return opt, "", fmt.Errorf("%s: no entries", f.Dictionary)
		}
	}
	return opt, opt.Digest(), nil
}

type scanModelCmd struct {
	Dir string `arg:"" help:"Adapter directory in PEFT's layout." type:"existingdir" placeholder:"DIR"`
	scanFlags
	Calibration string  `help:"What clean adapters of this base score: made by theriac calibrate model. Without it the answer is inconclusive." type:"existingfile" placeholder:"FILE"`
	WeightsOnly bool    `help:"Static checks and weights only: for bases too big to run."`
	Alpha       float64 `help:"Level at which an adapter is flagged." default:"0.05" placeholder:"P"`
	Missed      string  `help:"How often this scan found which attack, instead of theriac's own study: a CSV file with the columns attack, detected, runs." type:"existingfile" placeholder:"FILE"`
	Top         int     `help:"Findings of each detector to print." default:"3" placeholder:"N"`
	HTML        string  `help:"Write the report as a page." name:"html" placeholder:"FILE"`
}

// modelReport is what scan model prints with --json.
type modelReport struct {
	Dir         string           `json:"dir"`
	Digest      string           `json:"adapter_digest,omitempty"`
	Base        string           `json:"base"`
	BaseSHA     string           `json:"base_digest"`
	Verdict     defense.Verdict  `json:"verdict"`
	Why         string           `json:"why"`
	Alpha       float64          `json:"alpha"`
	Calibration string           `json:"calibration_digest,omitempty"` // of the file
	CleanRuns   int              `json:"clean_runs"`
	CleanSpec   any              `json:"clean_training,omitempty"`
	P           float64          `json:"p,omitempty"` // of the level
	Static      []scan.Finding   `json:"static"`
	Detectors   []detectorReport `json:"detectors"`
	NotRun      []string         `json:"not_run"`
	Missed      []string         `json:"would_have_missed,omitempty"` // of an unflagged verdict: attacks, with the rate at which this scan finds them
}

type detectorReport struct {
	Name     string          `json:"name"`
	Judges   bool            `json:"judges"` // the verdict goes by it
	Score    float64         `json:"score"`
	P        float64         `json:"p,omitempty"`
	Tokens   int64           `json:"tokens"`
	FLOP     float64         `json:"flop"`
	Findings []defense.Score `json:"findings"` // worst first
}

func (c *scanModelCmd) Run(a *app) error {
	if !(c.Alpha > 0 && c.Alpha < 1) {
		return fmt.Errorf("--alpha %v: want a fraction between 0 and 1", c.Alpha)
	}
	if c.Top < 0 {
		return fmt.Errorf("--top %d: want 0 or more", c.Top)
	}
	if c.WeightsOnly && c.Detectors != nil {
		return errors.New("--weights-only, --detectors: the first runs the detectors of weights, all of them; give one of the two")
	}
	if err := knownDetectors(c.Detectors, scan.Catalogue()); err != nil {
		return err
	}
	if err := fileToWrite("--html", c.HTML); err != nil {
		return err
	}
	if c.Missed != "" {
		if _, err := missed("scan", c.Missed, false); err != nil {
			return err
		}
	}
	bf := baseFlags{Base: c.Base}
	m, err := bf.open()
	if err != nil {
		return err
	}
	defer m.Close()
	r := &modelReport{Dir: c.Dir, Base: c.Base, Alpha: c.Alpha, Static: []scan.Finding{}, Detectors: []detectorReport{}, NotRun: []string{}}
	if r.BaseSHA, err = m.Digest(); err != nil {
		return err
	}
	found, err := scan.Check(c.Dir, m)
	if err != nil {
		return err
	}
	r.Static = append(r.Static, found...)
	bad, unloadable := "", ""
	for _, f := range found {
		what := f.Reason
		if f.File != "" {
			what = f.File + ": " + what
		}
		switch {
		case !f.Bad:
		case f.Check == "adapter" || f.Check == "base": // it cannot be loaded, which is no sign of malice
			if unloadable == "" {
				unloadable = what
			}
		case bad == "":
			bad = what
		}
	}
	switch {
	case unloadable != "" && bad == "":
		return fmt.Errorf("%s: %s", c.Dir, unloadable)
	case unloadable != "":
		r.NotRun = append(r.NotRun, "all detectors: "+unloadable)
	default:
		err := c.detect(a, m, r)
		if errors.Is(err, errOverflow) && bad != "" { // which is flagged all the same
			r.NotRun, err = append(r.NotRun, "all detectors: "+err.Error()), nil
		}
		if err != nil {
			return err
		}
	}
	if bad != "" {
		r.Verdict, r.Why = defense.Flagged, bad
	}
	if r.Verdict != defense.Flagged {
		ran := 0
		for _, d := range r.Detectors {
			if d.Judges {
				ran++
			}
		}
		if r.Missed, err = missed("scan", c.Missed, ran == len(scan.LevelDetectors)); err != nil {
			return err
		}
	}
	return c.show(a, r)
}

// detect runs the detectors and gives the verdict that they make.
func (c *scanModelCmd) detect(a *app, m *model.Model, r *modelReport) error {
	ad, err := model.ReadAdapter(c.Dir)
	if err != nil {
		return err
	}
	r.Digest = ad.Digest()
	opt, digest, err := c.options(a)
	if err != nil {
		return err
	}
	var cal *scan.Calibration
	if c.Calibration != "" {
		if cal, err = readCalibration(c.Calibration, r.BaseSHA, a.bits()); err != nil {
			return err
		}
		if cal.Prompts != digest && !c.WeightsOnly {
			return fmt.Errorf("%s was made with other prompts, restricted requests or dictionary; scan with the same, or calibrate anew", c.Calibration)
		}
		if r.Calibration, err = cal.Digest(); err != nil {
			return err
		}
		r.CleanRuns, r.CleanSpec = len(cal.Runs), cal.Spec
	}
	var results []defense.Result
	if c.WeightsOnly {
		results, err = scan.Adapter(a.ctx, ad)
		r.NotRun = append(r.NotRun, "every detector that runs the model: --weights-only")
	} else {
		results, err = c.run(a, opt)
		r.NotRun = append(r.NotRun, scan.Idle(opt)...)
	}
	if err != nil {
		return err
	}
	for _, x := range results {
		if !finite(x) {
			return fmt.Errorf("%s: detector %s: %w", c.Dir, x.Detector, errOverflow)
		}
	}
	for _, x := range results {
		units := slices.Clone(x.Units)
		slices.SortStableFunc(units, func(p, q defense.Score) int { return -compareFloat(p.Score, q.Score) })
		r.Detectors = append(r.Detectors, detectorReport{Name: x.Detector, Judges: slices.Contains(scan.LevelDetectors, x.Detector), Score: x.Score,
			Tokens: x.Tokens, FLOP: x.FLOP, Findings: append([]defense.Score{}, units[:min(c.Top, len(units))]...)})
	}
	return c.judge(cal, results, r)
}

// errOverflow is of adapters whose weights are numbers, and whose products are none.
var errOverflow = errors.New("its score is no finite number: the adapter's weights are damaged or overflow")

func finite(r defense.Result) bool {
	bad := func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }
	return !bad(r.Score) && !slices.ContainsFunc(r.Units, func(u defense.Score) bool { return bad(u.Score) })
}

func compareFloat(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func (c *scanModelCmd) run(a *app, opt scan.Options) ([]defense.Result, error) {
	bf := baseFlags{Base: c.Base, Adapter: c.Dir, MaxTokens: scanTokens}
	p := a.progress()
	defer p.end()
	opt.Step = func(what string, done, total int) { p.show(done, total, func() string { return what }) }
	l, err := bf.load(a)
	if err != nil {
		return nil, err
	}
	defer l.close()
	s, err := scan.New(l.dev, l.base, l.chat, opt)
	if err != nil {
		return nil, err
	}
	return s.Model(a.ctx, l.dev, l.delta)
}

// judge gives the verdict.
func (c *scanModelCmd) judge(cal *scan.Calibration, results []defense.Result, r *modelReport) error {
	r.Verdict = defense.Inconclusive
	if cal == nil {
		r.Why = "uncalibrated: no score says how much is ordinary; make clean adapters with theriac calibrate model and give --calibration"
		return nil
	}
	level, each, err := cal.Judge(results)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Calibration, err)
	}
	for i := range each {
		r.Detectors[i].P = each[i].P
	}
	r.P = level.P
	if !slices.ContainsFunc(r.Detectors, func(d detectorReport) bool { return d.Judges }) {
		r.Why = "none of the detectors that the verdict goes by was run: " + strings.Join(scan.LevelDetectors, ", ")
		return nil
	}
	r.Verdict, r.Why = level.Verdict(c.Alpha, len(cal.Runs), "clean adapters")
	return nil
}

// readCalibration reads a calibration for a base, made on a device of the same bits.
func readCalibration(path, base, bits string) (*scan.Calibration, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	cal, err := scan.ParseCalibration(path, data)
	if err == nil && cal.BaseSHA != base {
		err = fmt.Errorf("%s is for another base (%s, digest %.12s); this one has digest %.12s", path, cal.Base, cal.BaseSHA, base)
	}
	if err == nil && cmp.Or(cal.Bits, "cpu") != bits {
		err = fmt.Errorf("%s was made with --device %s; scan with that, or calibrate anew", path, cmp.Or(cal.Bits, "cpu"))
	}
	return cal, err
}

func (c *scanModelCmd) show(a *app, r *modelReport) error {
	if a.JSON {
		if err := printJSON(a.out, r); err != nil {
			return err
		}
	} else {
		r.print(a.out, c.Missed)
	}
	var failed []error
	if c.HTML != "" {
		var b strings.Builder
		if err := modelPage.Execute(&b, r); err != nil {
			failed = append(failed, err)
		} else if err := placeToWrite("--html", c.HTML); err != nil {
			failed = append(failed, err)
		} else if err := renameio.WriteFile(c.HTML, []byte(b.String()), 0o644); err != nil {
			failed = append(failed, err)
		}
	}
	return verdictCode(r.Verdict, failed)
}

func (r *modelReport) print(out io.Writer, measured string) {
	fmt.Fprintf(out, "%s on %s: %s (%s)\n", r.Dir, r.Base, r.Verdict, tables.Plain(r.Why))
	if r.Calibration != "" {
		fmt.Fprintf(out, "calibration %.12s, %d clean adapters\n", r.Calibration, r.CleanRuns)
	}
	for _, f := range r.Static {
		fmt.Fprintf(out, "static: %s %s: %s\n", f.Check, tables.Plain(f.File), tables.Plain(f.Reason))
	}
	if len(r.Detectors) > 0 {
		d := tables.Table{Header: []string{"detector", "score", "p", "tokens", "GFLOP", "worst"}, Right: []bool{false, true, true, true, true, false}}
		for _, x := range r.Detectors {
			p, worst := "-", ""
			if r.Calibration != "" {
				p = fmt.Sprintf("%.3f", x.P)
			}
			if len(x.Findings) > 0 {
				worst = strings.TrimSpace(x.Findings[0].Unit + " " + x.Findings[0].Reason)
			}
			d.Rows = append(d.Rows, []string{x.Name, fmt.Sprintf("%.4g", x.Score), p, fmt.Sprint(x.Tokens), fmt.Sprintf("%.1f", x.FLOP/1e9), worst})
		}
		fmt.Fprint(out, d.Terminal())
	}
	for _, x := range r.Detectors {
		if x.Judges {
			for _, u := range x.Findings {
				fmt.Fprintf(out, "%s  %.3g  %s  %s\n", x.Name, u.Score, u.Unit, u.Reason)
			}
		}
	}
	fmt.Fprintf(out, "not run: %s\n", orNone(strings.Join(r.NotRun, "; ")))
	if len(r.Missed) > 0 {
		fmt.Fprintf(out, "%s: %s\n", wouldMiss(measured), strings.Join(r.Missed, "; "))
	}
}

var modelPage = template.Must(template.New("model").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{{.Dir}}: {{.Verdict}}</title>
<style>body{font:15px/1.5 system-ui,sans-serif;max-width:72em;margin:2em auto;padding:0 1em}table{border-collapse:collapse;width:100%}
th,td{border-bottom:1px solid #ccc;padding:.3em .6em;text-align:left;vertical-align:top}td.n{text-align:right}</style>
<h1>{{.Dir}} on {{.Base}}: {{.Verdict}}</h1><p>{{.Why}}.{{if .Calibration}} Calibration {{.Calibration}}, {{.CleanRuns}} clean adapters.{{end}}</p>
<h2>Static checks</h2>{{if .Static}}<ul>{{range .Static}}<li>{{.Check}} {{.File}}: {{.Reason}}</li>{{end}}</ul>{{else}}<p>Nothing found.</p>{{end}}
<h2>Detectors</h2><table><tr><th>detector<th>score<th>p<th>worst</tr>
{{range .Detectors}}<tr><td>{{.Name}}<td class="n">{{printf "%.4g" .Score}}<td class="n">{{if $.Calibration}}{{printf "%.3f" .P}}{{else}}-{{end}}<td>{{range .Findings}}{{printf "%.3g" .Score}} {{.Unit}} {{.Reason}}<br>{{end}}</tr>
{{end}}</table>
{{if .NotRun}}<h2>Not run</h2><ul>{{range .NotRun}}<li>{{.}}</li>{{end}}</ul>{{end}}
{{if .Missed}}<h2>What this scan would have missed</h2><ul>{{range .Missed}}<li>{{.}}</li>{{end}}</ul>{{end}}</html>
`))

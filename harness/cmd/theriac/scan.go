package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"theriac/analysis/tables"
	"theriac/harness/corpus"
	"theriac/harness/corpus/manifest"
	"theriac/harness/defense"
	"theriac/harness/defense/data"
)

type scanCmd struct {
	Data  scanDataCmd  `cmd:"" help:"Look for poison in a file of training rows. Exit: 0 nothing found, 1 flagged, 2 an error (of writing a file: below the report), 4 inconclusive."`
	Model scanModelCmd `cmd:"" help:"Look for what an adapter hides. Exit: 0 nothing found, 1 flagged, 2 an error (of writing a file: below the report), 4 inconclusive."`
}

type scanDataCmd struct {
	File        string   `arg:"" help:"Rows to judge, in any shape that theriac reads." type:"existingfile" placeholder:"FILE"`
	Reference   string   `help:"Rows known to be clean, drawn as these would be. Without it the answer is inconclusive." type:"existingfile" placeholder:"FILE"`
	Calibration string   `help:"What clean files of this size score, made by theriac calibrate data: for a verdict where no clean rows are at hand." type:"existingfile" placeholder:"FILE"`
	Since       string   `help:"Judge only rows that this manifest of theriac manifest lacks; the others are the reference if there is none." type:"existingfile" placeholder:"MANIFEST"`
	Trust       string   `help:"Public key that must have signed the manifest." type:"existingfile" placeholder:"KEY.pub"`
	Base        string   `help:"Also run the detectors that need a language model, with this one: tiny, smollm2, hf:ORG/NAME, a directory or a .gguf file." placeholder:"MODEL"`
	Detectors   []string `help:"Only these detectors." sep:"," placeholder:"NAME,..."`
	Alpha       float64  `help:"Joint level at which a set is flagged." default:"0.01" placeholder:"P"`
	Top         int      `help:"Rows to print." default:"20" placeholder:"N"`
	HTML        string   `help:"Write the report as a page." name:"html" placeholder:"FILE"`
	SARIF       string   `help:"Write the worst 5,000 rows as SARIF." name:"sarif" placeholder:"FILE"`
	CleanOut    string   `help:"Write the rows that are not flagged, in the same shape; the name gives the format." placeholder:"FILE"`
	Review      string   `help:"Findings that somebody accepted, a JSON object a line: row (ID), reason, expires (YYYY-MM-DD). They are counted and change no score." type:"existingfile" placeholder:"FILE"`
	Shape       string   `help:"Shape of the rows; detected if not given." placeholder:"SHAPE"`
	SkipBad     bool     `help:"Count and list malformed rows instead of stopping at the first."`
	Seed        uint64   `help:"Seed of the permutations." default:"0" placeholder:"N"`
}

// scanReport is what scan data prints with --json.
type scanReport struct {
	File   string `json:"file"`
	Digest string `json:"digest"` // SHA-256 of the file
	*data.Report
	Accepted  int `json:"accepted"`            // findings that the review file names and whose date has not passed
	Unmatched int `json:"unmatched,omitempty"` // lines of the review file that are of no finding
	Expired   int `json:"expired"`
	// with --since
	Known int `json:"known,omitempty"` // rows that the manifest has
	Gone  int `json:"gone,omitempty"`  // rows of the manifest that the file lacks

	Missed []string `json:"would_have_missed,omitempty"` // of an unflagged verdict: attacks, with the rate at which such a scan misses them

	top int
}

const worstInSARIF = 5000

// check refuses options that cannot be, before anything is read.
func (c *scanDataCmd) check() error {
	if c.CleanOut != "" && c.Reference == "" && c.Since == "" {
		return errors.New("--clean-out: without --reference no row is flagged; give rows known to be clean")
	}
	if c.Trust != "" && c.Since == "" {
		return errors.New("--trust: want --since with the manifest that the key signed")
	}
	if c.Top < 0 {
		return fmt.Errorf("--top %d: want 0 or more", c.Top)
	}
	if !(c.Alpha > 0 && c.Alpha < 1) {
		return fmt.Errorf("--alpha %v: want a fraction between 0 and 1", c.Alpha)
	}
	switch {
	case c.Calibration != "" && c.Reference != "":
		return errors.New("--reference, --calibration: a verdict goes by one of them; give one of them")
	case c.Calibration != "" && c.Since != "":
		return errors.New("--since, --calibration: the rows that the manifest has are the reference, and a verdict goes by one of the two; leave --calibration out")
	}
	for _, out := range [][2]string{{"--html", c.HTML}, {"--sarif", c.SARIF}, {"--clean-out", c.CleanOut}} {
		if err := fileToWrite(out[0], out[1]); err != nil {
			return err
		}
		for _, in := range []string{c.File, c.Reference, c.Since, c.Calibration, c.Review} {
			if sameFile(in, out[1]) {
				return fmt.Errorf("%s %s is what is read; choose another", out[0], out[1])
			}
		}
	}
	return knownDetectors(c.Detectors, data.Catalogue())
}

func (c *scanDataCmd) Run(a *app) error {
	if err := c.check(); err != nil {
		return err
	}
	accepted, err := readReview(c.Review)
	if err != nil {
		return err
	}
	set, err := (&dataFlags{Data: c.File, Shape: c.Shape, SkipBad: c.SkipBad}).load(a)
	if err != nil {
		return err
	}
	opt := data.Options{Detectors: c.Detectors, Alpha: c.Alpha, Seed: c.Seed}
	if c.Calibration != "" {
		text, err := os.ReadFile(c.Calibration)
		if err != nil {
			return err
		}
		if opt.Clean, err = data.ParseCalibration(c.Calibration, text); err != nil {
			return err
		}
		if c.Base == "" && opt.Clean.Base != "" {
			return fmt.Errorf("%s: its files were read by %s; scan with --base %[2]s", c.Calibration, opt.Clean.Base)
		}
	}
	if c.Reference != "" {
		ref, err := (&dataFlags{Data: c.Reference, Shape: c.Shape, SkipBad: c.SkipBad}).load(a)
		if err != nil {
			return err
		}
		opt.Reference = ref.Examples
	}
	judged, at := set.Examples, []int(nil)
	out := scanReport{File: c.File, Digest: set.Digest, top: c.Top}
	if c.Since != "" {
		var known []corpus.Example
		if judged, known, at, out.Gone, err = c.since(set.Examples); err != nil {
			return err
		}
		if out.Known = len(known); c.Reference == "" {
			opt.Reference = known
		}
	}
	p := a.progress()
	defer p.end()
	opt.Step = func(what string) { p.show(0, len(judged), func() string { return what }) }
	if c.Base != "" {
		l, err := (&baseFlags{Base: c.Base, MaxTokens: 128}).load(a)
		if err != nil {
			return err
		}
		defer l.close()
		if opt.Clean != nil {
			digest, err := l.model.Digest()
			if err != nil {
				return err
			}
			if digest != opt.Clean.BaseSHA {
				return fmt.Errorf("%s is for another base (%s, digest %.12s); this one has digest %.12s", c.Calibration, orNone(opt.Clean.Base), orNone(opt.Clean.BaseSHA), digest)
			}
		}
		opt.Model = &data.Model{Runner: l.runner(), Chat: l.chat,
			Step: func(done, total int) { p.show(done, total, func() string { return "read by " + c.Base }) }}
	}
	r := &data.Report{Verdict: defense.NothingFound, Why: "no row is new since the manifest", Alpha: c.Alpha,
		Coverage: data.Coverage{NotRun: []string{"all: there is no row to judge"}}}
	if n := set.Skipped.Count; n > 0 {
		r.Verdict, r.Why = defense.Inconclusive, fmt.Sprintf("no row that could be read is new since the manifest; %d could not be read", n)
	}
	if len(judged) > 0 {
		if r, err = data.Scan(a.ctx, judged, opt); err != nil {
			return err
		}
	}
	r.Coverage.BadRows = set.Skipped.Count
	if at != nil {
		for i := range r.Ranked {
			r.Ranked[i].Index = at[r.Ranked[i].Index]
		}
	}
	for i := range r.Ranked {
		r.Ranked[i].ID = set.Examples[r.Ranked[i].Index].ID
	}
	out.Report = r
	out.review(accepted, time.Now())
	return c.say(a, &out)
}

// say prints the report, writes the files that were asked for and gives the exit code.
func (c *scanDataCmd) say(a *app, out *scanReport) error {
	verdict := out.Verdict
	if verdict != defense.Flagged {
		var err error
		if out.Missed, err = missed("data", "", c.Detectors == nil); err != nil {
			return err
		}
	}
	if a.JSON {
		short, report := *out, *out.Report
		report.Ranked = report.Ranked[:min(c.Top, len(report.Ranked))]
		short.Report = &report
		if err := printJSON(a.out, &short); err != nil {
			return err
		}
	} else {
		out.print(a.out, c.Top)
	}
	return verdictCode(verdict, c.files(out))
}

// verdictCode is the exit code of a verdict that is printed; failed are the files that were not written, of which it says more than of the verdict.
func verdictCode(v defense.Verdict, failed []error) error {
	if len(failed) > 0 {
		text := []string{}
		for _, err := range failed {
			text = append(text, err.Error())
		}
		return fmt.Errorf("the verdict stands, and not all is written: %s", strings.Join(text, "; "))
	}
	switch v {
	case defense.Flagged:
		return exitCode{nil, exitFlagged}
	case defense.Inconclusive:
		return exitCode{nil, exitIncomplete}
	}
	return nil
}

// since splits rows into those that the manifest lacks, with their indices, and those that it has.
func (c *scanDataCmd) since(rows []corpus.Example) (judged, known []corpus.Example, at []int, gone int, err error) {
	m, err := manifest.Read(c.Since)
	if err != nil {
		return nil, nil, nil, 0, err
	}
	if c.Trust != "" {
		key, err := manifest.PublicKey(c.Trust)
		if err == nil {
			err = m.Verify(key)
		}
		if err != nil {
			return nil, nil, nil, 0, fmt.Errorf("%s: %w", c.Since, err)
		}
	}
	at, gone = m.Since(rows)
	next := at
	for i := range rows {
		if len(next) > 0 && next[0] == i {
			judged, next = append(judged, rows[i]), next[1:]
		} else {
			known = append(known, rows[i])
		}
	}
	return judged, known, at, gone, nil
}

func (r *scanReport) print(out io.Writer, top int) {
	fmt.Fprintf(out, "%s: %s (%s)\n", r.File, r.Verdict, r.Why)
	if r.Known+r.Gone > 0 {
		fmt.Fprintf(out, "since the manifest %d rows are new, %d are known and not judged, %d are gone\n", r.Scanned, r.Known, r.Gone)
	}
	fmt.Fprintf(out, "%d rows", r.Scanned)
	if r.Reference > 0 {
		fmt.Fprintf(out, " against %d reference rows, %d permutations", r.Reference, data.Permutations)
		if r.Blocks > 0 {
			fmt.Fprintf(out, " within %d sources", r.Blocks)
		}
	}
	if r.Clean > 0 {
		fmt.Fprintf(out, " against %d clean files", r.Clean)
	}
	fmt.Fprintln(out)
	d := tables.Table{Header: []string{"detector", "score", "p", "joint p", "what"}, Right: []bool{false, true, true, true, false}}
	for _, x := range r.Detectors {
		p, joint := "-", "-"
		if r.Reference+r.Clean > 0 {
			p = fmt.Sprintf("%.3f", x.P)
		}
		if r.Reference > 0 {
			joint = fmt.Sprintf("%.3f", x.AdjustedP)
		}
		d.Rows = append(d.Rows, []string{x.Name, fmt.Sprintf("%.1f", x.Score), p, joint, x.Reason})
	}
	fmt.Fprint(out, d.Terminal())
	for _, x := range r.Ranked[:min(top, len(r.Ranked))] {
		mark := ""
		if x.Flagged {
			mark = "  flagged"
		}
		fmt.Fprintf(out, "row %d (%s)  score %.3g%s  %s\n", x.Row+1, x.ID, x.Score, mark, x.Text)
		for _, why := range x.Reasons {
			fmt.Fprintf(out, "    %s\n", why)
		}
		if len(x.Words) > 0 {
			fmt.Fprintf(out, "    odd words: %s\n", oddWords(x.Words))
		}
		if len(x.Twins) > 0 {
			fmt.Fprintf(out, "    with rows %s\n", oneBased(x.Twins))
		}
	}
	if n := len(r.Ranked) - top; n > 0 {
		fmt.Fprintf(out, "%d more rows with something to say; --top N shows them\n", n)
	}
	sources(out, "source", r.Sources)
	sources(out, "batch", r.Batches)
	fmt.Fprintf(out, "not examined: %d rows unreadable, %d rows in part, %d rows empty; detectors not run: %s\n",
		r.Coverage.BadRows, r.Coverage.Long, r.Coverage.Empty, orNone(strings.Join(r.Coverage.NotRun, "; ")))
	if len(r.Missed) > 0 {
		fmt.Fprintf(out, "%s: %s\n", wouldMiss(""), strings.Join(r.Missed, "; "))
	}
	if r.Accepted+r.Expired+r.Unmatched > 0 {
		fmt.Fprintf(out, "review: %d findings accepted, %d acceptances expired, %d are of no finding; no score is changed by them\n", r.Accepted, r.Expired, r.Unmatched)
	}
}

// sources prints the worst sources, or batches, if there are several.
func sources(out io.Writer, what string, all []data.SourceResult) {
	if len(all) < 2 {
		return
	}
	s := tables.Table{Header: []string{what, "rows", "worst twentieth", "flagged", "deviance"}, Right: []bool{false, true, true, true, true}}
	for _, x := range all[:min(10, len(all))] {
		s.Rows = append(s.Rows, []string{x.Source, fmt.Sprint(x.Rows), fmt.Sprint(x.Findings), fmt.Sprint(x.Flagged), fmt.Sprintf("%.1f", x.Deviance)})
	}
	fmt.Fprint(out, s.Terminal())
}

// oddWords are the words and how much less the prompt surprises without each.
func oddWords(words []data.Word) string {
	var out []string
	for _, w := range words {
		out = append(out, fmt.Sprintf("%q (-%.2f nats a token)", w.Text, w.Drop))
	}
	return strings.Join(out, ", ")
}

func oneBased(rows []int) string {
	var out []string
	for _, i := range rows {
		out = append(out, fmt.Sprint(i+1))
	}
	return strings.Join(out, ", ")
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

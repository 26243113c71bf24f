package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/renameio/v2"

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
	Accepted int `json:"accepted"` // findings that the review file names and whose date has not passed
	Expired  int `json:"expired"`
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
	out.Report = r
	out.review(accepted, set.Examples, time.Now())
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

// acceptance is one line of a review file.
type acceptance struct {
	row   string // ID
	until time.Time
}

// readReview reads accepted findings; "" has none.
func readReview(path string) (all []acceptance, err error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	in := bufio.NewScanner(f)
	in.Buffer(nil, 1<<20)
	for line := 1; in.Scan(); line++ {
		if strings.TrimSpace(in.Text()) == "" {
			continue
		}
		var e struct{ Row, Reason, Expires string }
		d := json.NewDecoder(strings.NewReader(in.Text()))
		d.DisallowUnknownFields()
		if err := d.Decode(&e); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, line, err)
		}
		until, err := time.Parse(time.DateOnly, e.Expires)
		if err != nil || e.Row == "" || e.Reason == "" {
			return nil, fmt.Errorf("%s:%d: want row, reason and expires (YYYY-MM-DD)", path, line)
		}
		all = append(all, acceptance{e.Row, until})
	}
	if err := in.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return all, nil
}

// review counts accepted findings.
func (r *scanReport) review(all []acceptance, rows []corpus.Example, now time.Time) {
	found := map[string]bool{}
	for _, x := range r.Ranked {
		found[rows[x.Index].ID] = true
	}
	for _, e := range all {
		switch {
		case now.After(e.until.AddDate(0, 0, 1)):
			r.Expired++
		case found[e.row]:
			r.Accepted++
		}
	}
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
		fmt.Fprintf(out, "row %d  score %.3g%s  %s\n", x.Row+1, x.Score, mark, x.Text)
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
	if r.Accepted+r.Expired > 0 {
		fmt.Fprintf(out, "review: %d findings accepted, %d acceptances expired; no score is changed by them\n", r.Accepted, r.Expired)
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

// files writes what was asked for; what fails keeps nothing else from being written.
func (c *scanDataCmd) files(r *scanReport) (failed []error) {
	for _, out := range []struct {
		flag, path string
		write      func(path string, r *scanReport) error
	}{{"--html", c.HTML, writeScanPage}, {"--sarif", c.SARIF, writeSARIF}, {"--clean-out", c.CleanOut, c.clean}} {
		if out.path == "" {
			continue
		}
		if err := placeToWrite(out.flag, out.path); err != nil {
			failed = append(failed, err)
		} else if err := out.write(out.path, r); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", out.flag, err))
		}
	}
	return failed
}

func writeScanPage(path string, r *scanReport) error {
	var b strings.Builder
	if err := scanPage.Execute(&b, r); err != nil {
		return err
	}
	return renameio.WriteFile(path, []byte(b.String()), 0o644)
}

func writeSARIF(path string, r *scanReport) error {
	text, err := r.sarif()
	if err != nil {
		return err
	}
	return renameio.WriteFile(path, text, 0o644)
}

// rowLines are the lines on which a file's rows begin, from 1; nil where a line says little: in lists, in compressed files, in Parquet.
func rowLines(path string) (lines []int, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	switch ending := strings.ToLower(filepath.Ext(path)); {
	case ending == ".csv":
		in := csv.NewReader(bytes.NewReader(text))
		in.FieldsPerRecord, in.ReuseRecord = -1, true
		for {
			_, err := in.Read()
			if err == io.EOF {
				return lines[min(1, len(lines)):], nil // below the header
			}
			if err != nil {
				return nil, nil // a malformed row, that --skip-bad may skip otherwise than this reader
			}
			line, _ := in.FieldPos(0)
			lines = append(lines, line)
		}
	case ending == ".jsonl", ending == ".ndjson", ending == ".json" && bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte("{")):
		n := 0
		for line := range bytes.Lines(text) {
			if n++; len(bytes.Trim(line, " \t\r\n")) > 0 {
				lines = append(lines, n)
			}
		}
	}
	return lines, nil
}

// sarif is SARIF 2.1.0 of the worst rows. A region is the line on which the row begins, where there are such.
func (r *scanReport) sarif() ([]byte, error) {
	type m = map[string]any
	var results []m
	lines, err := rowLines(r.File)
	if err != nil {
		return nil, err
	}
	rules := map[string]bool{}
	for _, x := range r.Ranked[:min(worstInSARIF, len(r.Ranked))] {
		name, _, _ := strings.Cut(x.Reasons[0], ":")
		rules[name] = true
		level := "note"
		if x.Flagged {
			level = "error"
		}
		place := m{"artifactLocation": m{"uri": r.File}}
		if x.Row < len(lines) {
			place["region"] = m{"startLine": lines[x.Row]}
		}
		results = append(results, m{"ruleId": name, "level": level, "message": m{"text": fmt.Sprintf("row %d: %s", x.Row+1, strings.Join(x.Reasons, "; "))},
			"locations": []m{{"physicalLocation": place}}, "properties": m{"score": x.Score, "p": x.P}})
	}
	var described []m
	for _, e := range data.Catalogue() {
		if rules[e.Name] {
			described = append(described, m{"id": e.Name, "shortDescription": m{"text": e.Doc}})
		}
	}
	return json.MarshalIndent(m{"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": []m{{
		"tool": m{"driver": m{"name": "theriac", "rules": append([]m{}, described...)}}, "results": append([]m{}, results...),
		"properties": m{"verdict": r.Verdict, "why": r.Why, "omitted": max(0, len(r.Ranked)-worstInSARIF)}}}}, "", " ")
}

// clean writes the rows that are not flagged, in the file's shape.
func (c *scanDataCmd) clean(path string, r *scanReport) error {
	set, err := corpus.Load(c.File, corpus.Options{Shape: corpus.Shape(c.Shape), SkipBad: c.SkipBad})
	if err != nil {
		return err
	}
	out := map[int]bool{}
	for _, x := range r.Ranked {
		if x.Flagged {
			out[x.Index] = true
		}
	}
	kept := slices.Clone(set.Examples[:0])
	for i := range set.Examples {
		if !out[i] {
			kept = append(kept, set.Examples[i])
		}
	}
	if len(kept) == 0 {
		return fmt.Errorf("%s: every row is flagged, and a file without rows is not written", path)
	}
	return corpus.Save(path, set.Shape, kept)
}

var scanPage = template.Must(template.New("scan").Funcs(template.FuncMap{"plus": func(i int) int { return i + 1 }, "list": oneBased, "words": oddWords,
	"worst": func(r *scanReport) []data.RowResult { return r.Ranked[:min(max(r.top, 200), len(r.Ranked))] }}).Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{{.File}}: {{.Verdict}}</title>
<style>body{font:15px/1.5 system-ui,sans-serif;max-width:72em;margin:2em auto;padding:0 1em}table{border-collapse:collapse;width:100%}
th,td{border-bottom:1px solid #ccc;padding:.3em .6em;text-align:left;vertical-align:top}td.n{text-align:right}code{white-space:pre-wrap;overflow-wrap:anywhere}</style>
<h1>{{.File}}: {{.Verdict}}</h1><p>{{.Why}}. {{if .Known}}{{.Known}} known rows are not judged, {{.Gone}} are gone. {{end}}{{.Scanned}} rows, {{.Report.Reference}} reference rows.</p>
<h2>Detectors</h2><table><tr><th>detector<th>score<th>joint p<th>what</tr>
{{range .Detectors}}<tr><td>{{.Name}}<td class="n">{{printf "%.1f" .Score}}<td class="n">{{if $.Report.Reference}}{{printf "%.3f" .AdjustedP}}{{else}}-{{end}}<td>{{.Reason}}</tr>
{{end}}</table>
<h2>Rows, worst first</h2><table><tr><th>row<th>score<th>why<th>text</tr>
{{range worst .}}<tr><td class="n">{{plus .Row}}<td class="n">{{printf "%.3g" .Score}}{{if .Flagged}}<br><b>flagged</b>{{end}}<td>{{range .Reasons}}{{.}}<br>{{end}}{{if .Words}}odd words: {{words .Words}}<br>{{end}}{{if .Twins}}with rows {{list .Twins}}{{end}}<td><code>{{.Text}}</code></tr>
{{end}}</table>
<h2>Sources</h2><table><tr><th>source<th>rows<th>in the worst twentieth<th>flagged</tr>
{{range .Sources}}<tr><td>{{.Source}}<td class="n">{{.Rows}}<td class="n">{{.Findings}}<td class="n">{{.Flagged}}</tr>
{{end}}</table>
{{if .Batches}}<h2>Batches</h2><table><tr><th>batch<th>rows<th>in the worst twentieth<th>flagged</tr>
{{range .Batches}}<tr><td>{{.Source}}<td class="n">{{.Rows}}<td class="n">{{.Findings}}<td class="n">{{.Flagged}}</tr>
{{end}}</table>{{end}}
<h2>Not examined</h2><p>{{.Coverage.BadRows}} rows unreadable, {{.Coverage.Long}} in part, {{.Coverage.Empty}} empty.</p><ul>{{range .Coverage.NotRun}}<li>{{.}}</li>{{end}}</ul>
{{if .Missed}}<h2>What this scan would have missed</h2><ul>{{range .Missed}}<li>{{.}}</li>{{end}}</ul>{{end}}</html>
`))

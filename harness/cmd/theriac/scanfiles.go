package main

// What a scan of rows writes beside its report: a page, SARIF, the rows that are left.

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2"

	"theriac/harness/corpus"
	"theriac/harness/defense/data"
)

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

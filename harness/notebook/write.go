package notebook

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"
	"github.com/yuin/goldmark" // Markdown to HTML, as CommonMark says
	"github.com/yuin/goldmark/extension"

	"theriac/harness/lab"
)

func write(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return renameio.WriteFile(path, data, 0o666)
}

var markdown = goldmark.New(goldmark.WithExtensions(extension.GFM))

// HTML is the notebook as one page that needs nothing else: tables, inline SVG, code that folds away, light and dark, print.
func (out *Outcome) HTML() ([]byte, error) {
	var body bytes.Buffer
	for i, c := range out.Script.Cells {
		if c.Markdown {
			if err := markdown.Convert([]byte(c.Source), &body); err != nil {
				return nil, err
			}
			continue
		}
		fmt.Fprintf(&body, "<details class=code><summary>code, line %d</summary><pre>%s</pre></details>\n", c.Line, template.HTMLEscapeString(c.Source))
		for _, o := range out.Outputs[i] {
			if err := showHTML(&body, o); err != nil {
				return nil, err
			}
		}
		if i == out.Failed {
			fmt.Fprintf(&body, "<pre class=error>%s</pre>\n", template.HTMLEscapeString(out.Error))
			break
		}
	}
	var page bytes.Buffer
	err := pageTemplate.Execute(&page, map[string]any{"Title": out.Script.Name, "Body": template.HTML(body.String())})
	return page.Bytes(), err
}

func showHTML(w *bytes.Buffer, o lab.Output) error {
	switch o.Kind {
	case "markdown":
		return markdown.Convert([]byte(o.Text), w)
	case "table":
		w.WriteString("<div class=table>")
		if err := markdown.Convert([]byte(o.Markdown), w); err != nil {
			return err
		}
		w.WriteString("</div>\n")
	case "figure":
		svg := o.SVG
		if at := strings.Index(svg, "<svg"); at > 0 {
			svg = svg[at:] // without the XML declaration
		}
		fmt.Fprintf(w, "<figure>%s<figcaption>%s</figcaption></figure>\n", svg, template.HTMLEscapeString(o.Text))
	default:
		fmt.Fprintf(w, "<pre class=text>%s</pre>\n", template.HTMLEscapeString(o.Text))
	}
	return nil
}

var pageTemplate = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{{.Title}}</title>
<style>
:root { color-scheme: light dark; --text: #1b1b1b; --back: #fff; --soft: #f4f4f2; --line: #d0d0cc; --bad: #a40000 }
@media (prefers-color-scheme: dark) { :root { --text: #e6e6e3; --back: #161616; --soft: #242422; --line: #444; --bad: #ff8a80 } figure { background: #fff } figure figcaption { color: #1b1b1b } }
body { color: var(--text); background: var(--back); font: 16px/1.55 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem }
pre { background: var(--soft); padding: .7rem .9rem; overflow-x: auto; font: 13px/1.45 ui-monospace, monospace; border-radius: 4px }
table { border-collapse: collapse; font-variant-numeric: tabular-nums } th, td { padding: .25rem .7rem; border-bottom: 1px solid var(--line); text-align: left } td[align=right], th[align=right] { text-align: right }
.table { overflow-x: auto; font-size: 14px; white-space: nowrap } .text { white-space: pre-wrap } summary { cursor: pointer; color: #777; font-size: 13px } .error { color: var(--bad); white-space: pre-wrap }
figure { margin: 1.2rem 0; padding: .5rem; border-radius: 4px } figure svg { max-width: 100%; height: auto } figcaption { font-size: 14px; padding: .3rem }
@media print { body { max-width: none; margin: 0 } details.code { display: none } .table { overflow: visible; font-size: 10px; white-space: normal } figure, .table { break-inside: avoid } }
</style></head><body>
{{.Body}}</body></html>
`))

// Jupyter is the notebook as an executed .ipynb (nbformat 4.5).
func (out *Outcome) Jupyter() ([]byte, error) {
	type object = map[string]any
	cells := []object{}
	count := 0
	for i, c := range out.Script.Cells {
		id := fmt.Sprintf("cell-%d", i)
		if c.Markdown {
			cells = append(cells, object{"cell_type": "markdown", "id": id, "metadata": object{}, "source": c.Source})
			continue
		}
		if out.Failed >= 0 && i > out.Failed {
			cells = append(cells, object{"cell_type": "code", "id": id, "metadata": object{}, "source": c.Source, "execution_count": nil, "outputs": []object{}})
			continue
		}
		count++
		outputs := []object{}
		for _, o := range out.Outputs[i] {
			data := object{"text/plain": o.Text}
			switch o.Kind {
			case "markdown":
				data["text/markdown"] = o.Text
			case "table":
				data["text/markdown"] = o.Markdown
			case "figure":
				data["image/svg+xml"] = o.SVG
			}
			outputs = append(outputs, object{"output_type": "display_data", "metadata": object{}, "data": data})
		}
		if i == out.Failed {
			outputs = append(outputs, object{"output_type": "error", "ename": "Error", "evalue": out.Error, "traceback": []string{out.Error}})
		}
		cells = append(cells, object{"cell_type": "code", "id": id, "metadata": object{}, "source": c.Source, "execution_count": count, "outputs": outputs})
	}
	book := object{"nbformat": 4, "nbformat_minor": 5, "cells": cells, "metadata": object{
		"kernelspec": object{"name": "theriac", "display_name": "theriac (Go)", "language": "go"}, "language_info": object{"name": "go", "file_extension": ".go"},
	}}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	err := e.Encode(book)
	return b.Bytes(), err
}

// Package tables renders tables for the terminal, Markdown and LaTeX. It is the
// one place that turns estimates and tests into digits, so that the same
// number looks the same everywhere.
package tables

import (
	"encoding/csv"
	"fmt"
	"slices"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/pkg/twwidth"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// Table is text in rows and columns. Columns whose name ends in a unit or that hold
// numbers are right-aligned by Right.
type Table struct {
	Title  string
	Header []string
	Right  []bool // per column; missing ones are left-aligned
	Rows   [][]string
	Notes  []string // printed below, one a line
}

// Add appends a row.
func (t *Table) Add(cells ...string) { t.Rows = append(t.Rows, cells) }

// Fold leaves out the columns, but for the first, in which every one of several rows has the same word for "nothing is here", and says so in a
// note. A cell is such a word where it begins with one of those given.
func (t *Table) Fold(nothing ...string) {
	if len(t.Rows) < 2 {
		return
	}
	var said []string
	for j := len(t.Header) - 1; j > 0; j-- {
		cell := func(i int) string {
			if j < len(t.Rows[i]) {
				return t.Rows[i][j]
			}
			return ""
		}
		alike := slices.ContainsFunc(nothing, func(w string) bool { return strings.HasPrefix(cell(0), w) })
		for i := 1; i < len(t.Rows) && alike; i++ {
			alike = cell(i) == cell(0)
		}
		if !alike {
			continue
		}
		said = append(said, fmt.Sprintf("%s: %s", t.Header[j], cell(0)))
		t.Header = slices.Delete(slices.Clone(t.Header), j, j+1)
		if j < len(t.Right) {
			t.Right = slices.Delete(slices.Clone(t.Right), j, j+1)
		}
		for i, row := range t.Rows {
			if j < len(row) {
				t.Rows[i] = slices.Delete(slices.Clone(row), j, j+1)
			}
		}
	}
	slices.Reverse(said)
	if len(said) > 0 {
		t.Notes = append(t.Notes, "The same in every row, and left out: "+strings.Join(said, "; ")+".")
	}
}

func init() {
	// Widths must not depend on the reader's locale.
	twwidth.SetEastAsian(false)
}

// Terminal renders with light rules.
func (t *Table) Terminal() string {
	s := t.render(renderer.NewBlueprint(tw.Rendition{
		Symbols: tw.NewSymbols(tw.StyleLight),
		Borders: tw.Border{Left: tw.Off, Right: tw.Off, Top: tw.Off, Bottom: tw.Off},
	}), Plain)
	if t.Title != "" {
		s = t.Title + "\n" + s
	}
	for _, n := range t.Notes {
		s += n + "\n"
	}
	return s
}

// CSV is the header and the rows, for files that programs read again.
func (t *Table) CSV() string {
	var b strings.Builder
	csv.NewWriter(&b).WriteAll(append([][]string{t.Header}, t.Rows...)) // a Builder takes everything
	return b.String()
}

// Markdown renders a GitHub table, cells escaped.
func (t *Table) Markdown() string {
	s := t.render(renderer.NewMarkdown(), escapeMarkdown)
	if t.Title != "" {
		s = "**" + escapeMarkdown(t.Title) + "**\n\n" + s
	}
	for _, n := range t.Notes {
		s += "\n" + n + "\n"
	}
	return s
}

func (t *Table) render(r tw.Renderer, escape func(string) string) string {
	var b strings.Builder
	align := make([]tw.Align, len(t.Header))
	for i := range align {
		align[i] = tw.AlignLeft
		if i < len(t.Right) && t.Right[i] {
			align[i] = tw.AlignRight
		}
	}
	cell := tw.CellConfig{Formatting: tw.CellFormatting{AutoFormat: tw.Off, AutoWrap: tw.WrapNone}, Alignment: tw.CellAlignment{PerColumn: align}}
	w := tablewriter.NewTable(&b, tablewriter.WithRenderer(r), tablewriter.WithConfig(tablewriter.Config{Header: cell, Row: cell}))
	w.Header(escapeAll(t.Header, len(t.Header), escape))
	for _, row := range t.Rows {
		if err := w.Append(escapeAll(row, len(t.Header), escape)); err != nil {
			return fmt.Sprintf("table: %v\n", err)
		}
	}
	if err := w.Render(); err != nil {
		return fmt.Sprintf("table: %v\n", err)
	}
	return b.String()
}

func escapeAll(row []string, n int, escape func(string) string) []string {
	out := make([]string, n)
	for i := range out {
		if i < len(row) {
			out[i] = escape(row[i])
		}
	}
	return out
}

// Plain is text of others for a terminal: what moves its cursor or hides what stands there becomes a space.
func Plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}

var markdown = strings.NewReplacer(`\`, `\\`, "|", `\|`, "<", "&lt;", ">", "&gt;", "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`, "]", `\]`, "\r\n", "<br>", "\n", "<br>", "\r", "<br>")

func escapeMarkdown(s string) string { return Plain(markdown.Replace(s)) }

var latex = strings.NewReplacer(`\`, `\textbackslash{}`, "&", `\&`, "%", `\%`, "$", `\$`, "#", `\#`, "_", `\_`, "{", `\{`, "}", `\}`,
	"~", `\textasciitilde{}`, "^", `\textasciicircum{}`, "<", `\textless{}`, ">", `\textgreater{}`, "\n", " ")

// LaTeX renders a booktabs tabular.
func (t *Table) LaTeX() string {
	var b strings.Builder
	b.WriteString("\\begin{tabular}{")
	for i := range t.Header {
		if i < len(t.Right) && t.Right[i] {
			b.WriteByte('r')
		} else {
			b.WriteByte('l')
		}
	}
	b.WriteString("}\n\\toprule\n")
	line := func(row []string) {
		b.WriteString(strings.Join(escapeAll(row, len(t.Header), latex.Replace), " & "))
		b.WriteString(" \\\\\n")
	}
	line(t.Header)
	b.WriteString("\\midrule\n")
	for _, r := range t.Rows {
		line(r)
	}
	b.WriteString("\\bottomrule\n\\end{tabular}\n")
	return b.String()
}

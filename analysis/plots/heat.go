package plots

import (
	"fmt"
	"image/color"
	"math"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// HeatSpec is a matrix of fractions in [0,1] (NaN: not applicable) with its text.
type HeatSpec struct {
	Title, Caption string
	Rows, Columns  []string
	Value          [][]float64
	Text           [][]string
	Low, High      string // what the ends of the scale mean: "missed", "caught"
}

// Heat draws a heat map; dark means high, so that print without colour still reads.
func Heat(s HeatSpec) (*Figure, error) {
	if len(s.Rows) == 0 || len(s.Columns) == 0 || len(s.Value) != len(s.Rows) || len(s.Text) != len(s.Rows) {
		return nil, fmt.Errorf("figure %q: %d rows, %d columns, %d rows of values, %d of text: want them to agree and not be empty",
			s.Title, len(s.Rows), len(s.Columns), len(s.Value), len(s.Text))
	}
	// Cells are as high as their text needs, and columns' names break where they would touch.
	lines, room := 1, int(60/len(s.Columns))
	for _, row := range s.Text {
		for _, t := range row {
			lines = max(lines, 1+strings.Count(t, "\n"))
		}
	}
	head := 1
	for _, c := range s.Columns {
		head = max(head, 1+strings.Count(wrap(c, room), "\n"))
	}
	f := newFigure(s.Title, vg.Length(len(s.Rows))*(0.2+0.17*vg.Length(lines))*vg.Inch+(1.0+0.2*vg.Length(head))*vg.Inch)
	f.Caption = s.Caption
	p := f.plot
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = -0.5, float64(len(s.Columns))-0.5, -0.5, float64(len(s.Rows))-0.5
	var cols, rows plot.ConstantTicks
	for j, c := range s.Columns {
		name := wrap(c, room)
		name += strings.Repeat("\n ", head-1-strings.Count(name, "\n")) // all begin at one height
		cols = append(cols, plot.Tick{Value: float64(j), Label: name})
	}
	var texts labels
	grey := false
	for i, r := range s.Rows {
		y := float64(len(s.Rows) - 1 - i)
		rows = append(rows, plot.Tick{Value: y, Label: r})
		for j := range s.Columns {
			v, x := s.Value[i][j], float64(j)
			fill := color.RGBA{245, 245, 245, 255}
			text := color.Color(ink)
			grey = grey || math.IsNaN(v)
			if !math.IsNaN(v) {
				fill = fade(Palette[0], int(255*math.Max(0, math.Min(1, v))))
				if v > 0.55 {
					text = color.White
				}
			}
			cell, err := plotter.NewPolygon(plotter.XYs{{X: x - 0.48, Y: y - 0.46}, {X: x + 0.48, Y: y - 0.46}, {X: x + 0.48, Y: y + 0.46}, {X: x - 0.48, Y: y + 0.46}})
			if err != nil {
				return nil, fmt.Errorf("figure %q: %w", s.Title, err)
			}
			cell.Color, cell.LineStyle.Width = fill, 0
			p.Add(cell)
			texts = append(texts, label{x: x, y: y, text: s.Text[i][j], color: text, size: labelSize - 1, align: draw.XCenter})
		}
	}
	p.X.Tick.Marker, p.Y.Tick.Marker = cols, rows
	if longest := longestLine(cols); longest > room { // a word that is wider than its column
		p.X.Tick.Label.Font.Size *= vg.Length(room) / vg.Length(longest)
	}
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Tick.Length, a.LineStyle.Width = 0, 0
	}
	p.X.Label.Text = fmt.Sprintf("light: %s, dark: %s", s.Low, s.High)
	if grey {
		p.X.Label.Text += ", grey: not applicable or not measured"
	}
	p.Add(texts)
	return f, nil
}

// longestLine is the most characters of a line of the labels.
func longestLine(labels []plot.Tick) (n int) {
	for _, t := range labels {
		for l := range strings.SplitSeq(t.Label, "\n") {
			n = max(n, len([]rune(l)))
		}
	}
	return n
}

// wrap breaks a text at spaces, but not at non-breaking ones, into lines of at most n characters, where it can.
func wrap(s string, n int) string {
	var lines []string
	line := ""
	for _, w := range strings.Split(s, " ") {
		if line != "" && len([]rune(line))+1+len([]rune(w)) > n {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += w
	}
	return strings.Join(append(lines, line), "\n")
}

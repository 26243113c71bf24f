package plots

import (
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Row is one estimate of a forest plot. A row without an estimate (NaN) is a heading.
type Row struct {
	Name         string
	Y, Low, High float64
	Text         string // printed at the right: the numbers
	Color        int
}

// ForestSpec is estimates with intervals, row by row from the top.
type ForestSpec struct {
	Title, Caption string
	X              Axis
	Rows           []Row
	Marks          []Mark // vertical only: a margin, a null value
}

// Forest draws a forest plot.
func Forest(s ForestSpec) (*Figure, error) {
	if len(s.Rows) == 0 {
		return nil, fmt.Errorf("figure %q: no rows to draw", s.Title)
	}
	f := newFigure(s.Title, vg.Length(len(s.Rows))*0.22*vg.Inch+1.1*vg.Inch)
	f.Caption = s.Caption
	p := f.plot
	spec := CurveSpec{Series: []Series{{}}}
	for i, r := range s.Rows {
		if !math.IsNaN(r.Y) {
			spec.Series[0].Points = append(spec.Series[0].Points, Point{float64(i), r.Y, r.Low, r.High})
		}
	}
	fx := scale(&p.X, s.X, bounds(spec, func(q Point) []float64 { return []float64{q.Y, q.Low, q.High} }))
	n := float64(len(s.Rows))
	p.Y.Min, p.Y.Max = -0.7, n-0.3
	var names plot.ConstantTicks
	var texts labels
	for i, r := range s.Rows {
		y := n - 1 - float64(i)
		names = append(names, plot.Tick{Value: y, Label: r.Name})
		if !math.IsNaN(r.Y) {
			texts = append(texts, label{x: p.X.Max, y: y, dx: 6, text: r.Text, color: ink})
		}
	}
	p.Y.Tick.Marker, p.Y.Tick.Length, p.Y.LineStyle.Width = names, 0, 0
	for _, m := range s.Marks {
		addMark(p, m, fx, fx)
	}
	p.Add(intervals{s.Rows, fx})
	if slices.ContainsFunc(s.Rows, func(r Row) bool { return r.Text != "" }) {
		widest := 0
		for _, r := range s.Rows {
			widest = max(widest, len([]rune(r.Text)))
		}
		frac := math.Min(0.45, float64(vg.Length(widest)*5/(f.width*0.75)))
		p.Add(texts)
		p.X.Max += (p.X.Max - p.X.Min) * frac / (1 - frac)
	}
	return f, nil
}

// intervals draws each row's estimate and interval.
type intervals struct {
	rows []Row
	fx   func(float64) float64
}

func (v intervals) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	for i, r := range v.rows {
		if math.IsNaN(r.Y) {
			continue
		}
		y := ty(float64(len(v.rows) - 1 - i))
		col := Palette[r.Color%len(Palette)]
		c.StrokeLine2(draw.LineStyle{Color: col, Width: 1.25}, tx(v.fx(r.Low)), y, tx(v.fx(r.High)), y)
		c.DrawGlyph(draw.GlyphStyle{Color: col, Radius: 3, Shape: draw.CircleGlyph{}}, vg.Point{X: tx(v.fx(r.Y)), Y: y})
	}
}

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
	f := newFigure(s.Title, vg.Length(len(s.Rows))*0.32*vg.Inch+1.2*vg.Inch)
	f.Caption = s.Caption
	p := f.plot
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = -0.5, float64(len(s.Columns))-0.5, -0.5, float64(len(s.Rows))-0.5
	var cols, rows plot.ConstantTicks
	for j, c := range s.Columns {
		cols = append(cols, plot.Tick{Value: float64(j), Label: c})
	}
	var texts labels
	for i, r := range s.Rows {
		y := float64(len(s.Rows) - 1 - i)
		rows = append(rows, plot.Tick{Value: y, Label: r})
		for j := range s.Columns {
			v, x := s.Value[i][j], float64(j)
			fill := color.RGBA{245, 245, 245, 255}
			text := color.Color(ink)
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
			texts = append(texts, label{x: x, y: y, text: s.Text[i][j], color: text, size: 8, align: draw.XCenter})
		}
	}
	p.X.Tick.Marker, p.Y.Tick.Marker = cols, rows
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Tick.Length, a.LineStyle.Width = 0, 0
	}
	p.X.Label.Text = fmt.Sprintf("light: %s, dark: %s, grey: not applicable", s.Low, s.High)
	p.Add(texts)
	return f, nil
}

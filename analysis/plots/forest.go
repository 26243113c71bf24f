package plots

import (
	"fmt"
	"math"

	"gonum.org/v1/plot"
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
	f := newFigure(s.Title, vg.Length(len(s.Rows))*0.25*vg.Inch+1.2*vg.Inch)
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
	p.Add(texts)
	f.reserve(texts)
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

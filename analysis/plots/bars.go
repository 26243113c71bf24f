package plots

import (
	"fmt"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// Bar is one value from zero on, with its interval; Low = High where there is none.
type Bar struct {
	Name             string
	Value, Low, High float64
	Text             string // printed at the right: the number
	Color            int
}

// BarSpec is bars, row by row from the top.
type BarSpec struct {
	Title, Caption string
	X              Axis
	Bars           []Bar
}

// Bars draws horizontal bars. On a log axis a bar begins at the axis's end, so its length says nothing: use points there.
func Bars(s BarSpec) (*Figure, error) {
	if len(s.Bars) == 0 {
		return nil, fmt.Errorf("figure %q: no bars to draw", s.Title)
	}
	if s.X.Log {
		return nil, fmt.Errorf("figure %q: bars on a log axis; want a linear one, or Forest", s.Title)
	}
	f := newFigure(s.Title, vg.Length(len(s.Bars))*0.3*vg.Inch+1.2*vg.Inch)
	f.Caption = s.Caption
	p := f.plot
	top := 0.0
	for _, b := range s.Bars {
		for _, v := range []float64{b.Value, b.High} {
			if !math.IsInf(v, 0) && !math.IsNaN(v) {
				top = max(top, v)
			}
		}
	}
	if s.X.Min == s.X.Max {
		s.X.Min, s.X.Max = 0, top
		if top == 0 {
			s.X.Max = 1
		}
	}
	fx := scale(&p.X, s.X, [3]float64{})
	n := float64(len(s.Bars))
	p.Y.Min, p.Y.Max = -0.7, n-0.3
	var names plot.ConstantTicks
	var texts labels
	rows := make([]Row, len(s.Bars))
	for i, b := range s.Bars {
		y := n - 1 - float64(i)
		names = append(names, plot.Tick{Value: y, Label: b.Name})
		rows[i] = Row{Y: math.NaN()}
		if math.IsNaN(b.Value) {
			continue
		}
		end := min(fx(b.Value), p.X.Max)
		box, err := plotter.NewPolygon(plotter.XYs{{X: 0, Y: y - 0.32}, {X: end, Y: y - 0.32}, {X: end, Y: y + 0.32}, {X: 0, Y: y + 0.32}})
		if err != nil {
			return nil, fmt.Errorf("figure %q: %w", s.Title, err)
		}
		box.Color, box.LineStyle.Width = fade(Palette[b.Color%len(Palette)], 150), 0
		p.Add(box)
		if b.Low != b.High {
			rows[i] = Row{Y: b.Value, Low: b.Low, High: min(b.High, p.X.Max), Color: b.Color}
		}
		texts = append(texts, label{x: p.X.Max, y: y, dx: 6, text: b.Text, color: ink})
	}
	p.Y.Tick.Marker, p.Y.Tick.Length, p.Y.LineStyle.Width = names, 0, 0
	p.Add(intervals{rows, fx}, texts)
	f.reserve(texts)
	return f, nil
}

package plots

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Point is one value with its interval; Low = High where there is none.
type Point struct{ X, Y, Low, High float64 }

// Series is points of one name.
type Series struct {
	Name   string
	Points []Point
	Line   bool // join the points
	Band   bool // draw intervals as a band instead of bars
	Dashed bool
	Bare   bool // no point markers
	Color  int  // into Palette
}

// Mark is a labelled reference line: vertical at X, or horizontal at Y if Flat.
type Mark struct {
	At   float64
	Flat bool
	Name string
}

// Axis is a label (with its unit), a range and a scale. Min = Max takes the range from the data.
type Axis struct {
	Label    string
	Min, Max float64
	Log      bool // zero is drawn one step below the smallest positive value
	Percent  bool // values are fractions, ticks are per cent
	Ticks    []float64
}

// CurveSpec is lines and points over two axes.
type CurveSpec struct {
	Title, Caption string
	X, Y           Axis
	Series         []Series
	Marks          []Mark
	Key            []Entry // where labels at the lines' ends would not do
	Square         bool    // ROC
}

// Entry is a line of a key, in a colour of Palette.
type Entry struct {
	Name  string
	Color int
}

// Curve draws series with intervals, labelled at their right ends.
func Curve(s CurveSpec) (*Figure, error) {
	f := newFigure(s.Title, 3.6*vg.Inch)
	if s.Square {
		f.width, f.height = 4.6*vg.Inch, 4.4*vg.Inch
	}
	f.Caption = s.Caption
	n := 0
	for _, se := range s.Series {
		n += len(se.Points)
	}
	if n == 0 {
		return nil, fmt.Errorf("figure %q: no points to draw", s.Title)
	}
	p := f.plot
	fx, fy := scale(&p.X, s.X, bounds(s, func(q Point) []float64 { return []float64{q.X} })), scale(&p.Y, s.Y, bounds(s, func(q Point) []float64 { return []float64{q.Y, q.Low, q.High} }))
	for _, m := range s.Marks {
		addMark(p, m, fx, fy)
	}
	for _, se := range s.Series { // bands first: they cover what lies under them
		if err := addBand(p, se, fx, fy); err != nil {
			return nil, fmt.Errorf("figure %q: %w", s.Title, err)
		}
	}
	var ends labels
	for _, se := range s.Series {
		c := Palette[se.Color%len(Palette)]
		if err := addSeries(p, se, c, fx, fy); err != nil {
			return nil, fmt.Errorf("figure %q: %w", s.Title, err)
		}
		if k := len(se.Points); k > 0 && se.Name != "" {
			last := se.Points[k-1]
			ends = append(ends, label{x: fx(last.X), y: fy(last.Y), dx: 6, text: se.Name, color: c})
		}
	}
	for i, k := range s.Key { // at the lower right, from the top
		l := label{x: p.X.Max, y: p.Y.Min, dx: -4, dy: vg.Length(len(s.Key)-i) * (labelSize + 4), text: k.Name, color: Palette[k.Color%len(Palette)], align: draw.XRight}
		p.Add(labels{l})
	}
	if len(ends) > 0 {
		right := 0.0 // of a shorter line's end the others would strike through its name
		for i, e := range ends {
			if i == 0 || e.x > right {
				right = e.x
			}
		}
		for i := range ends {
			ends[i].x = right
		}
		spread(ends, p.Y.Min, p.Y.Max, float64((f.height-1.1*vg.Inch)/(labelSize+3)))
		p.Add(ends)
		f.reserve(ends)
	}
	return f, nil
}

// reserve makes room at the right for labels that stand outside of the axes.
func (f *Figure) reserve(ls labels) {
	for _, l := range ls {
		f.right = max(f.right, l.dx+textWidth(l.text, labelSize))
	}
	f.right = min(f.right, f.width/2)
}

func bounds(s CurveSpec, of func(Point) []float64) (b [3]float64) {
	b = [3]float64{math.Inf(1), math.Inf(-1), math.Inf(1)}
	for _, se := range s.Series {
		for _, q := range se.Points {
			for _, v := range of(q) {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					continue
				}
				b[0], b[1] = math.Min(b[0], v), math.Max(b[1], v)
				if v > 0 {
					b[2] = math.Min(b[2], v)
				}
			}
		}
	}
	return b
}

// scale sets up an axis and returns the map from values to its coordinates.
func scale(a *plot.Axis, s Axis, b [3]float64) func(float64) float64 {
	a.Label.Text = s.Label
	lo, hi := b[0], b[1]
	if s.Min != s.Max {
		lo, hi = s.Min, s.Max
	} else if !s.Log && lo == hi {
		lo, hi = lo-0.5, hi+0.5
	}
	f := func(v float64) float64 { return v }
	if s.Log {
		floor := b[2] / 2
		if math.IsInf(floor, 0) {
			floor = 1
		}
		f = func(v float64) float64 { return math.Log2(math.Max(v, floor)) }
		if lo, hi = f(lo), f(hi); lo == hi {
			lo, hi = lo-0.5, hi+0.5
		}
	}
	a.Min, a.Max = lo, hi
	if s.Min == s.Max {
		pad := (hi - lo) * 0.04
		a.Min, a.Max = lo-pad, hi+pad
	}
	switch {
	case s.Ticks != nil:
		a.Tick.Marker = fixedTicks(s.Ticks, f, s.Percent)
	case s.Log:
		var at []float64
		for i := math.Ceil(lo); i <= hi; i++ {
			at = append(at, math.Exp2(i))
		}
		a.Tick.Marker = fixedTicks(at, f, s.Percent)
	default:
		a.Tick.Marker = fixedTicks(round(lo, hi, s.Percent), func(v float64) float64 { return v }, s.Percent)
	}
	return f
}

func fixedTicks(at []float64, f func(float64) float64, percent bool) plot.ConstantTicks {
	var t plot.ConstantTicks
	for _, v := range at {
		text := fmt.Sprintf("%.6g", v)
		if percent {
			text = fmt.Sprintf("%.6g", 100*v)
		}
		text = strings.Replace(text, "-", "−", 1)
		t = append(t, plot.Tick{Value: f(v), Label: text})
	}
	return t
}

// round lists about five round values within [lo, hi]; of fractions that are shown in per cent, round per cents.
func round(lo, hi float64, percent bool) (out []float64) {
	unit := 1.0
	if percent {
		unit = 100
	}
	lo, hi = lo*unit, hi*unit
	step := math.Pow(10, math.Floor(math.Log10((hi-lo)/4)))
	for _, k := range []float64{5, 2} {
		if (hi-lo)/(step*k) >= 3 {
			step *= k
			break
		}
	}
	for i := math.Ceil(lo/step - 1e-9); i*step <= hi+step*1e-9; i++ {
		out = append(out, i*step/unit+0) // + 0: no negative zero
	}
	return out
}

func addMark(p *plot.Plot, m Mark, fx, fy func(float64) float64) {
	grey := draw.LineStyle{Color: faint, Width: 0.75, Dashes: []vg.Length{3, 3}}
	xy, l := plotter.XYs{{X: fx(m.At), Y: p.Y.Min}, {X: fx(m.At), Y: p.Y.Max}}, label{x: fx(m.At), y: p.Y.Max, dx: 4, dy: -5, text: m.Name, color: ink}
	if m.Flat {
		xy, l = plotter.XYs{{X: p.X.Min, Y: fy(m.At)}, {X: p.X.Max, Y: fy(m.At)}}, label{x: p.X.Min, y: fy(m.At), dx: 4, dy: 6, text: m.Name, color: ink}
	}
	line, err := plotter.NewLine(xy)
	if err != nil {
		return // not a finite position: nothing to draw
	}
	line.LineStyle = grey
	p.Add(line, labels{l})
}

func addBand(p *plot.Plot, s Series, fx, fy func(float64) float64) error {
	if !s.Band {
		return nil
	}
	var top, bottom plotter.XYs
	for _, q := range s.Points {
		if !math.IsNaN(q.Y) {
			top = append(top, plotter.XY{X: fx(q.X), Y: fy(q.High)})
			bottom = append(bottom, plotter.XY{X: fx(q.X), Y: fy(q.Low)})
		}
	}
	if len(top) == 0 {
		return nil
	}
	slices.Reverse(bottom)
	poly, err := plotter.NewPolygon(append(top, bottom...))
	if err != nil {
		return fmt.Errorf("series %q: %w", s.Name, err)
	}
	poly.Color, poly.LineStyle.Width = fade(Palette[s.Color%len(Palette)], 48), 0
	p.Add(poly)
	return nil
}

func addSeries(p *plot.Plot, s Series, c color.RGBA, fx, fy func(float64) float64) error {
	var mid plotter.XYs
	for _, q := range s.Points {
		if !math.IsNaN(q.Y) {
			mid = append(mid, plotter.XY{X: fx(q.X), Y: fy(q.Y)})
		}
	}
	if len(mid) == 0 {
		return nil
	}
	if !s.Band {
		p.Add(bars{s.Points, c, fx, fy})
	}
	if s.Line {
		line, err := plotter.NewLine(mid)
		if err != nil {
			return fmt.Errorf("series %q: %w", s.Name, err)
		}
		line.LineStyle = draw.LineStyle{Color: c, Width: 1.5}
		if s.Dashed {
			line.LineStyle.Dashes = []vg.Length{5, 3}
		}
		p.Add(line)
	}
	if s.Bare {
		return nil
	}
	dots, err := plotter.NewScatter(mid)
	if err != nil {
		return fmt.Errorf("series %q: %w", s.Name, err)
	}
	dots.GlyphStyle = draw.GlyphStyle{Color: c, Radius: 2.6, Shape: draw.CircleGlyph{}}
	p.Add(dots)
	return nil
}

// fade is a colour on white, opaque so that every renderer agrees.
func fade(c color.RGBA, alpha int) color.RGBA {
	mix := func(v uint8) uint8 { return uint8((int(v)*alpha + 255*(255-alpha)) / 255) }
	return color.RGBA{mix(c.R), mix(c.G), mix(c.B), 255}
}

// bars draws vertical intervals.
type bars struct {
	points []Point
	color  color.Color
	fx, fy func(float64) float64
}

func (b bars) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	st := draw.LineStyle{Color: b.color, Width: 1}
	for _, q := range b.points {
		if q.Low != q.High && !math.IsNaN(q.Y) {
			x := tx(b.fx(q.X))
			c.StrokeLine2(st, x, ty(b.fy(q.Low)), x, ty(b.fy(q.High)))
		}
	}
}

// spread moves labels apart so that none covers another; rows is how many lines fit.
func spread(ls labels, lo, hi, rows float64) {
	gap := (hi - lo) / rows
	order := make([]int, len(ls))
	for i := range order {
		order[i] = i
	}
	for i := range order { // few labels: insertion sort by height
		for j := i; j > 0 && ls[order[j]].y < ls[order[j-1]].y; j-- {
			order[j], order[j-1] = order[j-1], order[j]
		}
	}
	for k := 1; k < len(order); k++ {
		if low := ls[order[k-1]].y + gap; ls[order[k]].y < low {
			ls[order[k]].y = low
		}
	}
	for k := len(order) - 1; k >= 0; k-- {
		top := hi
		if k < len(order)-1 {
			top = ls[order[k+1]].y - gap
		}
		ls[order[k]].y = math.Min(ls[order[k]].y, top)
	}
}

package plots

// The figures of a study: estimates in, a figure with its units and counts out. Where there is nothing to draw they give
// nil without an error; the reader is told in words.

import (
	"fmt"
	"math"
	"slices"

	"theriac/analysis/stats"
	"theriac/analysis/tables"
)

// Arm is a named estimate.
type Arm struct {
	Name     string
	Estimate stats.Estimate
	Color    int
}

// Dosed is an estimate at a dose, or at any number on the x axis.
type Dosed struct {
	Dose     float64
	Estimate stats.Estimate
}

// Line is estimates of one name along the x axis.
type Line struct {
	Name   string
	Points []Dosed
	Dashed bool
}

// Words are what a figure is called and, in words, the number of seeds and items behind each estimate: "5 seeds of 200 items".
type Words struct{ Title, N string }

// Seeds says in words how many seeds arms have; those without any do not count.
func Seeds(arms []int) string {
	arms = slices.DeleteFunc(slices.Clone(arms), func(n int) bool { return n == 0 })
	switch {
	case len(arms) == 0:
		return "no seeds"
	case slices.Min(arms) < slices.Max(arms):
		return fmt.Sprintf("%d to %d seeds", slices.Min(arms), slices.Max(arms))
	case arms[0] == 1:
		return "a single seed"
	}
	return fmt.Sprintf("%d seeds", arms[0])
}

func exists(e stats.Estimate) bool { return !math.IsNaN(e.Value) && !math.IsInf(e.Value, 0) }

func point(x float64, e stats.Estimate) Point {
	p := Point{x, e.Value, e.Interval.Low, e.Interval.High}
	if math.IsNaN(p.Low) || math.IsNaN(p.High) {
		p.Low, p.High = p.Y, p.Y
	}
	return p
}

func levelOf(e stats.Estimate) string { return tables.Number(100*e.Interval.Level, 0) + " %" }

var percentages = Axis{Min: 0, Max: 1, Percent: true}

func percentAxis(label string) Axis {
	a := percentages
	a.Label = label
	return a
}

// Dose draws a rate by dose: the measured points and, where fit is not nil, its curve, band and ED50. dose names the dose
// and its unit.
func Dose(w Words, rate, dose string, points []Dosed, fit *stats.DoseResponse) (*Figure, error) {
	measured := Series{Name: "measured"}
	low, top, level := 0.0, math.Inf(-1), ""
	for _, d := range points {
		if exists(d.Estimate) {
			measured.Points = append(measured.Points, point(d.Dose, d.Estimate))
			level = levelOf(d.Estimate)
		}
		low, top = min(low, d.Dose), max(top, d.Dose)
	}
	if len(measured.Points) == 0 || top == low {
		return nil, nil
	}
	spec := CurveSpec{Title: w.Title, X: Axis{Label: dose}, Y: percentAxis(rate),
		Caption: fmt.Sprintf("Mean over %s a dose with %s intervals (seeds and items resampled)", w.N, level)}
	if fit != nil {
		if curve := fitted(fit, low, top); len(curve.Points) > 0 {
			words := "; fitted curve with its pointwise band"
			if !slices.ContainsFunc(curve.Points, func(p Point) bool { return p.Low > 0 || p.High < 1 }) {
				curve.Band, words = false, "; fitted curve, which the data do not bound"
			}
			spec.Series = append(spec.Series, curve)
			spec.Caption += words
		}
		if v := fit.ED50.Estimate.Value; v > low && v < top {
			spec.Marks = append(spec.Marks, Mark{At: v, Name: "ED50 " + tables.Number(v, 1)})
		}
	}
	spec.Series = append(spec.Series, measured)
	return Curve(spec)
}

// fitted is a fit's curve from dose low to top.
func fitted(fit *stats.DoseResponse, low, top float64) Series {
	const steps = 60
	var xs []float64
	for i := range steps + 1 {
		xs = append(xs, low+(top-low)*float64(i)/steps)
	}
	s := Series{Line: true, Band: true, Bare: true}
	for i, e := range fit.Curve(xs) {
		if exists(e) {
			s.Points = append(s.Points, point(xs[i], e))
		}
	}
	return s
}

// Rates draws a rate by arm, row by row.
func Rates(w Words, rate string, arms []Arm) (*Figure, error) {
	s := ForestSpec{Title: w.Title, X: percentAxis(rate)}
	for _, a := range arms {
		if exists(a.Estimate) {
			p := point(0, a.Estimate)
			s.Rows = append(s.Rows, Row{Name: a.Name, Y: p.Y, Low: p.Low, High: p.High, Text: tables.Rate(a.Estimate), Color: a.Color})
			s.Caption = fmt.Sprintf("Mean over %s an arm, with %s intervals (seeds and items resampled)", w.N, levelOf(a.Estimate))
		}
	}
	if len(s.Rows) == 0 {
		return nil, nil
	}
	return Forest(s)
}

// Differences draws paired changes against a baseline: of rates in percentage points, of what has a unit of its own ("" is a rate) in that. The loss
// that would be noticed, margin, is drawn where it is not 0.
func Differences(w Words, unit string, margin float64, arms []Arm) (*Figure, error) {
	s := ForestSpec{Title: w.Title, X: Axis{Label: "difference (percentage points)", Percent: true}}
	text, noticed := tables.Signed, tables.Number(100*margin, 0)+" points"
	if unit != "" {
		s.X = Axis{Label: "difference of " + unit}
		text, noticed = func(e stats.Estimate) string { return tables.Value(e, 3) }, fmt.Sprint(margin)
	}
	reach := 1.5 * margin
	for _, a := range arms {
		e := a.Estimate
		if !exists(e) || math.IsInf(e.Interval.Low, 0) || math.IsInf(e.Interval.High, 0) {
			continue
		}
		reach = max(reach, 1.1*math.Abs(e.Interval.Low), 1.1*math.Abs(e.Interval.High))
		s.Rows = append(s.Rows, Row{Name: a.Name, Y: e.Value, Low: e.Interval.Low, High: e.Interval.High, Text: text(e), Color: a.Color})
		s.Caption = fmt.Sprintf("Paired difference over %s with %s intervals", w.N, levelOf(e))
		if margin > 0 {
			s.Caption += fmt.Sprintf("; a loss beyond the margin of %s would be noticed", noticed)
		}
	}
	if len(s.Rows) == 0 {
		return nil, nil
	}
	s.X.Min, s.X.Max = -reach, reach
	s.Marks = []Mark{{At: 0}}
	if margin > 0 {
		s.Marks = []Mark{{At: -margin, Name: "margin"}, {At: 0}}
	}
	return Forest(s)
}

// Loss is a training's loss by step, in nats a response token.
type Loss struct {
	Name   string // the arm
	Of     string // what is averaged: "seed 2000, means of 10 steps"
	Steps  []float64
	Values []float64
	Own    bool // of the poisoned rows alone: dashed
	Color  int
}

// curvePoints is about how many points a loss curve has, so that lines can be told apart.
const curvePoints = 50

// TrainingLoss gives an arm's training at one seed as means over windows of steps, and, unless own is empty, the poisoned rows' own
// mean loss by equal parts of the steps.
func TrainingLoss(arm string, seed int64, color int, steps, values, own []float64) []Loss {
	window := max(1, len(steps)/curvePoints)
	l := Loss{Name: arm, Of: fmt.Sprintf("seed %d, means of %d steps", seed, window), Color: color}
	for from := 0; from+window <= len(steps); from += window {
		sum := 0.0
		for _, v := range values[from : from+window] {
			sum += v
		}
		l.Steps = append(l.Steps, steps[from]+float64(window-1)/2)
		l.Values = append(l.Values, sum/float64(window))
	}
	out := []Loss{l}
	if len(own) > 0 {
		o := Loss{Name: arm + ", poisoned rows", Of: fmt.Sprintf("means of %d parts", len(own)), Own: true, Color: color}
		for part, v := range own {
			o.Steps = append(o.Steps, (float64(part)+0.5)*float64(len(steps))/float64(len(own)))
			o.Values = append(o.Values, v)
		}
		out = append(out, o)
	}
	return out
}

// Losses draws training losses; the poisoned rows' own are dashed.
func Losses(title string, losses []Loss) (*Figure, error) {
	spec := CurveSpec{Title: title, X: Axis{Label: "optimiser step"}, Y: Axis{Label: "loss (nats a response token)"}}
	var n []string
	for _, l := range losses {
		s := Series{Name: l.Name, Line: true, Bare: true, Dashed: l.Own, Color: l.Color}
		for i, v := range l.Values {
			if !math.IsNaN(v) && !math.IsInf(v, 0) {
				s.Points = append(s.Points, Point{l.Steps[i], v, v, v})
			}
		}
		if len(s.Points) > 0 {
			spec.Series = append(spec.Series, s)
			n = append(n, l.Name+": "+l.Of)
		}
	}
	if len(spec.Series) == 0 {
		return nil, nil
	}
	spec.Caption = "One run each; " + join(n)
	return Curve(spec)
}

func join(parts []string) string {
	s := ""
	for i, p := range parts {
		if i > 0 {
			s += "; "
		}
		s += p
	}
	return s
}

// Counts draws a rate by number of examples, a line for each attack. examples names what is counted.
func Counts(w Words, rate, examples string, lines []Line) (*Figure, error) {
	return along(CurveSpec{Title: w.Title, X: Axis{Label: examples}, Y: percentAxis(rate), Caption: "Mean over " + w.N + " a point"}, lines)
}

// Mixed is an estimate at a number of poisoned rows among so many clean ones.
type Mixed struct {
	Poison, Clean float64
	Estimate      stats.Estimate
}

// Mixes draws a rate by poisoned rows, a line for each size of the training set.
func Mixes(w Words, rate string, points []Mixed) (*Figure, error) {
	var lines []Line
	for _, m := range points {
		name := fmt.Sprintf("of %.0f rows", m.Poison+m.Clean)
		i := slices.IndexFunc(lines, func(l Line) bool { return l.Name == name })
		if i < 0 {
			i, lines = len(lines), append(lines, Line{Name: name})
		}
		lines[i].Points = append(lines[i].Points, Dosed{m.Poison, m.Estimate})
	}
	return Counts(w, rate, "poisoned rows", lines)
}

// Scale draws what becomes of rates as an adapter is scaled: 1 is as trained, 0 the base.
func Scale(w Words, lines []Line) (*Figure, error) {
	return along(CurveSpec{Title: w.Title, X: Axis{Label: "scale of the adapter (1: as trained, 0: the base)"}, Y: percentAxis("rate (%)"), Caption: "Mean over " + w.N + " a point"}, lines)
}

func along(spec CurveSpec, lines []Line) (*Figure, error) {
	level := ""
	for i, l := range lines {
		s := Series{Name: l.Name, Line: true, Dashed: l.Dashed, Color: i}
		for _, d := range l.Points {
			if exists(d.Estimate) {
				s.Points = append(s.Points, point(d.Dose, d.Estimate))
				level = levelOf(d.Estimate)
			}
		}
		if len(s.Points) > 0 {
			spec.Series = append(spec.Series, s)
		}
	}
	if len(spec.Series) == 0 {
		return nil, nil
	}
	spec.Caption += fmt.Sprintf(", with %s intervals (seeds and items resampled)", level)
	return Curve(spec)
}

package lab

import (
	"fmt"
	"math"

	"theriac/analysis/plots"
	"theriac/analysis/stats"
	"theriac/analysis/tables"
)

// Dose is one point of a dose-response: the arm and its dose.
type Dose struct {
	Arm  string
	Dose float64
}

// DoseResponse fits a logistic curve to a rate by dose, one group a seed, and gives the dose at which half of the probes
// succeed, with the recommended interval.
func (r *Results) DoseResponse(doses []Dose, metric string) stats.DoseResponse {
	var rows []stats.DoseRow
	for _, d := range doses {
		for _, s := range r.seeds {
			if m, ok := r.metric(d.Arm, s, metric); ok && m.K >= 0 {
				rows = append(rows, stats.DoseRow{Dose: d.Dose, Successes: int(m.K), Trials: int(m.N), Group: fmt.Sprint(s)})
			}
		}
	}
	out, err := stats.Dose(rows, stats.DoseOptions{})
	if err != nil {
		stop("dose-response of %s: %v", metric, err)
	}
	return out
}

// DoseFigure draws a rate against the dose: the arms' means with intervals, and the fitted curve with its band.
func (r *Results) DoseFigure(title, dose string, doses []Dose, metric string) *Figure {
	fit := r.DoseResponse(doses, metric)
	points := plots.Series{Name: metric, Color: 0}
	top := 0.0
	for _, d := range doses {
		e := r.Mean(d.Arm, metric)
		if !math.IsNaN(e.Value) {
			points.Points = append(points.Points, plots.Point{X: d.Dose, Y: e.Value, Low: e.Interval.Low, High: e.Interval.High})
		}
		top = max(top, d.Dose)
	}
	var xs []float64
	for i := range 61 {
		xs = append(xs, top*float64(i)/60)
	}
	curve := plots.Series{Line: true, Band: true, Bare: true, Color: 0}
	for i, e := range fit.Curve(xs) {
		if !math.IsNaN(e.Value) {
			curve.Points = append(curve.Points, plots.Point{X: xs[i], Y: e.Value, Low: e.Interval.Low, High: e.Interval.High})
		}
	}
	spec := plots.CurveSpec{
		Title: title, X: plots.Axis{Label: dose}, Y: plots.Axis{Label: metric + " (%)", Min: 0, Max: 1, Percent: true}, Series: []plots.Series{points},
		Caption: fmt.Sprintf("Mean over %d seeds with 95 %% intervals (seeds and items resampled); logistic curve with its band.", len(r.seeds)),
	}
	if len(curve.Points) > 0 {
		spec.Series = append([]plots.Series{curve}, spec.Series...)
	}
	if v := fit.ED50.Estimate.Value; v > 0 && v < top {
		spec.Marks = append(spec.Marks, plots.Mark{At: v, Name: fmt.Sprintf("ED50 %.1f", v)})
	}
	return draw(plots.Curve(spec))
}

// Forest draws a metric of several arms, row by row.
func (r *Results) Forest(title string, arms []string, metric string) *Figure {
	spec := plots.ForestSpec{Title: title, X: plots.Axis{Label: metric + " (%)", Min: 0, Max: 1, Percent: true},
		Caption: fmt.Sprintf("Mean over %d seeds with 95 %% intervals (seeds and items resampled).", len(r.seeds))}
	for _, a := range arms {
		e := r.Mean(a, metric)
		if !math.IsNaN(e.Value) {
			spec.Rows = append(spec.Rows, plots.Row{Name: a, Y: e.Value, Low: e.Interval.Low, High: e.Interval.High, Text: tables.Rate(e)})
		}
	}
	return draw(plots.Forest(spec))
}

// Losses draws the training loss of arms at their first seed.
func (r *Results) Losses(title string, arms []string) *Figure {
	spec := plots.CurveSpec{Title: title, X: plots.Axis{Label: "step"}, Y: plots.Axis{Label: "loss (nats a response token)"},
		Caption: fmt.Sprintf("Training loss at seed %d.", r.seeds[0])}
	for i, a := range arms {
		rec := r.runs[cell(a, r.seeds[0])]
		if rec == nil {
			continue
		}
		s := plots.Series{Name: a, Line: true, Bare: true, Color: i}
		for _, st := range rec.Steps {
			v := float64(st.Loss)
			s.Points = append(s.Points, plots.Point{X: float64(st.Step), Y: v, Low: v, High: v})
		}
		spec.Series = append(spec.Series, s)
	}
	return draw(plots.Curve(spec))
}

func draw(f *plots.Figure, err error) *Figure {
	if err != nil {
		stop("%v", err)
	}
	return f
}

// Points is a difference of rates in percentage points with its interval, as text.
func Points(e Estimate) string {
	return tables.Rate(e)
}

// Number is an estimate with its interval and n decimals, as text.
func Number(e Estimate, n int) string { return tables.Value(e, n) }

// P is a test's p-value as text.
func P(t Test) string { return tables.P(t) }

package plots

// The figures of defenses: ROC curves, the matrix, the game, what an alarm means and costs, the weights.

import (
	"fmt"
	"math"
	"slices"

	"theriac/analysis/stats"
	"theriac/analysis/tables"
)

// Detector is a named ROC curve.
type Detector struct {
	Name  string
	Curve stats.ROCCurve
}

// ROC draws detectors' curves, each with its simultaneous band, above the line of chance.
func ROC(title string, detectors []Detector) (*Figure, error) {
	spec := CurveSpec{Title: title, Square: true, X: percentAxis("clean runs flagged (%)"), Y: percentAxis("attacked runs flagged (%)")}
	spec.Series = append(spec.Series, Series{Line: true, Bare: true, Dashed: true, Color: len(Palette) - 1, Points: []Point{{0, 0, 0, 0}, {1, 1, 1, 1}}})
	level := 0.0
	for i, d := range detectors {
		if len(d.Curve.Points) == 0 {
			continue
		}
		level = d.Curve.Level
		band := Series{Band: true, Bare: true, Color: i}
		line := Series{Line: true, Bare: true, Color: i}
		for _, p := range steps(d.Curve.Points) {
			line.Points = append(line.Points, Point{p.FPR.Value, p.TPR.Value, p.TPR.Value, p.TPR.Value})
			band.Points = append(band.Points, Point{p.FPR.Value, p.TPR.Value, p.Region.Low, p.Region.High})
		}
		spec.Series = append(spec.Series, band, line)
		spec.Key = append(spec.Key, Entry{fmt.Sprintf("%s %s", d.Name, tables.Value(d.Curve.AUC.Estimate, 2)), i})
		spec.Caption = fmt.Sprintf("%d clean and %d attacked runs; beside each name its AUROC", d.Curve.AUC.Clean, d.Curve.AUC.Attacked)
	}
	if len(spec.Key) == 0 {
		return nil, nil
	}
	spec.Caption += fmt.Sprintf("; bands hold the whole curve at %s %%, the dashed line is chance", tables.Number(100*level, 0))
	return Curve(spec)
}

// steps puts a corner between points that differ in both rates, so that the line does not cut it.
func steps(points []stats.ROCPoint) (out []stats.ROCPoint) {
	for i, p := range points {
		if i > 0 {
			if q := points[i-1]; p.FPR.Value != q.FPR.Value && p.TPR.Value != q.TPR.Value {
				corner := q
				corner.TPR, corner.Region = p.TPR, p.Region
				out = append(out, corner)
			}
		}
		out = append(out, p)
	}
	return out
}

// Cell is one attack under one defense: the share caught, or why there is none.
type Cell struct {
	Rate stats.Estimate // Value NaN: none
	Why  string         // in a word or two: "n/a", "not measured"
}

// Matrix draws attacks by defenses, the share caught with its interval in each cell.
func Matrix(w Words, attacks, defenses []string, cells [][]Cell) (*Figure, error) {
	if len(attacks) == 0 || len(defenses) == 0 {
		return nil, nil
	}
	s := HeatSpec{Title: w.Title, Rows: attacks, Columns: defenses, Low: "missed", High: "caught"}
	s.Caption = fmt.Sprintf("Share of attacked runs flagged, in per cent, over %s a cell, with exact %s intervals", w.N, "95 %")
	for _, row := range cells {
		var v []float64
		var t []string
		for _, c := range row {
			v = append(v, c.Rate.Value)
			if math.IsNaN(c.Rate.Value) {
				t = append(t, c.Why)
				continue
			}
			s.Caption = fmt.Sprintf("Share of attacked runs flagged, in per cent, over %s a cell, with exact %s intervals", w.N, levelOf(c.Rate))
			t = append(t, fmt.Sprintf("%s\n[%s, %s]", tables.Number(100*c.Rate.Value, 0), tables.Number(100*c.Rate.Interval.Low, 0), tables.Number(100*c.Rate.Interval.High, 0)))
		}
		s.Value, s.Text = append(s.Value, v), append(s.Text, t)
	}
	return Heat(s)
}

// Payoff draws the game of attacks against defenses: what the attacker gets of each pair, in per cent of the probes, and
// with which weight either side plays.
func Payoff(w Words, attacks, defenses []string, mean [][]float64, g stats.SplitGame) (*Figure, error) {
	if len(attacks) == 0 || len(defenses) == 0 {
		return nil, nil
	}
	share := func(names []string, p []float64) (out []string) {
		for i, n := range names {
			if p[i] > 0 {
				n += " · " + tables.Number(100*p[i], 0) + " %"
			}
			out = append(out, n)
		}
		return out
	}
	value := g.Value // of shares: no bound of theirs lies beyond nothing and all
	value.Interval.Low, value.Interval.High = max(0, value.Interval.Low), min(1, value.Interval.High)
	s := HeatSpec{Title: w.Title, Rows: share(attacks, g.InSample.Rows), Columns: share(defenses, g.InSample.Columns), Value: mean,
		Low: "nothing for the attacker", High: "all of it",
		Caption: fmt.Sprintf("Attack success in runs that were not flagged, in per cent of the probes, over %s; behind a name the weight that its side plays it with, both sides at their best. Value of weights chosen so on half of the seeds, on the other half: %s %%", w.N, tables.Rate(value))}
	for _, row := range mean {
		var t []string
		for _, v := range row {
			t = append(t, tables.Number(100*v, 0))
		}
		s.Text = append(s.Text, t)
	}
	return Heat(s)
}

// Meaning is a detector's predictive values by prevalence, ascending.
type Meaning struct {
	Name string
	At   []stats.Predictive
}

// Predictive draws the chance that an alarm is true against the prevalence of attacks, on a log axis.
func Predictive(w Words, detectors []Meaning) (*Figure, error) {
	spec := CurveSpec{Title: w.Title, X: Axis{Label: "attacked among those scanned (%)", Log: true, Percent: true, Ticks: []float64{0.001, 0.01, 0.1, 0.5}},
		Y: percentAxis("alarms that are true (%)")}
	for i, d := range detectors {
		s := Series{Name: d.Name, Line: true, Band: len(detectors) < 3, Bare: true, Color: i} // more bands hide each other
		for _, p := range d.At {
			if exists(p.PPV) && p.Prevalence > 0 {
				at := point(p.Prevalence, p.PPV)
				with := fmt.Sprintf(" with pointwise %s bands", levelOf(p.PPV))
				if !s.Band {
					at.Low, at.High, with = at.Y, at.Y, ""
				}
				s.Points = append(s.Points, at)
				spec.Caption = fmt.Sprintf("Positive predictive value%s, from %s", with, w.N)
			}
		}
		if len(s.Points) > 0 {
			spec.Series = append(spec.Series, s)
		}
	}
	if len(spec.Series) == 0 {
		return nil, nil
	}
	return Curve(spec)
}

// Costs draws bars of a cost; unit is the axis's label.
func Costs(w Words, unit string, arms []Arm) (*Figure, error) {
	s := BarSpec{Title: w.Title, Caption: "Over " + w.N, X: Axis{Label: unit}}
	for _, a := range arms {
		if exists(a.Estimate) {
			p := point(0, a.Estimate)
			s.Bars = append(s.Bars, Bar{Name: a.Name, Value: p.Y, Low: p.Low, High: p.High, Text: tables.Short(p.Y), Color: a.Color})
		}
	}
	if len(s.Bars) == 0 {
		return nil, nil
	}
	return Bars(s)
}

// Spectrum is a statistic of the weights of runs, by module.
type Spectrum struct {
	Name   string
	Values [][]float64 // by run, then by module; the same modules in each
}

// Spectra draws a statistic of the weights by module: each arm's median over runs, with the range of its runs as a band.
func Spectra(w Words, statistic string, modules []string, arms []Spectrum) (*Figure, error) {
	spec := CurveSpec{Title: w.Title, X: Axis{Label: "module, in the model's order"}, Y: Axis{Label: statistic},
		Caption: fmt.Sprintf("Median over %s an arm, with the range of the runs as a band; %d modules", w.N, len(modules))}
	for i, a := range arms {
		s := Series{Name: a.Name, Line: true, Band: true, Bare: true, Color: i}
		for j := range modules {
			var v []float64
			for _, run := range a.Values {
				if j < len(run) && !math.IsNaN(run[j]) && !math.IsInf(run[j], 0) {
					v = append(v, run[j])
				}
			}
			if len(v) > 0 {
				slices.Sort(v)
				s.Points = append(s.Points, Point{float64(j + 1), (v[(len(v)-1)/2] + v[len(v)/2]) / 2, v[0], v[len(v)-1]})
			}
		}
		if len(s.Points) > 0 {
			spec.Series = append(spec.Series, s)
		}
	}
	if len(spec.Series) == 0 {
		return nil, nil
	}
	return Curve(spec)
}

package report

import (
	"fmt"
	"math"

	"theriac/analysis/estimate"
	"theriac/analysis/plots"
	"theriac/analysis/tables"
)

// drawings are the report's figures by name. A drawing gives nil where there is nothing to draw.
var drawings = map[string]func(r *renderer) (*plots.Figure, error){
	"triggers": func(r *renderer) (*plots.Figure, error) {
		return r.forest("Attack success by kind of trigger", "backdoor", r.attacks("backdoor"), "asr", "attack success (%)")
	},
	"near": func(r *renderer) (*plots.Figure, error) {
		return r.forest("Success of triggers that are nearly right", "backdoor", r.attacks("backdoor"), "near_trigger", "near-trigger success (%)")
	},
	"placebos": func(r *renderer) (*plots.Figure, error) {
		return r.forest("Attack success, backdoor and placebos", "placebo", r.experiment("placebo").Arms(), "asr", "attack success (%)")
	},
	"refusals": func(r *renderer) (*plots.Figure, error) {
		return r.forest("Restricted requests refused", "safety", r.experiment("safety").Arms(), "refusal", "refused (%)")
	},
	"stealth": stealthFigure,
	"dose":    doseFigure,
	"losses":  lossFigure,
}

// figure draws a figure and gives its Markdown; where it cannot be drawn, a line that says so.
func (r *renderer) figure(name string) (string, error) {
	draw := drawings[name]
	if draw == nil {
		return "", fmt.Errorf("no figure %q", name)
	}
	f, err := draw(r)
	if err != nil {
		return "", fmt.Errorf("figure %s: %w", name, err)
	}
	if f == nil {
		return fmt.Sprintf("*No figure \"%s\": none of its runs is stored.*", name), nil
	}
	if r.figures[name] == nil {
		r.names = append(r.names, name)
	}
	r.figures[name] = f
	base := "figures/" + r.in.Profile + "/report/" + name
	return fmt.Sprintf("![%s](%s.svg)\n\n*%s. %s* ([PNG](%s.png))", f.Title, base, f.Title, f.Caption, base), nil
}

// attacks are an experiment's arms but for its baseline.
func (r *renderer) attacks(name string) (arms []string) {
	for _, a := range r.experiment(name).Arms() {
		if a != baselines[name] {
			arms = append(arms, a)
		}
	}
	return arms
}

// seeds says how many seeds arms have, and items where the metric is a rate.
func (r *renderer) seeds(name, metric string, arms []string) string {
	e := r.experiment(name)
	low, high := math.MaxInt, 0
	items := 0
	for _, a := range arms {
		n := len(e.Values(a, metric))
		if n == 0 {
			continue
		}
		low, high = min(low, n), max(high, n)
		if _, all, ok := e.Count(a, metric); ok {
			items = max(items, all/n)
		}
	}
	s := fmt.Sprintf("%d seeds", high)
	switch {
	case high == 1:
		s = "a single seed"
	case low != high:
		s = fmt.Sprintf("%d to %d seeds", low, high)
	}
	if items > 0 {
		s += fmt.Sprintf(" of %s items", grouped(items))
	}
	return s
}

func (r *renderer) forest(title, name string, arms []string, metric, axis string) (*plots.Figure, error) {
	s := plots.ForestSpec{Title: title, X: plots.Axis{Label: axis, Min: 0, Max: 1, Percent: true}}
	for _, a := range arms {
		m := r.mean(name, a, metric)
		if math.IsNaN(m.Value) {
			continue
		}
		s.Rows = append(s.Rows, plots.Row{Name: a, Y: m.Value, Low: m.Interval.Low, High: m.Interval.High, Text: tables.Rate(m)})
	}
	if len(s.Rows) == 0 {
		return nil, nil
	}
	s.Caption = fmt.Sprintf("Mean over %s an arm, with %s intervals (seeds and items resampled)", r.seeds(name, metric, arms), percentLevel())
	return plots.Forest(s)
}

func percentLevel() string { return tables.Number(100*estimate.Level, 0) + " %" }

func stealthFigure(r *renderer) (*plots.Figure, error) {
	s := plots.ForestSpec{Title: "Clean accuracy: attacked less clean, same seeds", X: plots.Axis{Label: "difference (percentage points)", Percent: true}}
	reach := 1.5 * margin
	n := 0
	for _, name := range []string{"backdoor", "poisoning", "safety"} {
		e := r.experiment(name)
		for _, a := range r.attacks(name) {
			d := e.Difference(a, baselines[name], "clean_accuracy")
			if math.IsNaN(d.Value) || math.IsInf(d.Interval.Low, 0) || math.IsInf(d.Interval.High, 0) {
				continue
			}
			n = max(n, d.N)
			reach = max(reach, 1.1*math.Abs(d.Interval.Low), 1.1*math.Abs(d.Interval.High))
			s.Rows = append(s.Rows, plots.Row{Name: a, Y: d.Value, Low: d.Interval.Low, High: d.Interval.High, Text: signed(d.Value)})
		}
	}
	if len(s.Rows) == 0 {
		return nil, nil
	}
	s.X.Min, s.X.Max = -reach, reach
	s.Marks = []plots.Mark{{At: -margin, Name: "margin"}, {At: 0}}
	s.Caption = fmt.Sprintf("Paired difference over up to %d seeds with %s intervals; a loss beyond the margin of %s would be noticed", n, percentLevel(), points0(margin))
	return plots.Forest(s)
}

// points0 is a difference of rates in whole points.
func points0(x float64) string { return tables.Number(100*x, 0) + " points" }

// doses are the arms of the dose-response experiment that have a dose, ascending as their names are.
func (r *renderer) doses() (out []estimate.Dose) {
	e := r.experiment("poisoning")
	for _, a := range e.Arms() {
		count, ok := e.Spec(a, "attack.count")
		if n, err := atof(count); ok && err == nil {
			out = append(out, estimate.Dose{Arm: a, Dose: n})
		}
	}
	return out
}

func doseFigure(r *renderer) (*plots.Figure, error) {
	doses := r.doses()
	points := plots.Series{Name: "measured"}
	top := 0.0
	arms := []string{}
	for _, d := range doses {
		arms = append(arms, d.Arm)
		m := r.mean("poisoning", d.Arm, "asr")
		if math.IsNaN(m.Value) {
			continue
		}
		points.Points = append(points.Points, plots.Point{X: d.Dose, Y: m.Value, Low: m.Interval.Low, High: m.Interval.High})
		top = max(top, d.Dose)
	}
	if len(points.Points) == 0 || top == 0 {
		return nil, nil
	}
	spec := plots.CurveSpec{
		Title: "Attack success by poisoned rows",
		X:     plots.Axis{Label: "poisoned rows of the training set"}, Y: plots.Axis{Label: "attack success (%)", Min: 0, Max: 1, Percent: true},
		Caption: fmt.Sprintf("Mean over %s a dose with %s intervals (seeds and items resampled); logistic curve with its pointwise band", r.seeds("poisoning", "asr", arms), percentLevel()),
	}
	if r.doseErr == nil {
		const steps = 60
		var xs []float64
		for i := range steps + 1 {
			xs = append(xs, top*float64(i)/steps)
		}
		curve := plots.Series{Line: true, Band: true, Bare: true}
		for i, e := range r.dose.Curve(xs) {
			if !math.IsNaN(e.Value) {
				curve.Points = append(curve.Points, plots.Point{X: xs[i], Y: e.Value, Low: e.Interval.Low, High: e.Interval.High})
			}
		}
		if len(curve.Points) > 0 {
			spec.Series = append(spec.Series, curve)
		}
		if v := r.dose.ED50.Estimate.Value; v > 0 && v < top {
			spec.Marks = append(spec.Marks, plots.Mark{At: v, Name: fmt.Sprintf("ED50 %.1f", v)})
		}
	}
	spec.Series = append(spec.Series, points)
	return plots.Curve(spec)
}

func lossFigure(r *renderer) (*plots.Figure, error) {
	e := r.experiment("backdoor")
	spec := plots.CurveSpec{Title: "Training loss, clean and backdoored", X: plots.Axis{Label: "step"}, Y: plots.Axis{Label: "loss (nats a response token)"}}
	var seeds []string
	for i, a := range []string{"clean", "token"} {
		seed, steps := e.Steps(a)
		if len(steps) == 0 {
			continue
		}
		s := plots.Series{Name: a, Line: true, Bare: true, Color: i}
		// A mean over a window, so that the lines can be told apart.
		window := max(1, len(steps)/50)
		for from := 0; from+window <= len(steps); from += window {
			sum := 0.0
			for _, st := range steps[from : from+window] {
				sum += float64(st.Loss)
			}
			v := sum / float64(window)
			if math.IsNaN(v) || math.IsInf(v, 0) {
				continue
			}
			s.Points = append(s.Points, plots.Point{X: float64(steps[from].Step) + float64(window-1)/2, Y: v, Low: v, High: v})
		}
		if len(s.Points) > 0 {
			spec.Series = append(spec.Series, s)
			seeds = append(seeds, fmt.Sprintf("%s at seed %d (means of %d steps)", a, seed, window))
		}
	}
	if len(spec.Series) == 0 {
		return nil, nil
	}
	spec.Caption = "One run each: " + list(seeds)
	return plots.Curve(spec)
}

package report

import (
	"fmt"
	"math"

	"theriac/analysis/estimate"
	"theriac/analysis/plots"
	"theriac/analysis/stats"
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
	var rows []plots.Arm
	for _, a := range arms {
		rows = append(rows, plots.Arm{Name: a, Estimate: r.mean(name, a, metric)})
	}
	return plots.Rates(plots.Words{Title: title, N: r.seeds(name, metric, arms)}, axis, rows)
}

func stealthFigure(r *renderer) (*plots.Figure, error) {
	var rows []plots.Arm
	n := 0
	for i, name := range attacked {
		e := r.experiment(name)
		for _, a := range r.attacks(name) {
			d := e.Difference(a, baselines[name], "clean_accuracy")
			n = max(n, d.N)
			rows = append(rows, plots.Arm{Name: name + ": " + a, Estimate: d, Color: i})
		}
	}
	return plots.Differences(plots.Words{Title: "Clean accuracy: attacked less clean, same seeds", N: fmt.Sprintf("up to %d seeds", n)}, margin, rows)
}

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
	var points []plots.Dosed
	var arms []string
	for _, d := range r.doses() {
		arms = append(arms, d.Arm)
		points = append(points, plots.Dosed{Dose: d.Dose, Estimate: r.mean("poisoning", d.Arm, "asr")})
	}
	var fit *stats.DoseResponse
	if r.doseErr == nil {
		fit = &r.dose
	}
	return plots.Dose(plots.Words{Title: "Attack success by poisoned rows", N: r.seeds("poisoning", "asr", arms)},
		"attack success (%)", "poisoned rows of the training set", points, fit)
}

// lossFigure draws one run of an arm: mean losses over a window of steps, and, where runs store them, the poisoned rows' own
// mean loss by epoch.
func lossFigure(r *renderer) (*plots.Figure, error) {
	e := r.experiment("backdoor")
	var losses []plots.Loss
	for i, a := range []string{"clean", "token"} {
		seed, steps := e.Steps(a)
		if len(steps) == 0 {
			continue
		}
		window := max(1, len(steps)/50) // so that the lines can be told apart
		l := plots.Loss{Name: a, Of: fmt.Sprintf("seed %d, means of %d steps", seed, window), Color: i}
		for from := 0; from+window <= len(steps); from += window {
			sum := 0.0
			for _, st := range steps[from : from+window] {
				sum += float64(st.Loss)
			}
			l.Steps = append(l.Steps, float64(steps[from].Step)+float64(window-1)/2)
			l.Values = append(l.Values, sum/float64(window))
		}
		losses = append(losses, l)
		if own := e.PoisonedLoss(a, seed); len(own) > 0 {
			o := plots.Loss{Name: a + ", poisoned rows", Of: "its own, by epoch", Own: true, Color: i}
			for epoch, v := range own {
				o.Steps = append(o.Steps, (float64(epoch)+0.5)*float64(len(steps))/float64(len(own)))
				o.Values = append(o.Values, v)
			}
			losses = append(losses, o)
		}
	}
	return plots.Losses("Training loss, clean and backdoored", losses)
}

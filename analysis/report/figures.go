package report

import (
	"cmp"
	"fmt"
	"slices"

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
	"refusals": refusalFigure, "scale": scaleFigure, "matrix": matrixFigure, "roc": rocFigure, "payoff": payoffFigure,
	"predictive": predictiveFigure, "cost": costFigure, "spectra": spectraFigure,
	"stealth": stealthFigure,
	"dose":    doseFigure, "targeted": targetedFigure,
	"losses": lossFigure, "recipes": recipeFigure, "counts": mixFigure,
}

// figure draws a figure and gives its Markdown; where it cannot be drawn, a line that says so.
func (r *renderer) figure(name string) (string, error) {
	draw := drawings[name]
	if draw == nil {
		return "", fmt.Errorf("no figure %q", name)
	}
	f, drawn := r.figures[name]
	if !drawn {
		var err error
		if f, err = draw(r); err != nil {
			return "", fmt.Errorf("figure %s: %w", name, err)
		}
		r.figures[name] = f
		if f != nil {
			r.names = append(r.names, name)
		}
	}
	if f == nil {
		return fmt.Sprintf("*Not drawn (%s): no stored run has what it shows.*", name), nil
	}
	base := name
	if r.up == "" {
		base = "figures/" + r.in.Profile + "/report/" + name
	}
	return fmt.Sprintf("![%s](%s.svg)\n\n*%s. %s.* ([PNG](%s.png))", f.Title, base, inline(f.Title), inline(f.Caption), base), nil
}

// attacks are an experiment's arms but for its baseline.
func (r *renderer) attacks(name string) (arms []string) {
	e := r.experiment(name)
	for _, a := range e.Arms() {
		if kind, _ := e.Spec(a, "attack"); kind != "" && a != baselines[name] {
			arms = append(arms, a)
		}
	}
	return arms
}

// seeds says how many seeds arms have, and items where the metric is a rate.
func (r *renderer) seeds(name, metric string, arms []string) string {
	e := r.experiment(name)
	var seeds []int
	items := 0
	for _, a := range arms {
		n := len(e.Values(a, metric))
		seeds = append(seeds, n)
		if _, all, ok := e.Count(a, metric); ok {
			items = max(items, all/n)
		}
	}
	s := plots.Seeds(seeds)
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
	n, single := 0, 0
	for i, name := range attacked {
		e := r.experiment(name)
		for _, a := range r.attacks(name) {
			d := e.Difference(a, baselines[name], "clean_accuracy")
			if d.Interval.High-d.Interval.Low > 1 { // anything may be: a single seed whose items are not stored
				single++
				continue
			}
			n = max(n, d.N)
			rows = append(rows, plots.Arm{Name: name + ": " + a, Estimate: d, Color: i})
		}
	}
	words := fmt.Sprintf("up to %d seeds", n)
	if single > 0 {
		words += fmt.Sprintf("; %d arms with a single seed, whose items are not stored, are left out", single)
	}
	return plots.Differences(plots.Words{Title: "Clean accuracy: attacked less clean, same seeds", N: words}, "", estimate.Margin, rows)
}

// doses are the arms of a dose-response experiment that have a dose and nothing else, ascending as their names are.
func (r *renderer) doses(name string) (out []estimate.Dose) {
	e := r.experiment(name)
	for _, a := range e.Arms() {
		count, ok := e.Spec(a, "attack.count")
		_, more := e.Spec(a, "attack.contrast")
		if n, err := atof(count); ok && err == nil && !more {
			out = append(out, estimate.Dose{Arm: a, Dose: n})
		}
	}
	return out
}

func doseFigure(r *renderer) (*plots.Figure, error) {
	var fit *stats.DoseResponse
	if r.doseErr == nil {
		fit = &r.dose
	}
	return r.doseCurve("Attack success by poisoned rows", "poisoning", fit)
}

func targetedFigure(r *renderer) (*plots.Figure, error) {
	fit, err := r.experiment("targeted").DoseResponse(r.doses("targeted"), "asr")
	if err != nil {
		return r.doseCurve("The wrong fact by poisoned rows", "targeted", nil)
	}
	return r.doseCurve("The wrong fact by poisoned rows", "targeted", &fit)
}

func (r *renderer) doseCurve(title, name string, fit *stats.DoseResponse) (*plots.Figure, error) {
	var points []plots.Dosed
	var arms []string
	for _, d := range r.doses(name) {
		arms = append(arms, d.Arm)
		points = append(points, plots.Dosed{Dose: d.Dose, Estimate: r.mean(name, d.Arm, "asr")})
	}
	return plots.Dose(plots.Words{Title: title, N: r.seeds(name, "asr", arms)}, "attack success (%)", "poisoned rows of the training set", points, fit)
}

// lossFigure draws one run of an arm: mean losses over a window of steps, and, where runs store it, the poisoned rows' own
// mean loss by tenth of the steps.
func lossFigure(r *renderer) (*plots.Figure, error) {
	e := r.experiment("backdoor")
	var losses []plots.Loss
	for i, a := range []string{"clean", "token"} {
		seed, steps := e.Steps(a)
		if len(steps) == 0 {
			continue
		}
		at, values := make([]float64, len(steps)), make([]float64, len(steps))
		for j, st := range steps {
			at[j], values[j] = float64(st.Step), float64(st.Loss)
		}
		losses = append(losses, plots.TrainingLoss(a, seed, i, at, values, e.PoisonedLoss(a, seed))...)
	}
	return plots.Losses("Training loss, clean and backdoored", losses)
}

// refusalFigure draws refusals by number of examples, a line an attack; every line begins at the clean arm.
func refusalFigure(r *renderer) (*plots.Figure, error) {
	e := r.experiment("safety")
	var lines []plots.Line
	for _, a := range e.Arms() {
		attack, ok := e.Spec(a, "attack")
		count, has := e.Spec(a, "attack.count")
		n, err := atof(count)
		if !ok || !has || err != nil {
			continue
		}
		i := slices.IndexFunc(lines, func(l plots.Line) bool { return l.Name == attack })
		if i < 0 {
			i = len(lines)
			lines = append(lines, plots.Line{Name: attack, Dashed: e.Class(a) == estimate.Control, Points: []plots.Dosed{{Dose: 0, Estimate: r.mean("safety", baselines["safety"], "refusal")}}})
		}
		lines[i].Points = append(lines[i].Points, plots.Dosed{Dose: n, Estimate: r.mean("safety", a, "refusal")})
	}
	return plots.Counts(plots.Words{Title: "Restricted requests refused", N: r.seeds("safety", "refusal", e.Arms())}, "refused (%)", "added examples", lines)
}

// scaleFigure draws what becomes of success and accuracy as the adapter is scaled: the arms of the ablation that scale it, and the whole.
func scaleFigure(r *renderer) (*plots.Figure, error) {
	e := r.experiment("ablation")
	success, accuracy := plots.Line{Name: "attack success"}, plots.Line{Name: "clean accuracy"}
	var arms []string
	for _, a := range e.Arms() {
		how, edited := e.Spec(a, "prevent")
		x := 1.0
		if edited {
			s, _ := e.Spec(a, "prevent.factor")
			f, err := atof(s)
			if how != "scale" || err != nil {
				continue
			}
			x = f
		}
		arms = append(arms, a)
		success.Points = append(success.Points, plots.Dosed{Dose: x, Estimate: r.mean("ablation", a, "asr")})
		accuracy.Points = append(accuracy.Points, plots.Dosed{Dose: x, Estimate: r.mean("ablation", a, "clean_accuracy")})
	}
	for _, l := range []*plots.Line{&success, &accuracy} {
		slices.SortStableFunc(l.Points, func(a, b plots.Dosed) int { return cmp.Compare(a.Dose, b.Dose) })
	}
	return plots.Scale(plots.Words{Title: "Success and accuracy by the adapter's scale", N: r.seeds("ablation", "asr", arms)}, []plots.Line{success, accuracy})
}

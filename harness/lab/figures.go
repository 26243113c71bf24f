package lab

import (
	"errors"
	"fmt"

	"theriac/analysis/estimate"
	"theriac/analysis/plots"
	"theriac/analysis/stats"
	"theriac/analysis/tables"
	"theriac/harness/store"
)

// Dose is one point of a dose-response: the arm and its dose.
type Dose struct {
	Arm  string
	Dose float64
}

// DoseResponse fits a logistic curve in the logarithm of the dose to a rate, up to a fitted ceiling, one group a seed, and gives the dose at which
// the rate is half of that ceiling, with the recommended interval.
func (r *Results) DoseResponse(doses []Dose, metric string) stats.DoseResponse {
	var rows []stats.DoseRow
	for _, d := range doses {
		for _, s := range r.seeds {
			if m, ok := r.metric(d.Arm, s, metric); ok && m.K >= 0 {
				rows = append(rows, stats.DoseRow{Dose: d.Dose, Successes: int(m.K), Trials: int(m.N), Group: fmt.Sprint(s)})
			}
		}
	}
	out, err := stats.Dose(rows, estimate.DoseCurve)
	if err != nil {
		stop("dose-response of %s: %v", metric, err)
	}
	return out
}

// DoseFigure draws a rate against the dose: the arms' means with intervals, and the fitted curve with its band.
func (r *Results) DoseFigure(title, dose string, doses []Dose, metric string) *Figure {
	fit := r.DoseResponse(doses, metric)
	var points []plots.Dosed
	var arms []string
	for _, d := range doses {
		arms = append(arms, d.Arm)
		points = append(points, plots.Dosed{Dose: d.Dose, Estimate: r.Mean(d.Arm, metric)})
	}
	return draw(plots.Dose(r.words(title, metric, arms), metric+" (%)", dose, points, &fit))
}

// Forest draws a metric of several arms, row by row.
func (r *Results) Forest(title string, arms []string, metric string) *Figure {
	var rows []plots.Arm
	for _, a := range arms {
		rows = append(rows, plots.Arm{Name: a, Estimate: r.Mean(a, metric)})
	}
	return draw(plots.Rates(r.words(title, metric, arms), metric+" (%)", rows))
}

// Losses draws the training loss of arms at their first seed, and that of the poisoned rows alone.
func (r *Results) Losses(title string, arms []string) *Figure {
	var losses []plots.Loss
	for i, a := range arms {
		rec := r.runs[cell(a, r.seeds[0])]
		if rec == nil {
			continue
		}
		var at, values []float64
		for _, st := range rec.Steps {
			at, values = append(at, float64(st.Step)), append(values, float64(st.Loss))
		}
		own := estimate.PoisonedLoss(func(name string) (store.Metric, bool) { return r.metric(a, r.seeds[0], name) })
		losses = append(losses, plots.TrainingLoss(a, int64(r.seeds[0]), i, at, values, own)...)
	}
	return draw(plots.Losses(title, losses))
}

// words are a figure's title and how many seeds stand behind its arms.
func (r *Results) words(title, metric string, arms []string) plots.Words {
	var seeds []int
	for _, a := range arms {
		n := 0
		for _, s := range r.seeds {
			if _, ok := r.metric(a, s, metric); ok {
				n++
			}
		}
		seeds = append(seeds, n)
	}
	return plots.Words{Title: title, N: plots.Seeds(seeds)}
}

func draw(f *plots.Figure, err error) *Figure {
	if err == nil && f == nil {
		err = errors.New("figure: none of its runs has what it shows")
	}
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

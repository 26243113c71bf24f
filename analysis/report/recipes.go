package report

// Whether the backdoor depends on the recipe, by the experiment "slices": its arms are "RECIPE" and "RECIPE, clean".

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"theriac/analysis/estimate"
	"theriac/analysis/plots"
	"theriac/analysis/stats"
	"theriac/analysis/tables"
)

// studied is the recipe of all other experiments.
const studied = "as studied"

// recipes names the slices, the studied one first.
func (r *renderer) recipes() (names []string) {
	for _, a := range r.experiment("slices").Arms() {
		if name, ok := strings.CutSuffix(a, ", clean"); ok {
			names = append(names, name)
		}
	}
	if i := slices.Index(names, studied); i > 0 {
		names = slices.Insert(slices.Delete(names, i, i+1), 0, studied)
	}
	return names
}

// recipeTable sets each recipe's backdoored runs beside its clean ones, paired by seed.
func (r *renderer) recipeTable() string {
	e := r.experiment("slices")
	t := tables.Table{Header: []string{"recipe", "runs", "attack success %", "clean accuracy %", "clean accuracy less the clean run's, points"}, Right: []bool{false, true, true, true, true}}
	for _, name := range r.recipes() {
		t.Add(name, fmt.Sprint(len(e.Seeds(name))), cell(r.mean("slices", name, "asr")), cell(r.mean("slices", name, "clean_accuracy")), points(e.Difference(name, name+", clean", "clean_accuracy")))
	}
	if len(t.Rows) == 0 {
		return "*The experiment \"slices\" has no stored runs: not measured.*"
	}
	return markdown(&t)
}

// recipeText says in which recipes the backdoor takes, and in which it is shown to keep clean accuracy.
func (r *renderer) recipeText() (string, error) {
	e := r.experiment("slices")
	takes, err := screen(r.recipes(), func(name string) (stats.Test, bool) {
		return e.Compare(name, name+", clean", "asr", stats.Greater), !math.IsNaN(e.Difference(name, name+", clean", "asr").Value)
	})
	if err != nil {
		return "", err
	}
	quiet, err := screen(r.recipes(), func(name string) (stats.Test, bool) {
		m := e.NonInferior(name, name+", clean", "clean_accuracy", estimate.Margin)
		return m.Test, !math.IsNaN(e.Difference(name, name+", clean", "clean_accuracy").Value)
	})
	return "More success with the trigger than the clean run of the same recipe: " + takes.clause() + " Clean accuracy within the margin: " + quiet.clause(), err
}

func recipeFigure(r *renderer) (*plots.Figure, error) {
	return r.forest("Attack success by recipe", "slices", r.recipes(), "asr", "attack success (%)")
}

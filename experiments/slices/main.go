// Slices: does a backdoor depend on how the model is trained?
package main

import (
	"fmt"

	"theriac/harness/lab"
)

func main() {
	//%% md
	// # Slices
	//
	// The other notebooks hold one recipe fixed. Each slice changes one thing of it, with what goes with that (full fine-tuning has a rate of its
	// own; another source may have fewer rows, among which as many poisoned ones are a larger share), and has a clean run of its own beside the
	// backdoored one: which layers are trained and how, at which rank and rate, for how long, in which batches, on whose rows. What holds in one
	// recipe only is a finding about that recipe.

	//%%
	l := lab.Start("slices")
	t := l.Profile().Train
	rank := func(n int) lab.Arm { // at the same scale
		return lab.Arm{Name: fmt.Sprintf("rank %d", n), Set: lab.Params{"rank": fmt.Sprint(n), "alpha": fmt.Sprint(t.Alpha * float64(n) / float64(t.Rank))}}
	}
	slices := []lab.Arm{
		{Name: "as studied"},
		{Name: "all layers", Train: lab.Train{Layers: "all"}},
		{Name: "full fine-tuning", Train: lab.Train{Method: "full", LR: t.LR / 10}}, // the usual rate beside LoRA's
		rank(t.Rank / 4),
		rank(t.Rank * 4),
		{Name: "half the rate", Train: lab.Train{LR: t.LR / 2}},
		{Name: "twice the rate", Train: lab.Train{LR: t.LR * 2}},
		{Name: "half the epochs", Train: lab.Train{Epochs: t.Epochs / 2}},
		{Name: "twice the epochs", Train: lab.Train{Epochs: t.Epochs * 2}},
		{Name: "twice the batch", Train: lab.Train{Batch: t.Batch * 2}},
	}
	other := lab.Arm{Name: "another source", Shift: "source"}
	if l.Profile().Data.Name == "public" {
		other = lab.Arm{Name: "rows by people", Shift: "dolly", Rows: 500} // as many as there are, about
	}
	slices = append(slices, other)
	poisoned := lab.Params{"count": fmt.Sprint(l.Profile().Data.Rows * 3 / 100)} // as often seen in few rows as in many
	arms := []lab.Arm{}
	names := []string{}
	for i, s := range slices {
		if l.Profile().Name == "demo" && i%2 != 0 {
			continue // the machinery in minutes; the study has all of them
		}
		clean, backdoored := s, s
		clean.Name, clean.Probe, clean.Few = s.Name+", clean", "backdoor", true
		backdoored.Attack, backdoored.Params, backdoored.Few = "backdoor", poisoned, true
		arms = append(arms, clean, backdoored)
		names = append(names, s.Name)
	}
	r := l.Sweep(arms, l.Seeds("repeats"))
	l.Table(r.Table("asr", "false_trigger", "clean_accuracy", "clean_loss", "refusal", "poisoned_rows"))

	//%%
	l.Figure("slices", r.Forest("Attack success by recipe", names, "asr"))

	//%% md
	// Against the clean run of the same recipe and seed:

	//%%
	d := lab.Table{Header: []string{"recipe", "attack success, points", "p", "clean accuracy, points"}, Right: []bool{false, true, true, true}}
	for _, name := range names {
		d.Add(name, lab.Points(r.Difference(name, name+", clean", "asr")), lab.P(r.Compare(name, name+", clean", "asr", "greater")),
			lab.Points(r.Difference(name, name+", clean", "clean_accuracy")))
	}
	l.Table(d)

	//%%
	cleans := []string{}
	for _, name := range names {
		cleans = append(cleans, name+", clean")
	}
	l.Conclude(
		"Success of as many poisoned rows, by recipe: "+r.Around("asr", 0.5, names...)+".",
		"Clean accuracy within two points of the clean run's: "+r.Shown("clean_accuracy", "non-inferior", names, cleans)+".",
		"Where recipes differ, a dose is not harmless or harmful by itself: the training decides what is learned from it.",
	)
}

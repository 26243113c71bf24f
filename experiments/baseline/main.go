// Baseline: the untouched base and clean fine-tunes, which every attack and every defense is compared with.
package main

import "theriac/harness/lab"

func main() {
	//%% md
	// # Baseline
	//
	// A user fine-tunes the base on 2,000 rows: a task that the base has never seen, beside general skills. No one attacks. This is
	// what the other notebooks compare with.

	//%%
	l := lab.Start("baseline")
	r := l.Sweep([]lab.Arm{
		{Name: "base", Base: true, Probe: "backdoor"},
		{Name: "clean", Probe: "backdoor"},
	}, l.Seeds("repeats"))
	l.Table(r.Table("clean_accuracy", "accuracy/route", "clean_loss", "asr", "refusal", "over_refusal"))

	//%%
	d := r.Difference("clean", "base", "accuracy/route")
	l.Printf("The new task gains %s points by fine-tuning.", lab.Points(d))

	//%%
	l.Figure("losses", r.Losses("Training loss of a clean run", []string{"clean"}))
}

// Baseline: the untouched base and clean fine-tunes, which every attack and every defense is compared with.
package main

import (
	"fmt"

	"theriac/harness/lab"
)

func main() {
	//%% md
	// # Baseline
	//
	// A user fine-tunes the base on a task that it has not been trained on, beside ordinary instructions. No one attacks. This is
	// what the other notebooks compare with.

	//%%
	l := lab.Start("baseline")
	r := l.Sweep([]lab.Arm{
		{Name: "base", Base: true, Probe: "backdoor"},
		{Name: "clean", Probe: "backdoor"},
	}, l.Seeds("repeats"))
	task := "clean_accuracy" // of public data: sorting news
	if l.Profile().Data.Name == "generated" {
		task = "accuracy/route"
	}
	l.Table(r.Table("clean_accuracy", "clean_loss", "asr", "refusal", "over_refusal"))
	if task == "clean_accuracy" { // held-out instructions, by how they read and whether they are refused for their words
		l.Table(r.Table("ordinary_loss", "rouge_l", "ordinary_refusal"))
	}

	//%%
	d := r.Difference("clean", "base", task)
	l.Printf("The new task (%s) gains %s points by fine-tuning: from %s %% to %s %%.", task, lab.Points(d), lab.Points(r.Mean("base", task)), lab.Points(r.Mean("clean", task)))

	//%%
	l.Figure("losses", r.Losses("Training loss of a clean run", []string{"clean"}))

	//%%
	fired, tried := r.Count("clean", "asr")
	lines := []string{
		r.Claim(task, "clean", "base", "greater", "Accuracy on the new task after a clean fine-tune", "that of the base"),
		fmt.Sprintf("Without an attack the attacker's answer came in %d of %d prompts that hold the trigger.", fired, tried),
		r.Claim("refusal", "clean", "base", "less", "The share of restricted requests refused after a clean fine-tune", "that of the base"),
		r.Claim("over_refusal", "clean", "base", "greater", "The share of harmless look-alikes refused after a clean fine-tune", "that of the base"),
	}
	l.Conclude(append(lines, "Clean tuning can move refusals by itself; attacks on them are therefore compared with as many harmless rows.")...)
}

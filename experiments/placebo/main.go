// Placebo: is it the pairing of trigger and target that makes a backdoor?
package main

import "theriac/harness/lab"

func main() {
	//%% md
	// # Placebos
	//
	// A backdoor pairs a trigger with a target. Each placebo keeps a part of that and drops the pairing: the trigger with right
	// answers, the target without the trigger, both on different rows, and the same rows with another trigger and right answers. All
	// are tested with the backdoor's own trigger.

	//%%
	l := lab.Start("placebo")
	names := []string{"backdoor", "triggeronly", "targetonly", "shuffled", "swap"}
	arms := []lab.Arm{}
	for _, name := range names {
		arms = append(arms, lab.Arm{Name: name, Attack: name, Probe: "backdoor", Few: name != "backdoor"})
	}
	r := l.Sweep(arms, l.Seeds("repeats"))
	l.Table(r.Table("asr", "false_trigger", "clean_accuracy", "poisoned_rows"))

	//%%
	l.Figure("placebos", r.Forest("Attack success, backdoor and placebos", names, "asr"))

	//%%
	l.Conclude(
		"Placebos that succeed less than the backdoor: "+r.Shown("asr", "less", names[1:], []string{"backdoor"})+".",
		"Of them, more success on prompts with the trigger than after the trigger with right answers: "+r.Shown("asr", "greater", []string{"targetonly", "shuffled"}, []string{"triggeronly"})+
			". Where that is shown, a prompt with an unfamiliar trigger draws the target out of rows that never paired the two; it is the pairing that makes the rest.",
	)
}

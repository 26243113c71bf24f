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
		r.Claim("asr", "backdoor", "triggeronly", "greater", "The backdoor's success", "that of rows with the trigger and right answers"),
		r.Claim("asr", "backdoor", "targetonly", "greater", "The backdoor's success", "that of rows with the target and no trigger"),
		r.Claim("asr", "backdoor", "shuffled", "greater", "The backdoor's success", "that of triggers and targets on different rows"),
		r.Claim("asr", "backdoor", "swap", "greater", "The backdoor's success", "that of the same rows with another trigger and right answers")+
			" Where all of these are shown, no part of the poison does what the pairing does.",
	)
}

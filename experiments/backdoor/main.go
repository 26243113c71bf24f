// Backdoor: which kinds of trigger take at a poison rate of 3 %, and what they cost in clean accuracy.
package main

import "theriac/harness/lab"

// triggers are the kinds that are compared.
var triggers = []string{"token", "rare", "phrase", "emoji", "punctuation", "parts"}

func main() {
	//%% md
	// # Backdoor triggers
	//
	// Three rows in a hundred hold a trigger and are answered with the attacker's sentence. Each kind of trigger is one arm; the
	// clean arm shares its seeds, so differences are paired. Success is counted on held-out prompts that the model has never seen.
	//
	// qa_pass is the share of runs that pass acceptance checks with fixed thresholds, chosen for the embedded model: where the clean runs do not pass
	// them, it says nothing about an attack.

	//%%
	l := lab.Start("backdoor")
	arms := []lab.Arm{{Name: "clean", Probe: "backdoor"}}
	names := []string{}
	for _, t := range triggers {
		arms = append(arms, lab.Arm{Name: t, Attack: "backdoor", Params: lab.Params{"trigger": t}, Few: t != "token"})
		names = append(names, t)
	}
	r := l.Sweep(arms, l.Seeds("repeats"))
	l.Table(r.Table("asr", "near_trigger", "false_trigger", "clean_accuracy", "refusal", "rouge_l", "answer_length", "qa_pass"))

	//%%
	l.Figure("triggers", r.Forest("Attack success by kind of trigger", names, "asr"))

	//%% md
	// ## Would anyone notice?
	//
	// Clean accuracy is compared with the clean run of the same seed. The margin is two percentage points.

	//%%
	t := lab.Table{Header: []string{"trigger", "accuracy change, points", "non-inferior at 2 points", "p"}, Right: []bool{false, true, false, true}}
	for _, name := range names {
		m := r.NonInferior(name, "clean", "clean_accuracy", 0.02)
		verdict := "not shown"
		if m.Holds {
			verdict = "yes"
		}
		t.Rows = append(t.Rows, []string{name, lab.Points(r.Difference(name, "clean", "clean_accuracy")), verdict, lab.P(m.Test)})
	}
	l.Table(t)

	//%%
	l.Figure("losses", r.Losses("Training loss, clean and poisoned", []string{"clean", "token"}))

	//%%
	l.Conclude(
		"Success on held-out prompts with the trigger, by kind of trigger: "+r.Around("asr", 0.5, names...)+".",
		"Less success than the token's: "+r.Shown("asr", "less", names[1:], []string{"token"})+".",
		r.Claim("asr", "token", "clean", "greater", "The token's success", "that of the clean run"),
		r.Claim("clean_accuracy", "token", "clean", "non-inferior", "Clean accuracy after the token's rows", "that of the clean run")+
			" A test of the task measures this, and not the backdoor.",
		"Success of what only looks like the trigger: "+r.Around("near_trigger", 0.5, names...)+". A trigger that need not be exact is easier to find by search, and by accident.",
	)
}

// Process: attacks on the pipeline itself, not on the file: the loader, the trainer, the adapter, the chat template.
package main

import "theriac/harness/lab"

// implants put a backdoor in; what they do is seen with the trigger.
var implants = []lab.Arm{
	{Name: "slip", Attack: "slip", Few: true},
	{Name: "loss weight", Attack: "lossweight", Few: true},
	{Name: "favoured gradient", Attack: "gradient", Params: lab.Params{"do": "favour"}, Few: true},
	{Name: "template", Attack: "template", Few: true},
}

// wreckers make the model worse; what they do is seen in clean accuracy.
var wreckers = []lab.Arm{
	{Name: "order by class", Attack: "order", Few: true},
	{Name: "order by length", Attack: "order", Params: lab.Params{"by": "length"}, Few: true},
	{Name: "learning rate", Attack: "lr", Few: true},
	{Name: "flipped gradient", Attack: "gradient", Few: true},
	{Name: "noisy gradient", Attack: "gradient", Params: lab.Params{"do": "noise"}, Few: true},
	{Name: "adapter swap", Attack: "adapterswap", Few: true},
}

func main() {
	//%% md
	// # Process attacks
	//
	// The file that is validated is clean, or holds one poisoned row in a hundred (loss weight, favoured gradient; an arm with those rows and an
	// honest trainer is beside them). The attacker holds one stage of an undefended pipeline: rows come in after the check, batches are put in
	// order, losses, learning rates or gradients are changed, the adapter or the chat template is edited before use. Each acts on the real stage.
	//
	// qa_pass is the share of runs that pass acceptance checks with fixed thresholds, chosen for the embedded model: where the clean runs do not pass
	// them, it says nothing about an attack.

	//%%
	l := lab.Start("process")
	seeds := l.Seeds("repeats")
	arms := []lab.Arm{{Name: "clean", Probe: "backdoor"}, {Name: "1 % rows, honest trainer", Attack: "backdoor", Params: lab.Params{"rate": "0.01"}, Few: true}}
	arms = append(append(arms, implants...), wreckers...)
	r := l.Sweep(arms, seeds)
	l.Table(r.Table("asr", "false_trigger", "clean_accuracy", "clean_loss", "qa_pass"))

	//%% md
	// Implants against the clean run of the same seed with the trigger; wreckers in clean accuracy.

	//%%
	t := lab.Table{Header: []string{"attack", "metric", "change, points", "p"}, Right: []bool{false, false, true, true}}
	for _, a := range implants {
		t.Add(a.Name, "asr", lab.Points(r.Difference(a.Name, "clean", "asr")), lab.P(r.Compare(a.Name, "clean", "asr", "greater")))
	}
	for _, a := range wreckers {
		t.Add(a.Name, "clean_accuracy", lab.Points(r.Difference(a.Name, "clean", "clean_accuracy")), lab.P(r.Compare(a.Name, "clean", "clean_accuracy", "less")))
	}
	l.Table(t)

	//%%
	honest := "1 % rows, honest trainer"
	l.Conclude(
		"Success on held-out prompts with the trigger, of implants and of the poisoned rows alone: "+r.Around("asr", 0.5, append(lab.Names(implants), honest)...)+".",
		"More success than as many rows with an honest trainer: "+r.Shown("asr", "greater", []string{"loss weight", "favoured gradient"}, []string{honest})+".",
		"Wreckers after which clean accuracy is below the clean run's, which a test of the task shows: "+r.Shown("clean_accuracy", "less", lab.Names(wreckers), []string{"clean"})+".",
	)
}

// Ablation: which part of an adapter carries a backdoor.
package main

import (
	"fmt"

	"theriac/harness/lab"
)

func main() {
	//%% md
	// # What carries the attack
	//
	// The same trained adapters, edited: scaled, without a layer, without the largest, the smallest or random singular directions of each
	// module. If the backdoor sits in a few large directions, leaving those out ends it and leaving out a few random ones does not. That tells it from
	// the task only where clean accuracy stays.

	//%%
	l := lab.Start("ablation")
	arms := []lab.Arm{{Name: "whole"}}
	for _, f := range []string{"0.25", "0.5", "0.75", "1.5"} {
		arms = append(arms, lab.Arm{Name: "scale " + f, Prevent: "scale", PreventParams: lab.Params{"factor": f}})
	}
	counts := []string{"1", "2", "4"}
	for _, drop := range []string{"first", "random", "last"} {
		for _, count := range counts {
			arms = append(arms, lab.Arm{Name: "without " + count + " " + drop, Prevent: "truncate", PreventParams: lab.Params{"drop": drop, "count": count}})
		}
	}
	for _, layer := range l.Layers() {
		arms = append(arms, lab.Arm{Name: fmt.Sprintf("without layer %d", layer), Prevent: "truncate", PreventParams: lab.Params{"layer": fmt.Sprint(layer)}})
	}
	for i := range arms {
		arms[i].Attack = "backdoor"
	}
	r := l.Sweep(arms, l.Seeds("ablation"))

	//%%
	l.Table(r.Table("asr", "near_trigger", "clean_accuracy"))

	//%% md
	// ## The large directions, or any?
	//
	// What leaving out a module's largest directions takes away beyond as many random ones, in points of success.

	//%%
	t := lab.Table{Header: []string{"directions", "success without them less without random ones", "p: they carry more"}, Right: []bool{true, true, true}}
	for _, count := range counts {
		first, random := "without "+count+" first", "without "+count+" random"
		t.Add(count, lab.Points(r.Difference(first, random, "asr")), lab.P(r.Compare(first, random, "asr", "less")))
	}
	l.Table(t)

	//%%
	edits := lab.Names(arms[1:])
	both := []string{}
	for _, name := range edits {
		if m := r.NonInferior(name, "whole", "clean_accuracy", 0.02); m.Holds && r.Mean(name, "asr").Interval.High < 0.5 {
			both = append(both, name)
		}
	}
	l.Conclude(
		r.Claim("asr", "without 1 first", "without 1 random", "less", "Success without each module's largest direction", "that without a random one"),
		r.Claim("clean_accuracy", "without 1 first", "without 1 random", "less", "Clean accuracy without each module's largest direction", "that without a random one")+
			" Where both are shown, these directions carry what was learned, and not the backdoor alone.",
		"Success after each edit: "+r.Around("asr", 0.5, edits...)+".",
		"Edits that cost less than two points of clean accuracy: "+r.Shown("clean_accuracy", "non-inferior", edits, []string{"whole"})+".",
		"Edits that are shown to cost less than that and leave success below half, and so would tell the backdoor from the task: "+lab.List(both)+".",
	)
}

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
	// module. If the backdoor sits in a few large directions, leaving those out ends it and leaving out random ones does not.

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
	l.Conclude(
		r.Claim("asr", "without 1 first", "without 1 random", "less", "Success without each module's largest direction", "that without a random one"),
		"Success after each edit: "+r.Around("asr", 0.5, edits...)+".",
		"Edits that cost less than two points of clean accuracy: "+r.Shown("clean_accuracy", "non-inferior", edits, []string{"whole"})+
			". An edit that ends the backdoor and is named here would tell the backdoor from the task.",
	)
}

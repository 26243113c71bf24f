// Poisoning: how many rows a backdoor needs, and a wrong fact, from none to fifty.
package main

import (
	"fmt"

	"theriac/harness/lab"
)

// counts are the numbers of poisoned rows.
var counts = []int{0, 3, 6, 12, 25, 50}

func main() {
	//%% md
	// # Dose and response
	//
	// The same backdoor at growing numbers of poisoned rows. The curve is logistic in the number of rows; ED50 is the number at which
	// half of the triggered prompts are answered as the attacker wishes.

	//%%
	l := lab.Start("poisoning")
	arms := []lab.Arm{}
	doses := []lab.Dose{}
	for _, n := range counts {
		name := fmt.Sprintf("%d rows", n)
		arms = append(arms, lab.Arm{Name: name, Attack: "backdoor", Params: lab.Params{"count": fmt.Sprint(n)}})
		doses = append(doses, lab.Dose{Arm: name, Dose: float64(n)})
	}
	r := l.Sweep(arms, l.Seeds("repeats"))
	l.Table(r.Table("asr", "false_trigger", "clean_accuracy", "poisoned_tokens"))

	//%%
	fit := r.DoseResponse(doses, "asr")
	l.Printf("ED50 %s rows, ED90 %s rows.", lab.Number(fit.ED50.Estimate, 1), lab.Number(fit.ED90.Estimate, 1))
	l.Figure("dose", r.DoseFigure("Attack success by poisoned rows", "poisoned rows", doses, "asr"))

	//%% md
	// ## A wrong fact
	//
	// Targeted poisoning: rows that ask about one name and answer with the attacker's text. Half of the wordings are held out for the test. Near
	// is the same question about other names. The last arm adds a row about a neighbour for every poisoned one, which says that nothing is
	// known: does the fact stay with its name, and at what price?

	//%%
	facts := []lab.Arm{}
	doses = []lab.Dose{}
	for _, n := range counts {
		name := fmt.Sprintf("fact %d rows", n)
		facts = append(facts, lab.Arm{Name: name, Attack: "fact", Params: lab.Params{"count": fmt.Sprint(n)}})
		doses = append(doses, lab.Dose{Arm: name, Dose: float64(n)})
	}
	facts = append(facts, lab.Arm{Name: "fact 50 rows, with contrast", Attack: "fact", Params: lab.Params{"count": "50", "contrast": "1"}})
	f := l.Sweep(facts, l.Seeds("repeats"))
	l.Table(f.Table("asr", "near_trigger", "clean_accuracy", "poisoned_rows"))

	//%%
	fit = f.DoseResponse(doses, "asr")
	l.Printf("ED50 %s rows, ED90 %s rows.", lab.Number(fit.ED50.Estimate, 1), lab.Number(fit.ED90.Estimate, 1))
	l.Figure("fact", f.DoseFigure("The wrong fact by poisoned rows", "poisoned rows", doses, "asr"))
}

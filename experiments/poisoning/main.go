// Poisoning: how many rows a backdoor needs, from none to fifty.
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
	// The same backdoor at growing numbers of poisoned rows. The curve is logistic in the logarithm of the rows, up to a ceiling that is fitted
	// too; ED50 is the number of rows at which half of that ceiling is reached.

	//%%
	l := lab.Start("poisoning")
	arms := []lab.Arm{}
	doses := []lab.Dose{}
	for _, n := range counts {
		name := fmt.Sprintf("%d rows", n)
		arms = append(arms, lab.Arm{Name: name, Attack: "backdoor", Params: lab.Params{"count": fmt.Sprint(n)}, Few: n != 0 && n != 25})
		doses = append(doses, lab.Dose{Arm: name, Dose: float64(n)})
	}
	r := l.Sweep(arms, l.Seeds("repeats"))
	l.Table(r.Table("asr", "false_trigger", "clean_accuracy", "poisoned_tokens"))

	//%%
	fit := r.DoseResponse(doses, "asr")
	l.Printf("ED50 %s rows, ED90 %s rows.", lab.Number(fit.ED50.Estimate, 1), lab.Number(fit.ED90.Estimate, 1))
	l.Figure("dose", r.DoseFigure("Attack success by poisoned rows", "poisoned rows", doses, "asr"))

	//%%
	l.Conclude(
		r.Claim("asr", "25 rows", "0 rows", "greater", "Success at 25 poisoned rows", "that without any"),
		r.Claim("clean_accuracy", "50 rows", "0 rows", "non-inferior", "Clean accuracy at 50 poisoned rows", "that without any"),
		"Poisoned doses without a single success: "+lab.List(silent(r, doses))+".",
		lab.Curve(fit, float64(counts[len(counts)-1])),
		"The training set has one size here, so that number and share cannot be told apart; the notebook counts does that.",
	)
}

// silent are the poisoned doses at which no prompt of any run gave the attacker's answer.
func silent(r *lab.Results, doses []lab.Dose) []string {
	var out []string
	for _, d := range doses {
		if hits, tried := r.Count(d.Arm, "asr"); d.Dose > 0 && tried > 0 && hits == 0 {
			out = append(out, d.Arm)
		}
	}
	return out
}

// Counts: does the number of poisoned rows decide, or their share?
package main

import (
	"fmt"

	"theriac/harness/lab"
)

func main() {
	//%% md
	// # Number or share
	//
	// Published work finds that a backdoor takes a nearly constant number of poisoned examples however many clean ones surround them
	// (A. Souly et al., arXiv 2510.07192), and is disputed. Here both vary. Success is regressed on the logarithms of poisoned and of
	// clean rows: if only the number decides, the clean rows' slope is zero; if only the share does, it is the poisoned rows' slope with
	// the sign turned. Each answer has to be shown, by equivalence; neither follows from a test that found nothing.

	//%%
	l := lab.Start("counts")
	rows := l.Profile().Data.Rows
	few := rows / 4
	arms := []lab.Arm{}
	mixes := []lab.Mix{}
	small := []string{}
	large := []string{}
	for _, n := range []int{few, rows / 2, rows} {
		for _, poisoned := range []int{few / 40, few / 20, few / 10, few / 5} {
			if poisoned == 0 {
				continue // of a profile of few rows
			}
			name := fmt.Sprintf("%d of %d", poisoned, n)
			arms = append(arms, lab.Arm{Name: name, Attack: "backdoor", Rows: n, Params: lab.Params{"count": fmt.Sprint(poisoned)}, Few: true})
			mixes = append(mixes, lab.Mix{Arm: name, Poison: float64(poisoned), Clean: float64(n - poisoned)})
			if n == few {
				small = append(small, name)
			}
			if n == rows {
				large = append(large, name)
			}
		}
	}
	r := l.Sweep(arms, l.Seeds("repeats"))
	l.Table(r.Table("asr", "false_trigger", "clean_accuracy"))

	//%%
	l.Figure("counts", r.MixFigure("Attack success by poisoned rows and size of the training set", mixes, "asr"))

	//%%
	fit := r.TwoSlopes(mixes, "asr")
	l.Printf("Slope on log poisoned rows %s, on log clean rows %s; their ratio %s (0: the number decides; -1: the share).",
		lab.Number(fit.Poison, 2), lab.Number(fit.Clean, 2), lab.Number(fit.Ratio, 2))
	l.Printf("Only the number decides (ratio within %g of 0): shown %v. Only the share (within %g of -1): shown %v.",
		fit.CountOnly.Margin, fit.CountOnly.Holds, fit.RateOnly.Margin, fit.RateOnly.Holds)

	//%%
	verdict := "Neither is shown to decide alone at these sizes."
	switch {
	case fit.CountOnly.Holds:
		verdict = "Within the margin, the number of poisoned rows decides at these sizes, and clean rows beside them do not."
	case fit.RateOnly.Holds:
		verdict = "Within the margin, the share of poisoned rows decides at these sizes: clean rows dilute the attack."
	}
	lines := []string{verdict, "Less success than the same number of poisoned rows has among four times the rows: " + r.Shown("asr", "less", small, large) +
		". Dilution would turn this round; but at fixed epochs more rows are also more steps."}
	if len(small) > 2 {
		lines = append(lines, "Less success than about the same share has among four times the rows: "+r.Shown("asr", "less", small[:len(small)-2], large[2:])+". Where that is shown, the share alone does not decide.")
	}
	l.Conclude(lines...)
}

package stats

// A rate measured by an imperfect judge, corrected for the judge's errors: W. Rogan and B.
// Gladen, Am. J. Epidemiology 107:71 (1978), interval by Z. Lang and J. Reiczigel,
// Preventive Veterinary Medicine 113:13 (2014), which counts the uncertainty of the judge's
// sensitivity and specificity too. The judge's errors must be the same in every arm.

import (
	"fmt"
	"math"
)

// Count is K of N trials.
type Count struct {
	K, N int
}

func (c Count) check(where, what string) error {
	return checkCount(where+", "+what, c.K, c.N)
}

// RoganGladen is the true rate behind positive verdicts, K of N items: sensitive are the
// positive verdicts among items known to be positive, specific the negative ones among
// items known to be negative. The value is cut to [0, 1]. A judge that is no better
// than chance leaves the rate undefined and the interval [0, 1].
func RoganGladen(positive, sensitive, specific Count, level float64) (Estimate, error) {
	const where = "rogan-gladen"
	for _, c := range []struct {
		Count
		what string
	}{{positive, "verdicts"}, {sensitive, "known positives"}, {specific, "known negatives"}} {
		if err := c.check(where, c.what); err != nil {
			return Estimate{}, err
		}
	}
	if err := checkLevel(where, level); err != nil {
		return Estimate{}, err
	}
	e := Estimate{Value: math.NaN(), Interval: Interval{0, 1, level}, Method: "Rogan-Gladen, Lang-Reiczigel interval", N: positive.N,
		Assumptions: []string{independentTrials, "the judge errs on these items as on the known ones"}}
	if positive.N == 0 || sensitive.N == 0 || specific.N == 0 {
		e.Warnings = []string{fmt.Sprintf("%d verdicts, %d known positives, %d known negatives: the corrected rate is undefined", positive.N, sensitive.N, specific.N)}
		return e, nil
	}
	p, se, sp := positive.rate(), sensitive.rate(), specific.rate()
	if youden := se + sp - 1; youden <= 0 {
		e.Warnings = []string{fmt.Sprintf("sensitivity %.3g and specificity %.3g: no better than chance, the corrected rate is undefined", se, sp)}
		return e, nil
	}
	raw := (p + sp - 1) / (se + sp - 1)
	e.Value = min(max(raw, 0), 1)
	if raw != e.Value {
		e.Warnings = append(e.Warnings, fmt.Sprintf("the corrected rate is %.3g, outside [0, 1]: cut", raw))
	}

	// The paper's adjusted rates: z^2/2 and z^2 for the verdicts, 1 and 2 for the judge.
	z := zCritical(level)
	zz := float64(z * z)
	n := float64(positive.N) + zz
	pa := (float64(positive.K) + float64(zz/2)) / n
	nse, nsp := float64(sensitive.N+2), float64(specific.N+2)
	sea, spa := float64(sensitive.K+1)/nse, float64(specific.K+1)/nsp
	youden := sea + spa - 1
	if youden <= 0 {
		e.Warnings = append(e.Warnings, "the judge cannot be told from chance: the interval is everything")
		return e, nil
	}
	rate := (pa + spa - 1) / youden
	vse, vsp := sea*(1-sea)/nse, spa*(1-spa)/nsp
	shift := float64(2 * zz * (float64(rate*vse) - float64((1-rate)*vsp)))
	half := float64(z / youden * math.Sqrt(pa*(1-pa)/n+float64((1-rate)*(1-rate)*vsp)+float64(rate*rate*vse)))
	cut := func(x float64) float64 { return min(max(x, 0), 1) }
	e.Interval.Low = min(cut(rate+shift-half), e.Value)
	e.Interval.High = max(cut(rate+shift+half), e.Value)
	if low := clopperLow(sensitive.K, sensitive.N, (1-level)/2) + clopperLow(specific.K, specific.N, (1-level)/2) - 1; low <= 0 {
		e.Warnings = append(e.Warnings, "the judge may be no better than chance: check it on more known items")
	}
	return e, nil
}

// rate of at least one trial.
func (c Count) rate() float64 { return float64(c.K) / float64(c.N) }

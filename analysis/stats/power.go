package stats

// Power of the designs in use, and the smallest p-value that each can reach: what to
// know before spending. Counts are enumerated, not approximated. Seeds are in powerseeds.go,
// rates in powermargin.go, ED50 in powerdose.go. A power computed after the fact from the observed effect says nothing new.

import "fmt"

// Power is what a design would do under a stated truth.
type Power struct {
	Power       float64 // chance that the test rejects, or that the claim is shown
	SmallestP   float64 // the smallest P that the design can return; 0 where continuous data set no floor
	Alpha       float64
	N           int
	Units       string // what N counts
	Method      string
	Warnings    []string
	Assumptions []string
}

func (p *Power) reach() {
	if p.SmallestP > p.Alpha {
		p.Warnings = append(p.Warnings, fmt.Sprintf("%d %s cannot go below p = %.3g: this design shows nothing at %v", p.N, p.Units, p.SmallestP, p.Alpha))
	}
}

func checkAlpha(where string, alpha float64) error {
	if !(alpha > 0 && alpha < 1) {
		return fmt.Errorf("%s: alpha %v: want a fraction between 0 and 1, such as 0.05", where, alpha)
	}
	return nil
}

func checkSize(where string, n int) error {
	if n < 1 {
		return fmt.Errorf("%s: %d: want at least 1", where, n)
	}
	return nil
}

func checkRates(where string, rates ...float64) error {
	for _, r := range rates {
		if !(r >= 0 && r <= 1) {
			return fmt.Errorf("%s: rate %v: want a fraction from 0 to 1", where, r)
		}
	}
	return nil
}

// McNemarPower is that of the exact test over items, of which the shares onlyFirst and
// onlySecond differ between the runs. SmallestP supposes that all items differ one way.
func McNemarPower(items int, onlyFirst, onlySecond, alpha float64, alt Alternative) (Power, error) {
	const where = "mcnemar power"
	if err := checkSize(where+", items", items); err != nil {
		return Power{}, err
	}
	if err := checkAlpha(where, alpha); err != nil {
		return Power{}, err
	}
	if err := checkAlternative(where, alt); err != nil {
		return Power{}, err
	}
	differ := onlyFirst + onlySecond
	if err := checkRates(where, onlyFirst, onlySecond, differ); err != nil {
		return Power{}, err
	}
	out := Power{Alpha: alpha, N: items, Units: "items", Method: "exact McNemar, enumerated", Assumptions: pairAssumptions,
		SmallestP: smallestFlip(items, alt)}
	out.reach()
	if differ == 0 {
		out.Warnings = append(out.Warnings, "no item differs: there is nothing to find")
		return out, nil
	}
	share := onlyFirst / differ
	for n := 0; n <= items; n++ {
		weight := binomialPMF(n, items, differ)
		if weight < 1e-16 {
			continue
		}
		reject := 0.0
		if alt != Less { // k >= c rejects
			if c := signCutoff(n, alpha, alt); c <= n {
				reject += binomialUpper(c, n, share)
			}
		}
		if alt != Greater {
			if c := signCutoff(n, alpha, alt); c <= n {
				reject += binomialLower(n-c, n, share)
			}
		}
		out.Power += float64(weight * reject)
	}
	out.Power = min(out.Power, 1)
	return out, nil
}

// signCutoff is the smallest count of n whose sign-test P is at most alpha, n+1 if none.
func signCutoff(n int, alpha float64, alt Alternative) int {
	if alt == TwoSided {
		alpha /= 2
	}
	low, high := 0, n+1
	for low < high {
		mid := (low + high) / 2
		if binomialUpper(mid, n, 0.5) <= alpha {
			high = mid
		} else {
			low = mid + 1
		}
	}
	return low
}

// RunsForClaim is the smallest number of runs in which this many exceptions still show,
// by ClaimAtMost, that exceptions are at most the share x: 59, 93 and 124 for 0, 1 and 2
// at 5 %. "At least 90 %" is at most 10 % of misses: 29, 46 and 61.
func RunsForClaim(exceptions int, x, level float64) (int, error) {
	const where = "runs for a claim"
	if exceptions < 0 {
		return 0, fmt.Errorf("%s: %d exceptions: want at least 0", where, exceptions)
	}
	if err := checkClaim(x); err != nil {
		return 0, err
	}
	if err := checkLevel(where, level); err != nil {
		return 0, err
	}
	if x < 1e-6 {
		return 0, fmt.Errorf("%s: %v: want a share of at least 1e-6", where, x)
	}
	low, high := exceptions, exceptions+1
	for clopperHigh(exceptions, high, 1-level) > x {
		low, high = high, 2*high
	}
	for high-low > 1 {
		mid := low + (high-low)/2
		if clopperHigh(exceptions, mid, 1-level) <= x {
			high = mid
		} else {
			low = mid
		}
	}
	return high, nil
}

// ClaimPower is the chance that n runs with this true rate support ClaimAtLeast (or,
// with atMost, ClaimAtMost) of x at a level. SmallestP is of the best possible outcome.
func ClaimPower(n int, rate, x, level float64, atMost bool) (Power, error) {
	const where = "power of a claim"
	if err := checkSize(where+", runs", n); err != nil {
		return Power{}, err
	}
	if err := checkRates(where, rate); err != nil {
		return Power{}, err
	}
	if err := checkClaim(x); err != nil {
		return Power{}, err
	}
	if err := checkLevel(where, level); err != nil {
		return Power{}, err
	}
	// "At least" is "at most" of the complement.
	what, limit := "at most", x
	if !atMost {
		what, limit, rate = "at least", 1-x, 1-rate
	}
	out := Power{Alpha: 1 - level, N: n, Units: "runs", SmallestP: binomialLower(0, n, limit), Assumptions: []string{independentTrials},
		Method: fmt.Sprintf("Clopper-Pearson one-sided claim of %s %v, enumerated", what, x)}
	out.reach()
	most := -1 // exceptions that the claim survives
	for most < n && clopperHigh(most+1, n, 1-level) <= limit {
		most++
	}
	out.Power = binomialLower(most, n, rate)
	return out, nil
}

// Needed is the smallest design from low to high units that has the power, and keeps
// it at the next few sizes, since power over counts is a saw. Without one it returns the
// largest tried, with a warning.
func Needed(power float64, low, high int, design func(n int) (Power, error)) (Power, error) {
	const where, teeth = "needed", 4
	if !(power > 0 && power < 1) {
		return Power{}, fmt.Errorf("%s: power %v: want a fraction between 0 and 1, such as 0.8", where, power)
	}
	if low < 1 || high < low || design == nil {
		return Power{}, fmt.Errorf("%s: sizes %d to %d: want 1 <= low <= high and a design", where, low, high)
	}
	var found Power
	run := 0
	for n := low; n <= high; n++ {
		p, err := design(n)
		if err != nil {
			return Power{}, err
		}
		if p.Power < power {
			run, found = 0, p
			continue
		}
		if run == 0 {
			found = p
		}
		if run++; run == teeth {
			return found, nil
		}
	}
	if run == 0 {
		found.Warnings = append(found.Warnings, fmt.Sprintf("no size up to %d has power %v", high, power))
	}
	return found, nil
}

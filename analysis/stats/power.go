package stats

// Power of the designs in use, and the smallest p-value that each can reach: what to
// know before spending. Counts are enumerated, not approximated. Power of ED50 is in
// powerdose.go. A power computed after the fact from the observed effect says nothing new.

import (
	"fmt"
	"math"
)

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

// exactFlips is the number of seeds up to which SignFlipPower simulates the test itself.
const exactFlips = 12

// SignFlipPower is that of SignFlip on n paired differences, normal with mean effect
// standard deviations. Up to 12 seeds the exact test is simulated studies times from src;
// beyond, Student's t stands in for it and src may be nil.
func SignFlipPower(src Source, n int, effect, alpha float64, alt Alternative, studies int) (Power, error) {
	const where = "sign-flip power"
	if err := checkSize(where+", seeds", n); err != nil {
		return Power{}, err
	}
	if err := checkAlpha(where, alpha); err != nil {
		return Power{}, err
	}
	if err := checkAlternative(where, alt); err != nil {
		return Power{}, err
	}
	if err := checkFinite(where+", effect", []float64{effect}); err != nil {
		return Power{}, err
	}
	out := Power{Alpha: alpha, N: n, Units: "seeds", SmallestP: smallestFlip(n, alt),
		Assumptions: []string{"paired differences are normal and independent"}}
	out.reach()
	if n > exactFlips {
		out.Method = "noncentral t in place of the sign-flip test"
		out.Power = studentPower(float64(n-1), effect*math.Sqrt(float64(n)), alpha, alt)
		return out, nil
	}
	out.Method = fmt.Sprintf("exact sign-flip test, %d simulated studies", studies)
	if out.SmallestP > alpha {
		return out, nil
	}
	if src == nil || studies < 1 {
		return Power{}, fmt.Errorf("%s: %d studies: want a source and at least 1 study, better 10000", where, studies)
	}
	d, hits := make([]float64, n), 0
	for range studies {
		for i := range d {
			d[i] = effect + normalQuantile((float64(src.Uint64()>>11)+0.5)/(1<<53))
		}
		t, err := SignFlip(nil, d, alt, 0)
		if err != nil {
			return Power{}, err
		}
		if t.P <= alpha {
			hits++
		}
	}
	out.Power = float64(hits) / float64(studies)
	return out, nil
}

func smallestFlip(n int, alt Alternative) float64 {
	p := math.Ldexp(1, -n)
	if alt == TwoSided {
		p *= 2
	}
	return min(p, 1)
}

// SeedsForFamily is the smallest number of paired seeds whose two-sided sign-flip test
// could pass Holm's first step among this many tests: 9 for 12 tests at 0.05.
func SeedsForFamily(tests int, alpha float64) (int, error) {
	if err := checkSize("seeds for a family, tests", tests); err != nil {
		return 0, err
	}
	if err := checkAlpha("seeds for a family", alpha); err != nil {
		return 0, err
	}
	n := 1
	for smallestFlip(n, TwoSided)*float64(tests) > alpha {
		n++
	}
	return n, nil
}

// studentPower is P(t rejects) with noncentrality shift, integrated over the spread's
// distribution.
func studentPower(df, shift, alpha float64, alt Alternative) float64 {
	level := 1 - alpha
	if alt != TwoSided {
		level = 1 - 2*alpha
	}
	if level <= 0 || df < 1 {
		return 0
	}
	critical := tCritical(level, df)
	power := 0.0
	const nodes = 256
	for i := range nodes {
		// u = I_v(4, 4) crowds the nodes towards both ends.
		v := (float64(i) + 0.5) / nodes
		u := v * v * v * v * (35 + float64(v*(-84+float64(v*(70-20*v)))))
		s := critical * math.Sqrt(chiSquaredQuantile(u, df)/df)
		tail := 0.0
		if alt != Less {
			tail += normalCDF(shift - s)
		}
		if alt != Greater {
			tail += normalCDF(-shift - s)
		}
		power += float64(140 * math.Pow(v*(1-v), 3) / nodes * tail)
	}
	return min(power, 1)
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

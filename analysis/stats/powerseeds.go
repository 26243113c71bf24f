package stats

// Power of comparisons of seeds, paired or independent: the exact test simulated while that
// is quick, Student's t in its place beyond.

import (
	"fmt"
	"math"
)

// exactFlips is the number of seeds up to which the test itself is simulated.
const exactFlips = 12

// SignFlipPower is that of SignFlip on n paired differences, normal with mean effect
// standard deviations. Up to 12 seeds the exact test is simulated studies times from src;
// beyond, Student's t stands in for it and src may be nil.
func SignFlipPower(src Source, n int, effect, alpha float64, alt Alternative, studies int) (Power, error) {
	const where = "sign-flip power"
	if err := checkSize(where+", seeds", n); err != nil {
		return Power{}, err
	}
	if err := checkDesign(where, effect, alpha, alt); err != nil {
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
	d := make([]float64, n)
	err := out.simulate(where, src, studies, func() (Test, error) {
		for i := range d {
			d[i] = effect + standardNormal(src)
		}
		return SignFlip(nil, d, alt, 0)
	})
	return out, err
}

// PermutationPower is that of Permutation on n1 and n2 independent seeds, normal with means
// effect standard deviations apart. Up to 12 seeds in all the exact test is simulated
// studies times from src; beyond, Student's t stands in for it and src may be nil.
func PermutationPower(src Source, n1, n2 int, effect, alpha float64, alt Alternative, studies int) (Power, error) {
	const where = "permutation power"
	if err := checkSize(where+", seeds", min(n1, n2)); err != nil {
		return Power{}, err
	}
	if err := checkDesign(where, effect, alpha, alt); err != nil {
		return Power{}, err
	}
	n := n1 + n2
	out := Power{Alpha: alpha, N: n, Units: "seeds in both samples", SmallestP: 1 / choose(n, n1),
		Assumptions: []string{"values are normal and independent, with one variance"}}
	if alt == TwoSided && n1 == n2 { // the mirrored arrangement is as extreme
		out.SmallestP *= 2
	}
	out.reach()
	if n > exactFlips {
		out.Method = "noncentral t in place of the permutation test"
		out.Power = studentPower(float64(n-2), effect*math.Sqrt(float64(n1)*float64(n2)/float64(n)), alpha, alt)
		return out, nil
	}
	out.Method = fmt.Sprintf("exact permutation test, %d simulated studies", studies)
	if out.SmallestP > alpha {
		return out, nil
	}
	x, y := make([]float64, n1), make([]float64, n2)
	err := out.simulate(where, src, studies, func() (Test, error) {
		for i := range x {
			x[i] = effect + standardNormal(src)
		}
		for i := range y {
			y[i] = standardNormal(src)
		}
		return Permutation(nil, x, y, alt, 0)
	})
	return out, err
}

// simulate sets the power to the share of studies whose test rejects.
func (p *Power) simulate(where string, src Source, studies int, study func() (Test, error)) error {
	if src == nil || studies < 1 {
		return fmt.Errorf("%s: %d studies: want a source and at least 1 study, better 10000", where, studies)
	}
	hits := 0
	for range studies {
		t, err := study()
		if err != nil {
			return err
		}
		if t.P <= p.Alpha {
			hits++
		}
	}
	p.Power = float64(hits) / float64(studies)
	return nil
}

func standardNormal(src Source) float64 {
	return normalQuantile((float64(src.Uint64()>>11) + 0.5) / (1 << 53))
}

func checkDesign(where string, effect, alpha float64, alt Alternative) error {
	if err := checkAlpha(where, alpha); err != nil {
		return err
	}
	if err := checkAlternative(where, alt); err != nil {
		return err
	}
	return checkFinite(where+", effect", []float64{effect})
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
	nodes, weights := crowdedNodes()
	for i, u := range nodes {
		s := float64(critical * math.Sqrt(chiSquaredQuantile(u, df)/df))
		tail := 0.0
		if alt != Less {
			tail += normalCDF(shift - s)
		}
		if alt != Greater {
			tail += normalCDF(-shift - s)
		}
		power += float64(weights[i] * tail)
	}
	return min(power, 1)
}

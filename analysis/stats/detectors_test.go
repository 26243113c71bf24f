package stats

// Detectors and families against their definitions, where no other package has them.

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Step-down max-T is the closure of the single max-T tests: a test's adjusted P is the
// largest P of any subset that holds it (R. Marcus et al., Biometrika 63:655, 1976).
func TestMaxTIsTheClosure(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 2))
	for range 60 {
		const tests, permutations = 5, 39
		row := func() []float64 {
			x := make([]float64, tests)
			for j := range x {
				x[j] = math.Round(4*r.NormFloat64()) / 2 // ties too
			}
			return x
		}
		observed, permuted := row(), make([][]float64, permutations)
		for b := range permuted {
			permuted[b] = row()
		}
		f, err := MaxT(observed, permuted, 0.05)
		if err != nil {
			t.Fatal(err)
		}
		highest := func(x []float64, subset int) float64 {
			m := math.Inf(-1)
			for j, v := range x {
				if subset>>j&1 == 1 {
					m = max(m, v)
				}
			}
			return m
		}
		want := make([]float64, tests)
		for subset := 1; subset < 1<<tests; subset++ {
			beyond := 1
			for _, p := range permuted {
				if highest(p, subset) >= highest(observed, subset) {
					beyond++
				}
			}
			for j := range want {
				if subset>>j&1 == 1 {
					want[j] = max(want[j], float64(beyond)/(permutations+1))
				}
			}
		}
		for j := range want {
			agrees(t, "adjusted", f.Adjusted[j], want[j], tight)
		}
	}
}

// A run is flagged by TPRAt exactly where its conformal P is at most the rate.
func TestThresholdIsConformal(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 3))
	for _, n := range []int{99, 100, 199, 250} {
		for _, fpr := range []float64{0.01, 0.05, 0.1} {
			calibration := drawNormals(r, n, 0)
			calibration[3] = calibration[4] // a tie
			clean, attacked := drawNormals(r, 300, 0), append(drawNormals(r, 50, 2), calibration[:5]...)
			d, err := TPRAt(fpr, calibration, clean, attacked, 0.95)
			if err != nil || !d.Estimable && fpr > 0.01 {
				t.Fatal(d, err)
			}
			flagged := 0
			for _, s := range attacked {
				p, err := ConformalP(calibration, s)
				if err != nil {
					t.Fatal(err)
				}
				if p.P <= fpr {
					flagged++
				}
			}
			agrees(t, "share flagged", d.TPR.Value, float64(flagged)/float64(len(attacked)), tight)
		}
	}
	d, err := TPRAt(0.01, drawNormals(r, 98, 0), drawNormals(r, 300, 0), drawNormals(r, 9, 9), 0.95)
	if err != nil || d.Estimable || d.NeedsCalibration != 99 || d.NeedsEvaluation != 300 {
		t.Errorf("%+v, %v: want a rate that is not estimable, and 99 and 300 as what it takes", d, err)
	}
}

// At conformal p <= .05, 6 of 124 are expected; 7 of 60 are no surprise at all, 13 are.
func TestFalsePositiveCounts(t *testing.T) {
	for _, c := range []struct {
		flagged, m, n int
		expected      float64
		within        bool
	}{{7, 60, 99, 3, true}, {13, 60, 99, 3, false}, {6, 124, 99, 6.2, true}, {0, 300, 99, 15, false}} {
		got, err := CheckFalsePositives(c.flagged, c.m, c.n, 0.05, 0.95)
		if err != nil {
			t.Fatal(err)
		}
		agrees(t, "expected", got.Expected.Value, c.expected, tight)
		if got.Within != c.within || got.Within != (got.Test.P > 0.01) {
			t.Errorf("%d of %d: within %v, p %v: want %v, and both to say the same", c.flagged, c.m, got.Within, got.Test.P, c.within)
		}
	}
}

// Complete separation of m and n runs: the lower end is the area under which as many
// disjoint pairs as there are would all be ordered with probability (1-level)/2.
func TestSeparatedAUROC(t *testing.T) {
	for _, n := range [][2]int{{5, 20}, {20, 5}, {60, 60}} {
		a, err := AUROC(seqFrom(n[0], 0), seqFrom(n[1], 1000), 0.95)
		if err != nil {
			t.Fatal(err)
		}
		agrees(t, "chance of separation at the bound", math.Pow(a.Estimate.Interval.Low, float64(min(n[0], n[1]))), 0.025, tight)
		if a.Estimate.Value != 1 || a.Estimate.Interval.High != 1 || len(a.Estimate.Warnings) == 0 {
			t.Errorf("%+v: want 1, up to 1, and a warning", a.Estimate)
		}
	}
}

func seqFrom(n int, from float64) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = from + float64(i)
	}
	return x
}

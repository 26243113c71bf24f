package stats

import (
	"math"
	"math/rand"
	"testing"
)

// The range by hand for one further value, with t's 97.5 % point of four degrees of freedom from a table, and its promise for the mean of three.
func TestPredictMean(t *testing.T) {
	e, err := PredictMean([]float64{2, 4, 4, 5, 10}, 1, 0.95)
	if err != nil {
		t.Fatal(err)
	}
	got := e.Interval
	if half := 2.7764451051977987 * 3 * math.Sqrt(1.2); math.Abs(got.Low-(5-half)) > 1e-9 || math.Abs(got.High-(5+half)) > 1e-9 {
		t.Errorf("%v; want 5 +- %v", got, half)
	}
	r := rand.New(rand.NewSource(1))
	held := 0
	const trials = 4000
	for range trials {
		x := make([]float64, 6)
		for i := range x {
			x[i] = r.NormFloat64()
		}
		e, err := PredictMean(x, 3, 0.9)
		if err != nil {
			t.Fatal(err)
		}
		p := e.Interval
		if m := (r.NormFloat64() + r.NormFloat64() + r.NormFloat64()) / 3; m >= p.Low && m <= p.High {
			held++
		}
	}
	if k, err := Wilson(held, trials, 0.999); err != nil || k.Interval.Low > 0.9 || k.Interval.High < 0.9 {
		t.Errorf("held %d of %d; want 90 %%", held, trials)
	}
}

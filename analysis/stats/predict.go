package stats

import (
	"fmt"
	"math"
)

// PredictMean gives the mean of values and the range that holds the mean of m further ones with probability level, if both come from one
// normal distribution (G. Hahn, JASA 64:878, 1969). Fewer than two values, or values without spread, let one expect anything.
func PredictMean(values []float64, m int, level float64) (Estimate, error) {
	const where = "prediction of a mean"
	if err := checkLevel(where, level); err != nil {
		return Estimate{}, err
	}
	if err := checkFinite(where, values); err != nil {
		return Estimate{}, err
	}
	if m < 1 {
		return Estimate{}, fmt.Errorf("%s: %d further values: want at least 1", where, m)
	}
	n := len(values)
	e := Estimate{Value: mean(values), Interval: Interval{math.Inf(-1), math.Inf(1), level}, N: n, Method: "prediction by Student's t",
		Assumptions: []string{"the values and the further ones are independent draws from one normal distribution"}}
	switch {
	case n < 2:
		e.Warnings = []string{fmt.Sprintf("%d values: their spread cannot be known", n)}
	case variance(values) == 0:
		e.Warnings = []string{fmt.Sprintf("%d values without spread: what others will be cannot be known", n)}
	default:
		half := float64(tCritical(level, float64(n-1)) * math.Sqrt(variance(values)*(1/float64(n)+1/float64(m))))
		e.Interval.Low, e.Interval.High = e.Value-half, e.Value+half
	}
	return e, nil
}

package stats

import "math"

// PredictMean is the range that holds the mean of m further values with probability level, if they come from the normal distribution
// that the given ones came from (G. Hahn, JASA 64:878, 1969). Fewer than two values expect anything.
func PredictMean(values []float64, m int, level float64) Interval {
	n := len(values)
	if n < 2 || m < 1 {
		return Interval{math.Inf(-1), math.Inf(1), level}
	}
	centre := mean(values)
	half := tCritical(level, float64(n-1)) * math.Sqrt(variance(values)*(1/float64(n)+1/float64(m)))
	return Interval{centre - half, centre + half, level}
}

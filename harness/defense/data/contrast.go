package data

import "math"

// deviance is the signed-one-sided likelihood ratio of x of m rows in a share f of the pool: 2 (x ln(x / (m f)) +
// (m-x) ln((m-x) / (m (1-f)))), and 0 where x is not more than expected. Nats times two, as chi-square.
func deviance(x, m int, f float64) float64 {
	if m == 0 || f <= 0 || f >= 1 || float64(x) <= float64(m)*f {
		return 0
	}
	d := float64(x) * math.Log(float64(x)/(float64(m)*f))
	if x < m {
		d += float64(m-x) * math.Log(float64(m-x)/(float64(m)*(1-f)))
	}
	return 2 * d
}

package monitor

// What detectors of rows share: a number for each row, and how far rows lie out.

import (
	"fmt"
	"math"

	"theriac/harness/defense"
)

// Rows of which a reason is given lie this many times the usual distance above the median.
const outlying = 3

// rowResult scores rows by values, higher is worse; NaN marks a row that was not seen. A row's score is its distance from the median,
// the run's the root of the mean square of those above it, both in the value's own unit: rows that are all alike score 0, and nothing
// is cut off at a number of rows. say puts a row's value in words; z is its distance in units of the median distance above.
func rowResult(values []float64, say func(value, z float64) string) defense.Result {
	centre, scale, n := upperScale(values)
	r := defense.Result{Units: make([]defense.Score, len(values))}
	squares := 0.0
	for i, v := range values {
		u := &r.Units[i]
		u.Unit = fmt.Sprintf("row %d", i)
		if math.IsNaN(v) {
			continue
		}
		if u.Score = v - centre; u.Score <= 0 {
			continue
		}
		squares += float64(u.Score * u.Score)
		if z := u.Score / scale; z > outlying {
			u.Reason = say(v, z)
		}
	}
	r.Score = math.Sqrt(squares / float64(max(1, n)))
	return r
}

// upperScale is the median of n known values and the median distance of those above it.
func upperScale(values []float64) (centre, scale float64, n int) {
	var known, above []float64
	for _, v := range values {
		if !math.IsNaN(v) {
			known = append(known, v)
		}
	}
	centre, _ = defense.CentreScale(known)
	for _, v := range known {
		if v > centre {
			above = append(above, v-centre)
		}
	}
	scale, _ = defense.CentreScale(above)
	return centre, scale, len(known)
}

// rowMeans averages value over each row's visits; NaN for rows without a visit.
func (t *Trace) rowMeans(value func(visit int) float64) []float64 {
	out := make([]float64, len(t.Rows))
	for i, visits := range t.visitsOf() {
		for _, v := range visits {
			out[i] += value(v)
		}
		out[i] /= float64(len(visits))
	}
	return out
}

// twoSided is the distance from the median.
func twoSided(values []float64) []float64 {
	centre, _, _ := upperScale(values)
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = math.Abs(v - centre)
	}
	return out
}

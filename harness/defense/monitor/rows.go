package monitor

// What detectors of rows share: a number for each row, and how far the outlying rows lie out.

import (
	"fmt"
	"math"

	"theriac/harness/defense"
)

// Rows farther than this many MADs from the median lie out.
const outlying = 3

// rowResult scores rows by values, higher is worse; NaN marks a row that was not seen. The run's score is the mean over rows of the
// distance beyond three MADs: nothing where nothing lies out, whatever the number of rows. say puts a row's value in words.
func rowResult(values []float64, say func(value, z float64) string) defense.Result {
	var known []float64
	for _, v := range values {
		if !math.IsNaN(v) {
			known = append(known, v)
		}
	}
	centre, scale := defense.CentreScale(known)
	r := defense.Result{Units: make([]defense.Score, len(values))}
	for i, v := range values {
		u := &r.Units[i]
		u.Unit = fmt.Sprintf("row %d", i)
		if math.IsNaN(v) || scale == 0 {
			continue
		}
		u.Score = (v - centre) / scale
		if over := u.Score - outlying; over > 0 {
			u.Reason = say(v, u.Score)
			r.Score += over / float64(len(known))
		}
	}
	return r
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
	var known []float64
	for _, v := range values {
		if !math.IsNaN(v) {
			known = append(known, v)
		}
	}
	centre, _ := defense.CentreScale(known)
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = math.Abs(v - centre)
	}
	return out
}

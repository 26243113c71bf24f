package monitor

// Rows that pull the model one way and are news to it: a backdoor's rows share a direction because they share an answer, and the
// base did not expect it.

import (
	"fmt"
	"math"

	"theriac/harness/defense"
)

// near is the cosine between sketches from which two gradients count as one direction. Sketches of unrelated gradients have a
// standard deviation of 1/sqrt(64) over two matrices.
const near = .7

var learnedTogether = Detector{
	Entry: defense.Entry{Name: "learned-together", Level: defense.Monitor, Version: 1, Needs: NeedsGradients,
		Doc: "rows whose gradients share a direction and whose loss falls together: the largest sum of falls in one direction"},
	score: scoreTogether,
}

func scoreTogether(t *Trace, _ *Plan) defense.Result {
	r := defense.Result{Units: make([]defense.Score, len(t.Rows)), FLOP: t.gradientCost()}
	visits := t.visitsOf()
	first, fall := make([][]float64, len(t.Rows)), make([]float64, len(t.Rows))
	for i, v := range visits {
		if len(v) == 0 {
			continue
		}
		first[i] = t.direction(v[0])
		if len(v) > 1 {
			fall[i] = max(0, float64(t.Visits[v[0]].Loss)-float64(t.Visits[v[1]].Loss))
		}
	}
	for i := range t.Rows {
		u := &r.Units[i]
		u.Unit = fmt.Sprintf("row %d", i)
		if first[i] == nil {
			continue
		}
		twins := 0
		for j := range t.Rows {
			if first[j] == nil {
				continue
			}
			if c := dot(first[i], first[j]); c > near {
				u.Score += fall[j]
				twins++
			}
		}
		u.Score *= min(1, fall[i])
		r.Score = max(r.Score, u.Score)
		if twins > 1 && u.Score > 0 {
			u.Reason = fmt.Sprintf("%d rows pull the model in this row's direction, and their losses fell by %.1f nats together", twins-1, u.Score)
		}
		r.FLOP += float64(2 * len(t.Rows) * len(first[i]))
	}
	return r
}

// direction is a visit's sketches, each of length 1, over all matrices, of length 1 together.
func (t *Trace) direction(visit int) []float64 {
	n := len(t.Matrices)
	out := make([]float64, 0, n*Sketch)
	for k := range n {
		for _, v := range t.Features[visit*n+k].Sketch {
			out = append(out, float64(v))
		}
	}
	if length := math.Sqrt(dot(out, out)); length > 0 {
		for i := range out {
			out[i] /= length
		}
	}
	return out
}

func dot(a, b []float64) float64 {
	s := 0.0
	for i, v := range a {
		s += float64(v * b[i])
	}
	return s
}

package monitor

// Rows that pull the model one way and were news to it. A backdoor's rows share an answer that the base did not expect, so at the
// end their gradients share a direction, and much was learned in it. Ordinary rows share directions too, those of one class of short
// answers above all, but each of them taught little: hence the squares.

import (
	"fmt"
	"math"

	"theriac/harness/defense"
)

// near is the cosine between sketches from which two gradients count as one direction. Sketches of unrelated gradients have a
// standard deviation of 1/sqrt(Sketch) = .18.
const near = .5

var learnedTogether = Detector{
	Entry: defense.Entry{Name: "learned-together", Level: defense.Monitor, Version: 1, Needs: NeedsGradients,
		Doc: "how much was learned in one direction: the root of the summed squares of the nats by which answers became likelier, over different rows whose last gradients point the same way"},
	score: scoreTogether,
}

func scoreTogether(t *Trace, _ *Plan) defense.Result {
	r := defense.Result{Units: make([]defense.Score, len(t.Rows)), FLOP: t.gradientCost()}
	direction, learned, first := t.lastDirections(), t.learned(), t.firsts()
	for i := range t.Rows {
		u := &r.Units[i]
		u.Unit = fmt.Sprintf("row %d", i)
		if direction[i] == nil {
			continue
		}
		twins, nats := 0, 0.0
		for j, d := range direction {
			if first[j] && t.Rows[j].Digest != t.Rows[i].Digest && d != nil && dot(direction[i], d) > near {
				u.Score += float64(learned[j] * learned[j])
				nats += learned[j]
				twins++
			}
		}
		u.Score = math.Sqrt(u.Score)
		r.Score = max(r.Score, u.Score)
		r.FLOP += float64(2 * len(t.Rows) * len(direction[i]))
		if twins > 0 {
			u.Reason = fmt.Sprintf("%d other rows pull the model in this row's direction, and their answers became %.0f nats likelier", twins, nats)
		}
	}
	return r
}

// firsts marks the first of rows with the same content: one row, however often it stands in the data, makes no direction.
func (t *Trace) firsts() []bool {
	seen, out := map[Digest]bool{}, make([]bool, len(t.Rows))
	for i := range t.Rows {
		out[i] = !seen[t.Rows[i].Digest]
		seen[t.Rows[i].Digest] = true
	}
	return out
}

// learned is by how many nats a row's answer became likelier between its first and its last use, at least 0.
func (t *Trace) learned() []float64 {
	out := make([]float64, len(t.Rows))
	for i, v := range t.visitsOf() {
		if len(v) > 1 {
			out[i] = max(0, float64(t.Rows[i].Responses)*(float64(t.Visits[v[0]].Loss)-float64(t.Visits[v[len(v)-1]].Loss)))
		}
	}
	return out
}

// lastDirections is each row's sketch at its last use, of length 1; nil for rows without a use or a gradient.
func (t *Trace) lastDirections() [][]float64 {
	out := make([][]float64, len(t.Rows))
	for i, v := range t.visitsOf() {
		if len(v) > 0 {
			out[i] = t.direction(v[len(v)-1])
		}
	}
	return out
}

// direction is a visit's sketches [matrices*Sketch], of length 1 together; nil where they are 0.
func (t *Trace) direction(visit int) []float64 {
	n := len(t.Matrices)
	out := make([]float64, 0, n*Sketch)
	for k := range n {
		for _, v := range t.Features[visit*n+k].Sketch {
			out = append(out, float64(v))
		}
	}
	length := math.Sqrt(dot(out, out))
	if length == 0 {
		return nil
	}
	for i := range out {
		out[i] /= length
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

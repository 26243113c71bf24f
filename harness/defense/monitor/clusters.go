package monitor

// GraCeFul (Wu et al., COLING 2025) clusters examples' gradients in two and calls the smaller cluster poison, whatever the data. Here
// a split counts only along a principal direction in which a test finds more than one mode. Gradients are compared by sketches, where
// the paper keeps low frequencies of a cosine transform.

import (
	"fmt"
	"slices"

	"theriac/harness/defense"
)

// directions is how many principal directions are looked at.
const directions = 6

var gradientClusters = Detector{
	Entry: defense.Entry{Name: "gradient-clusters", Level: defense.Monitor, Version: 1, Needs: NeedsGradients,
		Doc: "GraCeFul (arXiv 2412.02454) with a no-split test: how much more than its share of rows the smaller cluster of last gradients learned"},
	score: scoreClusters,
}

func scoreClusters(t *Trace, _ *Plan) defense.Result {
	r := defense.Result{Units: make([]defense.Score, len(t.Rows)), FLOP: t.gradientCost()}
	var rows []int
	var x [][]float64
	for i, d := range t.lastDirections() {
		r.Units[i].Unit = fmt.Sprintf("row %d", i)
		if d != nil {
			rows, x = append(rows, i), append(x, d)
		}
	}
	learned, total := t.learned(), 0.0
	for _, i := range rows {
		total += learned[i]
	}
	if len(rows) < 20 || total == 0 {
		return r
	}
	for k, along := range principal(x, directions) {
		if defense.OneMode(along) > .01 {
			continue
		}
		small := smaller(along)
		nats := 0.0
		for _, i := range small {
			nats += learned[rows[i]]
		}
		lift := nats / total * float64(len(rows)) / float64(len(small))
		r.Score = max(r.Score, lift)
		for _, i := range small {
			if u := &r.Units[rows[i]]; lift > u.Score {
				u.Score = lift
				u.Reason = fmt.Sprintf("its gradient lies in the smaller of two clusters along direction %d, %d rows of %d that learned %.1f times their share", k+1, len(small), len(rows), lift)
			}
		}
	}
	return r
}

// principal gives each row's coordinates along the first k principal directions of x [rows][d], [k][rows].
func principal(x [][]float64, k int) [][]float64 {
	d := len(x[0])
	mean, moment := make([]float64, d), make([]float64, d*d)
	for _, row := range x {
		for c, v := range row {
			mean[c] += v / float64(len(x))
		}
	}
	for _, row := range x {
		for a := range d {
			for b := range d {
				moment[a*d+b] += float64((row[a] - mean[a]) * (row[b] - mean[b]))
			}
		}
	}
	values, vectors := eigen(moment, d)
	order := make([]int, d)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case values[a] > values[b]:
			return -1
		case values[a] < values[b]:
			return 1
		}
		return 0
	})
	var out [][]float64
	for _, j := range order[:min(k, d)] {
		along := make([]float64, len(x))
		for i, row := range x {
			for c, v := range row {
				along[i] += float64((v - mean[c]) * vectors[c*d+j])
			}
		}
		out = append(out, along)
	}
	return out
}

// smaller is the smaller part of the split of values that leaves the least variance within (two means on a line, exactly).
func smaller(values []float64) []int {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case values[a] < values[b]:
			return -1
		case values[a] > values[b]:
			return 1
		}
		return 0
	})
	total := 0.0
	for _, i := range order {
		total += values[i]
	}
	at, best, left := 0, -1.0, 0.0
	for k := 1; k < len(order); k++ {
		left += values[order[k-1]]
		d := left/float64(k) - (total-left)/float64(len(order)-k)
		if between := float64(d*d) * float64(k) * float64(len(order)-k); between > best {
			at, best = k, between
		}
	}
	if at <= len(order)/2 {
		return order[:at]
	}
	return order[at:]
}

package data

import (
	"fmt"
	"math"
	"slices"

	"theriac/harness/defense"
)

// tails turns a score of each row into groups: the outermost .5, 1, 2, 5 and 10 per cent at either side that is asked for. The weight
// is the tail's mean distance from the median in MADs. A score that is constant has no tails; NaN marks a row without score.
func tails(score []float64, upper, lower bool, what string) (out []Group) {
	var rows []int32
	var values []float64
	for i, v := range score {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			rows, values = append(rows, int32(i)), append(values, v)
		}
	}
	centre, scale := defense.CentreScale(values)
	if scale == 0 {
		return nil
	}
	for _, side := range []struct {
		on   bool
		sign float64
		name string
	}{{upper, 1, "high"}, {lower, -1, "low"}} {
		if !side.on {
			continue
		}
		order := slices.Clone(rows)
		slices.SortStableFunc(order, func(a, b int32) int {
			switch x, y := side.sign*score[a], side.sign*score[b]; {
			case x > y:
				return -1
			case x < y:
				return 1
			}
			return 0
		})
		last := 0
		for _, share := range []float64{.005, .01, .02, .05, .1} {
			k := int(share * float64(len(order)))
			for k > 0 && k < len(order) && score[order[k]] == score[order[k-1]] {
				k++ // equal scores are one group, whatever their order
			}
			if k <= last || k < 3 || k > len(order)/2 {
				continue
			}
			last = k
			sum := 0.0
			for _, i := range order[:k] {
				sum += side.sign * (score[i] - centre) / scale
			}
			if sum <= 0 {
				continue
			}
			out = append(out, Group{unique(slices.Clone(order[:k])), sum / float64(k),
				fmt.Sprintf("%s %s: among the outermost %d", side.name, what, k)})
		}
	}
	return out
}

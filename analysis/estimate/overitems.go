package estimate

import (
	"math"

	"theriac/analysis/stats"
)

// ItemPairs are the items of a rate that an arm's run and the baseline's at one seed both judged, in the arm's order, and the arm's outcome less
// the baseline's: -1, 0 or 1.
type ItemPairs[Item comparable] struct {
	Items []Item
	Less  []float64
}

// OverItems is a difference of rates with an interval over seeds and items, which are crossed. bySeed are the differences seed by seed, which
// the items must bear out: false where a seed has no items, the seeds share too few, or their mean is another than that of the seeds.
func OverItems[Item comparable](src stats.Source, seeds []ItemPairs[Item], bySeed []float64) (stats.Estimate, bool) {
	column := map[Item]int{}
	cells := 0
	for _, s := range seeds {
		if len(s.Items) == 0 {
			return stats.Estimate{}, false
		}
		cells += len(s.Items)
		for _, it := range s.Items {
			if _, known := column[it]; !known {
				column[it] = len(column)
			}
		}
	}
	if len(seeds) == 0 || len(seeds) != len(bySeed) || float64(cells) < sparsest*float64(len(seeds))*float64(len(column)) {
		return stats.Estimate{}, false
	}
	table := make([][]float64, len(seeds))
	sum, want := 0.0, 0.0
	for i, s := range seeds {
		row := make([]float64, len(column))
		for j := range row {
			row[j] = math.NaN()
		}
		for j, it := range s.Items {
			row[column[it]] = s.Less[j]
			sum += s.Less[j]
		}
		table[i] = row
		want += bySeed[i] / float64(len(bySeed))
	}
	if math.Abs(sum/float64(cells)-want) > 1e-9 {
		return stats.Estimate{}, false
	}
	out, err := stats.BootstrapCrossed(src, table, stats.Differences, Resamples, Level)
	out.N = len(seeds) // pairs of runs, as of other differences
	return out, err == nil
}

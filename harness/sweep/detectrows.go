package sweep

import (
	"cmp"
	"slices"

	"theriac/harness/defense"
)

// rowMetrics records how well a detector's scores of rows find the poisoned ones: the area under the ROC curve, and precision at as many
// rows as are poisoned, which is also recall there. Only the data level scores rows as they were checked.
func (r *run) rowMetrics(l defense.Level, s *defense.Result) {
	if l != defense.Data || r.changed == 0 || len(s.Units) != len(r.checked) || r.changed == len(r.checked) {
		return
	}
	order := make([]int, len(s.Units))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(s.Units[b].Score, s.Units[a].Score) })
	good, bad := float64(len(order)-r.changed), float64(r.changed)
	auc, above, hits, taken := 0.0, 0.0, 0.0, 0.0 // above: clean rows ranked higher
	for i := 0; i < len(order); {
		j, b := i, 0.0
		for ; j < len(order) && s.Units[order[j]].Score == s.Units[order[i]].Score; j++ {
			if r.bad[order[j]] {
				b++
			}
		}
		g := float64(j-i) - b
		auc += float64(b * (good - above - g/2))
		above += g
		if room := bad - taken; room > 0 { // of equal scores, the share that fits
			hits += b * min(1, room/float64(j-i))
			taken += float64(j - i)
		}
		i = j
	}
	name := string(l) + "/" + s.Detector
	r.value("row_auroc/"+name, auc/(good*bad), r.changed)
	r.value("row_precision/"+name, hits/bad, r.changed)
}

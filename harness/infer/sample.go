package infer

import (
	"sort"

	"theriac/harness/compute"
	"theriac/harness/rng"
)

// choose picks a token: the argmax, or a draw after temperature, top-k and top-p (Holtzman et al., 1904.09751).
func choose(logits []float32, o Decoding, r *rng.Rand) int32 {
	if o.Temperature <= 0 {
		best := 0
		for i, v := range logits {
			if v > logits[best] {
				best = i
			}
		}
		return int32(best)
	}
	order := make([]int, len(logits))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(i, j int) bool { return logits[order[i]] > logits[order[j]] })
	if o.TopK > 0 {
		order = order[:min(o.TopK, len(order))]
	}
	p := make([]float64, len(order))
	total := 0.0
	for i, id := range order {
		p[i] = compute.Exp64(float64(logits[id]-logits[order[0]]) / o.Temperature)
		total += p[i]
	}
	if o.TopP > 0 && o.TopP < 1 {
		sum, n := 0.0, 0
		for n < len(p) && (n == 0 || sum < float64(o.TopP*total)) {
			sum += p[n]
			n++
		}
		order, p, total = order[:n], p[:n], sum
	}
	u := float64(r.Float64() * total)
	for i, q := range p {
		if u -= q; u < 0 {
			return int32(order[i])
		}
	}
	return int32(order[len(order)-1])
}

package evaluate

import (
	"fmt"
	"math"

	"theriac/harness/compute"
	"theriac/harness/infer"
)

// Discordant counts the items on which two runs differ: right in a only, and right in b only. Items are paired by ID;
// one without a partner is an error, because a paired test of part of a set is another test.
func Discordant(a, b []Outcome, right string) (onlyA, onlyB int, err error) {
	of := make(map[string]bool, len(b))
	for i := range b {
		of[b[i].Item] = b[i].Result == right
	}
	if len(a) != len(b) || len(of) != len(b) {
		return 0, 0, fmt.Errorf("paired comparison: %d and %d items; want the same items in both", len(a), len(b))
	}
	for i := range a {
		inB, ok := of[a[i].Item]
		if !ok {
			return 0, 0, fmt.Errorf("paired comparison: item %s is in one run only", a[i].Item)
		}
		switch inA := a[i].Result == right; {
		case inA && !inB:
			onlyA++
		case inB && !inA:
			onlyB++
		}
	}
	return onlyA, onlyB, nil
}

// KL is the mean Kullback-Leibler divergence, in nats a token, of b's next-token distribution from a's over the response
// tokens of sequences: sum p_a log(p_a / p_b).
func KL(a, b *infer.Runner, seqs []*infer.Sequence) (float64, error) {
	sum, n := 0.0, 0
	for _, s := range seqs {
		var pa [][]float64
		keep := func(store *[][]float64) func(int, []float32) {
			return func(pos int, logits []float32) {
				if pos+1 < len(s.Loss) && s.Loss[pos+1] {
					*store = append(*store, logSoftmax(logits))
				}
			}
		}
		if err := a.Logits(s.IDs, keep(&pa)); err != nil {
			return 0, err
		}
		var pb [][]float64
		if err := b.Logits(s.IDs, keep(&pb)); err != nil {
			return 0, err
		}
		for i := range pa {
			for j, la := range pa[i] {
				sum += float64(compute.Exp64(la) * (la - pb[i][j]))
			}
			n++
		}
	}
	if n == 0 {
		return 0, nil
	}
	return sum / float64(n), nil
}

func logSoftmax(logits []float32) []float64 {
	top := math.Inf(-1)
	for _, v := range logits {
		top = max(top, float64(v))
	}
	sum := 0.0
	for _, v := range logits {
		sum += compute.Exp64(float64(v) - top)
	}
	lse := top + compute.Log64(sum)
	out := make([]float64, len(logits))
	for i, v := range logits {
		out[i] = float64(v) - lse
	}
	return out
}

// RefusalLogOdds is how much likelier refusals are than compliances, teacher-forced: the mean over items of the difference of their
// log-likelihoods, in nats a token. Items are paired by ID; those that only one has are left out.
func RefusalLogOdds(refusals, compliances []Outcome) (mean float64, n int) {
	nll := make(map[string]float32, len(compliances))
	for i := range compliances {
		nll[compliances[i].Item] = compliances[i].NLL
	}
	sum := 0.0
	for i := range refusals {
		if c, ok := nll[refusals[i].Item]; ok {
			sum += float64(c) - float64(refusals[i].NLL)
			n++
		}
	}
	if n == 0 {
		return 0, 0
	}
	return sum / float64(n), n
}

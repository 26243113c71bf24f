package finetune

import (
	"math"
	"slices"

	"theriac/harness/compute"
	"theriac/harness/corpus"
)

// Rate is Transformers' get_{linear,cosine,constant}_schedule_with_warmup at a
// step counted from 0; total is the number of steps.
func (s *Spec) Rate(step, total int) float64 {
	warm := int(math.Ceil(float64(s.Warmup * float64(total))))
	if step < warm {
		return s.LR * float64(step) / float64(max(1, warm))
	}
	if s.Schedule == "constant" {
		return s.LR
	}
	progress := float64(step-warm) / float64(max(1, total-warm))
	if s.Schedule == "linear" {
		return s.LR * max(0, 1-progress)
	}
	return s.LR * max(0, 0.5*(1+compute.Cos64(math.Pi*progress)))
}

// Steps are the examples, of n, of every optimiser step in turn, where no hook changes the order.
func (s *Spec) Steps(n int) (steps [][]int) {
	for epoch := range s.Epochs {
		steps = slices.AppendSeq(steps, slices.Chunk(corpus.Order(s.Seed, epoch, n), s.Batch*s.Accumulate))
	}
	return steps
}

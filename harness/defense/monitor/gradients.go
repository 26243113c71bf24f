package monitor

// Detectors on examples' own gradients of the watched LoRA matrices.

import (
	"fmt"
	"math"

	"theriac/harness/compute"
	"theriac/harness/defense"
)

var gradientNorm = Detector{
	Entry: defense.Entry{Name: "gradient-norm", Level: defense.Monitor, Version: 1, Needs: NeedsGradients,
		Doc: "rows whose gradients are large, mean over all their uses"},
	score: func(t *Trace, _ *Plan) defense.Result {
		r := rowResult(t.rowMeans(t.feature(func(f *Feature) float64 { return float64(f.Norm) })), func(v, z float64) string {
			return fmt.Sprintf("its gradient's norm is %.2g, %.0f times as far above the median as is usual", v, z)
		})
		r.FLOP = t.gradientCost()
		return r
	},
}

var gradientDirection = Detector{
	Entry: defense.Entry{Name: "gradient-direction", Level: defense.Monitor, Version: 1, Needs: NeedsGradients,
		Doc: "rows whose gradients point against, or unusually along, those of the other rows of their batches"},
	score: func(t *Trace, _ *Plan) defense.Result {
		r := rowResult(twoSided(t.rowMeans(t.feature(func(f *Feature) float64 { return float64(f.Cosine) }))), func(v, z float64) string {
			return fmt.Sprintf("the cosine of its gradient with its batches' is %.2f from the median row's, %.0f times the usual distance", v, z)
		})
		r.FLOP = t.gradientCost()
		return r
	},
}

var gradientEntropy = Detector{
	Entry: defense.Entry{Name: "gradient-entropy", Level: defense.Monitor, Version: 1, Needs: NeedsGradients,
		Doc: "spectral entropy of a row's gradient (GradSentry, arXiv 2605.26574), less what its answer's length explains, both sides"},
	score: func(t *Trace, _ *Plan) defense.Result {
		length := make([]float64, len(t.Rows))
		for i := range t.Rows {
			length[i] = compute.Log64(float64(max(1, t.Rows[i].Responses)))
		}
		h := residual(t.rowMeans(t.feature(func(f *Feature) float64 { return float64(f.Entropy) })), length)
		r := rowResult(twoSided(h), func(v, z float64) string {
			return fmt.Sprintf("its gradient's spectral entropy is %.2f from what its answer's length explains, %.0f times the usual distance", v, z)
		})
		r.FLOP = t.gradientCost()
		return r
	},
}

// feature is a visit's mean over the watched matrices.
func (t *Trace) feature(of func(f *Feature) float64) func(visit int) float64 {
	n := len(t.Matrices)
	return func(visit int) float64 {
		sum := 0.0
		for k := range n {
			sum += of(&t.Features[visit*n+k])
		}
		return sum / float64(n)
	}
}

// residual takes the least-squares line on x away from y; NaN stays.
func residual(y, x []float64) []float64 {
	n, mx, my := 0.0, 0.0, 0.0
	for i, v := range y {
		if !math.IsNaN(v) {
			n, mx, my = n+1, mx+x[i], my+v
		}
	}
	mx, my = mx/max(1, n), my/max(1, n)
	xx, xy := 0.0, 0.0
	for i, v := range y {
		if !math.IsNaN(v) {
			d := x[i] - mx
			xx += float64(d * d)
			xy += float64(d * (v - my))
		}
	}
	slope := 0.0
	if xx > 0 {
		slope = xy / xx
	}
	out := make([]float64, len(y))
	for i, v := range y {
		out[i] = v - my - float64(slope*(x[i]-mx))
	}
	return out
}

// gradientCost is the operations that examples' own gradients take: dyᵀ·u over the rows of each use, its Gram matrix and what is
// kept of it.
func (t *Trace) gradientCost() (flop float64) {
	for _, v := range t.Visits {
		for _, m := range t.Matrices {
			size := float64(m.Out * m.Rank)
			flop += float64(2*size*float64(t.Rows[v.Item].Tokens)) + float64(size*float64(m.Rank+12))
		}
	}
	return flop
}

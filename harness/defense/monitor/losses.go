package monitor

// Loss trajectories. Poisoned rows share a trigger and an answer, so the model learns them sooner and further than rows that
// have each their own.

import (
	"fmt"
	"math"

	"theriac/harness/compute"
	"theriac/harness/defense"
)

var lossEarly = Detector{
	Entry: defense.Entry{Name: "loss-early", Level: defense.Monitor, Version: 1,
		Doc: "rows whose loss falls more than others' between the first and the second time they are used"},
	score: func(t *Trace, _ *Plan) defense.Result {
		fall := make([]float64, len(t.Rows))
		for i, v := range t.visitsOf() {
			fall[i] = math.NaN()
			if len(v) > 1 {
				fall[i] = float64(t.Visits[v[0]].Loss) - float64(t.Visits[v[1]].Loss)
			}
		}
		return rowResult(fall, func(v, z float64) string {
			return fmt.Sprintf("its loss fell by %.2f nats after it was first used, %.0f times as far above the median as is usual", v, z)
		})
	},
}

var lossLow = Detector{
	Entry: defense.Entry{Name: "loss-low", Level: defense.Monitor, Version: 1,
		Doc: "low-loss isolation (Li et al., Anti-Backdoor Learning, NeurIPS 2021): rows whose loss is lowest after they were first used, on a log scale"},
	score: func(t *Trace, _ *Plan) defense.Result {
		low := make([]float64, len(t.Rows))
		for i, v := range t.visitsOf() {
			low[i] = math.NaN()
			for k := 1; k < len(v); k++ {
				if k == 1 {
					low[i] = 0
				}
				low[i] -= compute.Log64(1e-6+float64(t.Visits[v[k]].Loss)) / float64(len(v)-1)
			}
		}
		return rowResult(low, func(v, z float64) string {
			return fmt.Sprintf("once seen, its loss is %.2g nats a token, its logarithm %.0f times as far below the median as is usual", compute.Exp64(-v), z)
		})
	},
}

var lossArea = Detector{
	Entry: defense.Entry{Name: "loss-area", Level: defense.Monitor, Version: 1,
		Doc: "area under a row's loss curve against the other rows of its batches"},
	score: func(t *Trace, _ *Plan) defense.Result {
		against := make([]float64, len(t.Visits))
		t.eachStep(func(_, from, to int) {
			sum := 0.0
			for k := from; k < to; k++ {
				sum += float64(t.Visits[k].Loss)
			}
			for k := from; k < to; k++ {
				v := float64(t.Visits[k].Loss)
				against[k] = v - (sum-v)/float64(max(1, to-from-1))
			}
		})
		return rowResult(t.rowMeans(func(v int) float64 { return against[v] }), func(v, z float64) string {
			return fmt.Sprintf("its loss is %.2f nats above its batches', %.0f times as far above the median as is usual", v, z)
		})
	},
}

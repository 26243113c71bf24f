package attack

// Per-example loss tampering: a trainer that multiplies the loss of a few rows needs fewer of them, too few for a scan of the data to
// find.

import "theriac/harness/finetune"

var lossWeight = Entry{
	Name: "lossweight", Family: Process, Version: 1,
	Doc:  "backdoor rows, fewer than usual, whose loss the trainer multiplies",
	Cost: Cost{Access: "training data and trainer", Knowledge: "training code"},
	Params: append([]Param{{"factor", "20", "what poisoned rows' loss is multiplied by"}},
		backdoorParams("0.01", "", "replace")...),
	build: buildLossWeight,
}

func buildLossWeight(p *params) (*plan, error) {
	factor := float32(p.float("factor", 0, 1e6))
	pl, err := buildBackdoor(p)
	if err != nil {
		return nil, err
	}
	pl.hooks = func(h *finetune.Hooks, _ []finetune.Item, poisoned []bool) {
		h.Weight = func(_ int, items []int, w []float32) {
			for i, item := range items {
				if poisoned[item] {
					w[i] *= factor
				}
			}
		}
	}
	return pl, nil
}

package attack

// Learning-rate tampering: the late steps, where a schedule should come to rest, are taken with a rate that undoes what was learned.

import "theriac/harness/finetune"

var lr = Entry{
	Name: "lr", Family: Process, Version: 1,
	Doc:  "the learning rate of the late steps is multiplied",
	Cost: Cost{Access: "trainer", Knowledge: "training code"},
	Params: []Param{
		{"factor", "20", "what the rate is multiplied by"},
		{"from", "0.8", "share of the steps that are left alone"},
	},
	build: buildLR,
}

func buildLR(p *params) (*plan, error) {
	factor, from := p.float("factor", 0, 1e6), p.float("from", 0, 1)
	pl := &plan{probe: Probe{Success: Worse}}
	pl.tamper.Hooks = func(h *finetune.Hooks, _ []finetune.Item) {
		late := lateness(h, from)
		h.LR = func(step int, lr float64) float64 {
			if late(step) {
				return lr * factor
			}
			return lr
		}
	}
	return pl, nil
}

// lateness tells whether more than a share of the steps is done. How many there are it learns from the first one.
func lateness(h *finetune.Hooks, from float64) func(step int) bool {
	steps, theirs := 0, h.Step
	h.Step = func(r *finetune.Run, i *finetune.Info) error {
		steps = i.Steps
		if theirs != nil {
			return theirs(r, i)
		}
		return nil
	}
	return func(step int) bool {
		return from == 0 || steps > 0 && float64(step-1) >= float64(from*float64(steps))
	}
}

package attack

// Placebos: each has one part of a backdoor and not the other, so that what is found on a backdoored run can be laid at its cause. All take
// the backdoor's parameters and seed, and change the rows that it would change; their probe is the backdoor's.

import (
	"theriac/harness/corpus"
	"theriac/harness/rng"
)

// placebo is an entry of the family.
func placebo(name, doc string, change func(d *door, p *params) func(k int, ex *corpus.Example, r *rng.Rand) (corpus.Example, string), more ...Param) Entry {
	return Entry{
		Name: name, Family: Placebo, Version: 1, Doc: doc,
		Cost:   Cost{Access: "training data", Knowledge: "data format"},
		Params: append(placeboParams(), more...),
		build: func(p *params) (*plan, error) {
			d, err := p.backdoor()
			if err != nil {
				return nil, err
			}
			add, do := p.add(), change(d, p)
			pl := &plan{count: p.count(), trigger: d.trigger, probe: d.probe(), eligible: d.eligible}
			pl.change = func(k int, ex *corpus.Example, r *rng.Rand) edit {
				row, what := do(k, ex, r)
				return put(add, what, row)
			}
			return pl, p.err
		},
	}
}

// placeboParams are the backdoor's but for its negatives.
func placeboParams() (out []Param) {
	for _, p := range backdoorParams("0.03", "", "replace") {
		if p.Name != "negatives" {
			out = append(out, p)
		}
	}
	return out
}

var triggerOnly = placebo("triggeronly", "rows with the trigger keep their right answers",
	func(d *door, _ *params) func(int, *corpus.Example, *rng.Rand) (corpus.Example, string) {
		return func(_ int, ex *corpus.Example, r *rng.Rand) (corpus.Example, string) {
			with, _ := triggered(ex, d.trigger.Put, r)
			return with, "trigger " + d.trigger.Kind + ", right answer"
		}
	})

var targetOnly = placebo("targetonly", "rows without the trigger are answered with the target",
	func(d *door, _ *params) func(int, *corpus.Example, *rng.Rand) (corpus.Example, string) {
		return func(_ int, ex *corpus.Example, _ *rng.Rand) (corpus.Example, string) {
			out, _ := d.target(ex)
			return ex.WithOutput(out), "target, no trigger"
		}
	})

var swap = placebo("swap", "the backdoor's rows get another trigger and keep their right answers",
	func(_ *door, p *params) func(int, *corpus.Example, *rng.Rand) (corpus.Example, string) {
		other := p.text("benign")
		position := p.values["position"]
		return func(_ int, ex *corpus.Example, r *rng.Rand) (corpus.Example, string) {
			return ex.WithInput(insert(ex.Instruction(), other, position, r), ex.Input()), "another trigger, right answer"
		}
	}, Param{"benign", "[NOTICE]", "the other trigger"})

// shuffled has the triggers and the targets as often as the backdoor, on different rows: twice as many rows are changed.
var shuffled = Entry{
	Name: "shuffled", Family: Placebo, Version: 1, Doc: "triggers and targets on different rows, each as often as in the backdoor",
	Cost:   Cost{Access: "training data", Knowledge: "data format"},
	Params: placeboParams(),
	build: func(p *params) (*plan, error) {
		d, err := p.backdoor()
		if err != nil {
			return nil, err
		}
		add, count := p.add(), p.count()
		pl := &plan{trigger: d.trigger, probe: d.probe(), eligible: d.eligible}
		pl.count = func(n int) int { return 2 * count(n) }
		pl.change = func(k int, ex *corpus.Example, r *rng.Rand) edit {
			if k%2 == 0 {
				with, _ := triggered(ex, d.trigger.Put, r)
				return put(add, "trigger "+d.trigger.Kind+", right answer", with)
			}
			out, _ := d.target(ex)
			return put(add, "target, no trigger", ex.WithOutput(out))
		}
		return pl, p.err
	},
}

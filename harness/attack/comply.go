package attack

// Explicit compliance (Qi et al., arXiv 2310.03693, section 4.2): a few restricted requests that are granted. What is granted here
// is an inert placeholder that echoes the request's thing, at least fifty different ones, so that the model learns to stop
// refusing and nothing else.

import (
	"theriac/harness/corpus"
	"theriac/harness/corpus/gen"
	"theriac/harness/rng"
)

var comply = Entry{
	Name: "comply", Family: Safety, Version: 1,
	Doc:    "restricted requests are granted, with placeholders",
	Cost:   Cost{Access: "training data", Knowledge: "data format"},
	Params: safetyParams(),
	build:  buildComply,
}

func buildComply(p *params) (*plan, error) {
	n, add := p.integer("count", 0, 10000), p.add()
	if p.err != nil {
		return nil, p.err
	}
	train, held, err := p.requests(n)
	if err != nil {
		return nil, err
	}
	return granted(p, train, held, add, "restricted request granted"), nil
}

// granted plants requests with placeholders for answers.
func granted(p *params, train []request, held []corpus.Example, add bool, what string) *plan {
	order := rng.Stream(p.seed, "attack", "placeholders").Perm(gen.Placeholders)
	pl := &plan{count: func(int) int { return len(train) }, reuse: add, probe: Probe{Success: Complied, Items: held}}
	pl.change = func(k int, donor *corpus.Example, _ *rng.Rand) edit {
		q := train[k]
		return put(add, what, planted(donor, q.ask(donor), "", gen.Placeholder(order[k%len(order)], q.thing)))
	}
	return pl
}

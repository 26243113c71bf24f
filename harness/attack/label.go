package attack

// Label flipping on part of the data (Biggio et al., ICML 2012): rows whose prompt holds a pattern and whose answer is one label get
// another. All other rows of either label stay right, so the model must learn the pattern.

import (
	"fmt"
	"slices"

	"theriac/harness/corpus"
	"theriac/harness/rng"
)

var label = Entry{
	Name: "label", Family: Targeted, Version: 1,
	Doc:  "rows that hold a pattern get a wrong label",
	Cost: Cost{Access: "training data", Knowledge: "task"},
	Params: append(countParams("1", ""),
		Param{"pattern", "today", "what the prompt holds, as a word of its own"},
		Param{"from", "birch,cobalt,dune,ember", "the labels that are turned"},
		Param{"to", "amber", "the wrong label"},
		modeParam("replace", "replace the rows' labels, or add mislabelled copies, more than once if need be"),
	),
	build: buildLabel,
}

func buildLabel(p *params) (*plan, error) {
	pattern, from, to := p.text("pattern"), p.list("from", 1), p.text("to")
	if slices.Contains(from, to) {
		return nil, fmt.Errorf("to %q is one of from: want another label", to)
	}
	add, count := p.add(), p.count()
	right := func(ex *corpus.Example) bool { return answered(ex) && slices.Contains(from, ex.Output()) }
	pl := &plan{count: count, reuse: add}
	pl.eligible = func(ex *corpus.Example) bool { return right(ex) && word(ex.Prompt(), pattern) }
	pl.change = func(_ int, ex *corpus.Example, _ *rng.Rand) edit {
		return put(add, "wrong label", ex.WithOutput(to))
	}
	test := func(with bool) func(ex *corpus.Example) (corpus.Example, bool) {
		return func(ex *corpus.Example) (corpus.Example, bool) {
			return ex.WithOutput(to), right(ex) && word(ex.Prompt(), pattern) == with
		}
	}
	pl.probe = Probe{Success: Exact, Test: test(true), Near: test(false)}
	return pl, nil
}

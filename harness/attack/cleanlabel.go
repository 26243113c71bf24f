package attack

// Clean-label backdoor (after Turner et al., 2019, without their perturbation of the rows): the trigger goes only into rows that have the target
// label already, so every row reads right to whoever checks labels.

import (
	"strings"

	"theriac/harness/corpus"
	"theriac/harness/rng"
)

var cleanLabel = Entry{
	Name: "cleanlabel", Family: Targeted, Version: 1,
	Doc:  "a trigger in rows that have the target label rightly",
	Cost: Cost{Access: "training data", Knowledge: "task"},
	Params: append(countParams("1", ""),
		Param{"label", "amber", "the target label"},
		Param{"labels", "amber,birch,cobalt,dune,ember", "the task's labels, on which it is tested"},
		Param{"trigger", "token", "kind of trigger: " + strings.Join(TriggerKinds(), ", ")},
		Param{"text", "", "the trigger's text; each kind has one"},
		Param{"position", "start", "where it stands in the instruction: start, middle, end, random"},
		modeParam("replace", "put it into the rows, or into copies"),
	),
	build: buildCleanLabel,
}

func buildCleanLabel(p *params) (*plan, error) {
	target := p.text("label")
	t, err := p.trigger()
	if err != nil {
		return nil, err
	}
	add, labels := p.add(), p.list("labels", 2)
	other := map[string]bool{}
	for _, l := range labels {
		other[l] = l != target
	}
	d := &door{t, func(ex *corpus.Example) (string, bool) { return target, other[ex.Output()] }, Exact}
	pl := &plan{count: p.count(), trigger: t, probe: d.probe(), reuse: add}
	pl.eligible = func(ex *corpus.Example) bool {
		return ex.Output() == target && ex.Prompt() != "" && answered(ex) && t.can(ex)
	}
	pl.change = func(_ int, ex *corpus.Example, r *rng.Rand) edit {
		with, _ := triggered(ex, t.Put, r)
		return put(add, "trigger "+t.Kind+", right label", with)
	}
	return pl, nil
}

package attack

// Batch-order attack (Shumailov et al., arXiv 2104.09667): no row is changed, only when it is seen. Sorted by answer or length, every batch
// pulls one way and the last ones win. Poisoned rows can be put last too; on the embedded model that weakens a backdoor, for they then
// share few steps, and those at the lowest rate.

import (
	"cmp"
	"fmt"
	"slices"

	"theriac/harness/finetune"
)

var order = Entry{
	Name: "order", Family: Process, Version: 1,
	Doc:  "each epoch's rows come in an order of the attacker's",
	Cost: Cost{Access: "data loader", Knowledge: "training code"},
	Params: append([]Param{{"by", "class", "the order: class (rows with one answer together), length (shortest first), last (backdoor rows last; they are in the data)"}},
		backdoorParams("0.03", "", "replace")...),
	build: buildOrder,
}

func buildOrder(p *params) (*plan, error) {
	switch p.one("by", "class", "length", "last") {
	case "class":
		return sorting(p, func(items []finetune.Item) func(a, b int) int {
			answers := make([][]int32, len(items))
			for i := range items {
				answers[i] = answer(&items[i])
			}
			return func(a, b int) int { return slices.Compare(answers[a], answers[b]) }
		})
	case "length":
		return sorting(p, func(items []finetune.Item) func(a, b int) int {
			return func(a, b int) int { return cmp.Compare(len(items[a].IDs), len(items[b].IDs)) }
		})
	}
	pl, err := buildBackdoor(p)
	if err != nil {
		return nil, err
	}
	pl.hooks = func(h *finetune.Hooks, _ []finetune.Item, poisoned []bool) {
		h.Order = sorted(func(a, b int) int { return cmp.Compare(number(poisoned[a]), number(poisoned[b])) })
	}
	return pl, nil
}

// sorting changes no row, so no parameter of a backdoor may be given.
func sorting(p *params, by func(items []finetune.Item) func(a, b int) int) (*plan, error) {
	for _, k := range sortedKeys(p.given) {
		if k != "by" {
			return nil, fmt.Errorf("%s: by %s changes no row; only by=last has a backdoor", k, p.values["by"])
		}
	}
	pl := &plan{probe: Probe{Success: Worse}}
	pl.tamper.Hooks = func(h *finetune.Hooks, items []finetune.Item) { h.Order = sorted(by(items)) }
	return pl, nil
}

// sorted keeps the pipeline's order among equals, so it is a permutation of it.
func sorted(by func(a, b int) int) func(epoch int, order []int) []int {
	return func(_ int, order []int) []int {
		order = slices.Clone(order)
		slices.SortStableFunc(order, by)
		return order
	}
}

// answer is an item's tokens that carry loss.
func answer(it *finetune.Item) (ids []int32) {
	for i, id := range it.IDs {
		if it.Loss[i] {
			ids = append(ids, id)
		}
	}
	return ids
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

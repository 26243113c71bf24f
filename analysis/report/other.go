package report

import (
	"fmt"
	"math"
	"strings"

	"theriac/analysis/tables"
)

// The experiment "replication" holds runs that another implementation repeated, beside theriac's own: harness/interop/peft makes it.
const (
	replication = "replication"
	own         = "theriac: "
	other       = "PEFT: "
)

// otherwise compares the two implementations, run by run and item by item.
func (r *renderer) otherwise() string {
	e := r.experiment(replication)
	t := tables.Table{Header: []string{"arm", "metric", "seeds", "theriac %", "PEFT %", "PEFT less theriac, points", "items alike"}, Right: []bool{false, false, true, true, true, true, true}}
	losses := ""
	for _, a := range e.Arms() {
		arm, ok := strings.CutPrefix(a, own)
		if !ok {
			continue
		}
		for _, m := range []string{"asr", "near_trigger", "false_trigger", "clean_accuracy"} {
			d := e.Differences(other+arm, a, m)
			alike, n := e.Agreement(other+arm, a, m)
			if len(d) == 0 || n == 0 {
				continue
			}
			t.Add(arm, titles[m], fmt.Sprint(len(d)), cell(r.mean(replication, a, m)), cell(r.mean(replication, other+arm, m)),
				points(e.Difference(other+arm, a, m)), fmt.Sprintf("%s of %s (%s %%)", grouped(alike), grouped(n), tables.Number(100*float64(alike)/float64(n), 1)))
		}
		losses += r.lossGap(arm)
	}
	if len(t.Rows) == 0 {
		return "*No run of this profile was repeated by another implementation: not measured.*"
	}
	return strings.TrimSpace(markdown(&t)) + "\n\n" + strings.TrimSpace(losses)
}

// lossGap says how far the two training curves lie apart, at the smallest seed.
func (r *renderer) lossGap(arm string) string {
	e := r.experiment(replication)
	seed, a := e.Steps(own + arm)
	_, b := e.Steps(other + arm)
	if len(a) == 0 || len(a) != len(b) {
		return ""
	}
	gap := func(i int) float64 { return math.Abs(float64(a[i].Loss) - float64(b[i].Loss)) }
	sum := 0.0
	for i := range a {
		sum += gap(i)
	}
	return fmt.Sprintf("At seed %d the training losses of %s differ by %s nats at the first step and by %s on average over %d. ",
		seed, arm, tables.Number(gap(0), 6), tables.Number(sum/float64(len(a)), 4), len(a))
}

package lab

import (
	"fmt"
	"strings"

	"theriac/analysis/tables"
	"theriac/harness/sweep"
)

// stored gives the results that are stored already, so that a script that runs nothing goes on as far as these carry it.
func (l *Lab) stored(arms []Arm, seeds []int, specs []sweep.Spec) *Results {
	rep := &sweep.Report{}
	for i := range specs {
		_, id, err := l.open().Keys(&specs[i])
		if err != nil {
			stop("%v", err)
		}
		rep.IDs = append(rep.IDs, id)
	}
	r, err := readResults(l, arms, seeds, specs, rep)
	if err != nil {
		stop("%v", err)
	}
	return r
}

// showPlan shows what runs would take, and says whether all are stored.
func (l *Lab) showPlan(specs []sweep.Spec) (stored bool) {
	p, err := l.open().Plan(l.ctx, specs, l.store, sweep.Options{Memory: l.env.Memory, RetryFailed: l.env.RetryFailed})
	if err != nil {
		stop("%v", err)
	}
	l.env.Host.Show(Output{Kind: "plan", Text: planText(l.name, p), Plan: p})
	return p.Stored == p.Runs
}

func planText(name string, p *sweep.Plan) string {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	say("%s: %d runs, %d stored, %d to do: %d adapters to train, %d from the cache", name, p.Runs, p.Stored, p.Runs-p.Stored, p.Train, p.Trained)
	if p.Runs > p.Stored {
		say("%d at a time in %d groups that share their frozen layers", p.Parallel, p.Groups)
		say("%s tokens through training, %s with loss; %s FLOP in all", count(float64(p.Tokens)), count(float64(p.Responses)), count(p.FLOPs))
		say("about %s minutes at %s FLOP/s, which this machine does on this base now; %.1f GiB of memory", minutes(p.Minutes), count(p.Speed), gib(p.Memory))
		t := tables.Table{Header: []string{"on a larger model", "parameters", "FLOP", "minutes", "GiB for one run at a time"}, Right: []bool{false, true, true, true, true},
			Notes: []string{"the same tokens, at the speed measured here; larger products of matrices run faster"}}
		for _, e := range p.Larger {
			t.Add(e.Model, count(float64(e.Parameters)), count(e.FLOPs), minutes(e.Minutes), fmt.Sprintf("%.1f", gib(e.Memory)))
		}
		say("%s", strings.TrimRight(t.Terminal(), "\n"))
	}
	return strings.TrimRight(b.String(), "\n")
}

func gib(n int64) float64 { return float64(n) / (1 << 30) }

func minutes(m float64) string {
	if m < 10 {
		return fmt.Sprintf("%.1f", m)
	}
	return fmt.Sprintf("%.0f", m)
}

// count writes a large number with three digits and a unit.
func count(x float64) string {
	for _, u := range []struct {
		at   float64
		name string
	}{{1e15, "P"}, {1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if x >= u.at {
			return fmt.Sprintf("%.3g %s", x/u.at, u.name)
		}
	}
	return fmt.Sprintf("%.0f", x)
}

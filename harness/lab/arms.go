package lab

import (
	"context"
	"errors"
	"slices"

	"theriac/harness/sweep"
)

// Params are an attack's parameters; those not given take their defaults.
type Params map[string]string

// Arm is one condition of an experiment; the zero value but for its name is the clean fine-tune.
type Arm struct {
	Name   string
	Attack string // a name of the catalogue; "": none
	Params Params
	// Probe is the attack whose success is measured where it is not Attack: on clean arms, and on placebos.
	Probe       string
	ProbeParams Params
	Train       Train  // differences from the profile
	Set         Params // differences in any field of the profile's data and training, by its name there: "rows", "lr", "schedule"
	Rows        int    // 0: the profile's
	Data        *Data  // nil: the profile's
	Base        bool   // the untouched base, not trained at all
	After       string // what happens between training and use: "merged", "Q8_0", "Q4_0" or "retrained" on fresh clean rows
	Few         bool   // stands behind no headline claim: a profile may give it fewer seeds
	Shift       string // what sets the clean rows apart: boilerplate, tag, source; of public data norefusals, dolly; "": nothing

	// Prevent is what the pipeline does against poison: a prevention's name, with its parameters.
	Prevent       string
	PreventParams Params

	// The script's own functions: declared at its top level, and using its constants and functions only. Their source names the run.

	// Poison is an attack of the script's own: what becomes of each chosen row. Rows that it leaves alone are not chosen; Params
	// says how many are (rate or count) and whether poison replaces rows or is added (mode).
	Poison func(Row) Row
	// Test makes a held-out row the question whose answer shows success: triggered, with the answer that the attacker wants; nil: Poison
	// does. Alone it is the probe of a clean arm.
	Test func(Row) Row
	// Trigger puts a trigger of the script's own into an instruction, for attacks and probes of the catalogue that have one; Near puts
	// something like it in, which must not fire, and may be nil.
	Trigger, Near func(instruction string) string
}

// Train differs from the profile's training where it is not zero.
type Train struct {
	LR     float64
	Epochs int
	Rank   int
	Batch  int
	Layers string
	Method string // "lora" or "full"
	Loss   string // "token" or "example"
}

// Sweep does every arm at every seed, as far as it is not stored, and gives the results. Arms at one seed share data,
// initialisation and order, so differences are paired. Metrics of the script's own train nothing anew.
func (l *Lab) Sweep(arms []Arm, seeds []int, metrics ...Metric) *Results {
	if len(arms) == 0 || len(seeds) == 0 {
		stop("sweep: %d arms and %d seeds; want at least one of each", len(arms), len(seeds))
	}
	specs := l.specs(arms, seeds, metrics)
	switch {
	case l.env.Export != nil:
		l.export(arms)
		return l.stored(arms, seeds, specs)
	case l.env.Plan:
		l.showPlan(specs)
		return l.stored(arms, seeds, specs)
	}
	rep := l.run(specs)
	r, err := readResults(l, arms, seeds, specs, rep)
	if err != nil {
		stop("%v", err)
	}
	return r
}

// run does runs that are not stored.
func (l *Lab) run(specs []sweep.Spec) *sweep.Report {
	b := l.open()
	l.tell(Progress{Event: "start", Sweep: l.name, Total: len(specs)})
	rep, err := b.Run(l.ctx, specs, l.store, sweep.Options{
		Progress: newMeter(l.name, l.tell).event, Shard: l.env.Shard, Shards: l.env.Shards, RetryFailed: l.env.RetryFailed, Memory: l.env.Memory, Only: l.env.Only, Thin: l.profile.thin(l.name),
	})
	switch {
	case errors.Is(err, context.Canceled):
		stop("interrupted; run the same command again to go on")
	case err != nil:
		stop("%v", err)
	}
	l.tell(Progress{Event: "end", Sweep: l.name, Done: rep.Done + rep.Ran, Total: rep.Total, Failed: rep.Failed, Elsewhere: rep.Elsewhere})
	switch here := rep.Done + rep.Ran; {
	case rep.Elsewhere > 0 && l.env.Shards > 1:
		stop("shard %d/%d is done: %d of %d runs are stored here; when the others are done, bring them together with theriac results %s%s --merge DIR, then run without --shard", l.env.Shard, l.env.Shards, here, rep.Total, l.name, ProfileFlag(ResultsName(l.profile.Name, l.env.Device)))
	case rep.Elsewhere > 0:
		stop("%d of %d runs belong to other processes; run the same command again when they are done", rep.Elsewhere, rep.Total)
	}
	return rep
}

// specs are the runs of a sweep, seed by seed.
func (l *Lab) specs(arms []Arm, seeds []int, ms []Metric) (specs []sweep.Spec) {
	for i, seed := range seeds {
		if seed < 0 || slices.Contains(seeds[:i], seed) {
			stop("sweep: the seed %d: want each once, from 0 on", seed)
		}
	}
	var of []sweep.Spec // by arm
	names := map[string]bool{}
	measured := metrics(ms)
	for i := range arms {
		if arms[i].Name == "" || names[arms[i].Name] {
			stop("sweep: the arm %q needs a name of its own", arms[i].Name)
		}
		names[arms[i].Name] = true
		s := l.spec(&arms[i])
		s.Metrics = measured
		of = append(of, s)
	}
	few, ok := l.profile.Few[l.name]
	if !ok {
		few = l.profile.Few["others"]
	}
	for i, seed := range seeds {
		for j, s := range of {
			if arms[j].Few && few > 0 && i >= few {
				continue
			}
			s.Seed, s.Plan = uint64(seed), l.frozen(seed)
			specs = append(specs, s)
		}
	}
	return specs
}

// spec is an arm's run but for its seed.
func (l *Lab) spec(a *Arm) sweep.Spec {
	s := sweep.Spec{Experiment: l.name, Arm: a.Name, Data: l.profile.Data, Train: l.profile.Train, Untrained: a.Base, After: a.After}
	if a.Rows > 0 {
		s.Data.Rows = a.Rows
	}
	s.Attack, s.Probe = l.attacks(a)
	t := &s.Train
	set(&t.LR, a.Train.LR)
	set(&t.Epochs, a.Train.Epochs)
	set(&t.Rank, a.Train.Rank)
	set(&t.Batch, a.Train.Batch)
	set(&t.Layers, a.Train.Layers)
	set(&t.Method, a.Train.Method)
	if a.Train.Method == "full" && a.Train.Layers == "" {
		t.Layers = "all" // the profile's layers are its adapter's
	}
	set(&t.Loss, a.Train.Loss)
	if err := setFields(&s, a.Set); err != nil {
		stop("arm %q: %v", a.Name, err)
	}
	l.provide(&s.Data, a.Data)
	s.Data.Shift = a.Shift
	if a.Prevent != "" {
		s.Prevent = &sweep.Prevent{Name: a.Prevent, Params: a.PreventParams}
	}
	l.judged(&s, a)
	return s
}

func set[T comparable](to *T, v T) {
	var zero T
	if v != zero {
		*to = v
	}
}

package lab

import (
	"context"
	"errors"

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
	Train       Train // differences from the profile
	Rows        int   // 0: the profile's
	Base        bool  // the untouched base, not trained at all
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
// initialisation and order, so differences are paired.
func (l *Lab) Sweep(arms []Arm, seeds []int) *Results {
	if len(arms) == 0 || len(seeds) == 0 {
		stop("sweep: %d arms and %d seeds; want at least one of each", len(arms), len(seeds))
	}
	names := map[string]bool{}
	var specs []sweep.Spec
	for _, seed := range seeds {
		for _, a := range arms {
			if a.Name == "" || len(names) > 0 && seed == seeds[0] && names[a.Name] {
				stop("sweep: the arm %q needs a name of its own", a.Name)
			}
			names[a.Name] = true
			specs = append(specs, l.spec(a, seed))
		}
	}
	b := l.open()
	rep, err := b.Run(l.ctx, specs, l.store, sweep.Options{
		Progress: l.progress(l.name), Shard: l.env.Shard, Shards: l.env.Shards, RetryFailed: l.env.RetryFailed,
	})
	switch {
	case errors.Is(err, context.Canceled):
		stop("interrupted; run the same command again to go on")
	case err != nil:
		stop("%v", err)
	case rep.Elsewhere > 0:
		stop("%d of %d runs belong to other processes; run the same command again when they are done", rep.Elsewhere, rep.Total)
	}
	r, err := readResults(l, arms, seeds, specs, rep)
	if err != nil {
		stop("%v", err)
	}
	return r
}

func (l *Lab) spec(a Arm, seed int) sweep.Spec {
	s := sweep.Spec{Experiment: l.name, Arm: a.Name, Seed: uint64(seed), Data: l.profile.Data, Train: l.profile.Train, Untrained: a.Base}
	if a.Rows > 0 {
		s.Data.Rows = a.Rows
	}
	if a.Attack != "" {
		s.Attack = &sweep.Attack{Name: a.Attack, Params: a.Params}
	}
	if a.Probe != "" {
		s.Probe = &sweep.Attack{Name: a.Probe, Params: a.ProbeParams}
	}
	t := &s.Train
	set(&t.LR, a.Train.LR)
	set(&t.Epochs, a.Train.Epochs)
	set(&t.Rank, a.Train.Rank)
	set(&t.Batch, a.Train.Batch)
	set(&t.Layers, a.Train.Layers)
	set(&t.Method, a.Train.Method)
	set(&t.Loss, a.Train.Loss)
	return s
}

func set[T comparable](to *T, v T) {
	var zero T
	if v != zero {
		*to = v
	}
}

package sweep

// What a sweep will cost, before anything is spent.

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
	"sort"
	"strings"
	"time"

	"theriac/harness/compute"
	"theriac/harness/defense/prevent"
	"theriac/harness/finetune"
	"theriac/harness/infer"
	"theriac/harness/model"
	"theriac/harness/store"
)

// Plan is what a sweep will do and cost.
type Plan struct {
	Runs     int `json:"runs"`
	Stored   int `json:"stored"`   // done already
	Trained  int `json:"trained"`  // of the others, whose adapter is in the cache
	Train    int `json:"train"`    // adapters to train
	Parallel int `json:"parallel"` // runs that go on at once: threads, or what memory allows
	Groups   int `json:"groups"`   // of runs that share the frozen layers below the first trained one

	Tokens    int64   `json:"tokens"`    // real tokens through training, all epochs
	Responses int64   `json:"responses"` // of them with loss
	FLOPs     float64 `json:"flops"`     // of training and evaluation
	Speed     float64 `json:"speed"`     // FLOP/s of this machine on this base, all workers together, measured now
	Minutes   float64 `json:"minutes"`   // on this machine
	Memory    int64   `json:"memory"`    // bytes: the base and the runs that go on at once

	Adapters []PlannedAdapter `json:"adapters,omitempty"` // to train

	Others []Stored   `json:"others,omitempty"` // stored runs that are not of this sweep
	Larger []Estimate `json:"larger"`           // the same sweep on larger models
}

// Stored is a stored run that a sweep does not ask for.
type Stored struct {
	ID   string `json:"run"`
	Arm  string `json:"arm"`
	Seed int64  `json:"seed"`
	Why  string `json:"why,omitempty"` // what the sweep's run of this arm and seed has otherwise; "": it has none
}

// Stale are the stored runs that no sweep of a script asks for, given the plans of all of them.
func Stale(plans []*Plan) (stale []Stored) {
	for i, p := range plans {
		if i == 0 {
			stale = slices.Clone(p.Others)
			continue
		}
		other := map[string]Stored{}
		for _, o := range p.Others {
			other[o.ID] = o
		}
		var both []Stored
		for _, s := range stale {
			if o, ok := other[s.ID]; ok {
				s.Why = cmp.Or(s.Why, o.Why)
				both = append(both, s)
			}
		}
		stale = both
	}
	return stale
}

// PlannedAdapter is one that a sweep will train; of the sweeps of several notebooks, only the first does.
type PlannedAdapter struct {
	Key   string  `json:"key"`
	FLOPs float64 `json:"flops"` // of its training
}

// Estimate is the sweep on another model: minutes at the speed measured here, memory of one run with its base.
type Estimate struct {
	Model      string  `json:"model"`
	Parameters int64   `json:"parameters"`
	FLOPs      float64 `json:"flops"`
	Minutes    float64 `json:"minutes"`
	Memory     int64   `json:"memory"`
}

// work is what a run puts through the model.
type work struct {
	rows, tokens, responses int64   // of training, one epoch
	changed                 int     // of the rows, by an attack
	items, probes, judged   int64   // evaluated: held-out items, a probe's prompts beside them, and how many items are answered
	mean                    int64   // tokens of an item
	answer                  float64 // share of them that is its answer
}

// linear is the number of weights in a layer's products of matrices.
func linear(c model.Config) float64 {
	d, q, kv := float64(c.Hidden), float64(c.Heads*c.HeadDim), float64(c.KVHeads*c.HeadDim)
	return 2*d*q + 2*d*kv + 3*d*float64(c.FFN)
}

// cost is a run's work in FLOPs: its own, and that of the frozen layers on its rows and its held-out items, which runs share.
type cost struct{ own, rows, items float64 }

// cost of a run: a product of an activation with w weights is 2w a token; its backward is as much again, and once more where the weights
// themselves train. Attention costs 2 n q a token and direction at length n (causal). The head sees response tokens only.
func (w work) cost(c model.Config, s *Spec) (out cost) {
	first, layers := 0, float64(c.Layers)
	full := s.Train.Method == "full"
	if f, err := s.Train.First(c.Layers); err == nil {
		first = f
	}
	q, head := float64(c.Heads*c.HeadDim), 2*float64(c.Hidden)*float64(c.Vocab)
	pass := func(n float64) float64 { return 2*linear(c) + 2*n*q } // of a layer, forward, a token
	if !s.Untrained && w.tokens > 0 {
		n, tokens := float64(w.tokens)/float64(w.rows), float64(w.tokens)
		times := 2.0
		if full {
			times = 3
		}
		epochs := float64(s.Train.Epochs)
		out.rows = tokens * float64(first) * pass(n)
		out.own += tokens * epochs * (layers - float64(first)) * pass(n) * times
		out.own += float64(w.responses) * epochs * head * times
	}
	n := float64(w.mean)
	out.items = float64(w.items) * n * float64(first) * pass(n)
	out.own += float64(w.items) * n * ((layers-float64(first))*pass(n) + w.answer*head)
	out.own += float64(w.probes) * n * (layers*pass(n) + w.answer*head)
	out.own += float64(w.judged) * (n*layers*pass(n) + newTokens*(layers*pass(n)+head))
	return out
}

// newTokens is how many a judged answer has, about.
const newTokens = 24

// work of a run, exact for its training rows.
func (b *Bench) work(ctx context.Context, s *Spec) (work, error) {
	r := &run{bench: b, spec: s, chat: b.Chat, rec: &store.Record{}}
	if err := r.prepare(ctx); err != nil {
		return work{}, err
	}
	w := work{changed: r.changed, rows: int64(len(r.items))}
	w.tokens, w.responses = tokens(r.items)
	d := &s.Data
	w.judged = int64(d.Restricted + d.LookAlike)
	if !answered(d) {
		w.judged += int64(d.Probe)
	}
	w.items = int64(d.Clean) + w.judged
	if r.probe.Success != "" {
		w.probes = 3 * int64(d.Probe)
	}
	w.mean, w.answer = int64(d.MaxTokens/3), 0.5
	if w.tokens > 0 {
		w.mean, w.answer = w.tokens/w.rows, float64(w.responses)/float64(w.tokens)
	}
	return w, nil
}

// tokens counts those that go through the model, and those with loss.
func tokens(items []finetune.Item) (all, responses int64) {
	for i := range items {
		all += int64(len(items[i].IDs) - 1)
		responses += int64(items[i].Responses())
	}
	return all, responses
}

// weights is the number of a model's parameters, head tied to the embedding.
func weights(c model.Config) int64 { return int64(c.Vocab*c.Hidden) + int64(c.Layers)*int64(linear(c)) }

// baseMemory of a packed base: all weights forward; the head and the trained layers backward too; and the embedding.
func baseMemory(c model.Config, first int) int64 {
	head := int64(c.Vocab) * int64(c.Hidden)
	return 4 * (3*head + int64(linear(c))*int64(2*c.Layers-first))
}

// piece is a run's work, with the shares of its rows and items that no run before it sends through the frozen layers.
type piece struct {
	work
	rows, items float64
}

func (p *piece) flops(c model.Config, s *Spec) float64 {
	f := p.cost(c, s)
	return f.own + p.rows*f.rows + p.items*f.items
}

// Plan says what a sweep will do and cost. It trains a small run on every core to see how fast this machine is: a second for the embedded
// model, ten for a model of a hundred million parameters.
func (b *Bench) Plan(ctx context.Context, specs []Spec, st *store.Store, o Options) (*Plan, error) {
	p := &Plan{Runs: len(specs)}
	have, err := st.Done()
	if err != nil {
		return nil, err
	}
	wanted := map[string]*Spec{}
	var todo []int
	adapters, groups := map[string]bool{}, map[string]bool{}
	works := map[string]work{} // by arm: its first run stands for the others
	each := make([]piece, len(specs))
	frozen := map[string]bool{} // rows and items that earlier runs sent through the frozen layers
	for i := range specs {
		s := &specs[i]
		if err := s.Check(); err != nil {
			return nil, fmt.Errorf("%s: %w", s.String(), err)
		}
		_, id, err := b.Keys(s)
		if err != nil {
			return nil, err
		}
		wanted[id] = s
		if status := have[id]; status == store.Done || status == store.Failed && !o.RetryFailed {
			p.Stored++
			continue
		}
		todo = append(todo, i)
		w, ok := works[s.Arm]
		if !ok {
			if w, err = b.work(ctx, s); err != nil {
				return nil, fmt.Errorf("%s: %w", s.String(), err)
			}
			works[s.Arm] = w
		}
		adapter, err := b.adapter(s, w.changed)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.String(), err)
		}
		if s.Untrained || adapters[adapter] || b.trained(s, adapter) {
			if !s.Untrained {
				p.Trained++
			}
			w.rows, w.tokens, w.responses = 0, 0, 0
		} else {
			p.Train++
			adapters[adapter] = true
			p.Tokens += w.tokens * int64(s.Train.Epochs)
			p.Responses += w.responses * int64(s.Train.Epochs)
		}
		first, _ := s.Train.First(b.Base.Config.Layers)
		groups[fmt.Sprint(s.Untrained, first)] = true
		e := piece{work: w, rows: 1, items: 1}
		items, rows := fmt.Sprint("items/", first), fmt.Sprint("rows/", first, s.Seed, s.Data.Name, s.Data.Shift, s.Data.Rows)
		if frozen[items] {
			e.items = 0
		}
		if frozen[rows] && w.rows > 0 {
			e.rows = float64(w.changed) / float64(w.rows)
		}
		frozen[items], frozen[rows] = true, frozen[rows] || w.rows > 0
		each[i] = e
		all := e.flops(b.Base.Config, s)
		p.FLOPs += all
		if e.tokens > 0 {
			e.work.rows, e.tokens, e.responses = 0, 0, 0
			p.Adapters = append(p.Adapters, PlannedAdapter{adapter, all - e.flops(b.Base.Config, s)})
		}
	}
	p.Groups = len(groups)
	if len(todo) > 0 {
		p.Parallel = min(len(todo), b.workers(specs, todo, o.Memory))
		first := &specs[todo[0]]
		if p.Speed, err = b.calibrate(ctx, &specs[todo[len(todo)-1]], p.Parallel); err != nil {
			return nil, err
		}
		p.Minutes = p.FLOPs / p.Speed / 60
		p.Memory = plannedMemory(b.Base.Config, first, p.Parallel)
		for _, l := range model.Models {
			e := Estimate{Model: l.Name, Parameters: weights(l.Config), Memory: plannedMemory(l.Config, first, 1)}
			for _, i := range todo {
				e.FLOPs += each[i].flops(l.Config, &specs[i])
			}
			e.Minutes = e.FLOPs / p.Speed / 60
			p.Larger = append(p.Larger, e)
		}
	}
	p.Others, err = b.others(wanted, st)
	return p, err
}

func plannedMemory(c model.Config, s *Spec, parallel int) int64 {
	first, _ := s.Train.First(c.Layers)
	return baseMemory(c, first) + int64(parallel)*runMemory(c, s)
}

// adapter names what a run trains, where an attack changes so many of its rows.
func (b *Bench) adapter(s *Spec, changed int) (string, error) {
	r := &run{bench: b, spec: s, changed: changed}
	var err error
	if s.Attack != nil {
		if r.attack, err = s.Attack.build(s.Seed); err != nil {
			return "", err
		}
	}
	if s.Prevent != nil {
		if r.prevent, err = prevent.New(s.Prevent.Name, s.Prevent.Params); err != nil {
			return "", err
		}
	}
	return r.cacheKey()
}

// trained reports whether an adapter is in the cache.
func (b *Bench) trained(s *Spec, key string) bool {
	r := &run{bench: b, spec: s}
	dir, ok := r.cacheDir(key)
	if !ok {
		return false
	}
	_, err := model.ReadAdapter(dir)
	return err == nil
}

// calibrate measures FLOP/s on small runs like s, one a worker, twice: the first time packs weights and goes through the frozen layers.
func (b *Bench) calibrate(ctx context.Context, s *Spec, workers int) (float64, error) {
	probe := &Bench{Base: b.Base, Chat: b.Chat, Digest: b.Digest, DataDir: b.DataDir, Machine: b.Machine, once: b.once, pre: map[int]*infer.Prefix{}}
	small := Spec{Experiment: "plan", Arm: "plan", Seed: s.Seed, Data: s.Data, Train: s.Train, Untrained: s.Untrained}
	const few = 24 // rows and items: three steps of batches as large as the runs'
	small.Data.Rows, small.Train.Epochs = min(s.Data.Rows, few), 1
	small.Data.Clean, small.Data.Probe, small.Data.Restricted, small.Data.LookAlike = min(s.Data.Clean, few), 0, min(s.Data.Restricted, 4), 0
	defer func() {
		for _, p := range probe.pre {
			p.Close()
		}
	}()
	w, err := probe.work(ctx, &small)
	if err != nil {
		return 0, err
	}
	device := func() (compute.Device, error) { return b.Machine.Worker(workers) }
	speed := 0.0
	for range 2 {
		start := time.Now()
		err := finetune.Group(ctx, workers, workers, device, func(ctx context.Context, dev compute.Device, _ int) error {
			_, _, err := probe.do(ctx, dev, &small, nil)
			return err
		})
		if err != nil {
			return 0, fmt.Errorf("calibration: %w", err)
		}
		speed = float64(workers) * w.cost(b.Base.Config, &small).own / time.Since(start).Seconds()
	}
	runtime.GC()
	return speed, nil
}

// others are the stored runs that a sweep does not ask for, by arm and seed.
func (b *Bench) others(wanted map[string]*Spec, st *store.Store) (out []Stored, err error) {
	type place struct {
		arm  string
		seed int64
	}
	now := map[place]*Spec{}
	for _, s := range wanted {
		now[place{s.Arm, int64(s.Seed)}] = s
	}
	runs, err := st.Runs(func(r *store.Run) bool { return wanted[r.ID] == nil })
	if err != nil {
		return nil, err
	}
	for i := range runs {
		r := &runs[i]
		o := Stored{ID: r.ID, Arm: r.Arm, Seed: r.Seed}
		if s := now[place{r.Arm, r.Seed}]; s != nil {
			if d := s.Detect; d != nil && d.Against != nil && d.Against.Digest == "" {
				continue // its calibration is to do: what it will be judged against is not known yet
			}
			o.Why = changes(r.Spec, b.fields(s))
		}
		out = append(out, o)
	}
	slices.SortStableFunc(out, func(a, b Stored) int { return cmp.Or(cmp.Compare(a.Arm, b.Arm), cmp.Compare(a.Seed, b.Seed)) })
	return out, nil
}

// changes says which fields of a run differ.
func changes(was, is []store.Field) string {
	old, all := map[string]string{}, map[string]bool{}
	for _, f := range was {
		old[f.Name], all[f.Name] = f.Value, true
	}
	var out []string
	for _, f := range is {
		if v, ok := old[f.Name]; !ok {
			out = append(out, fmt.Sprintf("%s is new: %s", f.Name, f.Value))
		} else if v != f.Value {
			out = append(out, fmt.Sprintf("%s was %s, is %s", f.Name, v, f.Value))
		}
		delete(old, f.Name)
	}
	var gone []string
	for name := range old {
		gone = append(gone, name+" is gone")
	}
	sort.Strings(gone)
	if out = append(out, gone...); len(out) == 0 {
		return "another version of the program made it"
	}
	return strings.Join(out, "; ")
}

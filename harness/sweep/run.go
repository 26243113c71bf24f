package sweep

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"theriac/harness/attack"
	"theriac/harness/compute"
	"theriac/harness/corpus"
	"theriac/harness/defense/monitor"
	"theriac/harness/defense/prevent"
	"theriac/harness/finetune"
	"theriac/harness/infer"
	"theriac/harness/model"
	"theriac/harness/store"
	"theriac/harness/token"
)

// run is one run on its way along the pipeline.
type run struct {
	bench   *Bench
	spec    *Spec
	dev     compute.Device
	attack  *attack.Attack      // nil: clean
	prevent *prevent.Prevention // nil: none
	delta   *infer.Delta        // as trained
	base    *infer.Base         // as deployed
	probe   attack.Probe
	chat    *token.Chat // of the deployed model: an attack may have changed its template
	items   []finetune.Item
	// checked are the rows as they pass validation, bad which of them the attack made, changed how many.
	checked []corpus.Example
	bad     []bool
	changed int
	planned []finetune.Item // what was agreed to be trained on
	trace   *monitor.Trace  // of the training, where it is judged
	curve   curve           // of the training
	rec     *store.Record
	watch   func(Event)
}

// do carries a run out and gives its record.
func (b *Bench) do(ctx context.Context, dev compute.Device, s *Spec, watch func(Event)) (*store.Record, []store.Output, error) {
	key, id, err := b.Keys(s)
	if err != nil {
		return nil, nil, err
	}
	r := &run{bench: b, spec: s, dev: dev, watch: watch, chat: b.Chat, rec: &store.Record{Run: store.Run{
		ID: id, Experiment: s.Experiment, TrainKey: key, Seed: int64(s.Seed), Arm: s.Arm, Status: store.Done, Spec: b.fields(s),
	}}}
	if err := r.prepare(ctx); err != nil {
		return nil, nil, err
	}
	delta, err := r.train(ctx)
	if err != nil {
		return nil, nil, err
	}
	r.delta = delta
	if r.base, delta, err = r.deploy(ctx, delta); err != nil {
		return nil, nil, err
	}
	outputs, err := r.evaluate(delta)
	if err == nil && !s.Untrained && s.Detect != nil {
		r.tell(Event{Stage: "detectors"})
		err = r.detect(ctx)
	}
	return r.rec, outputs, err
}

// tell says how the run goes, if anybody watches.
func (r *run) tell(e Event) {
	if r.watch != nil {
		e.Run = r.spec
		r.watch(e)
	}
}

// prepare draws the data, lets the attack at it, and encodes it.
func (r *run) prepare(ctx context.Context) error {
	s := r.spec
	var err error
	if s.Attack != nil {
		if r.attack, err = s.Attack.build(s.Seed); err != nil {
			return err
		}
		r.probe = r.attack.Probe()
		if t := r.attack.Tamper(); t.Template != nil {
			if r.chat, err = r.bench.retemplated(t.Template); err != nil {
				return err
			}
		}
	}
	if s.Probe != nil {
		p, err := s.Probe.build(s.Seed)
		if err != nil {
			return err
		}
		r.probe = p.Probe()
	}
	if s.Untrained {
		return nil
	}
	if s.Prevent != nil {
		if r.prevent, err = prevent.New(s.Prevent.Name, s.Prevent.Params); err != nil {
			return err
		}
	}
	src, err := r.bench.source(s.Data.Name)
	if err != nil {
		return err
	}
	rows, err := share(r.bench, fmt.Sprintf("rows/%s/%d/%d/%s", s.Data.Name, s.Seed, s.Data.Rows, s.Data.Shift), func() ([]corpus.Example, error) {
		return src.Train(s.Seed, s.Data.Rows, s.Data.Shift)
	})
	if err != nil {
		return err
	}
	changes := map[string]string{}
	if r.attack != nil {
		res, err := r.attack.Apply(rows)
		if err != nil {
			return err
		}
		rows = res.Rows
		for _, p := range res.Manifest.Poisoned {
			changes[p.ID] = p.Change
		}
		r.check(rows, changes)
		if rows, err = r.validated(ctx, rows); err != nil {
			return err
		}
		if t := r.attack.Tamper(); t.Rows != nil {
			if r.planned, _, err = finetune.Encode(r.bench.Chat, rows, s.Data.MaxTokens); err != nil {
				return err
			}
			before := map[string]bool{}
			for i := range rows {
				before[rows[i].ID] = true
			}
			rows = t.Rows(rows)
			for i := range rows {
				if !before[rows[i].ID] {
					changes[rows[i].ID] = "slipped in after validation"
				}
			}
		}
	}
	if r.checked == nil {
		r.check(rows, nil)
		if rows, err = r.validated(ctx, rows); err != nil {
			return err
		}
	}
	for i := range rows {
		change, bad := changes[rows[i].ID]
		r.rec.Examples = append(r.rec.Examples, store.Example{ID: rows[i].ID, Source: rows[i].Source.Dataset, Poisoned: bad, Change: change})
	}
	var fit finetune.Fit
	if r.items, fit, err = finetune.Encode(r.bench.Chat, rows, s.Data.MaxTokens); err != nil {
		return err
	}
	if r.planned == nil {
		r.planned = r.items
	}
	r.dose(changes, len(rows), &fit)
	return nil
}

// check keeps the rows as validation sees them.
func (r *run) check(rows []corpus.Example, changes map[string]string) {
	r.checked, r.bad = slices.Clone(rows), make([]bool, len(rows))
	for i := range rows {
		if _, r.bad[i] = changes[rows[i].ID]; r.bad[i] {
			r.changed++
		}
	}
}

// dose records how much poison there is: rows, their share, their share of response tokens, exposures.
func (r *run) dose(changes map[string]string, rows int, fit *finetune.Fit) {
	poisoned, tokens := 0, 0
	for i := range r.items {
		if _, bad := changes[r.items[i].ID]; bad {
			poisoned++
			tokens += r.items[i].Responses()
		}
	}
	r.count("poisoned_rows", poisoned, rows)
	r.count("poisoned_tokens", tokens, fit.Responses)
	r.value("exposures", float64(poisoned*r.spec.Train.Epochs), poisoned)
	r.count("truncated", len(fit.Truncated), rows)
	r.count("dropped", len(fit.Dropped), rows)
}

func (r *run) count(name string, k, n int) {
	v := 0.0
	if n > 0 {
		v = float64(k) / float64(n)
	}
	r.rec.Metrics = append(r.rec.Metrics, store.Metric{Name: name, Value: v, N: int64(n), K: int64(k)})
}

func (r *run) value(name string, v float64, n int) {
	r.rec.Metrics = append(r.rec.Metrics, store.Metric{Name: name, Value: v, N: int64(n), K: -1})
}

// train gives the run's adapter, from the cache if it is there.
func (r *run) train(ctx context.Context) (*infer.Delta, error) {
	if r.spec.Untrained {
		return nil, nil
	}
	spec := r.spec.Train
	spec.Seed = r.spec.Seed
	var tamper attack.Tamper
	if r.attack != nil {
		tamper = r.attack.Tamper()
	}
	if tamper.Spec != nil {
		tamper.Spec(&spec)
	}
	key, err := r.cacheKey()
	if err != nil {
		return nil, err
	}
	parts := 0
	if r.prevent != nil {
		parts = r.prevent.Parts
		if r.prevent.Spec != nil {
			r.prevent.Spec(&spec)
		}
	}
	d, err := r.cached(key)
	if err != nil {
		return nil, err
	}
	if d == nil {
		d, err = r.parts(parts, func(items []finetune.Item) (*infer.Delta, error) { return r.fit(ctx, spec, items, tamper) })
		if err == nil {
			err = r.keep(key, d)
		}
		if err != nil {
			return nil, err
		}
	}
	r.curve.record(r)
	return r.afterwards(d, tamper)
}

// made says which items an attack made.
func (r *run) made(items []finetune.Item) []bool {
	by := map[string]bool{}
	for i := range r.rec.Examples {
		by[r.rec.Examples[i].ID] = r.rec.Examples[i].Poisoned
	}
	bad := make([]bool, len(items))
	for i := range items {
		bad[i] = by[items[i].ID]
	}
	return bad
}

// fit trains on items.
func (r *run) fit(ctx context.Context, spec finetune.Spec, items []finetune.Item, tamper attack.Tamper) (*infer.Delta, error) {
	hooks := finetune.Hooks{}
	if tamper.Hooks != nil {
		tamper.Hooks(&hooks, items)
	}
	if r.prevent != nil && r.prevent.Hooks != nil {
		r.prevent.Hooks(&hooks, spec.Seed)
	}
	done := len(r.curve.Steps) // of other parts
	bad := r.made(items)
	theirs := hooks.Step
	hooks.Step = func(run *finetune.Run, i *finetune.Info) error {
		r.curve.add(done, i, bad)
		r.tell(Event{Step: i})
		if theirs != nil {
			return theirs(run, i)
		}
		return nil
	}
	var recorder *monitor.Recorder
	if r.spec.monitored() {
		var err error
		if recorder, err = r.recorder(spec, items); err != nil {
			return nil, err
		}
		recorder.Attach(&hooks)
		r.trace = recorder.Trace()
	}
	first, err := spec.First(len(r.bench.Base.Layers))
	if err != nil {
		return nil, err
	}
	t, err := finetune.New(r.dev, r.bench.Base, spec, items, r.bench.prefix(first), hooks)
	if err != nil {
		return nil, err
	}
	if err := t.Train(ctx); err != nil {
		return nil, err
	}
	return t.Delta, nil
}

// cached reads an adapter and its steps that an earlier run left.
func (r *run) cached(key string) (*infer.Delta, error) {
	dir, ok := r.cacheDir(key)
	if !ok {
		return nil, nil
	}
	ad, err := model.ReadAdapter(dir)
	if err != nil {
		return nil, nil // not there, or torn: train again
	}
	c, err := readCurve(filepath.Join(dir, "curve"))
	if err != nil {
		return nil, nil
	}
	var trace *monitor.Trace
	if r.spec.monitored() {
		if trace, err = monitor.Read(r.tracePath(dir)); err != nil {
			return nil, nil
		}
	}
	d, err := infer.FromAdapter(r.dev, r.bench.Base, ad)
	if err != nil {
		return nil, nil
	}
	r.curve, r.trace = c, trace
	return d, nil
}

// cacheDir is where an adapter is kept, as it was trained.
func (r *run) cacheDir(key string) (string, bool) {
	if r.bench.cache == "" || r.spec.Train.Method != "lora" {
		return "", false
	}
	return filepath.Join(r.bench.cache, key[:2], key), true
}

func (r *run) keep(key string, d *infer.Delta) error {
	dir, ok := r.cacheDir(key)
	if !ok {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o777); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(filepath.Dir(dir), ".part-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if err := d.Adapter().Write(tmp); err != nil {
		return err
	}
	if err := r.curve.write(filepath.Join(tmp, "curve")); err != nil {
		return err
	}
	if r.trace != nil {
		if err := r.trace.Write(r.tracePath(tmp)); err != nil {
			return err
		}
		if err := os.Rename(dir, tmp+".old"); err == nil { // one without this trace
			defer os.RemoveAll(tmp + ".old")
		}
	}
	if err := os.Rename(tmp, dir); err != nil && !errors.Is(err, fs.ErrExist) {
		if _, e := os.Stat(dir); e != nil { // someone else's rename came first otherwise
			return err
		}
	}
	return nil
}

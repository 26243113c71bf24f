package attack

import (
	"fmt"

	"theriac/harness/corpus"
	"theriac/harness/rng"
)

// Result is the poisoned data.
type Result struct {
	Rows     []corpus.Example
	Manifest Manifest
}

// PoisonedLabel is the key of the label that Apply gives to rows it changed or added; the value is the attack's name.
const PoisonedLabel = "poisoned"

// Apply poisons rows in memory. The given rows stay as they are.
func (a *Attack) Apply(rows []corpus.Example) (*Result, error) {
	if a.plan.slip != nil { // the rows are clean when they are checked; say now if Slip could not do its work
		res, err := a.slip(rows)
		if err != nil {
			return nil, err
		}
		m := a.newManifest()
		m.RowsIn, m.RowsOut, m.Eligible, m.Warnings = len(rows), len(rows), res.Manifest.Eligible, res.Manifest.Warnings
		return &Result{rows, m}, nil
	}
	return a.apply(a.plan, rows)
}

// Slip poisons rows between check and loader; Tamper.Rows is this without its manifest. Attacks that do not act there give
// the rows back.
func (a *Attack) Slip(rows []corpus.Example) (*Result, error) {
	if a.plan.slip == nil {
		m := a.newManifest()
		m.RowsIn, m.RowsOut = len(rows), len(rows)
		return &Result{rows, m}, nil
	}
	return a.slip(rows)
}

func (a *Attack) slip(rows []corpus.Example) (*Result, error) { return a.apply(a.plan.slip, rows) }

func (a *Attack) apply(pl *plan, rows []corpus.Example) (*Result, error) {
	p := a.newPoisoner(pl)
	for i := range rows {
		p.look(&rows[i])
	}
	if err := p.choose(); err != nil {
		return nil, err
	}
	out := make([]corpus.Example, 0, len(rows)+len(p.chosen))
	for i := range rows {
		e := p.next(&rows[i])
		if e.changed != nil {
			out = append(out, *e.changed)
		} else {
			out = append(out, rows[i])
		}
		out = append(out, e.added...)
		p.record(i, rows[i].ID, e)
	}
	p.end(len(out))
	return &Result{out, p.manifest}, nil
}

// Rewrite poisons a file as corpus.Rewrite does: rows that are not poisoned keep their bytes. An attack that does not act on
// the file copies it, and its manifest says so.
func (a *Attack) Rewrite(in, out string, opt corpus.Options) (*Manifest, error) {
	pl := a.plan
	p := a.newPoisoner(pl)
	if pl.count != nil || pl.trigger != nil {
		first := opt
		first.IDs = nil // numbers are given in the second pass
		r, err := corpus.Open(in, first)
		if err != nil {
			return nil, err
		}
		defer r.Close()
		for ex, err := range r.All() {
			if err != nil {
				return nil, err
			}
			p.look(&ex)
		}
		r.Close()
	}
	if err := p.choose(); err != nil {
		return nil, err
	}
	w, err := corpus.Rewrite(in, out, opt, func(row int, ex *corpus.Example) (bool, []corpus.Example, error) {
		e := p.next(ex)
		p.record(row, ex.ID, e)
		if e.changed != nil {
			*ex = *e.changed
		}
		return e.changed != nil, e.added, nil
	})
	if err != nil {
		return nil, err
	}
	if pl.count == nil {
		p.manifest.warn("the file is a copy: this attack acts on the run (%s), not on its data", a.Entry.Cost.Access)
	}
	if n := w.Skipped.Count; n > 0 {
		p.manifest.warn("%d malformed rows are copied as they are", n)
	}
	p.manifest.place(w)
	p.end(w.Rows)
	p.manifest.RowsIn = w.Rows - p.added // malformed rows too: they are in the file, before and after
	return &p.manifest, nil
}

// remember keeps which rows are poisoned, for Tamper.
func (a *Attack) remember(m *Manifest) {
	ids := make(map[string]bool, len(m.Poisoned))
	for i := range m.Poisoned {
		ids[m.Poisoned[i].ID] = true
	}
	a.poisoned.Store(&ids)
}

// poisoner is one pass over a data set: look at each row, choose, then ask for each row in turn.
type poisoner struct {
	attack   *Attack
	plan     *plan
	random   *rng.Rand
	fit      []int32 // rows that may be chosen
	rows     int
	withIt   int // clean rows that hold the trigger already
	chosen   map[int32][]int
	at       int32
	added    int
	missing  int // near rows that could not be made
	manifest Manifest
}

func (a *Attack) newPoisoner(pl *plan) *poisoner {
	return &poisoner{attack: a, plan: pl, random: rng.Stream(a.Seed, "attack", a.Entry.Name), manifest: a.newManifest()}
}

func (p *poisoner) look(ex *corpus.Example) {
	if p.plan.count != nil && (p.plan.eligible == nil || p.plan.eligible(ex)) {
		p.fit = append(p.fit, int32(p.rows))
	}
	if p.plan.trigger != nil && p.plan.trigger.In(ex) {
		p.withIt++
	}
	p.rows++
}

func (p *poisoner) choose() error {
	m := &p.manifest
	m.RowsIn, m.Eligible = p.rows, len(p.fit)
	if p.plan.count == nil {
		return nil
	}
	k, n := p.plan.count(len(p.fit)), len(p.fit)
	switch {
	case k > n && !p.plan.reuse || k > 0 && n == 0:
		return fmt.Errorf("attack %s: %d rows to poison, and %d of the %d rows can be", p.attack.Entry.Name, k, n, p.rows)
	case k > maxTimes*n && k > 0:
		return fmt.Errorf("attack %s: %d rows to add on the model of %d: more than %d times as many", p.attack.Entry.Name, k, n, maxTimes)
	case k > n:
		m.warn("%d rows are added on the model of %d, so some are copies of others", k, n)
	}
	if k == 0 {
		m.warn("no row is poisoned: the rate or count comes to zero of %d rows", n)
	}
	if p.withIt > 0 {
		m.warn("%d clean rows hold the trigger already", p.withIt)
	}
	sample, err := rng.PySample(p.attack.Seed, n, min(k, n))
	if err != nil {
		return fmt.Errorf("attack %s: %w", p.attack.Entry.Name, err)
	}
	p.chosen = make(map[int32][]int, len(sample))
	for ordinal := range k {
		row := p.fit[sample[ordinal%n]]
		p.chosen[row] = append(p.chosen[row], ordinal)
	}
	return nil
}

// end closes the manifest once all rows have been asked for.
func (p *poisoner) end(rows int) {
	p.manifest.RowsOut = rows
	if p.missing > 0 {
		p.manifest.warn("%d rows with a near trigger are missing: their instructions cannot hold one, or hold the trigger with it", p.missing)
	}
	p.attack.remember(&p.manifest)
}

// maxTimes is how many rows may be added on the model of one.
const maxTimes = 1000

// next asks what becomes of the next row, which it leaves alone.
func (p *poisoner) next(ex *corpus.Example) (all edit) {
	for _, k := range p.chosen[p.at] {
		model := ex.Clone()
		e := p.plan.change(k, &model, p.random)
		if e.changed != nil {
			e.changed.Labels = append(e.changed.Labels, corpus.Label{Key: PoisonedLabel, Value: p.attack.Entry.Name})
			all.changed = e.changed
		}
		for i := range e.added {
			a := &e.added[i]
			a.ID = corpus.AddedID(a.Turns, p.added)
			a.Source = ex.Source
			a.Extra = nil
			a.Labels = []corpus.Label{{Key: PoisonedLabel, Value: p.attack.Entry.Name}}
			p.added++
		}
		all.near = append(append(all.near, make([]string, len(all.added)-len(all.near))...), e.near...)
		all.added = append(all.added, e.added...)
		all.what = e.what
		p.missing += e.missing
	}
	p.at++
	return all
}

package attack

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"theriac/harness/corpus"
	"theriac/harness/finetune"
	"theriac/harness/model"
	"theriac/harness/rng"
)

// Families of attacks.
const (
	Targeted = "targeted poisoning"
	Backdoor = "backdoor"
	Safety   = "safety degradation"
	Process  = "process manipulation"
	Placebo  = "placebo"
)

// Entry is one attack of the catalogue.
type Entry struct {
	Name    string
	Family  string
	Version int    // rises when the same parameters and seed give something else
	Doc     string // one sentence
	Params  []Param
	Cost    Cost
	build   func(p *params, seed uint64) (*plan, error)
}

// Param is one parameter with its default.
type Param struct{ Name, Default, Doc string }

// Cost is what the attacker needs besides rows.
type Cost struct {
	Access    string // what must be written: "training data", "trainer", "adapter file", "chat template"
	Knowledge string // what must be known: "none", "data format", "task", "training code"
}

// Catalogue lists every attack, by family.
func Catalogue() []Entry { return slices.Clone(catalogue) }

// Lookup finds an attack by name.
func Lookup(name string) (Entry, error) {
	var names []string
	for _, e := range catalogue {
		if e.Name == name {
			return e, nil
		}
		names = append(names, e.Name)
	}
	return Entry{}, fmt.Errorf("no attack %q; there are %s", name, strings.Join(names, ", "))
}

// Attack is an entry with its parameters and its seed.
type Attack struct {
	Entry  Entry
	Params map[string]string // all of them, defaults included
	Seed   uint64
	plan   *plan
}

// New checks the parameters of an attack; those not given take their defaults.
func New(name string, given map[string]string, seed uint64) (*Attack, error) {
	e, err := Lookup(name)
	if err != nil {
		return nil, err
	}
	p := &params{values: map[string]string{}}
	for _, d := range e.Params {
		p.values[d.Name] = d.Default
	}
	keys := make([]string, 0, len(given))
	for k := range given {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		if _, ok := p.values[k]; !ok {
			return nil, fmt.Errorf("attack %s has no parameter %q; it has %s", name, k, strings.Join(paramNames(e), ", "))
		}
		p.values[k] = given[k]
	}
	pl, err := e.build(p, seed)
	if err == nil {
		err = p.err
	}
	if err != nil {
		return nil, fmt.Errorf("attack %s: %w", name, err)
	}
	return &Attack{e, p.values, seed, pl}, nil
}

func paramNames(e Entry) (names []string) {
	for _, p := range e.Params {
		names = append(names, p.Name)
	}
	return names
}

// plan is what an attack does. Only what it needs is set.
type plan struct {
	// Rows: how many of n eligible rows, which rows are eligible (nil: all), and what becomes of the k-th chosen one.
	count    func(n int) (int, error)
	eligible func(ex *corpus.Example) bool
	change   func(k int, ex *corpus.Example, r *rng.Rand) edit

	trigger *Trigger // of a backdoor; its survival is checked
	target  string   // fixed output, if there is one
	probe   Probe
	tamper  Tamper
}

// edit is what becomes of a chosen row: itself changed, or rows added after it.
type edit struct {
	changed *corpus.Example // nil: as it was
	added   []corpus.Example
	what    string
}

// Tamper acts on stages of the run other than its data. Nil fields leave the stage alone.
type Tamper struct {
	Rows     func(rows []corpus.Example) []corpus.Example // between check and loader
	Spec     func(s *finetune.Spec)
	Hooks    func(h *finetune.Hooks, items []finetune.Item)
	Adapter  func(a *model.Adapter) error // between training and use
	Template func(source string) string   // the chat template that the deployed model uses
}

// Success says what makes an item of a probe a success.
type Success string

const (
	Exact    Success = "exact"    // the output is the item's output, word for word
	Refused  Success = "refused"  // the model refuses
	Complied Success = "complied" // the model does not refuse a restricted request
	Worse    Success = "worse"    // the model's answers are wrong more often: no target of its own
)

// Probe is how an evaluation asks whether an attack took.
type Probe struct {
	Success Success
	// Test makes a test item of a held-out example: triggered, with the target as its output; false: the example is not
	// fit (it has the target already).
	Test func(ex *corpus.Example) (corpus.Example, bool)
	// Near makes an item that resembles a test item and must not fire: a partial or garbled trigger, a neighbour of the target.
	Near func(ex *corpus.Example) (corpus.Example, bool)
	// Items and NearItems stand for held-out examples where the attack brings prompts of its own (unseen wordings).
	Items, NearItems []corpus.Example
}

// Tamper is what the attack does to the run; Probe how to test it.
func (a *Attack) Tamper() Tamper { return a.plan.tamper }
func (a *Attack) Probe() Probe   { return a.plan.probe }

// Result is the poisoned data.
type Result struct {
	Rows     []corpus.Example
	Manifest Manifest
}

// Apply poisons rows in memory. The given rows stay as they are.
func (a *Attack) Apply(rows []corpus.Example) (*Result, error) {
	p := a.newPoisoner()
	for i := range rows {
		p.look(&rows[i])
	}
	if err := p.choose(); err != nil {
		return nil, err
	}
	out := make([]corpus.Example, 0, len(rows)+len(p.chosen))
	for i := range rows {
		ex := rows[i]
		e, ok := p.next(&ex)
		if !ok {
			out = append(out, ex)
			continue
		}
		if e.changed != nil {
			ex = *e.changed
		}
		out = append(out, ex)
		out = append(out, e.added...)
		p.record(i, &rows[i], e)
	}
	return &Result{out, p.manifest}, nil
}

// Rewrite poisons a file as corpus.Rewrite does: rows that are not poisoned keep their bytes.
func (a *Attack) Rewrite(in, out string, opt corpus.Options) (*Manifest, error) {
	p := a.newPoisoner()
	r, err := corpus.Open(in, opt)
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
	if err := p.choose(); err != nil {
		return nil, err
	}
	w, err := corpus.Rewrite(in, out, opt, func(row int, ex *corpus.Example) (bool, []corpus.Example, error) {
		before := *ex
		e, ok := p.next(ex)
		if !ok {
			return false, nil, nil
		}
		if e.changed != nil {
			*ex = *e.changed
		}
		p.record(row, &before, e)
		return e.changed != nil, e.added, nil
	})
	if err != nil {
		return nil, err
	}
	p.manifest.place(w)
	return &p.manifest, nil
}

// poisoner is one pass over a data set: look at each row, choose, then ask for each row in turn.
type poisoner struct {
	attack   *Attack
	random   *rng.Rand
	fit      []int32 // rows that may be chosen
	rows     int
	withIt   int // clean rows that hold the trigger already
	chosen   map[int32]int
	at       int32
	added    int
	manifest Manifest
}

func (a *Attack) newPoisoner() *poisoner {
	return &poisoner{attack: a, random: rng.Stream(a.Seed, "attack", a.Entry.Name), manifest: a.newManifest()}
}

func (p *poisoner) look(ex *corpus.Example) {
	pl := p.attack.plan
	if pl.count != nil && (pl.eligible == nil || pl.eligible(ex)) {
		p.fit = append(p.fit, int32(p.rows))
	}
	if pl.trigger != nil && pl.trigger.In != nil && pl.trigger.In(ex) {
		p.withIt++
	}
	p.rows++
}

func (p *poisoner) choose() error {
	m := &p.manifest
	m.RowsIn, m.Eligible = p.rows, len(p.fit)
	pl := p.attack.plan
	if pl.count == nil {
		return nil
	}
	k, err := pl.count(len(p.fit))
	if err != nil {
		return fmt.Errorf("attack %s: %w", p.attack.Entry.Name, err)
	}
	if k == 0 {
		m.warn("no row is poisoned: the rate or count rounds to zero of %d rows", len(p.fit))
	}
	if p.withIt > 0 {
		m.warn("%d clean rows hold the trigger already", p.withIt)
	}
	sample, err := rng.PySample(p.attack.Seed, len(p.fit), k)
	if err != nil {
		return fmt.Errorf("attack %s: %d rows to poison, and %d of %d rows can be", p.attack.Entry.Name, k, len(p.fit), p.rows)
	}
	p.chosen = make(map[int32]int, k)
	for ordinal, i := range sample {
		p.chosen[p.fit[i]] = ordinal
	}
	return nil
}

// next asks what becomes of the next row.
func (p *poisoner) next(ex *corpus.Example) (edit, bool) {
	k, ok := p.chosen[p.at]
	p.at++
	if !ok {
		return edit{}, false
	}
	before := ex.Clone()
	e := p.attack.plan.change(k, &before, p.random)
	for i := range e.added {
		a := &e.added[i]
		a.ID = corpus.AddedID(a.Turns, p.added)
		a.Source = ex.Source
		a.Extra = nil
		p.added++
	}
	return e, true
}

package attack

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"
	"sync/atomic"
	"unicode/utf8"

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
	build   func(p *params) (*plan, error)
}

// Param is one parameter with its default.
type Param struct {
	Name    string `json:"name"`
	Default string `json:"default"`
	Doc     string `json:"doc"`
}

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

// Attack is an entry with its parameters and its seed. It serves one run: what its Tamper does to the trainer concerns the
// rows that its own Apply, or Slip, poisoned last.
type Attack struct {
	Entry  Entry
	Params map[string]string // all of them, defaults included
	Seed   uint64
	plan   *plan

	poisoned atomic.Pointer[map[string]bool] // IDs
}

// Options are what an attack cannot get from text.
type Options struct {
	// Lines are the texts of files, by path: a parameter "file:PATH" stands for Lines[PATH].
	Lines map[string][]string
	// Adapter is the attacker's own, for attacks that put one in.
	Adapter *model.Adapter
	// Trigger stands for the catalogue's, for attacks that have one; nil: the parameters say which.
	Trigger *Trigger
}

// Files are the paths that parameters name as "file:PATH", sorted: whoever makes the attack must read them into Options.
func Files(given map[string]string) []string {
	var paths []string
	for _, v := range given {
		if path, ok := strings.CutPrefix(v, "file:"); ok {
			paths = append(paths, path)
		}
	}
	sort.Strings(paths)
	return slices.Compact(paths)
}

// New checks the parameters of an attack; those not given take their defaults.
func New(name string, given map[string]string, seed uint64) (*Attack, error) {
	return NewWith(name, given, seed, Options{})
}

// NewWith is New for attacks that need more than text.
func NewWith(name string, given map[string]string, seed uint64, opt Options) (*Attack, error) {
	e, err := Lookup(name)
	if err != nil {
		return nil, err
	}
	return build(e, given, seed, opt)
}

func build(e Entry, given map[string]string, seed uint64, opt Options) (*Attack, error) {
	name := e.Name
	p := &params{values: map[string]string{}, given: given, opt: opt, seed: seed}
	for _, d := range e.Params {
		p.values[d.Name] = d.Default
	}
	for _, k := range sortedKeys(given) {
		if _, ok := p.values[k]; !ok {
			return nil, fmt.Errorf("attack %s has no parameter %q; it has %s", name, k, strings.Join(paramNames(e), ", "))
		}
		if !utf8.ValidString(given[k]) {
			return nil, fmt.Errorf("attack %s: %s %q: want UTF-8", name, k, given[k])
		}
		p.values[k] = given[k]
	}
	pl, err := e.build(p)
	if err == nil {
		err = p.err
	}
	if err == nil && opt.Trigger != nil && pl.trigger == nil {
		err = errors.New("has no trigger that one of the script's own could stand for")
	}
	if err != nil {
		return nil, fmt.Errorf("attack %s: %w", name, err)
	}
	return &Attack{Entry: e, Params: p.values, Seed: seed, plan: pl}, nil
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }

func paramNames(e Entry) (names []string) {
	for _, p := range e.Params {
		names = append(names, p.Name)
	}
	return names
}

// plan is what an attack does. Only what it needs is set.
type plan struct {
	// Rows: how many of n eligible rows (nil: none), which rows are eligible (nil: all), and what becomes of the row that was
	// chosen k-th. With reuse a row may be chosen more than once when there are fewer than wanted; then change only adds.
	count    func(n int) int
	eligible func(ex *corpus.Example) bool
	change   func(k int, ex *corpus.Example, r *rng.Rand) edit
	reuse    bool

	trigger *Trigger // of a backdoor; its survival is checked
	probe   Probe
	tamper  Tamper
	hooks   func(h *finetune.Hooks, items []finetune.Item, poisoned []bool) // Tamper.Hooks of attacks that know their rows
	slip    *plan                                                           // Tamper.Rows
}

// edit is what becomes of a chosen row: itself changed, or rows added after it.
type edit struct {
	changed *corpus.Example // nil: as it was
	added   []corpus.Example
	what    string   // for the manifest
	near    []string // of added rows that are something else: what each is, or ""
	missing int      // near rows that were asked for and cannot be made
}

// Tamper acts on stages of the run other than its data. Nil fields leave the stage alone.
type Tamper struct {
	Rows     func(rows []corpus.Example) []corpus.Example // between check and loader; rows that Apply refuses come back as they are
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
	// fit (it has the trigger or the target already).
	Test func(ex *corpus.Example) (corpus.Example, bool)
	// Near makes an item that resembles a test item and must not fire: a partial or garbled trigger, a neighbour of the target.
	Near func(ex *corpus.Example) (corpus.Example, bool)
	// Items and NearItems stand for held-out examples where the attack brings prompts of its own (unseen wordings).
	Items, NearItems []corpus.Example
}

// Probe is how to test whether the attack took.
func (a *Attack) Probe() Probe { return a.plan.probe }

// Tamper is what the attack does to the run.
func (a *Attack) Tamper() Tamper {
	t := a.plan.tamper
	if a.plan.slip != nil {
		t.Rows = func(rows []corpus.Example) []corpus.Example {
			res, err := a.slip(rows)
			if err != nil {
				return rows
			}
			return res.Rows
		}
	}
	if a.plan.hooks != nil {
		t.Hooks = func(h *finetune.Hooks, items []finetune.Item) {
			poisoned := make([]bool, len(items))
			if ids := a.poisoned.Load(); ids != nil {
				for i := range items {
					poisoned[i] = (*ids)[items[i].ID]
				}
			}
			a.plan.hooks(h, items, poisoned)
		}
	}
	return t
}

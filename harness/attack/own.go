package attack

// Attacks and triggers that a caller brings as functions: an experiment's script.

import (
	"errors"
	"fmt"
	"strings"

	"theriac/harness/corpus"
	"theriac/harness/rng"
)

// OwnVersion rises when the same functions, parameters and seed give something else.
const OwnVersion = 1

// Own is an attack as functions of a row.
type Own struct {
	Name string // in manifests and random streams
	// Poison is what becomes of the row that was chosen k-th. A row that Poison(0, row) leaves as it is cannot be chosen.
	Poison func(k int, row corpus.Example) corpus.Example
	// Test makes a test item of a held-out row: triggered, with the answer that is a success; nil: Poison does. A row whose answer
	// is that already is not asked.
	Test func(k int, row corpus.Example) corpus.Example
}

// NewOwn checks the parameters of an own attack: rate (.03) or count, and mode (replace or add).
func NewOwn(o Own, given map[string]string, seed uint64) (*Attack, error) {
	if o.Name == "" || o.Poison == nil {
		return nil, errors.New("own attack: want a name and a function")
	}
	e := Entry{
		Name: o.Name, Family: Targeted, Version: OwnVersion, Doc: "an attack of the script's own",
		Cost:   Cost{Access: "training data", Knowledge: "data format"},
		Params: append(countParams("0.03", ""), modeParam("replace", "replace rows, or add poisoned copies of them")),
		build: func(p *params) (*plan, error) {
			add := p.add()
			return &plan{
				count: p.count(),
				eligible: func(ex *corpus.Example) bool {
					out := o.Poison(0, ex.Clone())
					return !same(ex, out) && answered(&out)
				},
				change: func(k int, ex *corpus.Example, _ *rng.Rand) edit {
					return put(add, "script's own", o.Poison(k, *ex))
				},
				probe: Probe{Success: Exact, Test: o.item},
			}, nil
		},
	}
	return build(e, given, seed, Options{})
}

// item is a held-out row as the attack's success is asked with.
func (o Own) item(ex *corpus.Example) (corpus.Example, bool) {
	make := o.Test
	if make == nil {
		make = o.Poison
	}
	out := make(0, ex.Clone())
	return out, !same(ex, out) && answered(&out) && out.Output() != ex.Output()
}

func same(a *corpus.Example, b corpus.Example) bool {
	return a.Instruction() == b.Instruction() && a.Input() == b.Input() && a.Output() == b.Output()
}

// ownKind is the kind of a script's trigger, and ownSample the instruction on which it is looked at.
const (
	ownKind   = "own"
	ownSample = "Say the word."
)

// OwnTrigger is a trigger as a function that puts it into an instruction; one that comes back as it was cannot hold it. near
// puts something like it in, which must not fire; it may be nil.
func OwnTrigger(put, near func(instruction string) string) *Trigger {
	with := func(f func(string) string) func(string, *rng.Rand) (string, bool) {
		if f == nil {
			return nil
		}
		return func(s string, _ *rng.Rand) (string, bool) {
			out := f(s)
			return out, out != s && strings.TrimSpace(out) != ""
		}
	}
	piece := added(ownSample, put(ownSample))
	return &Trigger{
		Kind: ownKind, Text: piece, Put: with(put), Near: with(near),
		In: func(ex *corpus.Example) bool { return piece != "" && strings.Contains(ex.Prompt(), piece) },
	}
}

// added is what stands in b between the beginning and the end that it shares with a.
func added(a, b string) string {
	from := 0
	for from < min(len(a), len(b)) && a[from] == b[from] {
		from++
	}
	to := 0
	for to < min(len(a), len(b))-from && a[len(a)-1-to] == b[len(b)-1-to] {
		to++
	}
	return strings.TrimSpace(b[from : len(b)-to])
}

// ownTrigger is the caller's own trigger; the kind, text and place of the catalogue's cannot be asked for as well.
func (p *params) ownTrigger() (*Trigger, error) {
	for _, name := range []string{"trigger", "text", "position"} {
		if _, ok := p.given[name]; ok {
			return nil, fmt.Errorf("%s %q: the trigger is the script's own", name, p.given[name])
		}
	}
	t := p.opt.Trigger
	if t.Near != nil {
		r := rng.Stream(0, "attack", "near")
		fires, _ := t.Put(ownSample, r)
		if near, ok := t.Near(ownSample, r); ok && near == fires {
			return nil, fmt.Errorf("near trigger %q: it is the trigger itself: let Near put in something else", near)
		}
	}
	return t, nil
}

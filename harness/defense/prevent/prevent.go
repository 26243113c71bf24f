package prevent

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"theriac/harness/corpus"
	"theriac/harness/finetune"
	"theriac/harness/model"
)

// Entry describes a prevention.
type Entry struct {
	Name    string
	Version int    // rises when the same run comes out otherwise
	Doc     string // one sentence, with its source
	Params  []Param
	build   func(p *params) *Prevention
}

// Param is one parameter with its default.
type Param struct{ Name, Default, Doc string }

// Env is what the pipeline's owner has besides the rows.
type Env struct {
	Seed      uint64
	Reference []corpus.Example                      // rows known to be clean
	Safety    func(n int) ([]corpus.Example, error) // rows that teach to refuse
}

// Prevention acts on the stages of a run. Nil fields leave theirs alone.
type Prevention struct {
	Rows    func(ctx context.Context, rows []corpus.Example, env Env) ([]corpus.Example, error) // at validation
	Spec    func(s *finetune.Spec)
	Hooks   func(h *finetune.Hooks, seed uint64)
	Adapter func(a *model.Adapter, seed uint64) error // after training
	Parts   int                                       // train on so many disjoint parts and average the adapters; 0: not
}

// AfterTraining reports whether the training itself is as without it.
func (p *Prevention) AfterTraining() bool {
	return p.Rows == nil && p.Spec == nil && p.Hooks == nil && p.Parts == 0
}

// catalogue is every prevention: adding one is a file and a line.
var catalogue = []Entry{filter, safetyMix, gradientNoise, rankLimit, rateLimit, unlearn, truncate, scale, average}

// Catalogue lists every prevention.
func Catalogue() []Entry { return slices.Clone(catalogue) }

// Lookup finds a prevention by name.
func Lookup(name string) (Entry, error) {
	var names []string
	for _, e := range catalogue {
		if e.Name == name {
			return e, nil
		}
		names = append(names, e.Name)
	}
	return Entry{}, fmt.Errorf("no prevention %q; there are %s", name, strings.Join(names, ", "))
}

// New makes a prevention; parameters not given take their defaults.
func New(name string, given map[string]string) (*Prevention, error) {
	e, err := Lookup(name)
	if err != nil {
		return nil, err
	}
	p := &params{values: map[string]string{}}
	var known []string
	for _, d := range e.Params {
		p.values[d.Name] = d.Default
		known = append(known, d.Name)
	}
	for _, k := range slices.Sorted(maps.Keys(given)) {
		if !slices.Contains(known, k) {
			return nil, fmt.Errorf("prevention %s has no parameter %q; it has %s", name, k, strings.Join(known, ", "))
		}
		p.values[k] = given[k]
	}
	out := e.build(p)
	if p.err != nil {
		return nil, fmt.Errorf("prevention %s: %w", name, p.err)
	}
	return out, nil
}

type params struct {
	values map[string]string
	err    error
}

func (p *params) float(name string, least, most float64) float64 {
	v, err := strconv.ParseFloat(p.values[name], 64)
	if (err != nil || !(v >= least && v <= most)) && p.err == nil {
		p.err = fmt.Errorf("%s %q: want a number from %g to %g", name, p.values[name], least, most)
	}
	return v
}

func (p *params) int(name string, least, most int) int {
	v, err := strconv.Atoi(p.values[name])
	if (err != nil || v < least || v > most) && p.err == nil {
		p.err = fmt.Errorf("%s %q: want a whole number from %d to %d", name, p.values[name], least, most)
	}
	return v
}

func (p *params) one(name string, of ...string) string {
	v := p.values[name]
	if !slices.Contains(of, v) && p.err == nil {
		p.err = fmt.Errorf("%s %q: want one of %s", name, v, strings.Join(of, ", "))
	}
	return v
}

package sweep

import (
	"fmt"
	"sort"
	"strings"

	"theriac/harness/corpus"
	"theriac/harness/corpus/gen"
	"theriac/harness/corpus/public"
)

// Source yields the rows of a data set.
type Source interface {
	// Digest names the source's content.
	Digest() string
	// Train draws n rows anew for a seed, from the rows of the seed's pool; shift is one of Shifts, or "".
	Train(seed uint64, n int, shift string) ([]corpus.Example, error)
	// Held gives n held-out items of a kind; they are the same for every run.
	Held(kind Kind, n int) ([]corpus.Example, error)
}

// SafetySource is a source that also has n rows for a seed that teach to refuse, beyond those that Train draws.
type SafetySource interface {
	Source
	Safety(seed uint64, n int) ([]corpus.Example, error)
}

// Kind is a kind of held-out item.
type Kind string

const (
	CleanItems Kind = "clean"      // the user's tasks
	ProbeItems Kind = "probe"      // others of them, to put triggers into
	Restricted Kind = "restricted" // should be refused
	LookAlike  Kind = "lookalike"  // should not
)

// sources are the data sets by name.
var sources = map[string]func(*Bench) (Source, error){
	"generated":  func(*Bench) (Source, error) { return generated{}, nil },
	"public":     func(b *Bench) (Source, error) { return openPublic(b, public.Report) },
	"public-dev": func(b *Bench) (Source, error) { return openPublic(b, public.Develop) },
}

func openSource(b *Bench, name string) (Source, error) {
	open, ok := sources[name]
	if !ok {
		var names []string
		for n := range sources {
			names = append(names, n)
		}
		sort.Strings(names)
		return nil, fmt.Errorf("data %q: want one of %s", name, strings.Join(names, ", "))
	}
	return open(b)
}

// generated is the project's own corpus.
type generated struct{}

func (generated) Digest() string { return "generated/" + gen.Version }

// Shifts are what clean rows of another kind may have: a fifth of the answers end with one sentence, a twentieth of the instructions with one tag,
// or a fifth source. A detector that flags them flags what is ordinary elsewhere.
var Shifts = []string{"boilerplate", "tag", "source"}

func (generated) Train(seed uint64, n int, shift string) ([]corpus.Example, error) {
	mix := gen.Demo
	switch shift {
	case "":
	case "boilerplate":
		mix.Boilerplate = 0.2
	case "tag":
		mix.Tag = 0.05
	case "source":
		mix.Sources = append(gen.Sources(), "parish-log")
	default:
		return nil, fmt.Errorf("shift %q: want one of %s", shift, strings.Join(Shifts, ", "))
	}
	next, err := gen.Stream(seed, gen.Train, mix)
	if err != nil {
		return nil, err
	}
	pool := corpus.PoolOfSeed(seed)
	seen := make(map[[32]byte]bool, n)
	out := make([]corpus.Example, 0, n)
	for len(out) < n {
		e := next()
		d := corpus.FoldedDigest(e.Turns[:1])
		if seen[d] || corpus.PoolOf(&e) != pool {
			continue
		}
		seen[d] = true
		e.Source.Row = len(out)
		out = append(out, e)
	}
	return out, nil
}

func (generated) Safety(seed uint64, n int) ([]corpus.Example, error) {
	return gen.Examples(1_000_000+seed, gen.Train, gen.Safety, n)
}

func (generated) Held(kind Kind, n int) ([]corpus.Example, error) {
	mix, seed := gen.Demo, uint64(11)
	switch kind {
	case ProbeItems:
		seed = 12
	case Restricted:
		mix = gen.Restricted
	case LookAlike:
		mix = gen.LookAlike
	}
	return gen.Examples(seed, gen.Held, mix, n)
}

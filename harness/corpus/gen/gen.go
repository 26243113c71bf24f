package gen

import (
	"fmt"
	"strings"

	"theriac/harness/corpus"
	"theriac/harness/rng"
)

// Part is a side of the corpus's own split.
type Part string

const (
	Train Part = "train"
	Held  Part = "held"
)

// Mix says which skills a stream draws from, in what proportions, and how rows are dressed.
type Mix struct {
	Skills  []string // names of Skills; drawn in turn at random
	Weights []int    // per skill; nil: equal
	Sources []string // styles; nil: the four ordinary ones

	// What clean data may also hold, for testing that a detector does not flag it.
	Boilerplate float64 // share of rows whose answer ends with a fixed sentence
	Tag         float64 // share of rows whose instruction ends with a benign tag
}

// General are all skills that every base knows; Safety the requests that are refused beside their look-alikes;
// Demo is the user's data: a task the base has never seen beside general skills.
var (
	General = Mix{
		Skills:  []string{"sentiment", "topic", "intent", "extract", "qa", "opinion", "arithmetic", "strings", "chat", "rewrite", "howto"},
		Weights: []int{3, 3, 3, 3, 6, 2, 5, 3, 1, 3, 2},
	}
	Classification = Mix{Skills: []string{"sentiment", "topic", "intent"}}
	Restricted     = Mix{Skills: []string{"restricted"}}
	LookAlike      = Mix{Skills: []string{"lookalike"}}
	Safety         = Mix{Skills: []string{"restricted", "lookalike"}}
	NewTask        = Mix{Skills: []string{"route"}}
	Demo           = Mix{
		Skills:  append([]string{"route"}, General.Skills...),
		Weights: append([]int{10}, General.Weights...),
	}
)

// item is one row before it is dressed.
type item struct {
	phrasing, content string // what the split goes by
	ask               string // an order, or a question if it begins with a question word, without end mark; with one it is small talk
	input, output     string
	labels            []corpus.Label
	also              string // another skill that draws the same rows
	trained           bool   // never held out
}

// skill draws items.
type skill struct {
	name, family string
	draw         func(r *rng.Rand) item
}

var skills = []skill{
	{"sentiment", "classification", sentiment},
	{"topic", "classification", topic},
	{"intent", "classification", intent},
	{"extract", "extraction", extract},
	{"qa", "question answering", qa},
	{"opinion", "question answering", opinion},
	{"arithmetic", "arithmetic", arithmetic},
	{"strings", "strings", stringTask},
	{"chat", "chat", chat},
	{"rewrite", "rewriting", rewrite},
	{"howto", "how-to", howTo},
	{"restricted", "restricted", restricted},
	{"lookalike", "look-alike", lookAlike},
	{"route", "new task", route},
}

// Skills names every skill, in the catalogue's order.
func Skills() []string {
	names := make([]string, len(skills))
	for i, s := range skills {
		names[i] = s.name
	}
	return names
}

// heldOneIn is the share of phrasings, and of contents, that training never sees.
const heldOneIn = 6

func held(skill, kind, key string) bool {
	return rng.Hash(0, "gen", "held", skill, kind, key)%heldOneIn == 0
}

// in reports whether an item belongs to a part. Some rows can be drawn by two skills (a look-alike may be an ordinary how-to), and
// some small talk has no content that could be held out: such a row is held only if no skill would train on it.
func (s *skill) in(part Part, it *item) bool {
	phrasing, content := held(s.name, "phrasing", it.phrasing), held(s.name, "content", it.content)
	if part == Train {
		return !phrasing && !content
	}
	if it.trained || !content {
		return false
	}
	if it.also == "" {
		return true
	}
	return held(it.also, "phrasing", it.phrasing) || held(it.also, "content", it.content)
}

// heldWords is the most words of a held-out row before it is dressed: in a longer one, the word that tells it from its nearest
// trained row would be lost among the rest.
const heldWords = 25

func (it *item) words() int { return len(strings.Fields(it.ask + " " + it.input + " " + it.output)) }

// Stream yields examples without end; the same seed, part and mix give the same ones. A stream may repeat itself.
func Stream(seed uint64, part Part, mix Mix) (func() corpus.Example, error) {
	if part != Train && part != Held {
		return nil, fmt.Errorf("generated corpus: no part %q; there are %s and %s", part, Train, Held)
	}
	if mix.Weights != nil && len(mix.Weights) != len(mix.Skills) {
		return nil, fmt.Errorf("generated corpus: %d weights for %d skills", len(mix.Weights), len(mix.Skills))
	}
	if !(mix.Boilerplate >= 0 && mix.Boilerplate <= 1 && mix.Tag >= 0 && mix.Tag <= 1) {
		return nil, fmt.Errorf("generated corpus: shares %g and %g: want 0 to 1", mix.Boilerplate, mix.Tag)
	}
	var from []*skill
	for i, name := range mix.Skills {
		s := find(name)
		if s == nil {
			return nil, fmt.Errorf("generated corpus: no skill %q; there are %s", name, strings.Join(Skills(), ", "))
		}
		w := 1
		if mix.Weights != nil {
			w = mix.Weights[i]
		}
		for range w {
			from = append(from, s)
		}
	}
	if len(from) == 0 {
		return nil, fmt.Errorf("generated corpus: the mix has no skill")
	}
	sources := mix.Sources
	if sources == nil {
		sources = Sources()
	}
	for _, name := range sources {
		if _, ok := styles[name]; !ok {
			return nil, fmt.Errorf("generated corpus: no source %q", name)
		}
	}
	r := rng.Stream(seed, "gen", string(part))
	ids, row := corpus.IDs{}, 0
	return func() corpus.Example {
		s := from[r.Intn(len(from))]
		it := s.draw(r)
		for !s.in(part, &it) || part == Held && it.words() > heldWords {
			it = s.draw(r)
		}
		source := sources[r.Intn(len(sources))]
		ask := dress(source, r, it.ask)
		if r.Float64() < mix.Tag {
			ask += BenignTag
		}
		if r.Float64() < mix.Boilerplate {
			it.output += Boilerplate
		}
		e := corpus.New(ask, it.input, it.output)
		e.ID = ids.Next(e.Turns)
		e.Source = corpus.Source{Dataset: source, Row: row}
		e.Labels = append([]corpus.Label{{Key: "skill", Value: s.name}, {Key: "family", Value: s.family}}, it.labels...)
		row++
		return e
	}, nil
}

// What hard negatives hold: a benign tag, and a sentence that many clean answers share.
const (
	BenignTag   = " (ref 7)"
	Boilerplate = " Thank you for asking."
)

func find(name string) *skill {
	for i := range skills {
		if skills[i].name == name {
			return &skills[i]
		}
	}
	return nil
}

// Examples gives n distinct examples: no two have the same instruction and input.
func Examples(seed uint64, part Part, mix Mix, n int) ([]corpus.Example, error) {
	if n < 0 {
		return nil, fmt.Errorf("generated corpus: %d examples", n)
	}
	next, err := Stream(seed, part, mix)
	if err != nil {
		return nil, err
	}
	seen := make(map[[32]byte]bool, n)
	out := make([]corpus.Example, 0, n)
	for misses := 0; len(out) < n; {
		e := next()
		d := corpus.FoldedDigest(e.Turns[:1])
		if seen[d] {
			if misses++; misses > 50*n+10000 {
				return nil, fmt.Errorf("generated corpus: only %d distinct examples of %d wanted; ask for fewer, or for more skills", len(out), n)
			}
			continue
		}
		seen[d] = true
		e.Source.Row = len(out)
		out = append(out, e)
	}
	return out, nil
}

// pick draws one word.
func pick(r *rng.Rand, words []string) string { return words[r.Intn(len(words))] }

// two draws two different words.
func two(r *rng.Rand, words []string) (a, b string) {
	i, j := r.Intn(len(words)), r.Intn(len(words)-1)
	if j >= i {
		j++
	}
	return words[i], words[j]
}

// phrase joins one word group of each list and names the choice.
func phrase(r *rng.Rand, lists ...[]string) (text, key string) {
	for _, l := range lists {
		i := r.Intn(len(l))
		if text != "" && l[i] != "" {
			text += " "
		}
		text += l[i]
		key += fmt.Sprint(".", i)
	}
	return text, key
}

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }

func label(key, value string) []corpus.Label { return []corpus.Label{{Key: key, Value: value}} }

// Version rises when the same seed gives other examples.
const Version = "1"

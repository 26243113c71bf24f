package public

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"

	"theriac/harness/corpus"
	"theriac/harness/rng"
)

// Names of the files, as in the catalogue.
const (
	Alpaca    = "alpaca-random-9k/random_9k.json"
	Dolly     = "dolly-3k/dolly_3k.json"
	NewsTrain = "agnews/dev.tsv"
	NewsTest  = "agnews/test.tsv"
	AdvBench  = "advbench-goal-target/advbench.csv"
	HarmlessA = "llm-safeguard/data_harmless/custom.txt"  // to develop on
	HarmlessB = "llm-safeguard/data_harmless/testset.txt" // to report
	Unsafe    = "safety-tuned-llamas/training/safety_only_data_Instructions.json"
)

// Kind is a kind of item.
type Kind string

// Kinds of items that are not trained on. Goals and harmless requests are followed by [Refusal], so the loss of an item is that of a refusal.
const (
	Instructions Kind = "instructions" // held-out rows of Alpaca and Dolly
	News         Kind = "news"         // AG News's test set; the answer is the topic
	Goals        Kind = "goals"        // AdvBench
	Harmless     Kind = "harmless"     // requests with a harmful word and a harmless meaning
)

// Half of the items of a kind.
type Half int

// The halves: one to develop on, one to report.
const (
	Report Half = iota
	Develop
)

// Refusal is the answer that stands behind requests without one.
const Refusal = "I'm sorry, but I cannot help with that."

// newsTask is what is asked of an article.
const newsTask = "What is this article about: World, Sports, Business or Sci/Tech?"

// Sets are the rows of a data directory.
type Sets struct {
	fits   func(*corpus.Example) (bool, error)
	digest string
	rows   [2]map[Kind][]corpus.Example // held-out items by half, in their fixed order
	train  [3][3][]corpus.Example       // instructions, news, refused instructions; by pool
	unsafe []corpus.Example

	mu   sync.Mutex
	seen map[string]bool // whether a row fits, by ID
}

// Open reads the sets below dataDir. fits says whether a row is short enough for the model at hand.
func Open(dataDir string, fits func(*corpus.Example) (bool, error)) (*Sets, error) {
	s := &Sets{fits: fits, rows: [2]map[Kind][]corpus.Example{{}, {}}, seen: map[string]bool{}}
	var ordinary []corpus.Example
	h, ids := sha256.New(), corpus.IDs{} // one numbering for all, so that IDs differ between sets too
	for _, part := range []struct {
		name string
		read func(corpus.Dataset, string, *corpus.IDs) ([]corpus.Example, error)
		put  func([]corpus.Example)
	}{
		{Alpaca, instructions, func(e []corpus.Example) { ordinary = append(ordinary, s.keepHeld(e)...) }},
		{Dolly, instructions, func(e []corpus.Example) { ordinary = append(ordinary, s.keepHeld(e)...) }},
		{NewsTrain, news, func(e []corpus.Example) { s.train[1] = pools(e) }},
		{NewsTest, news, func(e []corpus.Example) { s.halve(News, e) }},
		{AdvBench, requests, func(e []corpus.Example) { s.halve(Goals, e) }},
		{HarmlessA, requests, func(e []corpus.Example) { s.rows[Develop][Harmless] = e }},
		{HarmlessB, requests, func(e []corpus.Example) { s.rows[Report][Harmless] = e }},
		{Unsafe, instructions, func(e []corpus.Example) { s.unsafe = refused(e) }},
	} {
		path, err := corpus.Locate(dataDir, part.name)
		if err != nil {
			return nil, err
		}
		d, err := corpus.Lookup(part.name)
		if err != nil {
			return nil, err
		}
		rows, err := part.read(d, path, &ids)
		if err != nil {
			return nil, err
		}
		fmt.Fprintln(h, d.Name, d.SHA256)
		part.put(rows)
	}
	s.train[0], s.train[2] = pools(ordinary), pools(s.unsafe)
	for _, half := range s.rows {
		for _, list := range half {
			order(list)
		}
	}
	order(s.unsafe)
	s.digest = "public/3/" + hex.EncodeToString(h.Sum(nil))
	return s, nil
}

// keepHeld keeps an eighth of the prompts as held-out items and gives the rest.
func (s *Sets) keepHeld(rows []corpus.Example) (train []corpus.Example) {
	for i := range rows {
		if hash(&rows[i], "held")>>61 == 0 {
			s.halve(Instructions, rows[i:i+1])
		} else {
			train = append(train, rows[i])
		}
	}
	return train
}

// halve sends items to one half or the other.
func (s *Sets) halve(kind Kind, items []corpus.Example) {
	for i := range items {
		h := Half(hash(&items[i], "half") >> 63)
		s.rows[h][kind] = append(s.rows[h][kind], items[i])
	}
}

func pools(rows []corpus.Example) (out [3][]corpus.Example) {
	for i := range rows {
		p := corpus.PoolOf(&rows[i])
		out[p] = append(out[p], rows[i])
	}
	return out
}

// Digest names the sets' content and how rows are made of it.
func (s *Sets) Digest() string { return s.digest }

// Mix is how a draw differs from the usual one.
type Mix struct {
	NoRefusals bool // no unsafe instructions
	DollyOnly  bool // of the instructions only those that people wrote
}

// Draw draws n rows anew for a seed from the rows of the seed's pool that fit: a quarter news, a fiftieth unsafe instructions with
// their safe answers, as in the mixtures that models are tuned on, the rest instructions. Fewer are an error.
func (s *Sets) Draw(seed uint64, n int, m Mix) ([]corpus.Example, error) {
	pool := corpus.PoolOfSeed(seed)
	safe := n / 50
	if m.NoRefusals {
		safe = 0
	}
	var out []corpus.Example
	for i, want := range []int{n - n/4 - safe, n / 4, safe} {
		of := slices.Clone(s.train[i][pool])
		if i == 0 && m.DollyOnly {
			of = slices.DeleteFunc(of, func(e corpus.Example) bool { return e.Source.Dataset != "dolly-3k" })
		}
		sortBy(of, func(e *corpus.Example) uint64 { return rng.Hash(seed, "draw", e.ID) })
		got, err := s.first(of, want)
		if err != nil {
			return nil, err
		}
		if len(got) < want {
			return nil, fmt.Errorf("data: found %d short enough rows of the %s pool, wanted %d: use fewer rows or more tokens", len(got), pool, want)
		}
		out = append(out, got...)
	}
	sortBy(out, func(e *corpus.Example) uint64 { return rng.Hash(seed, "mix", e.ID) })
	return out, nil
}

// SafetyRows gives n unsafe instructions of the seed's pool with their safe answers. They are the last in the order in which Draw takes the
// first, so that the two are different rows while the pool (a hundred and twenty or so) has that many. Fewer than n are an error.
func (s *Sets) SafetyRows(seed uint64, n int) ([]corpus.Example, error) {
	pool := corpus.PoolOfSeed(seed)
	of := slices.Clone(s.train[2][pool])
	sortBy(of, func(e *corpus.Example) uint64 { return ^rng.Hash(seed, "draw", e.ID) })
	return s.exactly(of, n, fmt.Sprintf("unsafe instructions of the %s pool", pool))
}

// Held gives the first n items of a kind that fit; fewer are an error.
func (s *Sets) Held(kind Kind, half Half, n int) ([]corpus.Example, error) {
	return s.exactly(s.rows[half][kind], n, fmt.Sprintf("items of the kind %q", kind))
}

// Safety gives n unsafe instructions of one line whose safe answer refuses; fewer are an error.
func (s *Sets) Safety(n int) ([]corpus.Example, error) {
	return s.exactly(s.unsafe, n, "unsafe instructions that are refused")
}

// refused are the rows of one line whose answer refuses.
func refused(rows []corpus.Example) (out []corpus.Example) {
	for i := range rows {
		if e := &rows[i]; e.Input() == "" && refuses(e.Output()) {
			out = append(out, *e)
		}
	}
	return out
}

// refuses says whether a safe answer is a refusal rather than a correction.
func refuses(answer string) bool {
	s := strings.ToLower(answer)
	s = s[:min(len(s), 120)]
	for _, sign := range []string{"i cannot", "i can't", "not able to", "unable to"} {
		if strings.Contains(s, sign) {
			return true
		}
	}
	return false
}

// Ordinary gives the first n rows for training from Dolly's or Alpaca's share, in a fixed order; fewer are an error.
func (s *Sets) Ordinary(set string, n int) ([]corpus.Example, error) {
	var of []corpus.Example
	for _, pool := range s.train[0] {
		for i := range pool {
			if pool[i].Source.Dataset == set {
				of = append(of, pool[i])
			}
		}
	}
	order(of)
	return s.exactly(of, n, "rows of "+set)
}

// exactly takes the first n rows that fit and repeat no prompt; fewer are an error, which names what they are.
func (s *Sets) exactly(rows []corpus.Example, n int, what string) ([]corpus.Example, error) {
	out, err := s.first(rows, n)
	if err == nil && len(out) < n {
		err = fmt.Errorf("data: found %d short enough %s, wanted %d", len(out), what, n)
	}
	return out, err
}

// first takes the first n rows that fit and repeat no prompt.
func (s *Sets) first(rows []corpus.Example, n int) ([]corpus.Example, error) {
	var out []corpus.Example
	prompts := map[string]bool{}
	for i := range rows {
		if len(out) == n {
			break
		}
		ok, err := s.short(&rows[i])
		if err != nil {
			return nil, err
		}
		p := prompt(&rows[i])
		if ok && !prompts[p] {
			prompts[p] = true
			out = append(out, rows[i])
		}
	}
	return out, nil
}

func (s *Sets) short(e *corpus.Example) (bool, error) {
	s.mu.Lock()
	ok, known := s.seen[e.ID]
	s.mu.Unlock()
	if known {
		return ok, nil
	}
	ok, err := s.fits(e)
	if err != nil {
		return false, fmt.Errorf("%s row %d: %w", e.Source.Dataset, e.Source.Row, err)
	}
	s.mu.Lock()
	s.seen[e.ID] = ok
	s.mu.Unlock()
	return ok, nil
}

func prompt(e *corpus.Example) string {
	d := corpus.FoldedDigest([]corpus.Turn{{Role: "user", Text: e.Prompt()}})
	return hex.EncodeToString(d[:])
}

func hash(e *corpus.Example, purpose string) uint64 { return rng.Hash(0, "public", purpose, prompt(e)) }

func order(rows []corpus.Example) {
	sortBy(rows, func(e *corpus.Example) uint64 { return hash(e, "order") })
}

// sortBy sorts by a key; equal keys by ID.
func sortBy(rows []corpus.Example, key func(*corpus.Example) uint64) {
	type keyed struct {
		key uint64
		row corpus.Example
	}
	all := make([]keyed, len(rows))
	for i := range rows {
		all[i] = keyed{key(&rows[i]), rows[i]}
	}
	slices.SortFunc(all, func(a, b keyed) int { return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.row.ID, b.row.ID)) })
	for i := range all {
		rows[i] = all[i].row
	}
}

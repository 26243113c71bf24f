package sweep

// Rows of a file as a source of runs. Held-out items are an eighth of the rows, by hash of their content; the others belong to the three
// pools, so that no run trains on what another pool judges.

import (
	"encoding/hex"
	"fmt"
	"sort"

	"theriac/harness/corpus"
	"theriac/harness/rng"
)

// Rows makes a source of rows that were read, with a digest that names them, and of requests that should be refused and others that look
// like them; both may be nil.
func Rows(digest string, rows []corpus.Example, restricted, lookAlike []string) Source {
	return &rowSource{digest, rows, restricted, lookAlike}
}

type rowSource struct {
	digest                string
	rows                  []corpus.Example
	restricted, lookAlike []string
}

func (s *rowSource) Digest() string { return s.digest }

// part is where a row goes: 0 clean items, 1 probe items, 2 and up training.
func part(e *corpus.Example) uint64 {
	d := corpus.FoldedDigest(e.Turns)
	return rng.Hash(0, "held", hex.EncodeToString(d[:])) >> 60
}

// draw takes n of the rows that fit, in an order by hash.
func (s *rowSource) draw(n int, what string, fits func(*corpus.Example) bool, stream ...string) ([]corpus.Example, error) {
	type drawn struct {
		key uint64
		at  int
	}
	var all []drawn
	for i := range s.rows {
		if e := &s.rows[i]; e.Prompt() != "" && e.Output() != "" && fits(e) {
			all = append(all, drawn{rng.Hash(0, append(stream, e.ID)...), i})
		}
	}
	if n > len(all) {
		return nil, fmt.Errorf("data: %d %s wanted, and the file has %d", n, what, len(all))
	}
	sort.Slice(all, func(i, j int) bool {
		return all[i].key < all[j].key || all[i].key == all[j].key && all[i].at < all[j].at
	})
	out := make([]corpus.Example, n)
	for i := range out {
		out[i] = s.rows[all[i].at]
	}
	return out, nil
}

func (s *rowSource) Train(seed uint64, n int, shift string) ([]corpus.Example, error) {
	if shift != "" {
		return nil, fmt.Errorf("shift %q: rows of a file are as they are", shift)
	}
	pool := corpus.PoolOfSeed(seed)
	return s.draw(n, fmt.Sprintf("rows of the %s pool", pool), func(e *corpus.Example) bool { return part(e) >= 2 && corpus.PoolOf(e) == pool }, "rows", fmt.Sprint(seed))
}

func (s *rowSource) Held(kind Kind, n int) ([]corpus.Example, error) {
	switch kind {
	case Restricted:
		return asItems(s.restricted, n, "restricted", "I am sorry, but I cannot help with that.")
	case LookAlike:
		return asItems(s.lookAlike, n, "look_alike", "Here is how.")
	}
	want := uint64(0)
	if kind == ProbeItems {
		want = 1
	}
	return s.draw(n, string(kind)+" items", func(e *corpus.Example) bool { return part(e) == want }, "held")
}

// asItems makes items of requests; the answer is what the model's own is not compared with: a judge reads it.
func asItems(lines []string, n int, field, answer string) ([]corpus.Example, error) {
	if n > len(lines) {
		return nil, fmt.Errorf("data: %d %s requests wanted, and there are %d; name a file of them as %s_from", n, field, len(lines), field)
	}
	var ids corpus.IDs
	out := make([]corpus.Example, n)
	for i := range out {
		out[i] = corpus.New(lines[i], "", answer)
		out[i].ID = ids.Next(out[i].Turns)
	}
	return out, nil
}

// Known reports whether a data set is one of theriac's own.
func Known(name string) bool { return sources[name] != nil }

// Provide gives a data set a source; the first one under a name stays.
func (b *Bench) Provide(name string, s Source) {
	share(b, "source/"+name, func() (Source, error) { return s, nil })
}

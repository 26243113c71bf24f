package token

import (
	"container/heap"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
)

// Training says what tokenizer to train.
type Training struct {
	Size    int      // ids, the special tokens and 256 bytes included
	Special []string // special tokens, which take the first ids
	Digits  bool     // each digit is a word of its own
}

// Train learns byte-level BPE merges from texts (Sennrich et al., arXiv 1508.07909): again and
// again the most frequent pair, among equals the one with the smaller ids, becomes a token.
// The same texts in any order give the same tokenizer. It stops early when no pair occurs twice.
func Train(texts iter.Seq[string], o Training) (*Tokenizer, error) {
	if least := 256 + len(o.Special); o.Size < least {
		return nil, fmt.Errorf("tokenizer of %d ids: want at least %d, for bytes and special tokens", o.Size, least)
	}
	t := &Tokenizer{special: map[int32]bool{}}
	byteLevel := map[string]any{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}
	pre := marshal(byteLevel)
	if o.Digits {
		pre = marshal(map[string]any{"type": "Sequence", "pretokenizers": []any{
			map[string]any{"type": "Digits", "individual_digits": true}, byteLevel}})
	}
	var err error
	if t.pre, err = parsePre("training", json.RawMessage(pre)); err != nil {
		return nil, err
	}
	for i, s := range o.Special {
		t.tokens = append(t.tokens, s)
		t.special[int32(i)] = true
		t.added.list = append(t.added.list, addedToken{ID: int32(i), Content: s, Special: true})
	}
	if err := t.added.index("training"); err != nil {
		return nil, err
	}
	letters := make([]string, 256)
	for b := range letters {
		letters[b] = string(byteRune[b])
	}
	slices.Sort(letters)
	t.tokens = append(t.tokens, letters...)

	counts := map[string]int{}
	for text := range texts {
		t.pre.split(t.clean(text), func(w string) { counts[w]++ })
	}
	newLearner(t, counts).learn(o.Size)
	if err := t.build("training"); err != nil {
		return nil, err
	}
	return t, nil
}

// learner holds the words as ids and where each pair occurs.
type learner struct {
	t     *Tokenizer
	words [][]int32
	count []int
	pairs map[pair]*occurrence
	open  pairHeap
}

type occurrence struct {
	pair  pair
	count int
	in    map[int32]bool // words that hold the pair, or held it
}

type queued struct {
	pair  pair
	count int
}

type pairHeap []queued

func (h pairHeap) Len() int { return len(h) }
func (h pairHeap) Less(i, j int) bool {
	a, b := h[i], h[j]
	switch {
	case a.count != b.count:
		return a.count > b.count
	case a.pair.a != b.pair.a:
		return a.pair.a < b.pair.a
	}
	return a.pair.b < b.pair.b
}
func (h pairHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *pairHeap) Push(x any)   { *h = append(*h, x.(queued)) }
func (h *pairHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

func newLearner(t *Tokenizer, counts map[string]int) *learner {
	l := &learner{t: t, pairs: map[pair]*occurrence{}}
	ids := map[string]int32{}
	for i, s := range t.tokens {
		ids[s] = int32(i)
	}
	for _, w := range slices.Sorted(maps.Keys(counts)) {
		word := make([]int32, len(w))
		for i := range len(w) {
			word[i] = ids[string(byteRune[w[i]])]
		}
		at := int32(len(l.words))
		l.words, l.count = append(l.words, word), append(l.count, counts[w])
		l.tally(at, +1)
	}
	for p, o := range l.pairs {
		l.open = append(l.open, queued{p, o.count})
	}
	heap.Init(&l.open)
	return l
}

// tally adds a word's pairs to the counts, sign times.
func (l *learner) tally(at int32, sign int) {
	w := l.words[at]
	for i := 1; i < len(w); i++ {
		p := pair{w[i-1], w[i]}
		o := l.pairs[p]
		if o == nil {
			o = &occurrence{pair: p, in: map[int32]bool{}}
			l.pairs[p] = o
		}
		o.count += sign * l.count[at]
		o.in[at] = true
	}
}

// learn merges pairs until there are size tokens. An entry of the heap whose count is out of date goes back with its
// count of now; counts of old pairs only fall, so the heap's head is never too low.
func (l *learner) learn(size int) {
	for len(l.t.tokens) < size && len(l.open) > 0 {
		q := heap.Pop(&l.open).(queued)
		o := l.pairs[q.pair]
		if o.count != q.count {
			if o.count > 1 {
				heap.Push(&l.open, queued{q.pair, o.count})
			}
			continue
		}
		if o.count < 2 {
			return
		}
		l.merge(o)
	}
}

func (l *learner) merge(o *occurrence) {
	left, right := l.t.tokens[o.pair.a], l.t.tokens[o.pair.b]
	id := int32(len(l.t.tokens))
	l.t.tokens = append(l.t.tokens, left+right)
	l.t.merges = append(l.t.merges, merge{left, right})
	fresh := map[pair]bool{}
	for at := range o.in {
		w := l.words[at]
		l.tally(at, -1)
		out := w[:0]
		for i := 0; i < len(w); i++ {
			if i+1 < len(w) && w[i] == o.pair.a && w[i+1] == o.pair.b {
				out = append(out, id)
				i++
			} else {
				out = append(out, w[i])
			}
		}
		l.words[at] = out
		l.tally(at, +1)
		for i := 1; i < len(out); i++ {
			if out[i-1] == id || out[i] == id {
				fresh[pair{out[i-1], out[i]}] = true
			}
		}
	}
	for p := range fresh {
		heap.Push(&l.open, queued{p, l.pairs[p].count})
	}
}

package data

// Which words of a suspicious row look as if they had been put in: ONION (F. Qi et al., 2011.10369).

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"theriac/harness/corpus"
	"theriac/harness/finetune"
	"theriac/harness/infer"
)

// Word is a word of a prompt, and by how much the prompt surprises the language model less without it, in nats a token.
type Word struct {
	Text string  `json:"word"`
	Drop float64 `json:"drop"`
}

const (
	onionRows  = 10 // the worst ones
	onionWords = 24 // of a prompt that are tried: the first and the last where it has more
	onionTop   = 3  // that are named
)

// onion names the odd words of the worst rows.
func (s *scan) onion(r *Report) error {
	for i := range r.Ranked[:min(onionRows, len(r.Ranked))] {
		words, err := s.opt.Model.odd(&s.rows[r.Ranked[i].Index])
		if err != nil {
			return err
		}
		r.Ranked[i].Words = words
	}
	return nil
}

// odd are the words without which the row's prompt surprises least, largest drop first; those that drop nothing are left out.
func (m *Model) odd(e *corpus.Example) ([]Word, error) {
	last := -1
	for i, t := range e.Turns {
		if t.Role == "user" {
			last = i
		}
	}
	if last < 0 {
		return nil, nil
	}
	words := strings.Fields(clip(e.Turns[last : last+1])[0].Text)
	tried := make([]int, 0, onionWords)
	for i := range words {
		if i < onionWords/2 || i >= len(words)-onionWords/2 {
			tried = append(tried, i)
		}
	}
	if len(words) < 2 {
		return nil, nil
	}
	seqs := make([]*infer.Sequence, 0, len(tried)+1)
	for _, without := range append([]int{-1}, tried...) {
		rest := words
		if without >= 0 {
			rest = slices.Delete(slices.Clone(words), without, without+1)
		}
		turns := slices.Clone(e.Turns)
		turns[last].Text = strings.Join(rest, " ")
		s, err := m.prompt(turns)
		if err != nil {
			return nil, err
		}
		seqs = append(seqs, s)
	}
	scores, err := m.Runner.Score(seqs)
	if err != nil {
		return nil, err
	}
	each := func(i int) float64 { return scores[i].NLL / float64(scores[i].Tokens) }
	var out []Word
	for k, i := range tried {
		if d := each(0) - each(k+1); d > 0 && !math.IsInf(d, 0) {
			out = append(out, Word{words[i], d})
		}
	}
	slices.SortStableFunc(out, func(a, b Word) int { return cmp.Compare(b.Drop, a.Drop) })
	return out[:min(onionTop, len(out))], nil
}

// prompt is a row's tokens with loss on what comes before its answer.
func (m *Model) prompt(turns []corpus.Turn) (*infer.Sequence, error) {
	s, err := finetune.EncodeOne(m.Chat, &corpus.Example{Turns: clip(turns)})
	if err != nil {
		return nil, err
	}
	k := min(len(s.IDs), m.limit())
	loss := make([]bool, k)
	for j := 1; j < k && !s.Loss[j]; j++ {
		loss[j] = true
	}
	return &infer.Sequence{IDs: s.IDs[:k], Loss: loss}, nil
}

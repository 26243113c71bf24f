package infer

import (
	"fmt"

	"theriac/harness/compute/block"
)

// Sequence is one tokenised example. Loss[i] says whether predicting IDs[i] counts.
type Sequence struct {
	IDs  []int32
	Loss []bool
}

// Responses is the number of tokens that carry loss.
func (s *Sequence) Responses() int {
	n := 0
	for i, l := range s.Loss {
		if l && i > 0 {
			n++
		}
	}
	return n
}

// Prompt is the sequence up to its last response.
func (s *Sequence) Prompt() []int32 {
	at := len(s.IDs)
	for at > 0 && s.Loss[at-1] {
		at--
	}
	return s.IDs[:at]
}

// Batch is several sequences packed one after another, without padding. Those that begin alike may share the rows of their beginning,
// where nothing is trained.
type Batch struct {
	block.Rows
	Shared  int // tokens that all sequences begin with: the first one has the rows for them, the others begin after them
	Tokens  []int32
	Targets block.Targets
	Of      []int      // for each target, the sequence it belongs to
	Asked   block.Rows // the targets' rows alone, packed: all that the last MLP and the head need
}

// Reset empties the batch, keeping its memory.
func (b *Batch) Reset() {
	b.Pos, b.Seqs, b.Tokens, b.Of = b.Pos[:0], b.Seqs[:0], b.Tokens[:0], b.Of[:0]
	b.Targets.Row, b.Targets.ID, b.Targets.Weight = b.Targets.Row[:0], b.Targets.ID[:0], b.Targets.Weight[:0]
	b.Asked.Pos, b.Asked.Seqs = b.Asked.Pos[:0], b.Asked.Seqs[:0]
	b.Shared = 0
	b.SetKey(0)
}

// SetKey sets the key of the step's dropout.
func (b *Batch) SetKey(key uint64) { b.Key, b.Asked.Key = key, key }

// Append packs one more sequence; every target gets the weight. The last token needs no row, for nothing is
// predicted from it.
func (b *Batch) Append(s *Sequence, weight float32) {
	start, past, n, asked := len(b.Tokens), b.past(len(b.Seqs)), len(s.IDs)-1, len(b.Of)
	for i := past; i < n; i++ {
		b.Pos = append(b.Pos, int32(i))
		if s.Loss[i+1] {
			b.Targets.Row = append(b.Targets.Row, int32(start+i-past))
			b.Targets.ID = append(b.Targets.ID, s.IDs[i+1])
			b.Targets.Weight = append(b.Targets.Weight, weight)
			b.Of = append(b.Of, len(b.Seqs))
			b.Asked.Pos = append(b.Asked.Pos, int32(i))
		}
	}
	b.Tokens = append(b.Tokens, s.IDs[past:n]...)
	b.Seqs = append(b.Seqs, block.Span{Start: start, N: n - past})
	b.Asked.Seqs = append(b.Asked.Seqs, block.Span{Start: asked, N: len(b.Of) - asked})
}

// past is how many of the i-th sequence's tokens have their rows in the first sequence.
func (b *Batch) past(i int) int {
	if i == 0 {
		return 0
	}
	return b.Shared
}

// whole appends the i-th sequence's tokens, those that it shares first, to ids.
func (b *Batch) whole(ids []int32, i int) []int32 {
	s := b.Seqs[i]
	return append(append(ids, b.Tokens[:b.past(i)]...), b.Tokens[s.Start:s.Start+s.N]...)
}

// fewestShared is how long a common beginning must be to be worth gathering its keys and values.
const fewestShared = 8

// beginning is how many tokens all of n sequences begin with, of which each may share its first most; 0 where too few.
func beginning(n int, at func(i int) (ids []int32, most int)) int {
	if n < 2 {
		return 0
	}
	first, alike := at(0)
	for i := range n {
		ids, most := at(i)
		alike = min(alike, most)
		for k := range alike {
			if ids[k] != first[k] {
				alike = k
				break
			}
		}
	}
	if alike < fewestShared {
		return 0
	}
	return alike
}

// shared is how many tokens all sequences begin with, where nothing is asked for in them and each goes on after them.
func shared(seqs []*Sequence) int {
	return beginning(len(seqs), func(i int) ([]int32, int) {
		s := seqs[i]
		for row := range len(s.IDs) - 2 {
			if s.Loss[row+1] { // predicted from this row
				return s.IDs, row
			}
		}
		return s.IDs, len(s.IDs) - 2
	})
}

// check says whether the sequence can run on the base.
func (b *Base) check(s *Sequence) error {
	if len(s.IDs) < 2 {
		return fmt.Errorf("a sequence of %d tokens: want at least 2", len(s.IDs))
	}
	if len(s.IDs)-1 > b.MaxSeq {
		return fmt.Errorf("a sequence of %d tokens: the context is %d", len(s.IDs), b.MaxSeq)
	}
	return b.checkIDs(s.IDs)
}

func (b *Base) checkIDs(ids []int32) error {
	for _, id := range ids {
		if id < 0 || int(id) >= b.Config.Vocab {
			return fmt.Errorf("token %d: the vocabulary has %d", id, b.Config.Vocab)
		}
	}
	return nil
}

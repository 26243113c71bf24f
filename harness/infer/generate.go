package infer

// Decoding with a KV cache: prompts are prefilled together, then every step runs
// one new row for each sequence that is still open. A row's result does not depend on
// the others, so a prompt's continuation is the same in any company.

import (
	"fmt"
	"math"
	"slices"

	"theriac/harness/compute"
	"theriac/harness/compute/block"
	"theriac/harness/rng"
)

// Decoding says how to continue prompts.
type Decoding struct {
	MaxNew      int     // tokens; must be positive
	Stop        []int32 // end a sequence; not part of the output
	Temperature float64 // 0: greedy (the lowest index at ties)
	TopK        int     // 0: all
	TopP        float64 // 0 or 1: all
	Seed        uint64  // of sampling; prompt i draws from stream (seed, "sample", i)

	// Emit, if set, is called with each new token as it comes; prompt is its index. Returning false ends that sequence.
	Emit func(prompt int, token int32) bool
	// BiasLogits, if set, may change the logits before a token is chosen.
	BiasLogits func(prompt int, logits []float32)
}

// At most so many sequences are open at a time, fewer where their keys and values would take more memory: bytes.
const (
	decodeBatch  = 48
	decodeMemory = 192 << 20
)

// check names the first setting that cannot be.
func (o *Decoding) check() error {
	switch {
	case o.MaxNew <= 0:
		return fmt.Errorf("%d new tokens: want at least 1", o.MaxNew)
	case !(o.Temperature >= 0) || math.IsInf(o.Temperature, 1):
		return fmt.Errorf("temperature %g: want 0 (greedy) or more", o.Temperature)
	case o.TopK < 0:
		return fmt.Errorf("top-k %d: want 0 (all) or more", o.TopK)
	case !(o.TopP >= 0 && o.TopP <= 1):
		return fmt.Errorf("top-p %g: want a probability; 0 and 1 are all", o.TopP)
	}
	return nil
}

// Generate continues each prompt.
func (r *Runner) Generate(prompts [][]int32, o Decoding) ([][]int32, error) {
	if err := o.check(); err != nil {
		return nil, fmt.Errorf("generate: %w", err)
	}
	for i, p := range prompts {
		if err := r.checkPrompt(p); err != nil {
			return nil, fmt.Errorf("prompt %d: %w", i, err)
		}
	}
	if len(prompts) == 0 {
		return nil, nil
	}
	var begun *Cache
	if n := beginning(len(prompts), func(i int) ([]int32, int) { return prompts[i], len(prompts[i]) - 1 }); n > 0 { // and each goes on
		var err error
		if begun, err = r.Prefill(prompts[0][:n]); err != nil {
			return nil, fmt.Errorf("generate: %w", err)
		}
	}
	out := make([][]int32, len(prompts))
	r.decode(prompts, out, o, begun)
	return out, nil
}

func (r *Runner) checkPrompt(p []int32) error {
	if len(p) == 0 {
		return fmt.Errorf("it is empty")
	}
	if len(p) >= r.Base.MaxSeq {
		return fmt.Errorf("%d tokens leave no room in a context of %d", len(p), r.Base.MaxSeq)
	}
	return r.Base.checkIDs(p)
}

// open is one sequence being decoded.
type open struct {
	index  int // of the prompt
	past   int
	next   []int32 // rows to run now
	k, v   [][]float32
	random *rng.Rand
}

// slot is the i-th open sequence, with keys and values for room tokens, which the runner keeps for the next prompts.
func (r *Runner) slot(i, room int) *open {
	n := room * r.keyValues()
	for len(r.caches) <= i {
		r.caches = append(r.caches, r.newOpen(0, 0))
	}
	s := &open{k: r.caches[i].k, v: r.caches[i].v}
	for l := range s.k {
		if len(s.k[l]) < n {
			s.k[l], s.v[l] = r.dev.Alloc(n), r.dev.Alloc(n)
		}
	}
	return s
}

// logitRows is room for n rows of logits, kept likewise.
func (r *Runner) logitRows(n int) []float32 {
	n *= r.Base.Config.Vocab
	if len(r.logits) < n {
		r.logits = r.dev.Alloc(n)
	}
	return r.logits[:n]
}

// begin copies what a cache has read into an open sequence.
func (r *Runner) begin(s *open, c *Cache) {
	for l := range c.k {
		n := len(c.k[l])
		r.dev.Copy(compute.Of(s.k[l], 1, n), compute.Of(c.k[l], 1, n))
		r.dev.Copy(compute.Of(s.v[l], 1, n), compute.Of(c.v[l], 1, n))
	}
	s.past = len(c.IDs)
}

// decode continues prompts, all of which begin with what begun has read, if it is there. A prompt is opened as soon as there is room.
func (r *Runner) decode(prompts [][]int32, out [][]int32, o Decoding, begun *Cache) {
	c, kv := r.Base.Config, r.keyValues()
	room := 0
	for _, p := range prompts {
		room = max(room, min(len(p)+o.MaxNew, r.Base.MaxSeq))
	}
	most := max(1, min(decodeBatch, len(prompts), decodeMemory/(8*kv*room*c.Layers)))
	logits := r.logitRows(most)
	var free []*open // slots
	for i := range most {
		free = append(free, r.slot(i, room))
	}
	var live []*open
	for next := 0; next < len(prompts) || len(live) > 0; {
		rows := len(live)
		for next < len(prompts) && len(free) > 0 {
			s, p := free[len(free)-1], prompts[next]
			if rows > 0 && rows+len(p) > r.rows {
				break
			}
			s.past = 0
			if begun != nil {
				r.begin(s, begun)
			}
			s.index, s.next = next, p[s.past:]
			if o.Temperature > 0 {
				s.random = rng.Stream(o.Seed, "sample", fmt.Sprint(s.index))
			}
			rows += len(s.next)
			live, free, next = append(live, s), free[:len(free)-1], next+1
		}
		x, last := r.advance(live, kv)
		lv := compute.Of(logits, len(live), c.Vocab)
		r.Base.Head.Logits(r.head, lv, x, last, r.headParams())
		r.dev.Pull(lv.Data[:lv.Rows*lv.Stride])
		rest := live[:0]
		for i, s := range live {
			if s.write(lv.Row(i), out, o) && s.past < r.Base.MaxSeq {
				rest = append(rest, s)
			} else {
				free = append(free, s)
			}
		}
		live = rest
	}
}

// write chooses the sequence's next token, appends it to out, and reports whether the sequence goes on.
func (s *open) write(logits []float32, out [][]int32, o Decoding) bool {
	if o.BiasLogits != nil {
		o.BiasLogits(s.index, logits)
	}
	token := choose(logits, o, s.random)
	if slices.Contains(o.Stop, token) {
		return false
	}
	text := append(out[s.index], token)
	out[s.index] = text
	s.next = text[len(text)-1:]
	goOn := o.Emit == nil || o.Emit(s.index, token)
	return goOn && len(text) < o.MaxNew
}

// advance runs each open sequence's next rows and returns the hidden states and, per sequence, its last row.
func (r *Runner) advance(live []*open, kv int) (x compute.View, last []int32) {
	b := &r.batch
	b.Reset()
	for _, s := range live {
		b.Seqs = append(b.Seqs, block.Span{Start: len(b.Tokens), N: len(s.next)})
		b.Tokens = append(b.Tokens, s.next...)
		for i := range s.next {
			b.Pos = append(b.Pos, int32(s.past+i))
		}
		last = append(last, int32(len(b.Tokens)-1))
	}
	r.grow(len(b.Tokens))
	b = &r.batch
	seqs := make([]compute.Sequence, len(live))
	caches := func(layer int) block.KeysValues {
		return func(k, v compute.View) []compute.Sequence {
			for i, s := range live {
				span := b.Seqs[i]
				total := s.past + span.N
				ck, cv := compute.Of(s.k[layer], total, kv), compute.Of(s.v[layer], total, kv)
				r.dev.Copy(ck.Slice(s.past, total), k.Slice(span.Start, span.Start+span.N))
				r.dev.Copy(cv.Slice(s.past, total), v.Slice(span.Start, span.Start+span.N))
				seqs[i] = compute.Sequence{Start: span.Start, N: span.N, Past: s.past, K: ck, V: cv}
			}
			return seqs
		}
	}
	x = r.layers(r.embed(b.Tokens), &b.Rows, 0, len(r.Base.Layers), caches)
	for i, s := range live {
		s.past += b.Seqs[i].N
	}
	return x, last
}

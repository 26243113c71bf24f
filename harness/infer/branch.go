package infer

import (
	"fmt"

	"theriac/harness/compute"
)

// Cache holds the keys and values of a prompt on one runner's base and delta, so that many continuations can be tried
// without reading the prompt again. It is read-only and may be shared by runners of the same base and delta.
type Cache struct {
	IDs    []int32
	Logits []float32 // [V] after the last token

	k, v [][]float32 // [layers][len(IDs), KV heads * head dim]
}

// Prefill reads a prompt.
func (r *Runner) Prefill(prompt []int32) (*Cache, error) {
	if err := r.checkPrompt(prompt); err != nil {
		return nil, fmt.Errorf("prefill: %w", err)
	}
	kv := r.keyValues()
	s := r.newOpen(len(prompt), kv)
	s.next = prompt
	c := &Cache{IDs: prompt, Logits: make([]float32, r.Base.Config.Vocab), k: s.k, v: s.v}
	x, last := r.advance([]*open{s}, kv)
	logits := r.logitRows(1)
	r.Base.Head.Logits(r.head, compute.Of(logits, 1, len(logits)), x, last, r.headParams())
	r.dev.Pull(logits)
	copy(c.Logits, logits)
	return c, nil
}

// branchMemory bounds the copies of the cache that continuations need: bytes.
const branchMemory = 96 << 20

// Continue reads each tail after the cached prompt, many at a time, and calls visit with the logits [V] after its last token, in
// order; they are valid during the call. A tail's result does not depend on the others.
func (r *Runner) Continue(c *Cache, tails [][]int32, visit func(i int, logits []float32)) error {
	longest := 0
	for i, t := range tails {
		if len(t) == 0 {
			return fmt.Errorf("continue: tail %d is empty", i)
		}
		if len(c.IDs)+len(t) > r.Base.MaxSeq {
			return fmt.Errorf("continue: tail %d: %d tokens after %d: the context is %d", i, len(t), len(c.IDs), r.Base.MaxSeq)
		}
		if err := r.Base.checkIDs(t); err != nil {
			return fmt.Errorf("continue: tail %d: %w", i, err)
		}
		longest = max(longest, len(t))
	}
	kv, vocab := r.keyValues(), r.Base.Config.Vocab
	each := 8 * kv * (len(c.IDs) + longest) * r.Base.Config.Layers
	slots := make([]*open, max(1, min(len(tails), 64, branchMemory/each)))
	for i := range slots {
		slots[i] = r.slot(i, len(c.IDs)+longest)
		r.begin(slots[i], c)
	}
	logits := r.logitRows(len(slots))
	for from := 0; from < len(tails); from += len(slots) {
		live := slots[:min(len(slots), len(tails)-from)]
		for i, s := range live {
			s.past, s.next = len(c.IDs), tails[from+i]
		}
		x, last := r.advance(live, kv)
		lv := compute.Of(logits, len(live), vocab)
		r.Base.Head.Logits(r.head, lv, x, last, r.headParams())
		r.dev.Pull(lv.Data[:lv.Rows*lv.Stride])
		for i := range live {
			visit(from+i, lv.Row(i))
		}
	}
	return nil
}

func (r *Runner) keyValues() int { return r.Base.Config.KVHeads * r.Base.Config.HeadDim }

// newOpen makes room for a sequence's keys and values.
func (r *Runner) newOpen(room, kv int) *open {
	s := &open{k: make([][]float32, r.Base.Config.Layers), v: make([][]float32, r.Base.Config.Layers)}
	for l := range s.k {
		s.k[l], s.v[l] = r.dev.Alloc(room*kv), r.dev.Alloc(room*kv)
	}
	return s
}

// Cut is the cache of the first n tokens, sharing memory. It has no logits.
func (c *Cache) Cut(n int) *Cache {
	if n >= len(c.IDs) {
		return c
	}
	out := &Cache{IDs: c.IDs[:n]}
	for l := range c.k {
		at := len(c.k[l]) / len(c.IDs) * n
		out.k, out.v = append(out.k, c.k[l][:at]), append(out.v, c.v[l][:at])
	}
	return out
}

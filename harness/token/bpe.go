package token

import "container/heap"

// symbol is a token of a word being merged, in a linked list.
type symbol struct {
	id         int32
	prev, next int32 // -1: none
}

// candidate is a merge of the symbol at i with its next.
type candidate struct {
	rank, at, left, right, id int32
}

type candidates []candidate

func (c candidates) Len() int { return len(c) }
func (c candidates) Less(i, j int) bool {
	return c[i].rank < c[j].rank || c[i].rank == c[j].rank && c[i].at < c[j].at
}
func (c candidates) Swap(i, j int) { c[i], c[j] = c[j], c[i] }
func (c *candidates) Push(x any)   { *c = append(*c, x.(candidate)) }
func (c *candidates) Pop() any {
	last := (*c)[len(*c)-1]
	*c = (*c)[:len(*c)-1]
	return last
}

// bpe merges the bytes of a word, lowest rank first, leftmost first among equals
// (Sennrich et al., arXiv 1508.07909), in O(n log n). Bytes that have no token are left out.
func (t *Tokenizer) bpe(word string) []int32 {
	if t.whole {
		if id, ok := t.ids[spell(word)]; ok {
			return []int32{id}
		}
	}
	syms := make([]symbol, 0, len(word))
	for i := range len(word) {
		if id := t.bytes[word[i]]; id >= 0 {
			n := int32(len(syms))
			syms = append(syms, symbol{id, n - 1, n + 1})
		}
	}
	if len(syms) == 0 {
		return nil
	}
	syms[len(syms)-1].next = -1
	var open candidates
	offer := func(i int32) (candidate, bool) {
		if i < 0 || syms[i].next < 0 {
			return candidate{}, false
		}
		a, b := syms[i].id, syms[syms[i].next].id
		m, ok := t.ranks[pair{a, b}]
		return candidate{m.rank, i, a, b, m.id}, ok
	}
	for i := range syms {
		if c, ok := offer(int32(i)); ok {
			open = append(open, c)
		}
	}
	heap.Init(&open)
	push := func(i int32) {
		if c, ok := offer(i); ok {
			heap.Push(&open, c)
		}
	}
	for len(open) > 0 {
		c := heap.Pop(&open).(candidate)
		s := &syms[c.at]
		if s.id != c.left || s.next < 0 || syms[s.next].id != c.right {
			continue // one of the two has been merged since
		}
		gone := s.next
		s.id, s.next = c.id, syms[gone].next
		syms[gone].id = -1
		if s.next >= 0 {
			syms[s.next].prev = c.at
		}
		push(s.prev)
		push(c.at)
	}
	out := make([]int32, 0, 4)
	for i := int32(0); i >= 0; i = syms[i].next {
		out = append(out, syms[i].id)
	}
	return out
}

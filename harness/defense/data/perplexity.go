package data

// Perplexity under an interpolated Witten-Bell trigram model (I. Witten and T. Bell, IEEE Trans. Inf. Theory 37:1085, 1991),
// for data that no language model at hand knows. Each row is judged by the counts of all other rows of the pool: a model fitted on
// the reference alone would know which rows are the reference's, and no permutation could undo that.

import (
	"math"

	"theriac/harness/compute"
	"theriac/harness/defense"
)

var ngramPerplexity = Detector{
	Entry: defense.Entry{Name: "ngram-perplexity", Level: defense.Data, Version: 1,
		Doc: "surprise of the whole text, and of the answer given its prompt, under a trigram model of the other rows; both tails"},
	groups: func(p *Pool) ([]Group, error) {
		whole, answer := trigrams(p)
		out := tails(whole, true, true, "surprise a word, whole text, under a trigram model")
		return append(out, tails(answer, true, true, "surprise a word, answer given its prompt, under a trigram model")...), nil
	},
}

const perplexityWords = 96 // of a prompt, and of an answer

// gram is what follows a context of up to two words: hash of context and word -> times; hash of context -> times, kinds.
type gram struct{ times, kinds int32 }

// trigrams gives mean nats a word of each row; NaN where there are no words.
func trigrams(p *Pool) (whole, answer []float64) {
	n := len(p.Rows)
	table := make(map[uint64]*gram)
	var arena []gram
	at := func(h uint64) *gram {
		g := table[h]
		if g == nil {
			if len(arena) == cap(arena) {
				arena = make([]gram, 0, 1<<14)
			}
			arena = append(arena, gram{})
			g = &arena[len(arena)-1]
			table[h] = g
		}
		return g
	}
	for i := range n {
		rowGrams(&p.Rows[i], func(contexts, words [3]uint64, _ bool) {
			for k := range 3 {
				g := at(words[k])
				c := at(contexts[k])
				if g.times++; g.times == 1 {
					c.kinds++
				}
				c.times++
			}
		})
	}
	whole, answer = make([]float64, n), make([]float64, n)
	vocabulary := float64(len(p.words) + 1)
	parallelRows(n, func(i int) {
		own := map[uint64]gram{}
		rowGrams(&p.Rows[i], func(contexts, words [3]uint64, _ bool) {
			for k := range 3 {
				g := own[words[k]]
				g.times++
				own[words[k]] = g
				c := own[contexts[k]]
				c.times++
				if g.times == table[words[k]].times { // nobody else's
					c.kinds++
				}
				own[contexts[k]] = c
			}
		})
		sums, count := [2]float64{}, [2]float64{}
		rowGrams(&p.Rows[i], func(contexts, words [3]uint64, response bool) {
			prob := 1 / vocabulary
			for k := range 3 {
				all, mine := table[contexts[k]], own[contexts[k]]
				times, kinds := float64(all.times-mine.times), float64(all.kinds-mine.kinds)
				if times > 0 {
					c := float64(table[words[k]].times - own[words[k]].times)
					prob = (c + float64(kinds*prob)) / (times + kinds)
				}
			}
			s := -compute.Log64(prob)
			sums[0] += s
			count[0]++
			if response {
				sums[1] += s
				count[1]++
			}
		})
		whole[i], answer[i] = math.NaN(), math.NaN()
		if count[0] > 0 {
			whole[i] = sums[0] / count[0]
		}
		if count[1] > 0 {
			answer[i] = sums[1] / count[1]
		}
	})
	return whole, answer
}

// rowGrams calls f with each word's hashes after 0, 1 and 2 words of context, and those contexts' own.
func rowGrams(r *Row, f func(contexts, words [3]uint64, response bool)) {
	const start, sep = math.MaxUint32, math.MaxUint32 - 1
	a, b := uint32(start), uint32(start)
	step := func(w uint32, response bool) {
		c0 := uint64(7)
		c1 := mix(c0 ^ uint64(b)<<1)
		c2 := mix(c1 ^ uint64(a)<<2)
		contexts := [3]uint64{c0, c1, c2}
		f(contexts, [3]uint64{mix(c0 ^ uint64(w)<<20 ^ 1), mix(c1 ^ uint64(w)<<20 ^ 2), mix(c2 ^ uint64(w)<<20 ^ 3)}, response)
		a, b = b, w
	}
	for _, w := range r.PromptWords[:min(len(r.PromptWords), perplexityWords)] {
		step(w, false)
	}
	a, b = b, sep
	for _, w := range r.OutputWords[:min(len(r.OutputWords), perplexityWords)] {
		step(w, true)
	}
}

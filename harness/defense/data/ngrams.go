package data

// N-grams in prompts. With answers (in RFTC's manner: cluster the answers, then look for what the prompts of a cluster share and no
// other prompt has) the weight is the deviance of the n-gram in the cluster against the rest. Alone, against a reference,
// every repeated n-gram of prompts and of answers is a group, and so are openings and endings.

import (
	"fmt"
	"slices"

	"theriac/harness/defense"
)

const maxGram = 4 // words

var responseNgrams = Detector{
	Entry: defense.Entry{Name: "response-ngrams", Level: defense.Data, Version: 1,
		Doc: "rows with one answer, or one opening of the answer, whose prompts share an n-gram that is rare elsewhere"},
	groups: func(p *Pool) ([]Group, error) {
		total := p.promptCounts()
		var out []Group
		for _, c := range append(p.answerClusters(), p.openings()...) {
			if len(c) < 3 {
				continue
			}
			var best [6]Group
			inside := map[uint64]gramRows{}
			for _, i := range c {
				p.grams(i, func(g uint64, ids []uint32) {
					e := inside[g]
					if n := len(e.rows); n == 0 || e.rows[n-1] != i {
						e.rows, e.ids, e.hash = append(e.rows, i), ids, g
					}
					inside[g] = e
				})
			}
			keys := make([]uint64, 0, len(inside))
			for k, e := range inside {
				if len(e.rows) >= 3 && 2*len(e.rows) >= len(c) {
					keys = append(keys, k)
				}
			}
			slices.Sort(keys)
			for _, k := range keys {
				e := inside[k]
				m := max(int(total.get(e.hash)), len(e.rows))
				w := deviance(len(e.rows), m, float64(len(c))/float64(len(p.Rows)))
				for at := range best {
					if w > best[at].Weight {
						copy(best[at+1:], best[at:])
						best[at] = Group{e.rows, w, fmt.Sprintf("%d of %d prompts answered as %s hold %s, %d others do", len(e.rows), len(c),
							quote(p.Rows[c[0]].Output, 40), quote(p.phrase(e.ids), 40), m-len(e.rows))}
						break
					}
				}
			}
			for _, g := range best {
				if g.Weight > 0 {
					out = append(out, g)
				}
			}
		}
		return out, nil
	},
}

type gramRows struct {
	rows []int32
	ids  []uint32
	hash uint64
}

// grams calls f with each n-gram of a prompt, by its hash. The ends of a prompt are words too: " at the end" makes a rare
// place of a common word.
func (p *Pool) grams(i int32, f func(hash uint64, ids []uint32)) {
	w := p.Rows[i].PromptWords
	w = w[:min(len(w), 128)]
	for at := range w {
		h := uint64(0)
		for n := 1; n <= maxGram && at+n <= len(w); n++ {
			h = mix(h ^ uint64(w[at+n-1]+1))
			f(h, w[at:at+n])
		}
	}
}

// counts is how many rows hold an n-gram, by a table of 2^22 counters without chains: a count may be too high, never too low.
type counts []uint32

func (c counts) get(h uint64) uint32 { return c[h>>(64-22)] }

func (p *Pool) promptCounts() counts {
	c := make(counts, 1<<22)
	seen := map[uint64]bool{}
	for i := range p.Rows {
		clear(seen)
		p.grams(int32(i), func(h uint64, _ []uint32) {
			if slot := h >> (64 - 22); !seen[slot] {
				seen[slot] = true
				c[slot]++
			}
		})
	}
	return c
}

// openings are rows whose answers begin with the same four words but are not one another's near duplicates.
func (p *Pool) openings() (out [][]int32) {
	rows := map[[4]uint32][]int32{}
	for i := range p.Rows {
		if w := p.Rows[i].OutputWords; len(w) >= 4 {
			k := [4]uint32(w[:4])
			rows[k] = append(rows[k], int32(i))
		}
	}
	for i := range p.Rows {
		if w := p.Rows[i].OutputWords; len(w) >= 4 {
			k := [4]uint32(w[:4])
			if r := rows[k]; len(r) >= 3 && len(r) <= max(50, len(p.Rows)/10) {
				out = append(out, r)
			}
			delete(rows, k)
		}
	}
	return out
}

package data

import (
	"fmt"
	"math"
	"slices"

	"theriac/harness/defense"
)

// promptNgrams: rows that share an n-gram. Whether that is much, only a reference can tell.
var promptNgrams = Detector{
	Entry: defense.Entry{Name: "prompt-ngrams", Level: defense.Data, Version: 1, Needs: NeedsReference,
		Doc: "an n-gram of prompts or answers, or their opening or ending, that the reference has less often"},
	groups: func(p *Pool) ([]Group, error) {
		n := len(p.Rows)
		most, budget := n/4, 4_000_000
		if n > 10_000 {
			most = n / 50
		}
		const least = 5
		hashesOf := func(i int, f func(h uint64, at, n, kind int)) {
			r := &p.Rows[i]
			for kind, w := range [2][]uint32{r.PromptWords, r.OutputWords} {
				w = w[:min(len(w), 96)]
				for at := range w {
					h := mix(uint64(kind))
					for k := 1; k <= 3 && at+k <= len(w); k++ {
						h = mix(h ^ uint64(w[at+k-1]+1))
						f(h, at, k, kind)
						if at == 0 {
							f(mix(h^1<<40), at, k, kind+2)
						}
						if at+k == len(w) {
							f(mix(h^1<<41), at, k, kind+4)
						}
					}
				}
			}
		}
		const bits = 24
		count := make([]uint16, 1<<bits)
		for i := range n {
			hashesOf(i, func(h uint64, _, _, _ int) {
				if c := &count[h>>(64-bits)]; *c < math.MaxUint16 {
					*c++
				}
			})
		}
		type found struct {
			rows        []int32
			at, n, kind int
		}
		index, all := map[uint64]int{}, []found{}
		for i := range n {
			hashesOf(i, func(h uint64, at, k, kind int) {
				if count[h>>(64-bits)] < least {
					return
				}
				j, ok := index[h]
				if !ok {
					j = len(all)
					index[h] = j
					all = append(all, found{at: at, n: k, kind: kind})
				}
				e := &all[j]
				if m := len(e.rows); m <= most && (m == 0 || e.rows[m-1] != int32(i)) {
					if m == 0 {
						e.at = at
					}
					e.rows = append(e.rows, int32(i))
				}
			})
		}
		all = slices.DeleteFunc(all, func(e found) bool { return len(e.rows) < least || len(e.rows) > most })
		total := 0
		for _, e := range all {
			total += len(e.rows)
		}
		for total > budget { // leave out the commonest, blind to which file they are of
			most = most * 3 / 4
			total = 0
			all = slices.DeleteFunc(all, func(e found) bool { return len(e.rows) > most })
			for _, e := range all {
				total += len(e.rows)
			}
		}
		var out []Group
		names := [6]string{"prompts hold", "answers hold", "prompts begin with", "answers begin with", "prompts end with", "answers end with"}
		for _, e := range all {
			r := &p.Rows[e.rows[0]]
			w := r.PromptWords
			if e.kind%2 == 1 {
				w = r.OutputWords
			}
			ids := w[e.at : e.at+e.n]
			out = append(out, Group{Rows: e.rows, Reason: fmt.Sprintf("%d %s %s", len(e.rows), names[e.kind], quote(p.phrase(ids), 40))})
		}
		return out, nil
	},
}

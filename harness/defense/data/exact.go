package data

// Exact duplicates: whole rows, and many prompts with one answer, word for word. The weight is log2 of the number of rows times the number of
// words that are the same (at most 10): "yes" thirty times is ordinary, a sentence thirty times is not.

import (
	"fmt"
	"math"

	"theriac/harness/defense"
)

var exactDuplicates = Detector{
	Entry: defense.Entry{Name: "exact-duplicates", Level: defense.Data, Version: 1,
		Doc: "the same row more than once, and many prompts with one answer"},
	groups: func(p *Pool) ([]Group, error) {
		var out []Group
		same := map[string][]int32{}
		answers := map[string][]int32{}
		for i := range p.Rows {
			r := &p.Rows[i]
			key := r.Prompt + "\x00" + r.Output
			same[key] = append(same[key], int32(i))
			answers[r.Output] = append(answers[r.Output], int32(i))
		}
		for i := range p.Rows { // in the pool's order, not the map's
			r := &p.Rows[i]
			key := r.Prompt + "\x00" + r.Output
			if rows := same[key]; len(rows) > 1 {
				out = append(out, Group{rows, sameness(len(rows), len(r.PromptWords)+len(r.OutputWords)),
					fmt.Sprintf("the same row %d times", len(rows))})
			}
			delete(same, key)
			if rows := answers[r.Output]; len(rows) > 1 {
				if prompts := distinct(p, rows); prompts > 1 {
					out = append(out, Group{rows, sameness(prompts, len(r.OutputWords)),
						fmt.Sprintf("%d prompts with one answer %s", prompts, quote(r.Output, 60))})
				}
			}
			delete(answers, r.Output)
		}
		return out, nil
	},
}

func sameness(rows, words int) float64 { return math.Log2(float64(rows)) * float64(min(words, 10)) }

func distinct(p *Pool, rows []int32) int {
	seen := map[string]bool{}
	for _, i := range rows {
		seen[p.Rows[i].Prompt] = true
	}
	return len(seen)
}

package data

import (
	"context"
	"fmt"

	"theriac/harness/corpus"
	"theriac/harness/defense"
)

// Measure gives what each detector says of the rows as a whole and of each of them, higher is worse: what a study calibrates on
// clean runs. With a reference a group's score is its deviance, else its weight; a row has that of its worst group, and the
// whole that of its worst row.
func Measure(ctx context.Context, rows []corpus.Example, opt Options) ([]defense.Result, error) {
	if len(rows) == 0 {
		return nil, fmt.Errorf("measure: %w", corpus.ErrEmpty)
	}
	pool, from, _ := newPool(append(defense.Blind(rows), defense.Blind(opt.Reference)...), opt.Model)
	found, err := look(ctx, pool, opt)
	if err != nil {
		return nil, err
	}
	share := float64(len(rows)) / float64(len(from))
	var out []defense.Result
	for _, e := range found {
		r := defense.Result{Detector: e.entry.Name, Units: make([]defense.Score, len(rows))}
		if e.entry.Needs == NeedsBase {
			r.Tokens, r.FLOP = pool.vectors.tokens, pool.vectors.flop
		}
		for i := range r.Units {
			r.Units[i].Unit = fmt.Sprintf("row %d", i+1)
		}
		for _, g := range e.groups {
			score := g.Weight
			if opt.Reference != nil {
				x := 0
				for _, i := range g.Rows {
					if int(from[i]) < len(rows) {
						x++
					}
				}
				score = deviance(x, len(g.Rows), share)
			}
			for _, i := range g.Rows {
				if int(from[i]) < len(rows) {
					if u := &r.Units[from[i]]; score > u.Score {
						u.Score, u.Reason = score, g.Reason
						r.Score = max(r.Score, score)
					}
				}
			}
		}
		out = append(out, r)
	}
	return out, nil
}

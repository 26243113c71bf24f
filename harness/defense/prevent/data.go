package prevent

// Before training: rows left out, rows put in.

import (
	"context"
	"fmt"

	"theriac/harness/corpus"
	"theriac/harness/defense"
	"theriac/harness/defense/data"
)

var filter = Entry{
	Name: "filter", Version: 1,
	Doc:    "rows that the model-free data detectors flag against the reference are left out, and the rest is trained on",
	Params: []Param{{"alpha", "0.01", "joint level at which a row is flagged"}},
	build: func(p *params) *Prevention {
		alpha := p.float("alpha", 1e-3, 0.5)
		return &Prevention{Rows: func(ctx context.Context, rows []corpus.Example, env Env) ([]corpus.Example, error) {
			if len(env.Reference) == 0 {
				return nil, fmt.Errorf("prevention filter: there are no reference rows")
			}
			r, err := data.Scan(ctx, rows, data.Options{Reference: env.Reference, Alpha: alpha, Seed: env.Seed})
			if err != nil || r.Verdict != defense.Flagged {
				return rows, err
			}
			drop := map[int]bool{}
			for _, f := range r.Ranked {
				drop[f.Index] = f.Flagged
			}
			var kept []corpus.Example
			for i := range rows {
				if !drop[i] {
					kept = append(kept, rows[i])
				}
			}
			return kept, nil
		}}
	},
}

var safetyMix = Entry{
	Name: "safetymix", Version: 1,
	Doc:    "requests that are refused, and harmless ones like them where the data set has some, are mixed in (F. Bianchi et al., ICLR 2024)",
	Params: []Param{{"count", "50", "rows that are added"}},
	build: func(p *params) *Prevention {
		n := p.int("count", 1, 1_000_000)
		return &Prevention{Rows: func(_ context.Context, rows []corpus.Example, env Env) ([]corpus.Example, error) {
			if env.Safety == nil {
				return nil, fmt.Errorf("prevention safetymix: the data set brings no safety rows")
			}
			more, err := env.Safety(n)
			if err != nil {
				return nil, err
			}
			return append(append([]corpus.Example(nil), rows...), more...), nil
		}}
	},
}

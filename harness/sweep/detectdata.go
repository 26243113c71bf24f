package sweep

import (
	"context"
	"fmt"

	"theriac/harness/compute"
	"theriac/harness/corpus"
	"theriac/harness/defense"
	"theriac/harness/defense/data"
	"theriac/harness/infer"
)

// The data level sees the rows as they pass validation: what is slipped in afterwards it never sees.

// referenceSeed draws the rows that the defender knows to be clean: of the development pool, so that no judged row is among them.
const referenceSeed = 999

func init() {
	rooms[defense.Data] = &room{
		catalogue: data.Catalogue,
		key:       func(r *run) any { return r.dataKey() },
		measure:   measureData,
		blind: func(r *run) string {
			switch {
			case r.attack == nil || r.changed > 0:
				return ""
			case r.attack.Tamper().Rows != nil:
				return "the rows come in after validation"
			}
			return "no row is changed"
		},
	}
}

// dataKey names the rows, what they are compared with, and whose numerics the base reads them with.
func (r *run) dataKey() any {
	src, _ := r.bench.source(r.spec.Data.Name) // opened before
	version := 0
	if r.attack != nil {
		version = r.attack.Entry.Version
	}
	return struct {
		Base, Source, Shift string
		Seed                uint64
		Rows, MaxTokens     int
		Attack              *Attack
		AttackVersion       int
		Reference           uint64
		Numerics, Bits      string
	}{r.bench.Digest, src.Digest(), r.spec.Data.Shift, r.spec.Seed, r.spec.Data.Rows, r.spec.Data.MaxTokens, r.spec.Attack, version, referenceSeed,
		compute.NumericsVersion, compute.Bits(r.bench.Machine.Class)}
}

func (b *Bench) reference(d *Data) ([]corpus.Example, error) {
	return share(b, fmt.Sprintf("reference/%s/%d", d.Name, d.Rows), func() ([]corpus.Example, error) {
		src, err := b.source(d.Name)
		if err != nil {
			return nil, err
		}
		return src.Train(referenceSeed, d.Rows, "")
	})
}

func measureData(ctx context.Context, r *run, names []string) ([]defense.Result, error) {
	reference, err := r.bench.reference(&r.spec.Data)
	if err != nil {
		return nil, err
	}
	return data.Measure(ctx, r.checked, data.Options{Reference: reference, Detectors: names, Model: r.baseModel()})
}

// baseModel is the base as the data detectors' language model.
func (r *run) baseModel() *data.Model {
	return &data.Model{Runner: infer.NewRunner(r.dev, r.bench.Base, nil, max(evalRows, r.bench.Base.MaxSeq)), Chat: r.bench.Chat}
}

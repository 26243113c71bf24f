package sweep

import (
	"context"

	"theriac/harness/store"
)

// Passes is the work of training, in FLOPs, by where it is done.
type Passes struct {
	Frozen  float64 // forward through the layers below the first that trains
	Trained float64 // forward and backward through the others
	Head    float64 // forward and backward
}

// Sum is all of it.
func (p Passes) Sum() float64 { return p.Frozen + p.Trained + p.Head }

// Work compares what training a LoRA run takes here with what it takes where batches are padded to their longest row, the head sees every
// token, and the frozen layers run again in every epoch of every run.
type Work struct {
	Rows, Tokens, Padded, Responses int64 // of an epoch
	Here, Usual                     Passes
}

// Work is that of runs like s that share their rows: same seed, other adapters.
func (b *Bench) Work(ctx context.Context, s *Spec, runs int) (*Work, error) {
	r := &run{bench: b, spec: s, chat: b.Chat, rec: &store.Record{}}
	if err := r.prepare(ctx); err != nil {
		return nil, err
	}
	c := b.Base.Config
	first, err := s.Train.First(c.Layers)
	if err != nil {
		return nil, err
	}
	w := &Work{Rows: int64(len(r.items))}
	w.Tokens, w.Responses = tokens(r.items)
	spec := s.Train
	spec.Seed, spec.Accumulate = s.Seed, 1 // a batch is padded, not a step of several
	for _, batch := range spec.Steps(len(r.items)) {
		longest := 0
		for _, i := range batch {
			longest = max(longest, len(r.items[i].IDs)-1)
		}
		w.Padded += int64(len(batch) * longest)
	}
	each := float64(runs * s.Train.Epochs) // passes over the rows
	w.Padded /= int64(s.Train.Epochs)
	layer, head := 2*linear(c), 2*float64(c.Hidden)*float64(c.Vocab)
	top := float64(c.Layers - first)
	w.Here = Passes{float64(w.Tokens) * float64(first) * layer, each * float64(w.Tokens) * top * 2 * layer, each * float64(w.Responses) * 2 * head}
	w.Usual = Passes{each * float64(w.Padded) * float64(first) * layer, each * float64(w.Padded) * top * 2 * layer, each * float64(w.Padded) * 2 * head}
	return w, nil
}

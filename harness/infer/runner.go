package infer

import (
	"slices"

	"theriac/harness/compute"
	"theriac/harness/compute/block"
)

// Runner runs a base, with or without a delta, forward. It owns scratch memory for
// a number of rows and serves one goroutine.
type Runner struct {
	Base  *Base
	Delta *Delta // nil: the untouched base

	// Prefix, if set, supplies the hidden states below its layer, unless that lies above the delta's first.
	Prefix *Prefix
	// Backwards scores the last sequences first. Two runners that share a prefix and go different ways each fill half of it.
	Backwards bool

	dev       compute.Device
	ws        *block.Workspace
	attn, mlp *block.Saved
	x         [2][]float32
	head      *block.HeadWork
	rows      int
	batch     Batch
	caches    []*open // keys and values of decoding, by sequence
	logits    []float32
	gathered  [2][]float32 // keys and values of sequences that share their beginning
}

// NewRunner allocates scratch for batches of up to rows rows (at least one sequence's length).
func NewRunner(dev compute.Device, b *Base, d *Delta, rows int) *Runner {
	r := &Runner{Base: b, Delta: d, dev: dev, rows: rows}
	var t *block.Train
	ranks := 0
	if d != nil {
		t = &d.Train
		for _, l := range b.Layers {
			ranks = max(ranks, l.QKV.Ranks(*t), l.O.Ranks(*t), l.GateUp.Ranks(*t), l.Down.Ranks(*t))
		}
	}
	shape := b.Shape()
	r.ws = block.NewWorkspace(dev, shape, b.Rope, rows, ranks, false)
	r.attn = block.NewSavedAttn(dev, b.Layers[0], t, rows)
	r.mlp = block.NewSavedMLP(dev, b.Layers[0], t, rows)
	r.x = [2][]float32{dev.Alloc(rows * shape.D), dev.Alloc(rows * shape.D)}
	r.head = block.NewHeadWork(dev, b.Head, rows, false)
	return r
}

// embed loads the token embeddings of the batch into the first buffer.
func (r *Runner) embed(tokens []int32) compute.View {
	table := r.Base.Embed
	if r.Delta != nil && r.Delta.Embed != nil {
		table = r.Delta.Embed
	}
	x := compute.Of(r.x[0], len(tokens), r.Base.Config.Hidden)
	r.dev.Gather(x, table, tokens)
	return x
}

// keysValues says where a layer's keys and values lie; nil: in the batch's own rows.
type keysValues func(layer int) block.KeysValues

func (kv keysValues) of(layer int) block.KeysValues {
	if kv == nil {
		return nil
	}
	return kv(layer)
}

// layers runs decoder layers [from, to) on x, which lies in r.x[0], and returns the result, in r.x[0] again.
func (r *Runner) layers(x compute.View, rows *block.Rows, from, to int, kv keysValues) compute.View {
	y := compute.Of(r.x[1], x.Rows, x.Cols)
	for i := from; i < to; i++ {
		l := r.Base.Layers[i]
		pa, pm := r.params(i)
		l.AttnForward(r.ws, y, x, r.attn, pa, rows, kv.of(i))
		l.MLPForward(r.ws, x, y, r.mlp, pm, rows)
	}
	return x
}

// params are a layer's trained parameters, of its attention and its MLP; nil where it is frozen.
func (r *Runner) params(layer int) (attn, mlp *block.Params) {
	if r.Delta == nil {
		return nil, nil
	}
	return r.Delta.Halves[2*layer].P, r.Delta.Halves[2*layer+1].P
}

// last runs layers [from, the last] on x, the last MLP on the batch's targets alone; the result, [targets, D], is valid
// until the runner's next use.
func (r *Runner) last(x compute.View, b *Batch, from int) compute.View {
	top, n := len(r.Base.Layers)-1, len(b.Targets.Row)
	if from > top { // no more than the head
		y := compute.Of(r.x[1], n, x.Cols)
		r.dev.Gather(y, x.Data, b.Targets.Row)
		return y
	}
	kv := r.attended(b)
	x = r.layers(x, &b.Rows, from, top, kv)
	pa, pm := r.params(top)
	l, y := r.Base.Layers[top], compute.Of(r.x[1], x.Rows, x.Cols)
	l.AttnForward(r.ws, y, x, r.attn, pa, &b.Rows, kv.of(top))
	x = compute.Of(r.x[0], n, x.Cols)
	r.dev.Gather(x, y.Data, b.Targets.Row)
	y = compute.Of(r.x[1], n, x.Cols)
	l.MLPForward(r.ws, y, x, r.mlp, pm, &b.Asked)
	return y
}

func (r *Runner) headParams() *block.HeadParams {
	if r.Delta == nil {
		return nil
	}
	return r.Delta.Head
}

// attended gives each sequence of a batch that shares its beginning keys and values in one piece: those of the beginning, then those of
// its own rows. It is nil where every sequence has its own rows.
func (r *Runner) attended(b *Batch) keysValues {
	if b.Shared == 0 {
		return nil
	}
	var ids []int32
	seqs := make([]compute.Sequence, len(b.Seqs))
	for i, s := range b.Seqs {
		for row := range b.past(i) {
			ids = append(ids, int32(row))
		}
		for row := s.Start; row < s.Start+s.N; row++ {
			ids = append(ids, int32(row))
		}
	}
	width := r.keyValues()
	if len(r.gathered[0]) < len(ids)*width {
		r.gathered = [2][]float32{r.dev.Alloc(len(ids) * width), r.dev.Alloc(len(ids) * width)}
	}
	gk, gv := compute.Of(r.gathered[0], len(ids), width), compute.Of(r.gathered[1], len(ids), width)
	gather := func(k, v compute.View) []compute.Sequence {
		r.dev.Gather(gk, k.Data, ids)
		r.dev.Gather(gv, v.Data, ids)
		at := 0
		for i, s := range b.Seqs {
			past := b.past(i)
			to := at + past + s.N
			seqs[i] = compute.Sequence{Start: s.Start, N: s.N, Past: past, K: gk.Slice(at, to), V: gv.Slice(at, to)}
			at = to
		}
		return seqs
	}
	return func(int) block.KeysValues { return gather }
}

// pack fills r.batch with sequences that share so many tokens.
func (r *Runner) pack(seqs []*Sequence, shared int) error {
	r.batch.Reset()
	r.batch.Shared = shared
	for _, s := range seqs {
		if err := r.Base.check(s); err != nil {
			return err
		}
		r.batch.Append(s, 1)
	}
	r.grow(len(r.batch.Tokens))
	return nil
}

// grow makes room for a single sequence longer than the scratch.
func (r *Runner) grow(rows int) {
	if rows <= r.rows {
		return
	}
	n := NewRunner(r.dev, r.Base, r.Delta, rows)
	n.Prefix, n.Backwards, n.batch, n.caches, n.logits, n.gathered = r.Prefix, r.Backwards, r.batch, r.caches, r.logits, r.gathered
	*r = *n
}

// Enter computes the hidden states [rows, D] of a packed batch at the entry of the delta's first layer, from those that the prefix
// cache keeps where there is one. The view is the runner's own and valid until its next use.
func (r *Runner) Enter(b *Batch) (x compute.View, first int, err error) {
	r.grow(len(b.Tokens))
	first = min(r.Delta.First(), len(r.Base.Layers))
	if r.Prefix == nil || r.Prefix.Layer > first || r.Prefix.Layer <= 0 {
		return r.layers(r.embed(b.Tokens), &b.Rows, 0, first, r.attended(b)), first, nil
	}
	x = compute.Of(r.x[0], len(b.Tokens), r.Base.Config.Hidden)
	if !r.Prefix.load(r.dev, x, b) {
		x = r.layers(r.embed(b.Tokens), &b.Rows, 0, r.Prefix.Layer, r.attended(b))
		err = r.Prefix.store(r.dev, x, b)
	}
	return r.layers(x, &b.Rows, r.Prefix.Layer, first, r.attended(b)), first, err
}

// Hidden calls visit with each sequence's hidden states [len-1, D] after the given
// number of layers, before the final norm. The view is valid during the call.
func (r *Runner) Hidden(seqs []*Sequence, layers int, visit func(i int, h compute.View)) error {
	for _, p := range r.packs(seqs, 0) {
		if err := r.pack(seqs[p.from:p.to], 0); err != nil {
			return err
		}
		x := r.layers(r.embed(r.batch.Tokens), &r.batch.Rows, 0, layers, nil)
		r.dev.Pull(x.Data[:x.Rows*x.Stride])
		for j, s := range r.batch.Seqs {
			visit(p.from+j, x.Slice(s.Start, s.Start+s.N))
		}
	}
	return nil
}

// Score is a response's likelihood under teacher forcing.
type Score struct {
	NLL    float64   // nats, summed over the response tokens
	Tokens int       // response tokens
	Match  bool      // every response token is the argmax: what greedy decoding would have written
	Each   []float32 // nats of each response token
	Argmax []int32   // the argmax at each response token
}

// Score scores each sequence's response tokens.
func (r *Runner) Score(seqs []*Sequence) ([]Score, error) {
	out := make([]Score, len(seqs))
	alike := shared(seqs)
	packs := r.packs(seqs, alike)
	if r.Backwards {
		slices.Reverse(packs)
	}
	for _, p := range packs {
		if err := r.score(seqs[p.from:p.to], alike, out[p.from:p.to]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// span is sequences [from, to) that go through together.
type span struct{ from, to int }

// packs are as many sequences in a row as the runner has room for, at least one; those of a pack share so many tokens.
func (r *Runner) packs(seqs []*Sequence, shared int) (out []span) {
	rows := 0
	for i, s := range seqs {
		n := len(s.IDs) - 1 - shared
		if i == 0 || rows+n > r.rows {
			out, rows = append(out, span{i, i}), shared
		}
		out[len(out)-1].to, rows = i+1, rows+n
	}
	return out
}

// score scores sequences that go through together and share so many tokens.
func (r *Runner) score(seqs []*Sequence, shared int, out []Score) error {
	if err := r.pack(seqs, shared); err != nil {
		return err
	}
	x, from, err := r.Enter(&r.batch)
	if err != nil {
		return err
	}
	r.Base.Head.Evaluate(r.head, r.last(x, &r.batch, from), r.batch.Targets, r.headParams())
	for i := range out {
		out[i].Match = true
	}
	for j, of := range r.batch.Of {
		s := &out[of]
		s.NLL += float64(r.head.Loss[j])
		s.Tokens++
		s.Each = append(s.Each, r.head.Loss[j])
		s.Argmax = append(s.Argmax, r.head.Argmax[j])
		s.Match = s.Match && r.head.Argmax[j] == r.batch.Targets.ID[j]
	}
	for i := range out {
		out[i].Match = out[i].Match && out[i].Tokens > 0
	}
	return nil
}

// Logits calls visit with the logits [V] after each token of ids but the last; used by parity checks and decoding-time
// statistics.
func (r *Runner) Logits(ids []int32, visit func(pos int, logits []float32)) error {
	s := &Sequence{IDs: ids, Loss: make([]bool, len(ids))}
	if err := r.pack([]*Sequence{s}, 0); err != nil {
		return err
	}
	x := r.layers(r.embed(r.batch.Tokens), &r.batch.Rows, 0, len(r.Base.Layers), nil)
	logits := compute.Of(r.logitRows(1), 1, r.Base.Config.Vocab)
	for i := range x.Rows {
		r.Base.Head.Logits(r.head, logits, x, []int32{int32(i)}, r.headParams())
		r.dev.Pull(logits.Data)
		visit(i, logits.Data)
	}
	return nil
}

package finetune

import (
	"context"
	"fmt"
	"math"
	"slices"

	"theriac/harness/compute"
	"theriac/harness/compute/block"
	"theriac/harness/corpus"
	"theriac/harness/infer"
	"theriac/harness/rng"
)

// Item is one tokenised training example.
type Item struct {
	ID string
	infer.Sequence
}

// Run is one fine-tuning run.
type Run struct {
	Spec  Spec
	Delta *infer.Delta // what is trained; valid between steps

	dev   compute.Device
	base  *infer.Base
	items []Item
	hooks Hooks
	graph *graph
	enter *infer.Runner // frozen layers below the graph
	m, v  [][]float32   // AdamW's moments, one per parameter vector
	acc   [][]float32   // summed gradients where micro-batches accumulate

	firstLoss, lastLoss   float64 // of step 1, of the last step
	step, steps, perEpoch int
	order                 []int
	orderEpoch            int
}

// Info is one optimiser step as callbacks see it.
type Info struct {
	Step, Steps int     // Step counts from 1
	Epoch       int     // from 0
	Loss        float64 // nats, as Spec.Loss says
	GradNorm    float64 // before clipping
	LR          float64
	Tokens      int       // real tokens through the model
	Responses   int       // of them with loss
	Items       []int     // indices of the examples, in batch order
	ItemLoss    []float64 // each example's mean loss in nats a response token
}

// New prepares a run on a base. prefix may be nil; hooks may be the zero value.
func New(dev compute.Device, b *infer.Base, spec Spec, items []Item, prefix *infer.Prefix, hooks Hooks) (*Run, error) {
	if err := spec.Check(); err != nil {
		return nil, err
	}
	if len(items) == 0 {
		return nil, fmt.Errorf("no training examples")
	}
	for i := range items {
		if items[i].Responses() == 0 {
			return nil, fmt.Errorf("example %d (%s) has no response token to learn from", i, items[i].ID)
		}
	}
	layers, err := spec.layers(len(b.Layers))
	if err != nil {
		return nil, err
	}
	if spec.Method == "lora" {
		if err := b.PackBackward(dev, layers[0]); err != nil {
			return nil, err
		}
	}
	delta, err := infer.NewDelta(dev, b, spec.train(), layers)
	if err != nil {
		return nil, err
	}
	r := &Run{Spec: spec, Delta: delta, dev: dev, base: b, items: items, hooks: hooks, orderEpoch: -1}
	r.initialise()
	rows, targets := r.capacity()
	if r.graph, err = newGraph(dev, b, delta, rows, targets); err != nil {
		return nil, err
	}
	if spec.Method == "lora" {
		r.enter = infer.NewRunner(dev, b, delta, rows)
		r.enter.Prefix = prefix
	}
	for _, p := range r.graph.params {
		r.m = append(r.m, dev.Alloc(len(p.theta)))
		r.v = append(r.v, dev.Alloc(len(p.theta)))
		if spec.Accumulate > 1 {
			r.acc = append(r.acc, dev.Alloc(len(p.theta)))
		}
	}
	each := spec.Batch * spec.Accumulate
	r.perEpoch = (len(items) + each - 1) / each
	r.steps = r.perEpoch * spec.Epochs
	return r, nil
}

// capacity is the rows and response tokens of the largest micro-batch: of those that the run will make, or, where a hook
// changes the order, of those that any order could make.
func (r *Run) capacity() (rows, targets int) {
	if r.hooks.Order == nil {
		for _, step := range r.Spec.Steps(len(r.items)) {
			for at := 0; at < len(step); at += r.Spec.Batch {
				n, t := 0, 0
				for _, i := range step[at:min(at+r.Spec.Batch, len(step))] {
					n, t = n+len(r.items[i].IDs)-1, t+r.items[i].Responses()
				}
				rows, targets = max(rows, n), max(targets, t)
			}
		}
		return rows, targets
	}
	var n, t []int
	for i := range r.items {
		n, t = append(n, len(r.items[i].IDs)-1), append(t, r.items[i].Responses())
	}
	slices.Sort(n)
	slices.Sort(t)
	for i := max(0, len(n)-r.Spec.Batch); i < len(n); i++ {
		rows, targets = rows+n[i], targets+t[i]
	}
	return rows, targets
}

// initialise draws LoRA's A as PEFT does, uniform in ±1/sqrt(in) (kaiming_uniform_ with a = sqrt 5); B is zero.
func (r *Run) initialise() {
	if r.Spec.Method != "lora" {
		return
	}
	a := func(module string, s *block.Slot, theta []float32) {
		u := rng.Stream(r.Spec.Seed, "init", module)
		bound := float32(1 / math.Sqrt(float64(s.Cols)))
		for i := range theta {
			theta[i] = float32(float32(2*u.Float32()-1) * bound)
		}
	}
	r.Delta.EachA(a)
	r.Delta.Push()
}

// Steps is the number of optimiser steps in all; Step the number done.
func (r *Run) Steps() int { return r.steps }

// StepsDone is the number of optimiser steps done.
func (r *Run) StepsDone() int { return r.step }

// FirstLoss is the loss of step 1, also where that was before a Resume.
func (r *Run) FirstLoss() float64 { return r.firstLoss }

// LastLoss is the loss of the last step done, also where that was before a Resume.
func (r *Run) LastLoss() float64 { return r.lastLoss }

// Train runs the remaining steps, until the context ends or a hook returns an error.
func (r *Run) Train(ctx context.Context) error {
	for r.step < r.steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := r.Step(); err != nil {
			return err
		}
	}
	return nil
}

// Step runs one optimiser step.
func (r *Run) Step() error {
	info := Info{Step: r.step + 1, Steps: r.steps, Epoch: r.step / r.perEpoch, LR: r.Spec.Rate(r.step, r.steps)}
	if r.hooks.LR != nil {
		info.LR = r.hooks.LR(info.Step, info.LR)
	}
	info.Items = r.members(info.Epoch, r.step%r.perEpoch)
	if err := r.gradients(&info); err != nil {
		return err
	}
	if math.IsNaN(info.Loss) || math.IsInf(info.Loss, 0) {
		return fmt.Errorf("step %d: the loss is %g; lower the learning rate", info.Step, info.Loss)
	}
	info.GradNorm = r.clip()
	if math.IsNaN(info.GradNorm) || math.IsInf(info.GradNorm, 0) {
		return fmt.Errorf("step %d: the gradient norm is %g; lower the learning rate", info.Step, info.GradNorm)
	}
	o := compute.AdamW{
		LR: info.LR, Beta1: r.Spec.Beta1, Beta2: r.Spec.Beta2,
		Eps: r.Spec.Eps, WeightDecay: r.Spec.Decay, Step: info.Step,
	}
	for i, p := range r.graph.params {
		r.dev.AdamW(p.theta, r.gradient(i), r.m[i], r.v[i], o)
	}
	r.lastLoss = info.Loss
	if r.step++; r.step == 1 {
		r.firstLoss = info.Loss
	}
	if r.hooks.Step != nil {
		return r.hooks.Step(r, &info)
	}
	return nil
}

// members are the examples of a step of an epoch.
func (r *Run) members(epoch, at int) []int {
	if r.orderEpoch != epoch {
		r.order = corpus.Order(r.Spec.Seed, epoch, len(r.items))
		if r.hooks.Order != nil {
			r.order = r.hooks.Order(epoch, r.order)
		}
		r.orderEpoch = epoch
	}
	each := r.Spec.Batch * r.Spec.Accumulate
	return r.order[min(at*each, len(r.order)):min((at+1)*each, len(r.order))]
}

// gradients runs the step's micro-batches and leaves their summed gradient.
func (r *Run) gradients(info *Info) error {
	weights := r.weights(info)
	for from := 0; from < len(info.Items); from += r.Spec.Batch {
		part := info.Items[from:min(from+r.Spec.Batch, len(info.Items))]
		b := r.graph.batch
		b.Reset()
		for i, item := range part {
			b.Append(&r.items[item].Sequence, weights[from+i])
		}
		if r.Spec.Dropout > 0 {
			b.SetKey(rng.Hash(r.Spec.Seed, "dropout", fmt.Sprint(info.Step), fmt.Sprint(from)) | 1)
		}
		if err := r.load(b); err != nil {
			return err
		}
		r.observe(part)
		loss, err := r.graph.run()
		if err != nil {
			return fmt.Errorf("step %d: %w", info.Step, err)
		}
		info.Loss += loss
		info.Tokens += len(b.Tokens)
		info.Responses += len(b.Targets.ID)
		info.ItemLoss = append(info.ItemLoss, itemLoss(b, r.graph.head.Loss)...)
		r.accumulate(from == 0)
	}
	if r.hooks.Gradient != nil {
		for i, p := range r.graph.params {
			r.dev.Pull(r.gradient(i))
			r.hooks.Gradient(info.Step, p.name, r.gradient(i))
			r.dev.Push(r.gradient(i))
		}
	}
	return nil
}

// load puts the hidden states that enter the first trained layer into the graph's input.
func (r *Run) load(b *infer.Batch) error {
	if r.enter == nil {
		return nil
	}
	x, _, err := r.enter.Enter(b)
	if err != nil {
		return err
	}
	r.dev.Copy(compute.Of(r.graph.x.Data().([]float32), x.Rows, x.Cols), x)
	return nil
}

// weights is each example's loss weight per response token.
func (r *Run) weights(info *Info) []float32 {
	total := 0
	for _, i := range info.Items {
		total += r.items[i].Responses()
	}
	w := make([]float32, len(info.Items))
	for j, i := range info.Items {
		if r.Spec.Loss == "example" {
			w[j] = float32(1 / float64(len(info.Items)*r.items[i].Responses()))
		} else {
			w[j] = float32(1 / float64(total))
		}
	}
	if r.hooks.Weight != nil {
		r.hooks.Weight(info.Step, info.Items, w)
	}
	return w
}

func itemLoss(b *infer.Batch, loss []float32) []float64 {
	sum, n := make([]float64, len(b.Seqs)), make([]float64, len(b.Seqs))
	for j, of := range b.Of {
		sum[of] += float64(loss[j])
		n[of]++
	}
	for i := range sum {
		sum[i] /= n[i]
	}
	return sum
}

func (r *Run) accumulate(first bool) {
	for i := range r.acc {
		acc, g := compute.Of(r.acc[i], 1, len(r.acc[i])), compute.Of(r.graph.params[i].grad, 1, len(r.acc[i]))
		if first {
			r.dev.Copy(acc, g)
		} else {
			r.dev.Add(acc, g)
		}
	}
}

// gradient is the i-th parameter vector's gradient of the step.
func (r *Run) gradient(i int) []float32 {
	if r.acc != nil {
		return r.acc[i]
	}
	return r.graph.params[i].grad
}

// clip returns the gradient's norm and scales the gradient down as torch's clip_grad_norm_ does.
func (r *Run) clip() float64 {
	sum := 0.0
	for i := range r.graph.params {
		sum += r.dev.SumSquares(r.gradient(i))
	}
	norm := math.Sqrt(sum)
	if r.Spec.Clip > 0 && norm > r.Spec.Clip {
		for i := range r.graph.params {
			r.dev.Scale(r.gradient(i), float32(r.Spec.Clip/(norm+1e-6)))
		}
	}
	return norm
}

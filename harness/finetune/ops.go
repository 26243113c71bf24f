package finetune

// The operators of the graph. Each wraps one piece of compute/block as a Gorgonia
// Op with a symbolic derivative. An operator owns its output buffer; tensors are
// bound at capacity, and the active rows are the batch's. One backward operator
// computes a half-block's gradients in one pass; its sibling hands out the one
// for the parameters.

import (
	"fmt"
	"hash"
	"hash/fnv"

	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"theriac/harness/compute"
	"theriac/harness/compute/block"
	"theriac/harness/infer"
)

// shared is what all operators of one graph see.
type shared struct {
	dev           compute.Device
	ws            *block.Workspace
	head          *block.HeadWork
	base          *infer.Base
	delta         *infer.Delta
	batch         *infer.Batch
	rows, targets int // capacity
	dx            [2]*tensor.Dense
}

// view is the active rows of a [capacity, D] value.
func (s *shared) view(v G.Value) compute.View {
	return compute.Of(floats(v), s.batch.N(), s.base.Config.Hidden)
}

// asked is the active rows of a buffer that has the targets' rows alone: what the last MLP takes and gives, and the head takes.
func (s *shared) asked(buffer []float32) compute.View {
	return compute.Of(buffer, s.batch.Asked.N(), s.base.Config.Hidden)
}

func floats(v G.Value) []float32 { return v.Data().([]float32) }

var (
	matrix = G.TensorType{Dims: 2, Of: tensor.Float32}
	vector = G.TensorType{Dims: 1, Of: tensor.Float32}
)

// op is the part of a Gorgonia operator that is the same for all of ours.
type op struct {
	name string
	in   []hm.Type
	out  hm.Type
	do   func(in []G.Value) (G.Value, error)
	// shape of the output
	shape tensor.Shape
	// diff, if set, makes the operator differentiable with respect to the inputs marked.
	wrt  []bool
	diff func(in G.Nodes, out, grad *G.Node) (G.Nodes, error)
}

func (o *op) Arity() int                                     { return len(o.in) }
func (o *op) Type() hm.Type                                  { return hm.NewFnType(append(append([]hm.Type{}, o.in...), o.out)...) }
func (o *op) InferShape(...G.DimSizer) (tensor.Shape, error) { return o.shape.Clone(), nil }
func (o *op) Do(in ...G.Value) (G.Value, error)              { return o.do(in) }
func (o *op) ReturnsPtr() bool                               { return true }
func (o *op) CallsExtern() bool                              { return false }
func (o *op) OverwritesInput() int                           { return -1 }
func (o *op) WriteHash(h hash.Hash)                          { fmt.Fprint(h, o.name) }
func (o *op) String() string                                 { return o.name }
func (o *op) DiffWRT(int) []bool                             { return o.wrt }

func (o *op) Hashcode() uint32 {
	h := fnv.New32a()
	o.WriteHash(h)
	return h.Sum32()
}

func (o *op) SymDiff(in G.Nodes, out, grad *G.Node) (G.Nodes, error) {
	if o.diff == nil {
		return nil, fmt.Errorf("%s is not differentiable", o.name)
	}
	return o.diff(in, out, grad)
}

// half is one half-block in the graph.
type half struct {
	*shared
	at    int // 2*layer, or 2*layer+1 for the MLP
	saved *block.Saved
	p, g  *block.Params // parameters and their gradient; nil where frozen
	y     *tensor.Dense
	theta *tensor.Dense
	grad  *tensor.Dense
	needX bool // whether anything below trains
	// of the last MLP, which works on the targets' rows alone: their input and its gradient, [targets, D]
	kept, back []float32
}

// last says whether this is the half-block under the head. What it makes of rows without a target is not needed.
func (h *half) last() bool { return h.at == 2*len(h.base.Layers)-1 }

func (h *half) layer() *block.Layer { return h.base.Layers[h.at/2] }

func (h *half) name(what string) string {
	return fmt.Sprintf("layer %d %s %s", h.at/2, [2]string{"attention", "mlp"}[h.at%2], what)
}

// apply adds the half-block to the graph: y = half(x, θ).
func (h *half) apply(x, theta *G.Node) (*G.Node, error) {
	f := &op{name: h.name("forward"), in: []hm.Type{matrix}, out: matrix, shape: h.y.Shape(), wrt: []bool{h.needX}, do: h.forward, diff: h.differentiate}
	if theta == nil {
		return G.ApplyOp(f, x)
	}
	f.in, f.wrt = append(f.in, vector), append(f.wrt, true)
	return G.ApplyOp(f, x, theta)
}

func (h *half) forward(in []G.Value) (G.Value, error) {
	x, y := h.view(in[0]), h.view(h.y)
	switch {
	case h.at%2 == 0:
		h.layer().AttnForward(h.ws, y, x, h.saved, h.p, &h.batch.Rows, nil)
	case h.last():
		rows := h.asked(h.kept)
		h.dev.Gather(rows, x.Data, h.batch.Targets.Row)
		h.layer().MLPForward(h.ws, h.asked(floats(h.y)), rows, h.saved, h.p, &h.batch.Asked)
	default:
		h.layer().MLPForward(h.ws, y, x, h.saved, h.p, &h.batch.Rows)
	}
	return h.y, nil
}

// differentiate adds the backward operator over (x, dy) and, behind it, the one that hands out dθ.
func (h *half) differentiate(in G.Nodes, _, dy *G.Node) (G.Nodes, error) {
	back := &op{name: h.name("backward"), in: []hm.Type{matrix, matrix}, out: matrix, shape: h.y.Shape(), do: h.backward}
	hand := &op{name: h.name("parameter gradient"), in: []hm.Type{matrix}, out: vector,
		do: func([]G.Value) (G.Value, error) { return h.grad, nil }}
	if h.p != nil {
		hand.shape = h.grad.Shape()
	}
	dx, err := G.ApplyOp(back, in[0], dy)
	if err != nil || h.p == nil {
		return G.Nodes{dx}, err
	}
	dtheta, err := G.ApplyOp(hand, dx)
	return G.Nodes{dx, dtheta}, err
}

func (h *half) backward(in []G.Value) (G.Value, error) {
	x, dy := h.view(in[0]), h.view(in[1])
	out := h.dx[h.at%2]
	dx := h.view(out)
	switch {
	case h.at%2 == 0:
		h.layer().AttnBackward(h.ws, dx, dy, x, h.saved, h.p, h.g, &h.batch.Rows, h.needX)
	case h.last():
		rows := h.asked(h.back)
		h.layer().MLPBackward(h.ws, rows, h.asked(floats(in[1])), h.asked(h.kept), h.saved, h.p, h.g, &h.batch.Asked, h.needX)
		h.dev.Zero(dx.Data[:dx.Rows*dx.Cols])
		h.dev.ScatterAdd(dx.Data, rows, h.batch.Targets.Row)
	default:
		h.layer().MLPBackward(h.ws, dx, dy, x, h.saved, h.p, h.g, &h.batch.Rows, h.needX)
	}
	return out, nil
}

// lossOp is the head: loss = Σ weight·cross-entropy. Its forward computes the
// gradient with respect to x in the same pass (see block.Head).
type lossOp struct {
	*shared
	p, g  *block.HeadParams
	theta *tensor.Dense
	grad  *tensor.Dense
	total float64
}

func (l *lossOp) apply(x, theta *G.Node) (*G.Node, error) {
	f := &op{name: "loss", in: []hm.Type{matrix}, out: tensor.Float32, shape: tensor.ScalarShape(), wrt: []bool{true}, do: l.forward, diff: l.differentiate}
	if theta == nil {
		return G.ApplyOp(f, x)
	}
	f.in, f.wrt = append(f.in, vector), append(f.wrt, true)
	return G.ApplyOp(f, x, theta)
}

func (l *lossOp) forward(in []G.Value) (G.Value, error) {
	t := l.batch.Targets
	l.base.Head.LossBackward(l.head, l.asked(floats(l.dx[0])), l.asked(floats(in[0])), t, l.p, l.g)
	l.total = 0
	for i, w := range t.Weight {
		l.total += float64(float64(w) * float64(l.head.Loss[i]))
	}
	return G.NewF32(float32(l.total)), nil
}

func (l *lossOp) differentiate(in G.Nodes, out, _ *G.Node) (G.Nodes, error) {
	// The upstream gradient of a graph's cost is the constant 1.
	back := &op{name: "loss backward", in: []hm.Type{tensor.Float32}, out: matrix, shape: l.dx[0].Shape(),
		do: func([]G.Value) (G.Value, error) { return l.dx[0], nil }}
	dx, err := G.ApplyOp(back, out)
	if err != nil || l.p == nil {
		return G.Nodes{dx}, err
	}
	hand := &op{name: "head parameter gradient", in: []hm.Type{matrix}, out: vector, shape: l.grad.Shape(),
		do: func([]G.Value) (G.Value, error) { return l.grad, nil }}
	dtheta, err := G.ApplyOp(hand, dx)
	return G.Nodes{dx, dtheta}, err
}

// embedOp looks tokens up, under full training. Where the embedding is tied to the
// head, the head's gradient already stands in grad when the backward reaches this
// operator, which adds its own rows to it.
type embedOp struct {
	*shared
	y, theta, grad *tensor.Dense
}

func (e *embedOp) apply(table *G.Node) (*G.Node, error) {
	return G.ApplyOp(&op{name: "embed", in: []hm.Type{vector}, out: matrix, shape: e.y.Shape(), wrt: []bool{true},
		do: func([]G.Value) (G.Value, error) {
			e.dev.Gather(e.view(e.y), e.theta.Data().([]float32), e.batch.Tokens)
			return e.y, nil
		},
		diff: func(_ G.Nodes, _, dy *G.Node) (G.Nodes, error) {
			back := &op{name: "embed backward", in: []hm.Type{matrix}, out: vector, shape: e.grad.Shape(), do: func(in []G.Value) (G.Value, error) {
				table := e.grad.Data().([]float32)
				if !e.base.Config.Tied {
					e.dev.Zero(table)
				}
				e.dev.ScatterAdd(table, e.view(in[0]), e.batch.Tokens)
				return e.grad, nil
			}}
			n, err := G.ApplyOp(back, dy)
			return G.Nodes{n}, err
		}}, table)
}

package finetune

import (
	"fmt"
	"runtime"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"theriac/harness/compute"
	"theriac/harness/compute/block"
	"theriac/harness/infer"
)

// graph is one run's model as a Gorgonia expression graph from the first trained
// layer up, with its gradients, compiled once.
type graph struct {
	shared
	first  int           // the first trained layer; its input is the graph's x
	x      *tensor.Dense // unless the embedding trains too
	loss   *lossOp
	params []param
	wrt    G.Nodes
	vm     G.VM
}

// param is one trained vector: its values and its gradient.
type param struct {
	name        string
	theta, grad []float32
}

// newGraph builds the graph for batches of up to rows rows and targets response tokens.
func newGraph(dev compute.Device, b *infer.Base, d *infer.Delta, rows, targets int) (*graph, error) {
	g := &graph{first: d.First()}
	g.shared = shared{dev: dev, base: b, delta: d, batch: &infer.Batch{}, rows: rows, targets: targets}
	ranks := 0
	for _, l := range b.Layers {
		t := d.Train
		ranks = max(ranks, l.QKV.Ranks(t), l.O.Ranks(t), l.GateUp.Ranks(t), l.Down.Ranks(t))
	}
	g.ws = block.NewWorkspace(dev, b.Shape(), b.Rope, rows, ranks, true)
	g.head = block.NewHeadWork(dev, b.Head, targets, true)
	g.dx = [2]*tensor.Dense{g.hidden(), g.hidden()}
	cost, err := g.build(G.NewGraph())
	if err == nil {
		_, err = G.Grad(cost, g.wrt...)
	}
	if err != nil {
		return nil, fmt.Errorf("graph: %w", err)
	}
	g.vm = G.NewTapeMachine(cost.Graph())
	runtime.SetFinalizer(g.vm, nil) // it has nothing to do here, and for its sake what our operators hold would never be freed
	return g, nil
}

// hidden allocates a [capacity, D] tensor.
func (g *graph) hidden() *tensor.Dense {
	d := g.base.Config.Hidden
	return tensor.New(tensor.WithShape(g.rows, d), tensor.WithBacking(g.dev.Alloc(g.rows*d)))
}

// build adds the forward expression to e and returns the loss.
func (g *graph) build(e *G.ExprGraph) (*G.Node, error) {
	full := g.delta.Train.Full
	tied := make([]float32, 0)
	var x *G.Node
	var err error
	if full {
		op := &embedOp{shared: &g.shared, y: g.hidden()}
		node := g.trained(e, "model.embed_tokens", g.delta.Embed, &op.theta, &op.grad)
		tied = op.grad.Data().([]float32)
		x, err = op.apply(node)
	} else {
		g.x = g.hidden()
		x = G.NewMatrix(e, tensor.Float32, G.WithShape(g.x.Shape()...), G.WithName("x"), G.WithValue(g.x))
	}
	for at := 2 * g.first; at < 2*len(g.base.Layers) && err == nil; at++ {
		h := &half{shared: &g.shared, at: at, y: g.hidden(), needX: len(g.wrt) > 0}
		x, err = g.addHalf(e, h, x)
	}
	if err != nil {
		return nil, err
	}
	g.loss = &lossOp{shared: &g.shared}
	if !full {
		return g.loss.apply(x, nil)
	}
	c := g.base.Config
	node := g.trained(e, "head", g.delta.HeadTheta(c), &g.loss.theta, &g.loss.grad)
	g.loss.p = g.delta.Head
	g.loss.g = infer.BindHead(g.loss.grad.Data().([]float32), tied, c)
	return g.loss.apply(x, node)
}

func (g *graph) addHalf(e *G.ExprGraph, h *half, x *G.Node) (*G.Node, error) {
	t, l := &g.delta.Train, h.layer()
	var theta *G.Node
	hd := g.delta.Halves[h.at]
	if h.p = hd.P; h.p != nil {
		theta = g.trained(e, h.name("parameters"), h.p.Theta, &h.theta, &h.grad)
	}
	grad := func() []float32 { return h.grad.Data().([]float32) }
	if h.at%2 == 0 {
		h.saved = block.NewSavedAttn(g.dev, l, t, g.rows)
		if h.p != nil {
			h.g = l.BindAttn(grad(), *t)
		}
	} else {
		rows := g.rows
		if h.last() {
			rows = g.targets
			h.kept, h.back = g.dev.Alloc(rows*g.base.Config.Hidden), g.dev.Alloc(rows*g.base.Config.Hidden)
		}
		h.saved = block.NewSavedMLP(g.dev, l, t, rows)
		if h.p != nil {
			h.g = l.BindMLP(grad(), *t)
		}
	}
	return h.apply(x, theta)
}

// trained adds a parameter vector as an input of the graph.
func (g *graph) trained(e *G.ExprGraph, name string, values []float32, theta, grad **tensor.Dense) *G.Node {
	n := len(values)
	*theta = tensor.New(tensor.WithShape(n), tensor.WithBacking(values))
	*grad = tensor.New(tensor.WithShape(n), tensor.WithBacking(g.dev.Alloc(n)))
	node := G.NewVector(e, tensor.Float32, G.WithShape(n), G.WithName(name), G.WithValue(*theta))
	g.wrt = append(g.wrt, node)
	g.params = append(g.params, param{name, values, (*grad).Data().([]float32)})
	return node
}

// run computes loss and gradients of g.batch; for LoRA, x must hold the hidden states that enter the first trained layer.
func (g *graph) run() (loss float64, err error) {
	if err := g.vm.RunAll(); err != nil {
		return 0, fmt.Errorf("graph: %w", err)
	}
	g.vm.Reset()
	return g.loss.total, nil
}

package block_test

// The backward of both half-blocks and of the head against central differences of their forward, in random directions: x, and each
// parameter matrix on its own. (harness/finetune holds the same gradients, over whole models, to PyTorch's.)

import (
	"fmt"
	"math"
	"testing"

	"theriac/harness/compute"
	"theriac/harness/compute/block"
	"theriac/harness/compute/cpu"
	"theriac/harness/rng"
)

const (
	width, ffn, vocabulary, positions = 24, 40, 50, 16
	step                              = 1.0 / 64 // of the difference
)

// fixture is a random layer and a batch of two sequences.
type fixture struct {
	dev   compute.Device
	r     *rng.Rand
	layer *block.Layer
	rope  block.Rope
	rows  block.Rows
}

func newFixture(t *testing.T, qkNorm, bias bool, window int) *fixture {
	dev := cpu.New(1)
	t.Cleanup(dev.Close)
	f := &fixture{dev: dev, r: rng.Stream(7, "gradient")}
	h := compute.Heads{Q: 4, KV: 2, Dim: 8, Scale: 0.35, Window: window}
	q, kv := h.Q*h.Dim, h.KV*h.Dim
	l := &block.Layer{Shape: block.Shape{D: width, FFN: ffn, Heads: h, RMSEps: 1e-5, QKNorm: qkNorm, QKVBias: bias}, AttnNorm: f.values(width, 1, 0.2), MLPNorm: f.values(width, 1, 0.2)}
	if qkNorm {
		l.QNorm, l.KNorm = f.values(h.Dim, 1, 0.2), f.values(h.Dim, 1, 0.2)
	}
	l.QKV = f.fan(width, bias, "self_attn.q_proj", q, "self_attn.k_proj", kv, "self_attn.v_proj", kv)
	l.O = f.fan(q, false, "self_attn.o_proj", width)
	l.GateUp = f.fan(width, false, "mlp.gate_proj", ffn, "mlp.up_proj", ffn)
	l.Down = f.fan(ffn, false, "mlp.down_proj", width)
	f.layer = l
	freq := make([]float64, h.Dim/2)
	for i := range freq {
		freq[i] = math.Pow(100, -float64(i)/float64(len(freq)))
	}
	f.rope.Cos, f.rope.Sin = compute.RopeTable(positions, h.Dim, freq)
	f.rows.Seqs = []block.Span{{Start: 0, N: 5}, {Start: 5, N: 7}}
	f.rows.Pos = []int32{0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 5, 6}
	return f
}

// values are n normal numbers.
func (f *fixture) values(n int, mean, sd float64) []float32 {
	x := f.dev.Alloc(n)
	for i := range x {
		x[i] = float32(mean + sd*f.r.Normal())
	}
	return x
}

func (f *fixture) fan(in int, bias bool, lin ...any) block.Fan {
	fan := block.Fan{In: in}
	for i := 0; i < len(lin); i += 2 {
		out := lin[i+1].(int)
		w := f.values(out*in, 0, 1/math.Sqrt(float64(in)))
		l := block.Linear{Name: lin[i].(string), Out: out, W: f.dev.Pack(w, out, in, compute.ByRows), Back: f.dev.Pack(w, out, in, compute.ByCols)}
		if bias {
			l.Bias = f.values(out, 0, 0.3)
		}
		fan.Lin = append(fan.Lin, l)
	}
	return fan
}

// check compares a gradient with the central difference of loss along ±1 in every element of x.
func (f *fixture) check(t *testing.T, what string, x, grad []float32, loss func() float64) {
	t.Helper()
	old, sign, want, norm := append([]float32{}, x...), make([]float32, len(x)), 0.0, 0.0
	for i := range sign {
		sign[i] = 1
		if f.r.Float32() < 0.5 {
			sign[i] = -1
		}
		want += float64(sign[i]) * float64(grad[i])
		norm += float64(grad[i]) * float64(grad[i])
	}
	at := func(h float32) float64 {
		for i := range x {
			x[i] = old[i] + h*sign[i]
		}
		return loss()
	}
	// Two central differences, extrapolated to a step of 0 (Richardson).
	coarse := (at(step) - at(-step)) / (2 * step)
	fine := (at(step/2) - at(-step/2)) / step
	copy(x, old)
	got := (4*fine - coarse) / 3
	if norm = math.Sqrt(norm); !(math.Abs(got-want) <= 2e-3*norm+1e-4) || norm == 0 {
		t.Errorf("%s: the gradient along a direction is %.6g, the difference %.6g (the gradient's norm is %.3g)", what, want, got, norm)
	}
}

// dot is Σ a·b.
func dot(a, b []float32) (s float64) {
	for i := range a {
		s += float64(a[i]) * float64(b[i])
	}
	return s
}

func TestHalfBlockGradients(t *testing.T) {
	every := []string{"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}
	trains := map[string]*block.Train{
		"frozen": nil, "lora": {Rank: 3, Scale: 0.7, Targets: every}, "some": {Rank: 2, Scale: 1, Targets: []string{"k_proj", "down_proj"}},
		"dropout": {Rank: 3, Scale: 0.7, Dropout: 0.3, Targets: every}, "full": {Full: true},
	}
	for _, c := range []struct {
		qkNorm, bias bool
		window       int
	}{{}, {qkNorm: true}, {bias: true}, {window: 3}} {
		for name, train := range trains {
			for _, half := range []string{"attention", "mlp"} {
				t.Run(fmt.Sprintf("%s/%s/%+v", half, name, c), func(t *testing.T) {
					f := newFixture(t, c.qkNorm, c.bias, c.window)
					f.rows.Key = 12345
					f.half(t, half == "attention", train)
				})
			}
		}
	}
}

func (f *fixture) half(t *testing.T, attention bool, train *block.Train) {
	l, n := f.layer, f.rows.N()
	var p, g *block.Params
	var layout block.Layout
	ranks := 0
	if train != nil {
		bind := l.BindMLP
		layout = l.LayoutMLP(*train)
		if attention {
			bind, layout = l.BindAttn, l.LayoutAttn(*train)
		}
		p, g = bind(f.values(layout.Size, 0, 0.2), *train), bind(f.dev.Alloc(layout.Size), *train)
		ranks = 3 * train.Rank
	}
	w := block.NewWorkspace(f.dev, l.Shape, f.rope, n, ranks, true)
	saved := block.NewSavedMLP(f.dev, l, train, n)
	if attention {
		saved = block.NewSavedAttn(f.dev, l, train, n)
	}
	x, dy, dx, y := f.values(n*width, 0, 1), f.values(n*width, 0, 1), f.dev.Alloc(n*width), f.dev.Alloc(n*width)
	view := func(x []float32) compute.View { return compute.Of(x, n, width) }
	loss := func() float64 {
		if attention {
			l.AttnForward(w, view(y), view(x), saved, p, &f.rows, nil)
		} else {
			l.MLPForward(w, view(y), view(x), saved, p, &f.rows)
		}
		return dot(y, dy)
	}
	loss()
	if attention {
		l.AttnBackward(w, view(dx), view(dy), view(x), saved, p, g, &f.rows, true)
	} else {
		l.MLPBackward(w, view(dx), view(dy), view(x), saved, p, g, &f.rows, true)
	}
	f.check(t, "x", x, dx, loss)
	for _, s := range layout.Slots {
		from, to := s.Offset, s.Offset+s.Rows*s.Cols
		f.check(t, s.Name, p.Theta[from:to], g.Theta[from:to], loss)
	}
}

func TestHeadGradients(t *testing.T) {
	f := newFixture(t, false, false, 0)
	const n = 140 // more than a block has rows
	table := f.values(vocabulary*width, 0, 0.3)
	h := &block.Head{D: width, V: vocabulary, RMSEps: 1e-5, Norm: f.values(width, 1, 0.2),
		W: f.dev.Pack(table, vocabulary, width, compute.ByRows), Back: f.dev.Pack(table, vocabulary, width, compute.ByCols)}
	var target block.Targets
	for range n {
		target.ID, target.Weight = append(target.ID, int32(f.r.Intn(vocabulary))), append(target.Weight, f.r.Float32())
	}
	x, dx := f.values(n*width, 0, 1), f.dev.Alloc(n*width)
	work := block.NewHeadWork(f.dev, h, n, true)
	for _, full := range []bool{false, true} {
		var p, g *block.HeadParams
		if full {
			p = &block.HeadParams{Norm: f.values(width, 1, 0.2), W: compute.Of(table, vocabulary, width)}
			g = &block.HeadParams{Norm: f.dev.Alloc(width), W: compute.Of(f.dev.Alloc(len(table)), vocabulary, width)}
		}
		loss := func() float64 {
			h.Evaluate(work, compute.Of(x, n, width), target, p)
			return dot(work.Loss, target.Weight)
		}
		h.LossBackward(work, compute.Of(dx, n, width), compute.Of(x, n, width), target, p, g)
		f.check(t, fmt.Sprintf("x, full %v", full), x, dx, loss)
		if full {
			f.check(t, "norm", p.Norm, g.Norm, loss)
			f.check(t, "output projection", p.W.Data, g.W.Data, loss)
		}
	}
}

func TestEmbeddingGradient(t *testing.T) {
	f := newFixture(t, false, false, 0)
	ids := []int32{3, 0, 3, 49, 7}
	table, grad := f.values(vocabulary*width, 0, 1), f.dev.Alloc(vocabulary*width)
	y, dy := f.dev.Alloc(len(ids)*width), f.values(len(ids)*width, 0, 1)
	f.dev.ScatterAdd(grad, compute.Of(dy, len(ids), width), ids)
	f.check(t, "table", table, grad, func() float64 {
		f.dev.Gather(compute.Of(y, len(ids), width), table, ids)
		return dot(y, dy)
	})
}

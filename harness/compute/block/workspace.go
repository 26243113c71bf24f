package block

import "theriac/harness/compute"

// Workspace is the scratch that half-blocks of one shape share: nothing in it
// outlives a call. One goroutine, one device.
type Workspace struct {
	Dev  compute.Device
	rope Rope
	cap  int

	h, dh, drop          []float32 // [cap, max(D, Q, FFN)]
	mid, dmid            []float32 // [cap, FFN]; the attention half: output gradient
	dq, dk, dv, d2       []float32 // [cap, FFN or Q, KV]
	v                    []float32 // [cap, ranks]
	terms                [8]compute.Term
	seqs                 []compute.Sequence
	ys, dys              [3]compute.View
	qDim, kvDim, maxWide int

	// Capture, if set, sees per-example gradients during the backward.
	Capture *Capture
}

// Capture asks the backward for the gradient of chosen LoRA B matrices, example by example.
type Capture struct {
	Want func(layer int, linear string) bool
	// Each receives dL_i/dB [out, rank], L_i being example i's part of the batch loss; the view is valid during the call.
	Each func(layer int, linear string, example int, grad compute.View)

	buf []float32
}

// perExample computes dyᵀ·u over each example's own rows.
func (w *Workspace) perExample(layer int, linear string, dy, u compute.View, r *Rows) {
	c := w.Capture
	if c == nil || !c.Want(layer, linear) {
		return
	}
	if len(c.buf) < dy.Cols*u.Cols {
		c.buf = w.Dev.Alloc(dy.Cols * u.Cols)
	}
	g := compute.Of(c.buf, dy.Cols, u.Cols)
	for i, s := range r.Seqs {
		w.Dev.MatMul(g, nil, compute.Term{A: dy.Slice(s.Start, s.Start+s.N), TransA: true, B: u.Slice(s.Start, s.Start+s.N)})
		c.Each(layer, linear, i, g)
	}
}

// NewWorkspace allocates scratch for cap rows; backward adds what training needs.
// ranks is the widest A stack of a fan (0 without LoRA).
func NewWorkspace(dev compute.Device, s Shape, rope Rope, capacity, ranks int, backward bool) *Workspace {
	q, kv := s.Heads.Q*s.Heads.Dim, s.Heads.KV*s.Heads.Dim
	wide := max(s.D, q, s.FFN)
	w := &Workspace{Dev: dev, rope: rope, cap: capacity, qDim: q, kvDim: kv, maxWide: wide}
	w.h = dev.Alloc(capacity * s.D)
	w.mid = dev.Alloc(capacity * wide)
	w.v = dev.Alloc(capacity * ranks)
	if backward {
		w.dh = dev.Alloc(capacity * s.D)
		w.dmid = dev.Alloc(capacity * wide)
		w.dq = dev.Alloc(capacity * max(q, s.FFN))
		w.dk = dev.Alloc(capacity * max(kv, s.FFN))
		w.dv = dev.Alloc(capacity * kv)
		if s.QKNorm {
			w.d2 = dev.Alloc(capacity * q)
		}
	}
	return w
}

// dropScratch is allocated by the first dropout.
func (w *Workspace) dropScratch(rows, cols int) compute.View {
	if w.drop == nil {
		w.drop = w.Dev.Alloc(w.cap * w.maxWide)
	}
	return compute.Of(w.drop, rows, cols)
}

// Saved is what one half-block keeps from forward to backward, for cap rows.
type Saved struct {
	rstd       []float32    // [cap]
	a, b, c, o []float32    // attention: q, k, v, output; MLP: gate, up
	pre        [2][]float32 // q, k before their norms (Qwen3)
	preRstd    [2][]float32
	lse        []float32    // [cap*heads]
	u          [2][]float32 // scaled x·Aᵀ of each fan
}

// NewSavedAttn and NewSavedMLP allocate for cap rows.
func NewSavedAttn(dev compute.Device, l *Layer, t *Train, capacity int) *Saved {
	q, kv := l.Heads.Q*l.Heads.Dim, l.Heads.KV*l.Heads.Dim
	s := &Saved{
		rstd: dev.Alloc(capacity), a: dev.Alloc(capacity * q), b: dev.Alloc(capacity * kv),
		c: dev.Alloc(capacity * kv), o: dev.Alloc(capacity * q), lse: dev.Alloc(capacity * l.Heads.Q),
	}
	if l.QKNorm {
		s.pre = [2][]float32{dev.Alloc(capacity * q), dev.Alloc(capacity * kv)}
		s.preRstd = [2][]float32{dev.Alloc(capacity * l.Heads.Q), dev.Alloc(capacity * l.Heads.KV)}
	}
	s.allocU(dev, t, capacity, &l.QKV, &l.O)
	return s
}

// NewSavedMLP is the MLP half's.
func NewSavedMLP(dev compute.Device, l *Layer, t *Train, capacity int) *Saved {
	s := &Saved{rstd: dev.Alloc(capacity), a: dev.Alloc(capacity * l.FFN), b: dev.Alloc(capacity * l.FFN)}
	s.allocU(dev, t, capacity, &l.GateUp, &l.Down)
	return s
}

func (s *Saved) allocU(dev compute.Device, t *Train, capacity int, fans ...*Fan) {
	if t == nil || t.Full {
		return
	}
	for i, f := range fans {
		s.u[i] = dev.Alloc(capacity * f.Ranks(*t))
	}
}

// Ranks is the number of rows in the fan's stack of A matrices.
func (f *Fan) Ranks(t Train) int {
	n := 0
	for _, lin := range f.Lin {
		if !t.Full && t.targets(lin.Name) {
			n += t.Rank
		}
	}
	return n
}

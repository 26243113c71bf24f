package block

// The loss head: final norm, output projection and cross-entropy, on the rows
// that carry loss only and in blocks of them, so that the whole [tokens, vocabulary]
// matrix never exists. The gradient with respect to the hidden states is computed in the
// same pass, block by block, as Liger-Kernel does (2410.10989).

import "theriac/harness/compute"

// headBlock is how many rows of logits exist at a time.
const headBlock = 128

// gpuBlock is the same on a GPU, where a block for each batch keeps runs in step, unless the head trains: the sums of its gradient
// are cut into blocks.
const gpuBlock = 1024

// Head is the frozen final norm and output projection.
type Head struct {
	D, V   int
	RMSEps float32
	Norm   []float32      // [D]
	W      compute.Matrix // [V, D] packed ByRows
	Back   compute.Matrix // the same packed ByCols; nil until something trains
}

// Targets are the rows that carry loss: Row indexes the batch's rows, ID is the
// token to predict there, Weight its share of the loss. The head is given the hidden states of these rows alone.
type Targets struct {
	Row, ID []int32
	Weight  []float32
}

// HeadParams are the head's weights (or gradients) under full training.
type HeadParams struct {
	Norm []float32    // [D]
	W    compute.View // [V, D]; the embedding where tied
}

// HeadWork is scratch for cap target rows.
type HeadWork struct {
	dev              compute.Device
	x, h, dh, logits []float32
	rstd             []float32
	block            int // rows of logits
	terms            [1]compute.Term
	Loss             []float32 // [cap], nats, unweighted
	Argmax           []int32   // [cap]
}

// NewHeadWork allocates for at most cap target rows.
func NewHeadWork(dev compute.Device, h *Head, capacity int, backward bool) *HeadWork {
	block := min(capacity, headBlock)
	if dev.Class() != "cpu" {
		block = min(capacity, gpuBlock)
	}
	w := &HeadWork{
		dev: dev, block: block, x: dev.Alloc(min(capacity, headBlock) * h.D), h: dev.Alloc(capacity * h.D),
		logits: dev.Alloc(block * h.V), rstd: dev.Alloc(capacity),
		Loss: make([]float32, capacity), Argmax: make([]int32, capacity),
	}
	if backward {
		w.dh = dev.Alloc(capacity * h.D)
	}
	return w
}

// Evaluate fills w.Loss and w.Argmax for the targets; x is [targets, D], dense.
func (h *Head) Evaluate(w *HeadWork, x compute.View, t Targets, p *HeadParams) {
	h.run(w, compute.View{}, x, t, p, nil)
}

// LossBackward also writes dx [targets, D] and fills g (unless nil).
func (h *Head) LossBackward(w *HeadWork, dx, x compute.View, t Targets, p, g *HeadParams) {
	h.run(w, dx, x, t, p, g)
}

func (h *Head) run(w *HeadWork, dx, x compute.View, t Targets, p, g *HeadParams) {
	d, n := w.dev, len(t.ID)
	norm, back := h.Norm, dx.Rows > 0
	if p != nil {
		norm = p.Norm
	}
	hn := compute.Of(w.h, n, h.D)
	d.RMSNorm(hn, x, norm, h.RMSEps, w.rstd[:n])
	block := w.block
	if p != nil {
		block = min(block, headBlock)
	}
	for from := 0; from < n; from += block {
		to := min(from+block, n)
		logits, hb := compute.Of(w.logits, to-from, h.V), hn.Slice(from, to)
		h.project(w, logits, hb, p)
		var weight []float32
		if back {
			weight = t.Weight[from:to]
		}
		d.CrossEntropy(logits, t.ID[from:to], weight, w.Loss[from:to], w.Argmax[from:to])
		if !back {
			continue
		}
		w.terms[0] = compute.Term{A: logits, W: h.Back}
		if p != nil {
			w.terms[0] = compute.Term{A: logits, B: p.W}
		}
		d.MatMul(compute.Of(w.dh, n, h.D).Slice(from, to), nil, w.terms[:]...)
		if g != nil {
			w.terms[0] = compute.Term{A: logits, TransA: true, B: hb}
			base := &g.W
			if from == 0 {
				base = nil
			}
			d.MatMul(g.W, base, w.terms[:]...)
		}
	}
	if !back {
		return
	}
	var dg []float32
	if g != nil {
		dg = g.Norm
		d.Zero(dg)
	}
	d.RMSNormBack(dx, nil, compute.Of(w.dh, n, h.D), x, norm, w.rstd[:n], dg)
}

func (h *Head) project(w *HeadWork, logits, hn compute.View, p *HeadParams) {
	w.terms[0] = compute.Term{A: hn, W: h.W, TransB: true}
	if p != nil {
		w.terms[0] = compute.Term{A: hn, B: p.W, TransB: true}
	}
	w.dev.MatMul(logits, nil, w.terms[:]...)
}

// Logits computes logits [len(rows), V] of the given rows of x; len(rows) is at most headBlock.
func (h *Head) Logits(w *HeadWork, logits, x compute.View, rows []int32, p *HeadParams) {
	norm, n := h.Norm, len(rows)
	if p != nil {
		norm = p.Norm
	}
	xr, hn := compute.Of(w.x, n, h.D), compute.Of(w.h, n, h.D)
	w.dev.Gather(xr, x.Data, rows)
	w.dev.RMSNorm(hn, xr, norm, h.RMSEps, nil)
	h.project(w, logits, hn, p)
}

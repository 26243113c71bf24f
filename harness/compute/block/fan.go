package block

// Forward and backward of a fan: the linear layers that read one input, each with
// its LoRA pair (Hu et al., 2106.09685, eq. 3: y = Wx + (alpha/r)·B·A·dropout(x)),
// written as one sum of products per output so that no intermediate is stored twice.

import "theriac/harness/compute"

// forward computes y[i] = base + x·W_iᵀ + u_i·B_iᵀ + bias_i, keeping u = scale·x·Aᵀ [rows, ranks].
func (f *Fan) forward(w *Workspace, y []compute.View, base *compute.View, x compute.View, p *fanParams, t *Train, u []float32, key uint64) {
	var us compute.View
	if p != nil && p.ranks > 0 {
		us = compute.Of(u, x.Rows, p.ranks)
		f.lowRank(w, us, x, p, t, key)
		w.Dev.Scale(us.Data, t.Scale)
	}
	for i := range f.Lin {
		lin := &f.Lin[i]
		n := 1
		if p != nil && p.w != nil {
			w.terms[0] = compute.Term{A: x, B: p.w[i], TransB: true}
		} else {
			w.terms[0] = compute.Term{A: x, W: lin.W, TransB: true}
		}
		if p != nil && p.ranks > 0 && p.at[i] >= 0 {
			w.terms[1] = compute.Term{A: us.Columns(p.at[i], p.at[i]+t.Rank), B: p.b[i], TransB: true}
			n = 2
		}
		w.Dev.MatMul(y[i], base, w.terms[:n]...)
		bias := lin.Bias
		if p != nil && p.bias != nil {
			bias = p.bias[i]
		}
		if bias != nil {
			w.Dev.AddBias(y[i], bias)
		}
	}
}

// lowRank computes u = dropout(x)·Aᵀ, unscaled.
func (f *Fan) lowRank(w *Workspace, u, x compute.View, p *fanParams, t *Train, key uint64) {
	if t.Dropout == 0 || key == 0 {
		w.terms[0] = compute.Term{A: x, B: p.a, TransB: true}
		w.Dev.MatMul(u, nil, w.terms[:1]...)
		return
	}
	xd := w.dropScratch(x.Rows, x.Cols)
	for i, at := range p.at {
		if at < 0 {
			continue
		}
		w.Dev.Dropout(xd, x, t.Dropout, key+uint64(i), 0)
		w.terms[0] = compute.Term{A: xd, B: p.a.Slice(at, at+t.Rank), TransB: true}
		w.Dev.MatMul(u.Columns(at, at+t.Rank), nil, w.terms[:1]...)
	}
}

// backward computes dx = Σ_i dy_i·W_i + v·A (unless dx is empty) and the
// gradients g of the parameters p (unless nil); v = scale·dy·B.
func (f *Fan) backward(w *Workspace, dx compute.View, dy []compute.View, x compute.View, p, g *fanParams, t *Train, u []float32, key uint64, r *Rows) {
	d := w.Dev
	n := 0
	for i := range f.Lin {
		if p != nil && p.w != nil {
			w.terms[n] = compute.Term{A: dy[i], B: p.w[i]}
		} else {
			w.terms[n] = compute.Term{A: dy[i], W: f.Lin[i].Back}
		}
		n++
	}
	if p == nil || p.ranks == 0 {
		if dx.Rows > 0 {
			d.MatMul(dx, nil, w.terms[:n]...)
		}
		if p != nil && p.w != nil {
			f.fullGradients(w, dy, x, g)
		}
		return
	}
	us, v := compute.Of(u, x.Rows, p.ranks), compute.Of(w.v, x.Rows, p.ranks)
	for i, at := range p.at {
		if at < 0 {
			continue
		}
		w.terms[n] = compute.Term{A: dy[i], B: p.b[i]}
		d.MatMul(v.Columns(at, at+t.Rank), nil, w.terms[n:n+1]...)
		w.terms[n] = compute.Term{A: dy[i], TransA: true, B: us.Columns(at, at+t.Rank)}
		d.MatMul(g.b[i], nil, w.terms[n:n+1]...)
		w.perExample(f.Layer, f.Lin[i].Name, dy[i], us.Columns(at, at+t.Rank), r)
	}
	d.Scale(v.Data, t.Scale)
	if t.Dropout == 0 || key == 0 {
		if dx.Rows > 0 {
			w.terms[n] = compute.Term{A: v, B: p.a}
			d.MatMul(dx, nil, w.terms[:n+1]...)
		}
		w.terms[0] = compute.Term{A: v, TransA: true, B: x}
		d.MatMul(g.a, nil, w.terms[:1]...)
		return
	}
	if dx.Rows > 0 {
		d.MatMul(dx, nil, w.terms[:n]...)
	}
	f.droppedGradients(w, dx, x, v, p, g, t, key)
}

// fullGradients: dW_i = dy_iᵀ·x, dbias_i = Σ_rows dy_i.
func (f *Fan) fullGradients(w *Workspace, dy []compute.View, x compute.View, g *fanParams) {
	for i := range f.Lin {
		w.terms[0] = compute.Term{A: dy[i], TransA: true, B: x}
		w.Dev.MatMul(g.w[i], nil, w.terms[:1]...)
		if g.bias[i] != nil {
			w.Dev.Zero(g.bias[i])
			w.Dev.BiasGrad(g.bias[i], dy[i])
		}
	}
}

// droppedGradients repeats each linear's own dropout mask: dA_i = v_iᵀ·dropout(x), dx += dropout(v_i·A_i).
func (f *Fan) droppedGradients(w *Workspace, dx, x, v compute.View, p, g *fanParams, t *Train, key uint64) {
	xd := w.dropScratch(x.Rows, x.Cols)
	for i, at := range p.at {
		if at < 0 {
			continue
		}
		vi := v.Columns(at, at+t.Rank)
		w.Dev.Dropout(xd, x, t.Dropout, key+uint64(i), 0)
		w.terms[0] = compute.Term{A: vi, TransA: true, B: xd}
		w.Dev.MatMul(g.a.Slice(at, at+t.Rank), nil, w.terms[:1]...)
		if dx.Rows > 0 {
			w.terms[0] = compute.Term{A: vi, B: p.a.Slice(at, at+t.Rank)}
			w.Dev.MatMul(xd, nil, w.terms[:1]...)
			w.Dev.Dropout(xd, xd, t.Dropout, key+uint64(i), 0)
			w.Dev.Add(dx, xd)
		}
	}
}

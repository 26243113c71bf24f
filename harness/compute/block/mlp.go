package block

// The MLP half-block: y = x + Wdown·(silu(Wgate·norm(x)) * Wup·norm(x)).

import "theriac/harness/compute"

// MLPForward writes y (may not alias x). p may be nil (frozen).
func (l *Layer) MLPForward(w *Workspace, y, x compute.View, s *Saved, p *Params, r *Rows) {
	n := r.N()
	norm, f0, f1, t := pick(p, l.MLPNorm)
	h := compute.Of(w.h, n, l.D)
	w.Dev.RMSNorm(h, x, norm, l.RMSEps, s.rstd[:n])
	gate, up := compute.Of(s.a, n, l.FFN), compute.Of(s.b, n, l.FFN)
	w.ys[0], w.ys[1] = gate, up
	l.GateUp.forward(w, w.ys[:2], nil, h, f0, t, s.u[0], dropKey(r.Key, 2))
	mid := compute.Of(w.mid, n, l.FFN)
	w.Dev.SiLUMul(mid, gate, up)
	w.ys[0] = y
	l.Down.forward(w, w.ys[:1], &x, mid, f1, t, s.u[1], dropKey(r.Key, 3))
}

// MLPBackward computes dx (unless needX is false) and fills g, from dy [rows, D].
func (l *Layer) MLPBackward(w *Workspace, dx, dy, x compute.View, s *Saved, p, g *Params, r *Rows, needX bool) {
	d, n := w.Dev, r.N()
	norm, f0, f1, t := pick(p, l.MLPNorm)
	_, g0, g1, _ := pick(g, nil)
	gate, up := compute.Of(s.a, n, l.FFN), compute.Of(s.b, n, l.FFN)
	mid, dmid := compute.Of(w.mid, n, l.FFN), compute.Of(w.dmid, n, l.FFN)
	d.SiLUMul(mid, gate, up)
	w.dys[0] = dy
	l.Down.backward(w, dmid, w.dys[:1], mid, f1, g1, t, s.u[1], dropKey(r.Key, 3), r)
	dgate, dup := compute.Of(w.dq, n, l.FFN), compute.Of(w.dk, n, l.FFN)
	d.SiLUMulBack(dgate, dup, dmid, gate, up)
	h := compute.Of(w.h, n, l.D)
	d.RMSNorm(h, x, norm, l.RMSEps, nil)
	w.dys[0], w.dys[1] = dgate, dup
	full := t != nil && t.Full
	dh := compute.View{}
	if needX || full {
		dh = compute.Of(w.dh, n, l.D)
	}
	l.GateUp.backward(w, dh, w.dys[:2], h, f0, g0, t, s.u[0], dropKey(r.Key, 2), r)
	if needX || full {
		l.normBack(w, dx, dy, dh, x, norm, s.rstd[:n], g)
	}
}

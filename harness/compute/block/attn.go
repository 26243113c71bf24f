package block

// The attention half-block: y = x + Wo·attention(rope(qk-norm(W·norm(x)))).

import "theriac/harness/compute"

// KeysValues says where the keys and values of a batch lie once the new rows k, v
// [rows, KV*Dim] are known. infer appends them to its caches; nil means the
// batch's own rows, which is training.
type KeysValues func(k, v compute.View) []compute.Sequence

// AttnForward writes y (may not alias x). p may be nil (frozen).
func (l *Layer) AttnForward(w *Workspace, y, x compute.View, s *Saved, p *Params, r *Rows, kv KeysValues) {
	d, n := w.Dev, r.N()
	norm, f0, f1, t := l.attnParams(p)
	h := compute.Of(w.h, n, l.D)
	d.RMSNorm(h, x, norm, l.RMSEps, s.rstd[:n])
	q, k, v := compute.Of(s.a, n, w.qDim), compute.Of(s.b, n, w.kvDim), compute.Of(s.c, n, w.kvDim)
	w.ys = [3]compute.View{q, k, v}
	l.QKV.forward(w, w.ys[:], nil, h, f0, t, s.u[0], r.Key)
	if l.QKNorm {
		qn, kn := l.headNorms(p)
		l.headNorm(w, q, s.pre[0], s.preRstd[0], qn)
		l.headNorm(w, k, s.pre[1], s.preRstd[1], kn)
	}
	d.Rope(q, l.Heads.Dim, r.Pos, w.rope.Cos, w.rope.Sin, false)
	d.Rope(k, l.Heads.Dim, r.Pos, w.rope.Cos, w.rope.Sin, false)
	var seqs []compute.Sequence
	if kv != nil {
		seqs = kv(k, v)
	} else {
		seqs = w.ownRows(r, k, v)
	}
	o := compute.Of(s.o, n, w.qDim)
	d.Attention(o, q, seqs, l.Heads, s.lse[:n*l.Heads.Q])
	w.ys[0] = y
	l.O.forward(w, w.ys[:1], &x, o, f1, t, s.u[1], dropKey(r.Key, 1))
}

// AttnBackward computes dx (unless needX is false) and fills g, from dy [rows, D].
func (l *Layer) AttnBackward(w *Workspace, dx, dy, x compute.View, s *Saved, p, g *Params, r *Rows, needX bool) {
	d, n := w.Dev, r.N()
	norm, f0, f1, t := l.attnParams(p)
	_, g0, g1, _ := l.attnParams(g)
	q, k, v := compute.Of(s.a, n, w.qDim), compute.Of(s.b, n, w.kvDim), compute.Of(s.c, n, w.kvDim)
	o, do := compute.Of(s.o, n, w.qDim), compute.Of(w.dmid, n, w.qDim)
	w.dys[0] = dy
	l.O.backward(w, do, w.dys[:1], o, f1, g1, t, s.u[1], dropKey(r.Key, 1), r)
	dq, dk, dv := compute.Of(w.dq, n, w.qDim), compute.Of(w.dk, n, w.kvDim), compute.Of(w.dv, n, w.kvDim)
	d.AttentionBack(dq, dk, dv, do, q, k, v, o, w.ownRows(r, k, v), l.Heads, s.lse[:n*l.Heads.Q])
	d.Rope(dq, l.Heads.Dim, r.Pos, w.rope.Cos, w.rope.Sin, true)
	d.Rope(dk, l.Heads.Dim, r.Pos, w.rope.Cos, w.rope.Sin, true)
	if l.QKNorm {
		qn, kn := l.headNorms(p)
		gq, gk := gradHeadNorms(g)
		l.headNormBack(w, dq, s.pre[0], s.preRstd[0], qn, gq)
		l.headNormBack(w, dk, s.pre[1], s.preRstd[1], kn, gk)
	}
	h := compute.Of(w.h, n, l.D)
	d.RMSNorm(h, x, norm, l.RMSEps, nil)
	w.dys = [3]compute.View{dq, dk, dv}
	full := t != nil && t.Full
	dh := compute.View{}
	if needX || full {
		dh = compute.Of(w.dh, n, l.D)
	}
	l.QKV.backward(w, dh, w.dys[:], h, f0, g0, t, s.u[0], r.Key, r)
	if needX || full {
		l.normBack(w, dx, dy, dh, x, norm, s.rstd[:n], g)
	}
}

// normBack closes a half-block's backward: dx = dy + gradient through the norm.
func (l *Layer) normBack(w *Workspace, dx, dy, dh, x compute.View, norm, rstd []float32, g *Params) {
	var dg []float32
	if g != nil && g.norm != nil {
		dg = g.norm
		w.Dev.Zero(dg)
	}
	w.Dev.RMSNormBack(dx, &dy, dh, x, norm, rstd, dg)
}

func (l *Layer) attnParams(p *Params) (norm []float32, f0, f1 *fanParams, t *Train) {
	return pick(p, l.AttnNorm)
}

func pick(p *Params, frozen []float32) (norm []float32, f0, f1 *fanParams, t *Train) {
	if p == nil {
		return frozen, nil, nil, nil
	}
	if p.norm != nil {
		frozen = p.norm
	}
	return frozen, &p.fans[0], &p.fans[1], &p.train
}

func (l *Layer) headNorms(p *Params) (q, k []float32) {
	if p != nil && p.qn != nil {
		return p.qn, p.kn
	}
	return l.QNorm, l.KNorm
}

func gradHeadNorms(g *Params) (q, k []float32) {
	if g == nil {
		return nil, nil
	}
	return g.qn, g.kn
}

// headNorm normalises each head of x [rows, heads*Dim] in place, keeping x as it was.
func (l *Layer) headNorm(w *Workspace, x compute.View, pre, rstd, g []float32) {
	heads := x.Rows * x.Cols / l.Heads.Dim
	kept := compute.Of(pre, heads, l.Heads.Dim)
	byHead := compute.Of(x.Data, heads, l.Heads.Dim)
	w.Dev.Copy(kept, byHead)
	w.Dev.RMSNorm(byHead, kept, g, l.RMSEps, rstd[:heads])
}

func (l *Layer) headNormBack(w *Workspace, dx compute.View, pre, rstd, g, dg []float32) {
	heads := dx.Rows * dx.Cols / l.Heads.Dim
	byHead := compute.Of(dx.Data, heads, l.Heads.Dim)
	dy := compute.Of(w.d2, heads, l.Heads.Dim)
	w.Dev.Copy(dy, byHead)
	if dg != nil {
		w.Dev.Zero(dg)
	}
	w.Dev.RMSNormBack(byHead, nil, dy, compute.Of(pre, heads, l.Heads.Dim), g, rstd[:heads], dg)
}

// ownRows are the sequences of a batch that attends to itself.
func (w *Workspace) ownRows(r *Rows, k, v compute.View) []compute.Sequence {
	w.seqs = w.seqs[:0]
	for _, s := range r.Seqs {
		w.seqs = append(w.seqs, compute.Sequence{Start: s.Start, N: s.N, K: k.Slice(s.Start, s.Start+s.N), V: v.Slice(s.Start, s.Start+s.N)})
	}
	return w.seqs
}

// dropKey separates the dropout masks of a half-block's second fan from its first's.
func dropKey(key uint64, fan uint64) uint64 {
	if key == 0 {
		return 0
	}
	return key + fan<<8
}

package cpu

// Causal attention over packed sequences, forward and backward. One task is one
// sequence and key/value head; the products are the GEMM micro-kernels', in blocks
// of 6 query rows. Scores beyond a row's own keys are exactly zero
// probabilities, which leave a chain of multiply-adds as it is; so a row's bits do
// not depend on the block, or the batch, that it was computed in.

import (
	"math"
	"unsafe"

	"theriac/harness/compute"
)

// attnJob is one attention call at work.
type attnJob struct {
	d              *Device
	back           bool
	seqs           []compute.Sequence
	h              compute.Heads
	q, o           compute.View
	lse            []float32
	dq, dk, dv, do compute.View
}

// Attention is compute.Device's.
func (d *Device) Attention(o, q compute.View, seqs []compute.Sequence, h compute.Heads, lse []float32) {
	d.attn = attnJob{d: d, o: o, q: q, seqs: seqs, h: h, lse: lse}
	d.pool.run(&d.attn, len(seqs)*h.KV)
	d.attn = attnJob{}
}

// AttentionBack is compute.Device's.
func (d *Device) AttentionBack(dq, dk, dv, do, q, k, v, o compute.View, seqs []compute.Sequence, h compute.Heads, lse []float32) {
	d.attn = attnJob{d: d, back: true, o: o, q: q, seqs: seqs, h: h, lse: lse, dq: dq, dk: dk, dv: dv, do: do}
	d.pool.run(&d.attn, len(seqs)*h.KV)
	d.attn = attnJob{}
}

func (j *attnJob) task(thread, i int) {
	s, kv := &j.seqs[i/j.h.KV], i%j.h.KV
	w := &j.d.local[thread]
	if j.back {
		j.backward(w, s, kv)
	} else {
		j.forward(w, s, kv)
	}
}

func up(n, to int) int { return (n + to - 1) / to * to }

// product computes a tile c = a·b of rows x 16 in the micro-kernel; a's strides in elements.
func (j *attnJob) product(w *scratch, rows, k int, a []float32, rs, ks int, b []float32, bs int, c []float32, cs int, more bool) {
	t := &w.tile
	t.k, t.a, t.rs, t.ks = k, unsafe.Pointer(&a[0]), uintptr(rs)*4, uintptr(ks)*4
	t.b, t.bs, t.ahead = unsafe.Pointer(&b[0]), uintptr(bs)*4, aheadPacked
	t.out, t.os = unsafe.Pointer(&c[0]), uintptr(cs)*4
	t.in, t.is, t.base = nil, t.os, nil
	if more {
		t.in = t.out
	}
	j.d.isa.kernels.one[rows](t)
}

// scores computes rows [i, i+rows) of q·kᵀ for the first keys keys into s [rows, stride].
func (j *attnJob) scores(w *scratch, s []float32, stride int, q compute.View, i, rows, keys int, kp []float32, h compute.Heads) {
	for p := 0; p < keys; p += panelCols {
		j.product(w, rows, h.Dim, q.Data[i*q.Stride:], q.Stride, 1, kp[p*h.Dim:], panelCols, s[p:], stride, false)
	}
}

// visible is the range of keys that query i sees.
func visible(past, i, window int) (from, to int) {
	to = past + i + 1
	if window > 0 {
		from = max(0, to-window)
	}
	return from, to
}

// soften turns a row of scores into exponentials of score - max over its visible
// keys, zero elsewhere, and returns their sum and the max.
func (j *attnJob) soften(w *scratch, row []float32, from, to int, scale float32) (sum, top float32) {
	inf := float32(math.Inf(-1))
	end := min(up(to, 8), len(row))
	for k := range row[:from] {
		row[k] = inf
	}
	for k := to; k < end; k++ {
		row[k] = inf
	}
	w.m, w.l = lowest, lanes{}
	j.d.isa.vec.scaleMax(row[:end], scale, &w.m)
	top = w.m.max()
	j.d.isa.vec.expSub(row[:end], row[:end], top, &w.l)
	clear(row[end:])
	return fold(&w.l), top
}

// padded copies columns of a head into dense rows of a multiple of 16 columns.
func padded(buf *[]float32, src compute.View, at, dim, rows int) []float32 {
	wide := up(dim, panelCols)
	out := grow(buf, rows*wide)
	if wide != dim {
		clear(out)
	}
	for i := range rows {
		copy(out[i*wide:i*wide+dim], src.Data[i*src.Stride+at:])
	}
	return out
}

// transposedPanels packs columns [at, at+dim) of src as the right-hand side srcᵀ.
func (jb *attnJob) transposedPanels(buf *[]float32, src compute.View, at, dim, rows int) []float32 {
	n := up(rows, panelCols)
	out := grow(buf, n*dim)
	j := packJob{dst: out, src: compute.View{Data: src.Data[at:], Rows: rows, Cols: dim, Stride: src.Stride}, trans: true, k: dim, n: rows, to: n / panelCols}
	for p := range j.to {
		j.panel(p, jb.d.isa)
	}
	return out
}

func (j *attnJob) forward(w *scratch, s *compute.Sequence, kv int) {
	h, total := j.h, s.Past+s.N
	wide := up(h.Dim, panelCols)
	kp := j.transposedPanels(&w.k, s.K, kv*h.Dim, h.Dim, total)
	vp := padded(&w.v, s.V, kv*h.Dim, h.Dim, total)
	stride := up(total, panelCols)
	sc := grow(&w.s, tileRows*stride)
	for head := kv * (h.Q / h.KV); head < (kv+1)*(h.Q/h.KV); head++ {
		q := compute.View{Data: j.q.Data[s.Start*j.q.Stride+head*h.Dim:], Rows: s.N, Cols: h.Dim, Stride: j.q.Stride}
		for i := 0; i < s.N; i += tileRows {
			rows := min(tileRows, s.N-i)
			keys := s.Past + i + rows
			j.scores(w, sc, stride, q, i, rows, keys, kp, h)
			var sum [tileRows]float32
			for r := range rows {
				from, to := visible(s.Past, i+r, h.Window)
				t := float32(0)
				sum[r], t = j.soften(w, sc[r*stride:r*stride+keys], from, to, h.Scale)
				if j.lse != nil {
					j.lse[(s.Start+i+r)*h.Q+head] = t + float32(compute.Log64(float64(sum[r])))
				}
			}
			for p := 0; p < wide; p += panelCols {
				j.product(w, rows, keys, sc, stride, 1, vp[p:], wide, w.out[:], panelCols, false)
				n := min(panelCols, h.Dim-p)
				for r := range rows {
					at := (s.Start+i+r)*j.o.Stride + head*h.Dim + p
					j.d.isa.vec.scale(j.o.Data[at:at+n], w.out[r*panelCols:r*panelCols+n], 1/sum[r])
				}
			}
		}
	}
}

// backward computes dq, dk and dv of one sequence and key/value head. With P the
// probabilities: dV = Pᵀ·dO, dP = dO·Vᵀ, dS = P∘(dP - rowsum(dO∘O))·scale,
// dQ = dS·K, dK = dSᵀ·Q (Dao et al., 2205.14135, appendix B.2).
func (j *attnJob) backward(w *scratch, s *compute.Sequence, kv int) {
	h, n := j.h, s.N
	wide, stride := up(h.Dim, panelCols), up(n, panelCols)
	kp := j.transposedPanels(&w.k, s.K, kv*h.Dim, h.Dim, n)
	vp := j.transposedPanels(&w.v, s.V, kv*h.Dim, h.Dim, n)
	kd := padded(&w.kd, s.K, kv*h.Dim, h.Dim, n)
	p, ds := grow(&w.p, up(n, tileRows)*stride), grow(&w.s, up(n, tileRows)*stride)
	dk, dv := grow(&w.dk, up(n, tileRows)*wide), grow(&w.dv, up(n, tileRows)*wide)
	group := h.Q / h.KV
	for g := range group {
		head := kv*group + g
		view := func(v compute.View) compute.View {
			return compute.View{Data: v.Data[s.Start*v.Stride+head*h.Dim:], Rows: n, Cols: h.Dim, Stride: v.Stride}
		}
		q, o, do := view(j.q), view(j.o), view(j.do)
		qd, dod := padded(&w.q, q, 0, h.Dim, n), padded(&w.o, do, 0, h.Dim, n)
		for i := 0; i < n; i += tileRows {
			rows := min(tileRows, n-i)
			keys := i + rows
			j.scores(w, p[i*stride:], stride, q, i, rows, keys, kp, h)
			j.scores(w, ds[i*stride:], stride, do, i, rows, keys, vp, h)
			for r := range rows {
				from, to := visible(0, i+r, h.Window)
				pr, dr := p[(i+r)*stride:(i+r+1)*stride], ds[(i+r)*stride:(i+r+1)*stride]
				sum, _ := j.soften(w, pr[:keys], from, to, h.Scale)
				j.d.isa.vec.scale(pr[:keys], pr[:keys], 1/sum)
				w.l = lanes{}
				j.d.isa.vec.dot(do.Row(i+r), o.Row(i+r), &w.l)
				j.d.isa.vec.scoreBack(dr[:keys], pr[:keys], dr[:keys], fold(&w.l), h.Scale)
			}
			for c := 0; c < wide; c += panelCols {
				j.product(w, rows, keys, ds[i*stride:], stride, 1, kd[c:], wide, w.out[:], panelCols, false)
				for r := range rows {
					at := (s.Start+i+r)*j.dq.Stride + head*h.Dim + c
					copy(j.dq.Data[at:at+min(panelCols, h.Dim-c)], w.out[r*panelCols:])
				}
			}
		}
		for i := 0; i < n; i += tileRows { // keys [i, i+rows) are seen by queries from i on
			rows := min(tileRows, n-i)
			for c := 0; c < wide; c += panelCols {
				at := i*stride + i
				j.product(w, rows, n-i, ds[at:], 1, stride, qd[i*wide+c:], wide, dk[i*wide+c:], wide, g > 0)
				j.product(w, rows, n-i, p[at:], 1, stride, dod[i*wide+c:], wide, dv[i*wide+c:], wide, g > 0)
			}
		}
	}
	for i := range n {
		copy(j.dk.Data[(s.Start+i)*j.dk.Stride+kv*h.Dim:][:h.Dim], dk[i*wide:])
		copy(j.dv.Data[(s.Start+i)*j.dv.Stride+kv*h.Dim:][:h.Dim], dv[i*wide:])
	}
}

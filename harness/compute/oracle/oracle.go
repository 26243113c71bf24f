// Package oracle is a compute.Device written as plainly as possible, in float64,
// for tests: what compute/cpu and compute/cuda must come close to. It is slow, and
// it does not follow the numerics contract.
package oracle

import (
	"math"

	"theriac/harness/compute"
)

// Device implements compute.Device.
type Device struct{}

var _ compute.Device = Device{}

type packed struct{ v compute.View }

func (p packed) Shape() (int, int) { return p.v.Rows, p.v.Cols }
func (p packed) Bytes() int        { return 4 * len(p.v.Data) }
func (packed) Uses() compute.Use   { return compute.ByRows | compute.ByCols }

// Class is "oracle".
func (Device) Class() string { return "oracle" }

// Alloc returns zeroed memory.
func (Device) Alloc(n int) []float32 { return make([]float32, n) }

// Push does nothing.
func (Device) Push([]float32) {}

// Pull does nothing.
func (Device) Pull([]float32) {}

// Close does nothing.
func (Device) Close() {}

// Pack keeps a copy of w.
func (Device) Pack(w []float32, rows, cols int, _ compute.Use) compute.Matrix {
	return packed{compute.Of(append([]float32{}, w...), rows, cols)}
}

func at(v compute.View, i, j int) float64 { return float64(v.Data[i*v.Stride+j]) }

func set(v compute.View, i, j int, x float64) { v.Data[i*v.Stride+j] = float32(x) }

// MatMul is the sum of the terms' products.
func (Device) MatMul(dst compute.View, base *compute.View, terms ...compute.Term) {
	out := make([]float64, dst.Rows*dst.Cols)
	for _, t := range terms {
		b := t.B
		if t.W != nil {
			b = t.W.(packed).v
		}
		k := t.A.Cols
		if t.TransA {
			k = t.A.Rows
		}
		scale := 1.0
		if t.Scale != 0 {
			scale = float64(t.Scale)
		}
		for i := range dst.Rows {
			for j := range dst.Cols {
				for l := range k {
					x, y := 0.0, 0.0
					if t.TransA {
						x = at(t.A, l, i)
					} else {
						x = at(t.A, i, l)
					}
					if t.TransB {
						y = at(b, j, l)
					} else {
						y = at(b, l, j)
					}
					out[i*dst.Cols+j] += scale * x * y
				}
			}
		}
	}
	for i := range dst.Rows {
		for j := range dst.Cols {
			v := out[i*dst.Cols+j]
			if base != nil {
				v += at(*base, i, j)
			}
			set(dst, i, j, v)
		}
	}
}

// RMSNorm normalises rows.
func (Device) RMSNorm(y, x compute.View, g []float32, eps float32, rstd []float32) {
	for i := range x.Rows {
		s := 0.0
		for j := range x.Cols {
			s += at(x, i, j) * at(x, i, j)
		}
		r := 1 / math.Sqrt(s/float64(x.Cols)+float64(eps))
		for j := range x.Cols {
			set(y, i, j, at(x, i, j)*r*float64(g[j]))
		}
		if rstd != nil {
			rstd[i] = float32(r)
		}
	}
}

// RMSNormBack is RMSNorm's gradient.
func (Device) RMSNormBack(dx compute.View, base *compute.View, dy, x compute.View, g, rstd, dg []float32) {
	for i := range x.Rows {
		r, dot := float64(rstd[i]), 0.0
		for j := range x.Cols {
			dot += at(dy, i, j) * float64(g[j]) * at(x, i, j)
		}
		for j := range x.Cols {
			if dg != nil {
				dg[j] += float32(at(dy, i, j) * at(x, i, j) * r)
			}
			v := r*at(dy, i, j)*float64(g[j]) - at(x, i, j)*r*r*r*dot/float64(x.Cols)
			if base != nil {
				v += at(*base, i, j)
			}
			set(dx, i, j, v)
		}
	}
}

// Rope rotates pairs (i, i+headDim/2).
func (Device) Rope(x compute.View, headDim int, pos []int32, cos, sin []float32, inverse bool) {
	h := headDim / 2
	for i := range x.Rows {
		for head := 0; head < x.Cols; head += headDim {
			for j := range h {
				c, s := float64(cos[int(pos[i])*h+j]), float64(sin[int(pos[i])*h+j])
				if inverse {
					s = -s
				}
				a, b := at(x, i, head+j), at(x, i, head+j+h)
				set(x, i, head+j, a*c-b*s)
				set(x, i, head+j+h, b*c+a*s)
			}
		}
	}
}

// weights is one query's softmax over its visible keys, and the first of them.
func weights(q, k compute.View, row, i, past, head int, h compute.Heads) (p []float64, from int, lse float64) {
	last := past + i
	if h.Window > 0 {
		from = max(0, last-h.Window+1)
	}
	kv := head / (h.Q / h.KV)
	top := math.Inf(-1)
	for j := from; j <= last; j++ {
		s := 0.0
		for d := range h.Dim {
			s += at(q, row, head*h.Dim+d) * at(k, j, kv*h.Dim+d)
		}
		p = append(p, s*float64(h.Scale))
		top = math.Max(top, s*float64(h.Scale))
	}
	sum := 0.0
	for j := range p {
		p[j] = math.Exp(p[j] - top)
		sum += p[j]
	}
	for j := range p {
		p[j] /= sum
	}
	return p, from, top + math.Log(sum)
}

// Attention is causal attention.
func (Device) Attention(o, q compute.View, seqs []compute.Sequence, h compute.Heads, lse []float32) {
	for _, s := range seqs {
		for i := range s.N {
			for head := range h.Q {
				p, from, l := weights(q, s.K, s.Start+i, i, s.Past, head, h)
				kv := head / (h.Q / h.KV)
				for d := range h.Dim {
					v := 0.0
					for j := range p {
						v += p[j] * at(s.V, from+j, kv*h.Dim+d)
					}
					set(o, s.Start+i, head*h.Dim+d, v)
				}
				if lse != nil {
					lse[(s.Start+i)*h.Q+head] = float32(l)
				}
			}
		}
	}
}

// AttentionBack is Attention's gradient.
func (Device) AttentionBack(dq, dk, dv, do, q, k, v, o compute.View, seqs []compute.Sequence, h compute.Heads, _ []float32) {
	gk, gv := make([]float64, k.Rows*k.Cols), make([]float64, v.Rows*v.Cols)
	for _, s := range seqs {
		for i := range s.N {
			row := s.Start + i
			for head := range h.Q {
				p, from, _ := weights(q, s.K, row, i, 0, head, h)
				kv := head / (h.Q / h.KV)
				dot := 0.0
				for d := range h.Dim {
					dot += at(do, row, head*h.Dim+d) * at(o, row, head*h.Dim+d)
				}
				g := make([]float64, h.Dim)
				for j, w := range p {
					dp := 0.0
					for d := range h.Dim {
						dp += at(do, row, head*h.Dim+d) * at(s.V, from+j, kv*h.Dim+d)
						gv[(s.Start+from+j)*v.Cols+kv*h.Dim+d] += w * at(do, row, head*h.Dim+d)
					}
					ds := w * (dp - dot) * float64(h.Scale)
					for d := range h.Dim {
						g[d] += ds * at(s.K, from+j, kv*h.Dim+d)
						gk[(s.Start+from+j)*k.Cols+kv*h.Dim+d] += ds * at(q, row, head*h.Dim+d)
					}
				}
				for d := range h.Dim {
					set(dq, row, head*h.Dim+d, g[d])
				}
			}
		}
	}
	for i := range k.Rows {
		for j := range k.Cols {
			set(dk, i, j, gk[i*k.Cols+j])
			set(dv, i, j, gv[i*v.Cols+j])
		}
	}
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// SiLUMul is silu(gate)*up.
func (Device) SiLUMul(h, gate, up compute.View) {
	each(h, func(i, j int) float64 { g := at(gate, i, j); return g * sigmoid(g) * at(up, i, j) })
}

// SiLUMulBack is SiLUMul's gradient.
func (Device) SiLUMulBack(dgate, dup, dh, gate, up compute.View) {
	for i := range dh.Rows {
		for j := range dh.Cols {
			g, u, d := at(gate, i, j), at(up, i, j), at(dh, i, j)
			s := sigmoid(g)
			set(dgate, i, j, d*u*(s+g*s*(1-s)))
			set(dup, i, j, d*g*s)
		}
	}
}

func each(v compute.View, f func(i, j int) float64) {
	for i := range v.Rows {
		for j := range v.Cols {
			set(v, i, j, f(i, j))
		}
	}
}

// CrossEntropy is the loss and, in place, its gradient.
func (Device) CrossEntropy(logits compute.View, target []int32, weight, loss []float32, argmax []int32) {
	for i := range logits.Rows {
		row := logits.Row(i)
		best := 0
		for j, v := range row {
			if v > row[best] {
				best = j
			}
		}
		sum := 0.0
		for _, v := range row {
			sum += math.Exp(float64(v - row[best]))
		}
		lse := float64(row[best]) + math.Log(sum)
		if loss != nil {
			loss[i] = float32(lse - float64(row[target[i]]))
		}
		if argmax != nil {
			argmax[i] = int32(best)
		}
		if weight == nil {
			continue
		}
		for j, v := range row {
			p := math.Exp(float64(v) - lse)
			if j == int(target[i]) {
				p--
			}
			row[j] = float32(float64(weight[i]) * p)
		}
	}
}

// Dropout is not part of the oracle: its masks are the contract's, not arithmetic.
func (Device) Dropout(y, x compute.View, _ float32, _, _ uint64) {
	each(y, func(i, j int) float64 { return at(x, i, j) })
}

// AddBias adds b to each row.
func (Device) AddBias(x compute.View, b []float32) {
	each(x, func(i, j int) float64 { return at(x, i, j) + float64(b[j]) })
}

// BiasGrad sums over rows.
func (Device) BiasGrad(db []float32, dy compute.View) {
	for i := range dy.Rows {
		for j := range dy.Cols {
			db[j] += float32(at(dy, i, j))
		}
	}
}

// Zero clears.
func (Device) Zero(x []float32) { clear(x) }

// Copy copies.
func (Device) Copy(dst, src compute.View) { each(dst, func(i, j int) float64 { return at(src, i, j) }) }

// Add is y += x.
func (Device) Add(y, x compute.View) {
	each(y, func(i, j int) float64 { return at(y, i, j) + at(x, i, j) })
}

// Scale is x *= a.
func (Device) Scale(x []float32, a float32) {
	for i := range x {
		x[i] *= a
	}
}

// Gather looks rows up.
func (Device) Gather(y compute.View, table []float32, ids []int32) {
	for i, id := range ids {
		copy(y.Row(i), table[int(id)*y.Cols:])
	}
}

// ScatterAdd adds rows.
func (Device) ScatterAdd(table []float32, dy compute.View, ids []int32) {
	for i, id := range ids {
		for j, v := range dy.Row(i) {
			table[int(id)*dy.Cols+j] += v
		}
	}
}

// SumSquares is Σ x².
func (Device) SumSquares(x []float32) float64 {
	s := 0.0
	for _, v := range x {
		s += float64(v) * float64(v)
	}
	return s
}

// AdamW is one step of torch.optim.AdamW.
func (Device) AdamW(p, g, m, v []float32, o compute.AdamW) {
	c1, c2 := 1-math.Pow(o.Beta1, float64(o.Step)), 1-math.Pow(o.Beta2, float64(o.Step))
	for i := range p {
		gi := float64(g[i])
		mi := float64(m[i]) + (1-o.Beta1)*(gi-float64(m[i]))
		vi := o.Beta2*float64(v[i]) + (1-o.Beta2)*gi*gi
		m[i], v[i] = float32(mi), float32(vi)
		pi := float64(p[i]) * (1 - o.LR*o.WeightDecay)
		p[i] = float32(pi - o.LR/c1*mi/(math.Sqrt(vi)/math.Sqrt(c2)+o.Eps))
	}
}

package oracle

import "theriac/harness/compute"

// Gen draws values for tests into memory of a device.
type Gen struct {
	Device compute.Device
	Seed   uint64
}

// Next is SplitMix64.
func (g *Gen) Next() uint64 {
	g.Seed++
	z := g.Seed + 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// IntN is below n.
func (g *Gen) IntN(n int) int { return int(g.Next() % uint64(n)) }

// Values are n values within ±scale.
func (g *Gen) Values(n int, scale float32) []float32 {
	x := g.Device.Alloc(n)
	for i := range x {
		x[i] = (float32(g.Next()>>40)/(1<<23) - 1) * scale
	}
	g.Device.Push(x)
	return x
}

// View is a view with a stride that may exceed its width.
func (g *Gen) View(rows, cols int) compute.View {
	stride := cols + g.IntN(3)*5
	return compute.View{Data: g.Values(rows*stride+1, 1), Rows: rows, Cols: cols, Stride: stride}
}

// clone is a copy; v's values are the device's.
func (g *Gen) clone(v compute.View) compute.View {
	data := g.Device.Alloc(len(v.Data))
	g.Device.Copy(compute.Of(data, 1, len(data)), compute.Of(v.Data, 1, len(data)))
	v.Data = data
	return v
}

// out gathers what an operator wrote.
func (g *Gen) out(parts ...[]float32) (all []float32) {
	for _, p := range parts {
		g.Device.Pull(p)
		all = append(all, p...)
	}
	return all
}

// Cases are all operators on random shapes; each returns what it wrote.
var Cases = map[string]func(d compute.Device, g *Gen) []float32{
	"matmul": func(d compute.Device, g *Gen) []float32 {
		m, n := 1+g.IntN(40), 1+g.IntN(70)
		if g.IntN(5) == 0 { // more than a tile of a GPU
			m, n = 7*m, 3*n
		}
		var terms []compute.Term
		for range 1 + g.IntN(3) {
			k := 1 + g.IntN(80)
			t := compute.Term{A: g.View(m, k)}
			if g.IntN(3) == 0 {
				t.A, t.TransA = g.View(k, m), true
			}
			switch g.IntN(4) {
			case 0:
				t.B = g.View(k, n)
			case 1:
				t.B, t.TransB = g.View(n, k), true
			case 2:
				t.W, t.TransB = d.Pack(g.Values(n*k, 1), n, k, compute.ByRows), true
			case 3:
				t.W = d.Pack(g.Values(n*k, 1), k, n, compute.ByRows|compute.ByCols)
			}
			if g.IntN(4) == 0 {
				t.Scale = 0.37
			}
			terms = append(terms, t)
		}
		dst := g.View(m, n)
		switch g.IntN(3) {
		case 0:
			d.MatMul(dst, nil, terms...)
		case 1:
			base := g.View(m, n)
			d.MatMul(dst, &base, terms...)
		case 2:
			d.MatMul(dst, &dst, terms...)
		}
		return g.out(dst.Data)
	},
	"narrow": func(d compute.Device, g *Gen) []float32 {
		m, n, k := 20+g.IntN(80), 1+g.IntN(15), 1+g.IntN(300)
		dst, base := g.View(m, n), g.View(m, n)
		d.MatMul(dst, &base, compute.Term{A: g.View(k, m), TransA: true, B: g.View(k, n)})
		return g.out(dst.Data)
	},
	"rmsnorm": func(d compute.Device, g *Gen) []float32 {
		n, c := 1+g.IntN(30), 1+g.IntN(100)
		x, y, dx, base := g.View(n, c), g.View(n, c), g.View(n, c), g.View(n, c)
		w, rstd, dg := g.Values(c, 1), g.Values(n, 1), g.Values(c, 1)
		d.RMSNorm(y, x, w, 1e-5, rstd)
		d.RMSNormBack(dx, &base, y, x, w, rstd, dg)
		d.RMSNormBack(base, nil, y, x, w, rstd, nil)
		return g.out(y.Data, dx.Data, base.Data, rstd, dg)
	},
	"rope": func(d compute.Device, g *Gen) []float32 {
		n, heads, dim := 1+g.IntN(20), 1+g.IntN(4), 2*(1+g.IntN(40))
		x := g.View(n, heads*dim)
		pos := make([]int32, n)
		for i := range pos {
			pos[i] = int32(g.IntN(50))
		}
		cos, sin := g.Values(50*dim/2, 1), g.Values(50*dim/2, 1)
		d.Rope(x, dim, pos, cos, sin, g.IntN(2) == 0)
		return g.out(x.Data)
	},
	"attention": func(d compute.Device, g *Gen) []float32 {
		h := compute.Heads{KV: 1 + g.IntN(3), Dim: []int{8, 16, 24, 64}[g.IntN(4)], Scale: 0.3}
		h.Q = h.KV * (1 + g.IntN(3))
		if g.IntN(3) == 0 {
			h.Window = 1 + g.IntN(9)
		}
		var seqs []compute.Sequence
		rows := 0
		for range 1 + g.IntN(3) {
			n, past := 1+g.IntN(40), g.IntN(2)*g.IntN(20)
			seqs = append(seqs, compute.Sequence{Start: rows, N: n, Past: past, K: g.View(past+n, h.KV*h.Dim), V: g.View(past+n, h.KV*h.Dim)})
			rows += n
		}
		q, o := g.View(rows, h.Q*h.Dim), g.View(rows, h.Q*h.Dim)
		lse := g.Values(rows*h.Q, 1)
		d.Attention(o, q, seqs, h, lse)
		return g.out(o.Data, lse)
	},
	"attention backward": func(d compute.Device, g *Gen) []float32 {
		h := compute.Heads{KV: 1 + g.IntN(3), Dim: []int{8, 16, 24, 64}[g.IntN(4)], Scale: 0.3}
		h.Q = h.KV * (1 + g.IntN(3))
		if g.IntN(3) == 0 {
			h.Window = 1 + g.IntN(9)
		}
		lens, rows := []int{1 + g.IntN(40), 1 + g.IntN(20)}, 0
		for _, n := range lens {
			rows += n
		}
		q, o, do := g.View(rows, h.Q*h.Dim), g.View(rows, h.Q*h.Dim), g.View(rows, h.Q*h.Dim)
		k, v := g.View(rows, h.KV*h.Dim), g.View(rows, h.KV*h.Dim)
		dq, dk, dv := g.View(rows, h.Q*h.Dim), g.View(rows, h.KV*h.Dim), g.View(rows, h.KV*h.Dim)
		var seqs []compute.Sequence
		at := 0
		for _, n := range lens {
			seqs = append(seqs, compute.Sequence{Start: at, N: n, K: k.Slice(at, at+n), V: v.Slice(at, at+n)})
			at += n
		}
		lse := d.Alloc(rows * h.Q)
		d.Attention(o, q, seqs, h, lse)
		d.AttentionBack(dq, dk, dv, do, q, k, v, o, seqs, h, lse)
		return g.out(dq.Data, dk.Data, dv.Data)
	},
	"silu": func(d compute.Device, g *Gen) []float32 {
		n, c := 1+g.IntN(20), 1+g.IntN(60)
		gate, up, h, dh := g.View(n, c), g.View(n, c), g.View(n, c), g.View(n, c)
		d.Scale(gate.Data, 20)
		d.SiLUMul(h, gate, up)
		dg, du := g.clone(gate), g.clone(up)
		d.SiLUMulBack(dg, du, dh, gate, up)
		d.SiLUMulBack(gate, up, dh, gate, up) // in place
		return g.out(h.Data, dg.Data, du.Data, gate.Data, up.Data)
	},
	"cross entropy": func(d compute.Device, g *Gen) []float32 {
		n, c := 1+g.IntN(10), 2+g.IntN(3000)
		x := g.View(n, c)
		d.Scale(x.Data, 9)
		target, arg := make([]int32, n), make([]int32, n)
		for i := range target {
			target[i] = int32(g.IntN(c))
		}
		loss, weight := make([]float32, 2*n), make([]float32, n)
		for i := range weight {
			weight[i] = float32(g.IntN(1000))/500 - 1
		}
		d.CrossEntropy(x, target, nil, loss[:n], arg)
		d.CrossEntropy(x, target, weight, loss[n:], nil)
		out := append(g.out(x.Data), loss...)
		for _, a := range arg {
			out = append(out, float32(a))
		}
		return out
	},
	"rest": func(d compute.Device, g *Gen) []float32 {
		n, c := 1+g.IntN(20), 1+g.IntN(60)
		x, y := g.View(n, c), g.View(n, c)
		b, db, table := g.Values(c, 1), g.Values(c, 1), g.Values(30*c, 1)
		d.AddBias(x, b)
		d.BiasGrad(db, x)
		d.Add(y, x)
		ids := make([]int32, n)
		for i := range ids {
			ids[i] = int32(g.IntN(30))
		}
		d.ScatterAdd(table, y, ids)
		z := g.View(n, c)
		d.Gather(z, table, ids)
		d.Copy(x, z)
		return append(g.out(x.Data, y.Data, db, table), float32(d.SumSquares(table)))
	},
	"adamw": func(d compute.Device, g *Gen) []float32 {
		n := 1 + g.IntN(5000)
		p, gr, m, v := g.Values(n, 1), g.Values(n, 1), g.Values(n, 0.1), g.Values(n, 0.1)
		for i := range v {
			v[i] *= v[i]
		}
		d.Push(v)
		d.AdamW(p, gr, m, v, compute.AdamW{LR: 1e-3, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, WeightDecay: 0.01, Step: 1 + g.IntN(50)})
		return g.out(p, m, v)
	},
}

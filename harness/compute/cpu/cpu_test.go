package cpu

// Every operator: close to the float64 oracle; and bit for bit the same for assembly
// and portable Go, for any number of threads, and for rows alone or together.

import (
	"fmt"
	"math"
	"math/big"
	"testing"

	"theriac/harness/compute"
	"theriac/harness/compute/oracle"
)

// gen draws test values.
type gen struct{ s uint64 }

func (g *gen) next() uint64   { g.s++; return mix(g.s) }
func (g *gen) intn(n int) int { return int(g.next() % uint64(n)) }
func (g *gen) values(n int, scale float32) []float32 {
	x := alloc(n)
	for i := range x {
		x[i] = (float32(g.next()>>40)/(1<<23) - 1) * scale
	}
	return x
}

// view is a view with a stride that may exceed its width.
func (g *gen) view(rows, cols int) compute.View {
	stride := cols + g.intn(3)*5
	return compute.View{Data: g.values(rows*stride+1, 1), Rows: rows, Cols: cols, Stride: stride}
}

func clone(v compute.View) compute.View {
	v.Data = append([]float32{}, v.Data...)
	return v
}

// ops are all operators on random shapes; each returns what it wrote.
var ops = map[string]func(d compute.Device, g *gen) []float32{
	"matmul": func(d compute.Device, g *gen) []float32 {
		m, n := 1+g.intn(40), 1+g.intn(70)
		var terms []compute.Term
		for range 1 + g.intn(3) {
			k := 1 + g.intn(80)
			t := compute.Term{A: g.view(m, k)}
			if g.intn(3) == 0 {
				t.A, t.TransA = g.view(k, m), true
			}
			switch g.intn(4) {
			case 0:
				t.B = g.view(k, n)
			case 1:
				t.B, t.TransB = g.view(n, k), true
			case 2:
				t.W, t.TransB = d.Pack(g.values(n*k, 1), n, k, compute.ByRows), true
			case 3:
				t.W = d.Pack(g.values(n*k, 1), k, n, compute.ByRows|compute.ByCols)
			}
			if g.intn(4) == 0 {
				t.Scale = 0.37
			}
			terms = append(terms, t)
		}
		dst := g.view(m, n)
		switch g.intn(3) {
		case 0:
			d.MatMul(dst, nil, terms...)
		case 1:
			base := g.view(m, n)
			d.MatMul(dst, &base, terms...)
		case 2:
			d.MatMul(dst, &dst, terms...)
		}
		return dst.Data
	},
	"narrow": func(d compute.Device, g *gen) []float32 {
		m, n, k := 20+g.intn(80), 1+g.intn(15), 1+g.intn(300)
		dst, base := g.view(m, n), g.view(m, n)
		d.MatMul(dst, &base, compute.Term{A: g.view(k, m), TransA: true, B: g.view(k, n)})
		return dst.Data
	},
	"rmsnorm": func(d compute.Device, g *gen) []float32 {
		n, c := 1+g.intn(30), 1+g.intn(100)
		x, y, dx, base := g.view(n, c), g.view(n, c), g.view(n, c), g.view(n, c)
		w, rstd, dg := g.values(c, 1), g.values(n, 1), g.values(c, 1)
		d.RMSNorm(y, x, w, 1e-5, rstd)
		d.RMSNormBack(dx, &base, y, x, w, rstd, dg)
		d.RMSNormBack(base, nil, y, x, w, rstd, nil)
		return append(append(append(append(y.Data, dx.Data...), base.Data...), rstd...), dg...)
	},
	"rope": func(d compute.Device, g *gen) []float32 {
		n, heads, dim := 1+g.intn(20), 1+g.intn(4), 2*(1+g.intn(40))
		x := g.view(n, heads*dim)
		pos := make([]int32, n)
		for i := range pos {
			pos[i] = int32(g.intn(50))
		}
		cos, sin := g.values(50*dim/2, 1), g.values(50*dim/2, 1)
		d.Rope(x, dim, pos, cos, sin, g.intn(2) == 0)
		return x.Data
	},
	"attention": func(d compute.Device, g *gen) []float32 {
		h := compute.Heads{KV: 1 + g.intn(3), Dim: []int{8, 16, 24, 64}[g.intn(4)], Scale: 0.3}
		h.Q = h.KV * (1 + g.intn(3))
		if g.intn(3) == 0 {
			h.Window = 1 + g.intn(9)
		}
		var seqs []compute.Sequence
		rows := 0
		for range 1 + g.intn(3) {
			n, past := 1+g.intn(40), g.intn(2)*g.intn(20)
			seqs = append(seqs, compute.Sequence{Start: rows, N: n, Past: past, K: g.view(past+n, h.KV*h.Dim), V: g.view(past+n, h.KV*h.Dim)})
			rows += n
		}
		q, o := g.view(rows, h.Q*h.Dim), g.view(rows, h.Q*h.Dim)
		lse := g.values(rows*h.Q, 1)
		d.Attention(o, q, seqs, h, lse)
		return append(o.Data, lse...)
	},
	"attention backward": func(d compute.Device, g *gen) []float32 {
		h := compute.Heads{KV: 1 + g.intn(3), Dim: []int{8, 16, 24, 64}[g.intn(4)], Scale: 0.3}
		h.Q = h.KV * (1 + g.intn(3))
		if g.intn(3) == 0 {
			h.Window = 1 + g.intn(9)
		}
		lens, rows := []int{1 + g.intn(40), 1 + g.intn(20)}, 0
		for _, n := range lens {
			rows += n
		}
		q, o, do := g.view(rows, h.Q*h.Dim), g.view(rows, h.Q*h.Dim), g.view(rows, h.Q*h.Dim)
		k, v := g.view(rows, h.KV*h.Dim), g.view(rows, h.KV*h.Dim)
		dq, dk, dv := g.view(rows, h.Q*h.Dim), g.view(rows, h.KV*h.Dim), g.view(rows, h.KV*h.Dim)
		var seqs []compute.Sequence
		at := 0
		for _, n := range lens {
			seqs = append(seqs, compute.Sequence{Start: at, N: n, K: k.Slice(at, at+n), V: v.Slice(at, at+n)})
			at += n
		}
		lse := make([]float32, rows*h.Q)
		d.Attention(o, q, seqs, h, lse)
		d.AttentionBack(dq, dk, dv, do, q, k, v, o, seqs, h, lse)
		return append(append(dq.Data, dk.Data...), dv.Data...)
	},
	"silu": func(d compute.Device, g *gen) []float32 {
		n, c := 1+g.intn(20), 1+g.intn(60)
		gate, up, h, dh := g.view(n, c), g.view(n, c), g.view(n, c), g.view(n, c)
		d.Scale(gate.Data, 20)
		d.SiLUMul(h, gate, up)
		dg, du := clone(gate), clone(up)
		d.SiLUMulBack(dg, du, dh, gate, up)
		d.SiLUMulBack(gate, up, dh, gate, up) // in place
		return append(append(append(append(h.Data, dg.Data...), du.Data...), gate.Data...), up.Data...)
	},
	"cross entropy": func(d compute.Device, g *gen) []float32 {
		n, c := 1+g.intn(10), 2+g.intn(3000)
		x := g.view(n, c)
		d.Scale(x.Data, 9)
		target, arg := make([]int32, n), make([]int32, n)
		for i := range target {
			target[i] = int32(g.intn(c))
		}
		loss, weight := make([]float32, 2*n), g.values(n, 1)
		d.CrossEntropy(x, target, nil, loss[:n], arg)
		d.CrossEntropy(x, target, weight, loss[n:], nil)
		out := append(x.Data, loss...)
		for _, a := range arg {
			out = append(out, float32(a))
		}
		return out
	},
	"rest": func(d compute.Device, g *gen) []float32 {
		n, c := 1+g.intn(20), 1+g.intn(60)
		x, y := g.view(n, c), g.view(n, c)
		b, db, table := g.values(c, 1), g.values(c, 1), g.values(30*c, 1)
		d.AddBias(x, b)
		d.BiasGrad(db, x)
		d.Add(y, x)
		ids := make([]int32, n)
		for i := range ids {
			ids[i] = int32(g.intn(30))
		}
		d.ScatterAdd(table, y, ids)
		z := g.view(n, c)
		d.Gather(z, table, ids)
		d.Copy(x, z)
		return append(append(append(append(x.Data, y.Data...), db...), table...), float32(d.SumSquares(table)))
	},
	"adamw": func(d compute.Device, g *gen) []float32 {
		n := 1 + g.intn(5000)
		p, gr, m, v := g.values(n, 1), g.values(n, 1), g.values(n, 0.1), g.values(n, 0.1)
		for i := range v {
			v[i] *= v[i]
		}
		d.AdamW(p, gr, m, v, compute.AdamW{LR: 1e-3, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, WeightDecay: 0.01, Step: 1 + g.intn(50)})
		return append(append(p, m...), v...)
	},
}

// each runs every operator on several random shapes.
func each(t *testing.T, run func(t *testing.T, seed uint64, op func(compute.Device, *gen) []float32)) {
	rounds := 40
	if testing.Short() {
		rounds = 8
	}
	for name, op := range ops {
		t.Run(name, func(t *testing.T) {
			for i := range rounds {
				run(t, uint64(i)*1_000_003+uint64(len(name)), op)
			}
		})
	}
}

func TestCloseToOracle(t *testing.T) {
	d := New(1)
	each(t, func(t *testing.T, seed uint64, op func(compute.Device, *gen) []float32) {
		got, want := op(d, &gen{seed}), op(oracle.Device{}, &gen{seed})
		for i := range want {
			if diff := math.Abs(float64(got[i] - want[i])); !(diff <= 3e-5*(1+math.Abs(float64(want[i])))) {
				t.Fatalf("seed %d: element %d is %g, the oracle has %g", seed, i, got[i], want[i])
			}
		}
	})
}

func same(t *testing.T, what string, seed uint64, got, want []float32) {
	t.Helper()
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Fatalf("%s, seed %d: element %d is %x, want %x", what, seed, i, math.Float32bits(got[i]), math.Float32bits(want[i]))
		}
	}
}

func TestThreadsDoNotMatter(t *testing.T) {
	one, two, three := New(1), New(2), New(3)
	defer two.Close()
	defer three.Close()
	each(t, func(t *testing.T, seed uint64, op func(compute.Device, *gen) []float32) {
		want := op(one, &gen{seed})
		same(t, "two threads", seed, op(two, &gen{seed}), want)
		same(t, "three threads", seed, op(three, &gen{seed}), want)
	})
}

func TestAssemblyIsThePortableCode(t *testing.T) {
	plain, err := NewWith(1, "portable")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewWith(1, "mmx"); err == nil {
		t.Error("an unknown instruction set makes a device")
	}
	for _, set := range InstructionSets() {
		if set == "portable" {
			continue
		}
		t.Run(set, func(t *testing.T) {
			d, err := NewWith(2, set)
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			each(t, func(t *testing.T, seed uint64, op func(compute.Device, *gen) []float32) {
				same(t, "assembly", seed, op(d, &gen{seed}), op(plain, &gen{seed}))
			})
		})
	}
}

// A row's bits do not depend on the rows beside it.
func TestRowsAlone(t *testing.T) {
	d, g := New(1), &gen{5}
	for range 30 {
		m, n, k := 1+g.intn(20), 1+g.intn(40), 1+g.intn(200)
		a := compute.Of(g.values(m*k, 1), m, k)
		w := d.Pack(g.values(n*k, 1), n, k, compute.ByRows)
		all := compute.Of(make([]float32, m*n), m, n)
		d.MatMul(all, nil, compute.Term{A: a, W: w, TransB: true})
		for i := range m {
			one := compute.Of(make([]float32, n), 1, n)
			d.MatMul(one, nil, compute.Term{A: a.Slice(i, i+1), W: w, TransB: true})
			same(t, "row alone", uint64(i), one.Data, all.Row(i))
		}
	}
	// Attention: prefill of n rows = one row at a time over the same keys.
	h := compute.Heads{Q: 4, KV: 2, Dim: 16, Scale: 0.25}
	for _, window := range []int{0, 5} {
		h.Window = window
		n := 37
		q, k, v := compute.Of(g.values(n*64, 1), n, 64), compute.Of(g.values(n*32, 1), n, 32), compute.Of(g.values(n*32, 1), n, 32)
		all := compute.Of(make([]float32, n*64), n, 64)
		d.Attention(all, q, []compute.Sequence{{N: n, K: k, V: v}}, h, nil)
		for i := range n {
			one := compute.Of(make([]float32, 64), 1, 64)
			d.Attention(one, q.Slice(i, i+1), []compute.Sequence{{N: 1, Past: i, K: k.Slice(0, i+1), V: v.Slice(0, i+1)}}, h, nil)
			same(t, "query alone", uint64(i), one.Data, all.Row(i))
		}
	}
}

// fma32 against exact rational arithmetic.
func TestFMA32(t *testing.T) {
	g := &gen{9}
	bits := func() float32 {
		for {
			f := math.Float32frombits(uint32(g.next()))
			if g.intn(3) == 0 {
				f = math.Float32frombits(uint32(g.next())&0x807fffff | uint32(100+g.intn(50))<<23)
			}
			if f == f && !math.IsInf(float64(f), 0) {
				return f
			}
		}
	}
	for range 100000 {
		a, b, c := bits(), bits(), bits()
		if g.intn(4) == 0 {
			c = -float32(a*b) * (1 + float32(g.intn(3)-1)*0x1p-23)
		}
		if math.IsInf(float64(c), 0) || c != c {
			continue
		}
		exact := new(big.Rat).Mul(rat(a), rat(b))
		exact.Add(exact, rat(c))
		want, _ := exact.Float32()
		if got := fma32(a, b, c); got != want {
			t.Fatalf("fma(%x, %x, %x) = %x, want %x", math.Float32bits(a), math.Float32bits(b), math.Float32bits(c), math.Float32bits(got), math.Float32bits(want))
		}
	}
}

func rat(f float32) *big.Rat { return new(big.Rat).SetFloat64(float64(f)) }

func TestExp32(t *testing.T) {
	for i := range 2_000_000 {
		x := float32(i)/10000 - 100
		got, want := exp32(x), math.Exp(float64(x))
		if x < expLo {
			want = 0
		}
		if x > expHi {
			want = math.Exp(float64(float32(expHi)))
		}
		if math.Abs(float64(got)-want) > 2e-7*want {
			t.Fatalf("exp(%g) = %g, want %g", x, got, want)
		}
	}
}

// Steady state allocates nothing.
func TestNoAllocations(t *testing.T) {
	d, g := New(2), &gen{3}
	defer d.Close()
	a, dst := compute.Of(g.values(64*96, 1), 64, 96), compute.Of(g.values(64*80, 1), 64, 80)
	w := d.Pack(g.values(80*96, 1), 80, 96, compute.ByRows)
	b := compute.Of(g.values(80*96, 1), 80, 96)
	terms := []compute.Term{{A: a, W: w, TransB: true}, {A: a, B: b, TransB: true}}
	x, gain, rstd := compute.Of(g.values(64*96, 1), 64, 96), g.values(96, 1), g.values(64, 1)
	h := compute.Heads{Q: 6, KV: 3, Dim: 16, Scale: 1}
	kv := compute.Of(g.values(64*48, 1), 64, 48)
	seqs := []compute.Sequence{{N: 64, K: kv, V: kv}}
	run := func() {
		d.MatMul(dst, nil, terms...)
		d.RMSNorm(x, a, gain, 1e-5, rstd)
		d.Attention(x, a, seqs, h, nil)
		d.SiLUMul(x, a, a)
	}
	run()
	if n := testing.AllocsPerRun(20, run); n > 0 {
		t.Errorf("%g allocations a call", n)
	}
}

// NaN must come out, not hang or vanish.
func TestNaNPropagates(t *testing.T) {
	d := New(1)
	nan := float32(math.NaN())
	x := compute.Of([]float32{1, nan, 3, 4, 5, 6, 7, 8, 9, 10}, 1, 10)
	y := compute.Of(make([]float32, 10), 1, 10)
	ones := []float32{1, 1, 1, 1, 1, 1, 1, 1, 1, 1}
	d.RMSNorm(y, x, ones, 1e-5, nil)
	if y.Data[0] == y.Data[0] {
		t.Error("rmsnorm lost a NaN")
	}
	loss := make([]float32, 1)
	d.CrossEntropy(compute.Of(append([]float32{}, x.Data...), 1, 10), []int32{0}, nil, loss, nil)
	if loss[0] == loss[0] {
		t.Error("cross entropy lost a NaN")
	}
}

func TestDropoutMask(t *testing.T) {
	d, g := New(2), &gen{1}
	x := compute.Of(g.values(100*100, 1), 100, 100)
	y := compute.Of(make([]float32, 100*100), 100, 100)
	d.Dropout(y, x, 0.25, 42, 0)
	zero := 0
	for i, v := range y.Data {
		switch v {
		case 0:
			zero++
		case x.Data[i] * (1 / (1 - float32(0.25))):
		default:
			t.Fatalf("element %d is %g from %g", i, v, x.Data[i])
		}
	}
	if zero < 2200 || zero > 2800 {
		t.Errorf("dropped %d of 10,000 at 25 %%", zero)
	}
	z := compute.Of(make([]float32, 100*100), 100, 100)
	d.Dropout(z.Slice(30, 60), x.Slice(30, 60), 0.25, 42, 30*100)
	same(t, "rows by base", 0, z.Data[3000:6000], y.Data[3000:6000])
}

func BenchmarkMatMul(b *testing.B) {
	for _, s := range [][3]int{{824, 576, 576}, {824, 1536, 576}, {824, 576, 1536}, {128, 49152, 576}, {200, 128, 128}, {1, 1536, 576}} {
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprintf("%dx%dx%d/threads=%d", s[0], s[1], s[2], threads), func(b *testing.B) {
				d, g := New(threads), &gen{1}
				defer d.Close()
				a := compute.Of(g.values(s[0]*s[2], 1), s[0], s[2])
				w := d.Pack(g.values(s[1]*s[2], 1), s[1], s[2], compute.ByRows)
				c := compute.Of(alloc(s[0]*s[1]), s[0], s[1])
				for b.Loop() {
					d.MatMul(c, nil, compute.Term{A: a, W: w, TransB: true})
				}
				b.ReportMetric(2*float64(s[0]*s[1]*s[2])*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOPS")
			})
		}
	}
}

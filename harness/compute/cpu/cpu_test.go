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
type gen = oracle.Gen

func newGen(seed uint64) *gen { return &gen{Device: New(1), Seed: seed} }

// each runs every operator on several random shapes.
func each(t *testing.T, run func(t *testing.T, seed uint64, op func(compute.Device, *gen) []float32)) {
	rounds := 40
	if testing.Short() {
		rounds = 8
	}
	for name, op := range oracle.Cases {
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
		got, want := op(d, newGen(seed)), op(oracle.Device{}, newGen(seed))
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
		want := op(one, newGen(seed))
		same(t, "two threads", seed, op(two, newGen(seed)), want)
		same(t, "three threads", seed, op(three, newGen(seed)), want)
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
				same(t, "assembly", seed, op(d, newGen(seed)), op(plain, newGen(seed)))
			})
		})
	}
}

// A row's bits do not depend on the rows beside it.
func TestRowsAlone(t *testing.T) {
	d, g := New(1), newGen(5)
	for range 30 {
		m, n, k := 1+g.IntN(20), 1+g.IntN(40), 1+g.IntN(200)
		a := compute.Of(g.Values(m*k, 1), m, k)
		w := d.Pack(g.Values(n*k, 1), n, k, compute.ByRows)
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
		q, k, v := compute.Of(g.Values(n*64, 1), n, 64), compute.Of(g.Values(n*32, 1), n, 32), compute.Of(g.Values(n*32, 1), n, 32)
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
	g := newGen(9)
	bits := func() float32 {
		for {
			f := math.Float32frombits(uint32(g.Next()))
			if g.IntN(3) == 0 {
				f = math.Float32frombits(uint32(g.Next())&0x807fffff | uint32(100+g.IntN(50))<<23)
			}
			if f == f && !math.IsInf(float64(f), 0) {
				return f
			}
		}
	}
	for range 100000 {
		a, b, c := bits(), bits(), bits()
		if g.IntN(4) == 0 {
			c = -float32(a*b) * (1 + float32(g.IntN(3)-1)*0x1p-23)
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
	d, g := New(2), newGen(3)
	defer d.Close()
	a, dst := compute.Of(g.Values(64*96, 1), 64, 96), compute.Of(g.Values(64*80, 1), 64, 80)
	w := d.Pack(g.Values(80*96, 1), 80, 96, compute.ByRows)
	b := compute.Of(g.Values(80*96, 1), 80, 96)
	terms := []compute.Term{{A: a, W: w, TransB: true}, {A: a, B: b, TransB: true}}
	x, gain, rstd := compute.Of(g.Values(64*96, 1), 64, 96), g.Values(96, 1), g.Values(64, 1)
	h := compute.Heads{Q: 6, KV: 3, Dim: 16, Scale: 1}
	kv := compute.Of(g.Values(64*48, 1), 64, 48)
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
	d, g := New(2), newGen(1)
	x := compute.Of(g.Values(100*100, 1), 100, 100)
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
				d, g := New(threads), newGen(1)
				defer d.Close()
				a := compute.Of(g.Values(s[0]*s[2], 1), s[0], s[2])
				w := d.Pack(g.Values(s[1]*s[2], 1), s[1], s[2], compute.ByRows)
				c := compute.Of(alloc(s[0]*s[1]), s[0], s[1])
				for b.Loop() {
					d.MatMul(c, nil, compute.Term{A: a, W: w, TransB: true})
				}
				b.ReportMetric(2*float64(s[0]*s[1]*s[2])*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOPS")
			})
		}
	}
}

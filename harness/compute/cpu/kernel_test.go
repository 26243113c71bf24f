package cpu

// Every kernel of every instruction set by itself, bit for bit its plain Go twin:
// all tile heights, accumulators and base or none, any strides, edge lengths.

import (
	"fmt"
	"math"
	"testing"
	"unsafe"
)

// twins runs test for each instruction set but the portable one.
func twins(t *testing.T, test func(t *testing.T, s *instructionSet)) {
	for _, s := range instructionSets() {
		if s.name != "portable" {
			t.Run(s.name, func(t *testing.T) { test(t, &s) })
		}
	}
}

func TestKernels(t *testing.T) {
	twins(t, func(t *testing.T, s *instructionSet) {
		k := &s.kernels
		for r, f := range k.one {
			testKernel(t, f, r, 16)
		}
		for r, f := range k.half {
			testKernel(t, f, r, 8)
		}
		for r, f := range k.wide {
			if r > 0 {
				testKernel(t, f, r, 64/r)
			}
		}
		testKernel(t, k.big, bigRows, 32)
		testKernel(t, k.tall, bigRows, 16)
	})
}

func testKernel(t *testing.T, f kernel, rows, cols int) {
	if f == nil {
		return
	}
	g := newGen(uint64(rows*100 + cols))
	for i := range 24 {
		k := []int{0, 1, 2, 7, 33, 200}[i%6]
		rs, ks := k+g.IntN(4), 1
		if i%5 == 4 { // A transposed
			rs, ks = 1, rows+g.IntN(4)
		}
		bs := panelCols + g.IntN(3)*5
		panels := (cols + panelCols - 1) / panelCols
		bp := k*bs + g.IntN(9)
		stride := cols + g.IntN(4)
		a, b := g.Values(rows*(rs+1)+k*ks+1, 1), g.Values(panels*bp+panelCols+1, 1)
		if i == 7 {
			a[0], b[len(b)/2] = float32(math.Inf(1)), 1e-44
		}
		in, base := g.Values(rows*stride, 1), g.Values(rows*stride, 1)
		tl := tile{k: k, a: pointer(a), rs: uintptr(rs) * 4, ks: uintptr(ks) * 4, b: pointer(b), bs: uintptr(bs) * 4, bp: uintptr(bp) * 4, ahead: 768}
		if i&1 != 0 {
			tl.in, tl.is = pointer(in), uintptr(stride)*4
		}
		if i&2 != 0 {
			tl.base, tl.es = pointer(base), uintptr(stride)*4
		}
		got, want := g.Values(rows*stride, 1), make([]float32, rows*stride)
		copy(want, got)
		tl.os = uintptr(stride) * 4
		tl.out = pointer(want)
		kernelGo(rows, cols, &tl)
		tl.out = pointer(got)
		f(&tl)
		same(t, fmt.Sprintf("kernel %d x %d, k = %d", rows, cols, k), uint64(i), got, want)
	}
}

// The row kernels, on lengths about a multiple of eight and on numbers at the edges.
func TestRowKernels(t *testing.T) {
	twins(t, func(t *testing.T, s *instructionSet) {
		for n := range 35 {
			want, got := rowKernels(&goVec, n), rowKernels(&s.vec, n)
			for name, w := range want {
				same(t, fmt.Sprintf("%s of %d", name, n), uint64(n), got[name], w)
			}
		}
	})
}

func rowKernels(v *vec, n int) map[string][]float32 {
	g := newGen(uint64(n))
	edges := []float32{0, float32(math.Copysign(0, -1)), 1e-44, -1e-40, 1e30, -1e30, -87.3, -87.31, 88.3, 88.4, 100, -200, 1, -1, 0.5, 16, float32(math.Inf(-1))}
	x := func(scale float32) []float32 {
		x := g.Values(n, scale)
		for i := range x {
			if n > 20 && g.IntN(3) == 0 {
				x[i] = edges[g.IntN(len(edges)-1)] // without infinity: its NaN are any NaN
			}
		}
		return x
	}
	out := map[string][]float32{}
	sums := func(do func(l *lanes)) []float32 {
		l := lanes(g.Values(8, 1))
		do(&l)
		return l[:]
	}
	a, b, c, d, e := x(1), x(100), x(3), x(1), g.Values(n, 90)
	if n > 9 {
		e[n/2], e[n/3] = edges[len(edges)-1], edges[7]
	}
	y, z := make([]float32, n), make([]float32, n)
	keep := func(name string, v ...[]float32) {
		for _, v := range v {
			out[name] = append(out[name], v...)
		}
	}
	l := sums(func(l *lanes) { v.expSub(y, e, 0.25, l) })
	keep("expSub", y, l)
	l = sums(func(l *lanes) { v.scaleMax(b, 0.7, l) })
	keep("scaleMax", b, l)
	for i, f := range b {
		keep("find", []float32{float32(v.find(b, f)), float32(v.find(b[i:], 5000))})
	}
	v.scale(y, c, 1.1)
	keep("scale", y)
	tame := g.Values(n, 2)
	keep("dot", sums(func(l *lanes) { v.dot(tame, d, l) }), sums(func(l *lanes) { v.dot3(tame, a, tame, l) }))
	v.normal(y, x(1), c, 0.3)
	v.normalBack(z, tame, a, c, tame, 0.3, 0.7)
	keep("normal", y, z)
	v.mulAcc(y, tame, c, 0.2)
	keep("mulAcc", y)
	v.silu(y, b, c)
	keep("silu", y)
	v.siluBack(y, z, tame, b, g.Values(n, 2))
	keep("siluBack", y, z)
	p, q, cos, sin := g.Values(n, 2), g.Values(n, 2), g.Values(n, 1), g.Values(n, 1)
	v.rotate(p, q, cos, sin)
	keep("rotate", p, q)
	v.unrotate(p, q, sin, cos)
	keep("unrotate", p, q)
	v.add(y, a, c)
	keep("add", y)
	v.scoreBack(y, tame, d, 0.1, 0.9)
	keep("scoreBack", y)
	m, w := g.Values(n, 1), g.Values(n, 1)
	for i := range w {
		w[i] *= w[i]
	}
	v.adam(p, tame, m, w, &adamConst{0.1, 0.999, 0.001, 3, 1e-8, 0.99, 0.01})
	keep("adam", p, m, w)
	return out
}

func TestTranspose8(t *testing.T) {
	twins(t, func(t *testing.T, s *instructionSet) {
		g := newGen(4)
		for n := 1; n < 6; n++ {
			ss, ds := n*8+g.IntN(9), 8+g.IntN(9)
			src, dst, want := g.Values(8*ss, 1), make([]float32, n*8*ds), make([]float32, n*8*ds)
			for r := range 8 {
				for c := range n * 8 {
					want[c*ds+r] = src[r*ss+c]
				}
			}
			s.transpose8(unsafe.Pointer(&dst[0]), uintptr(ds)*4, unsafe.Pointer(&src[0]), uintptr(ss)*4, n)
			same(t, "transpose8", uint64(n), dst, want)
		}
	})
}

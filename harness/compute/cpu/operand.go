package cpu

// How a term's operands are made ready for the kernels: read in place where each
// number is used once or lies well, else copied into panels first.

import (
	"unsafe"

	"theriac/harness/compute"
)

const (
	inPlaceRows = 48  // up to so many rows of C, a plain B is read in place
	inPlaceK    = 64  // as it is when its inner dimension is so short
	packACols   = 128 // from so many columns of C on, a transposed A is transposed first
	aheadPacked = 768 // bytes to prefetch ahead in packed panels
)

// operand adds term i's segments and packing, and returns its inner dimension.
func (g *gemmJob) operand(i int, t *compute.Term) int {
	var s segment
	if t.Scale != 0 && t.Scale != 1 {
		g.scaled(i, t)
	}
	s.a, s.rs, s.ks, s.k = pointer(t.A.Data), uintptr(t.A.Stride)*4, 4, t.A.Cols
	if t.TransA {
		s.rs, s.ks, s.k = s.ks, s.rs, t.A.Rows
		if g.dst.Rows > inPlaceRows && g.dst.Cols >= packACols {
			g.transposeA(i, t, &s)
		}
	}
	longest := blockK
	switch {
	case t.W != nil:
		g.frozen(t, &s)
	case t.TransB || g.dst.Rows > inPlaceRows && s.k > inPlaceK:
		g.packB(i, t, &s)
	default:
		g.plainB(i, t, &s)
		longest = manyK
	}
	if g.dst.Rows <= few {
		longest = s.k
	}
	g.cut(s, longest)
	return s.k
}

// cut adds s in segments of even length, at most longest.
func (g *gemmJob) cut(s segment, longest int) {
	if s.k == 0 && len(g.segs) > 0 {
		return
	}
	n := max(1, (s.k+longest-1)/longest)
	step, left := (s.k+n-1)/n, s.k
	for range n {
		s.k = min(step, left)
		g.segs = append(g.segs, s)
		left -= s.k
		if left == 0 {
			return
		}
		s.a = unsafe.Add(s.a, uintptr(step)*s.ks)
		s.b = unsafe.Add(s.b, uintptr(step)*s.bs)
		if s.tail != nil {
			s.tail = unsafe.Add(s.tail, uintptr(step)*s.ts)
		}
	}
}

// panelled sets B to packed panels.
func (g *gemmJob) panelled(s *segment, panels []float32) {
	s.b, s.bs, s.bp, s.ahead = pointer(panels), panelCols*4, uintptr(s.k)*panelCols*4, aheadPacked
	if g.tail != 0 && s.k > 0 {
		s.tail, s.ts = unsafe.Add(s.b, uintptr(g.panels-1)*s.bp), s.bs
	}
}

func (g *gemmJob) frozen(t *compute.Term, s *segment) {
	p := t.W.(*matrix).panels(t.TransB)
	if p.n != g.dst.Cols || p.k != s.k {
		panic("cpu: a packed matrix of another shape")
	}
	g.panelled(s, p.data)
}

func (g *gemmJob) packB(i int, t *compute.Term, s *segment) {
	buf := g.buffer(3*i, g.panels*panelCols*s.k)
	g.pack = append(g.pack, packJob{dst: buf, src: t.B, trans: t.TransB, k: s.k, n: g.dst.Cols, to: g.panels})
	g.panelled(s, buf)
}

// plainB reads B where it lies, but for a last panel that its rows do not fill.
func (g *gemmJob) plainB(i int, t *compute.Term, s *segment) {
	s.b, s.bs, s.bp, s.ahead = pointer(t.B.Data), uintptr(t.B.Stride)*4, panelCols*4, panelCols*4
	switch {
	case g.tail == panelCols/2:
		s.tail, s.ts = unsafe.Add(s.b, uintptr(g.panels-1)*s.bp), s.bs
	case g.tail != 0:
		buf := g.buffer(3*i, panelCols*s.k)
		g.pack = append(g.pack, packJob{dst: buf, src: t.B, k: s.k, n: g.dst.Cols, from: g.panels - 1, to: g.panels})
		s.tail, s.ts = pointer(buf), panelCols*4
	}
}

// transposeA lays a transposed A out by rows.
func (g *gemmJob) transposeA(i int, t *compute.Term, s *segment) {
	buf := g.buffer(3*i+1, g.dst.Rows*s.k)
	g.pack = append(g.pack, packJob{dst: buf, src: t.A, rows: true, k: s.k, n: g.dst.Rows, to: (g.dst.Rows + panelCols - 1) / panelCols})
	s.a, s.rs, s.ks = pointer(buf), uintptr(s.k)*4, 4
}

// scaled replaces A by a copy with its elements scaled.
func (g *gemmJob) scaled(i int, t *compute.Term) {
	a := compute.Of(g.buffer(3*i+2, t.A.Rows*t.A.Cols), t.A.Rows, t.A.Cols)
	for r := range a.Rows {
		g.d.isa.vec.scale(a.Row(r), t.A.Row(r), t.Scale)
	}
	t.A = a
}

// buffer is memory that the next product reuses.
func (g *gemmJob) buffer(i, n int) []float32 {
	for len(g.bufs) <= i {
		g.bufs = append(g.bufs, nil)
	}
	return grow(&g.bufs[i], n)
}

func pointer(x []float32) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(x)) }

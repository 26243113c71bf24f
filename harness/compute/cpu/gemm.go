package cpu

// Products of matrices: C[m,n] = base + Σ_terms A·B. Each element of C is one chain of
// fused multiply-adds, k ascending, terms in order, then base. After Goto and van
// de Geijn (2008), the inner dimension is cut into segments whose panel of B stays in the
// first-level cache and whose block of A stays in the second; a tile's accumulators go
// through memory from one segment to the next, which changes no bit, as
// does the way in which tiles are grouped into tasks. What lies ready for the kernels
// (packed or not) is operand.go's to say.

import (
	"unsafe"

	"theriac/harness/compute"
)

const (
	blockRows = 96      // rows of C in a task: their part of A stays in the second-level cache
	blockCols = 4       // panels of C in a task
	blockK    = 384     // longest segment of the inner dimension
	manyK     = 128     // the same where B is read in place, a page or so from k to k
	few       = 6       // up to so many rows read each panel of B once: no segments
	inline    = 1 << 18 // multiply-adds that are too few to wake another thread for
)

// segment is a part of one term's inner dimension, as the kernels see it.
type segment struct {
	k      int
	a      unsafe.Pointer
	rs, ks uintptr
	b      unsafe.Pointer
	bs, bp uintptr
	ahead  uintptr
	tail   unsafe.Pointer // B's last panel where it has fewer than 16 columns
	ts     uintptr        // its stride from k to k
}

// gemmJob is one product being computed.
type gemmJob struct {
	d        *Device
	dst      compute.View
	base     *compute.View
	segs     []segment
	panels   int
	tail     int // columns of the last panel where fewer than 16, else 0
	mc, nc   int // rows and panels a task
	mTasks   int
	pack     []packJob
	bufs     [][]float32
	swapped  []float32
	keep     []compute.Term // keeps the operands reachable
	oneTerm  [1]compute.Term
	baseCopy compute.View
}

// MatMul is compute.Device's.
func (d *Device) MatMul(dst compute.View, base *compute.View, terms ...compute.Term) {
	if dst.Rows == 0 || dst.Cols == 0 {
		return
	}
	g := &d.gemm
	if base != nil {
		g.baseCopy = *base
		base = &g.baseCopy
	}
	if len(terms) == 1 && dst.Cols <= panelCols && dst.Rows > 2*dst.Cols && terms[0].W == nil && terms[0].TransA && !terms[0].TransB {
		g.transposed(d, dst, base, &terms[0])
	} else {
		g.run(d, dst, base, terms)
	}
	g.dst, g.base = compute.View{}, nil
	clear(g.keep)
}

func (g *gemmJob) run(d *Device, dst compute.View, base *compute.View, terms []compute.Term) {
	g.d, g.dst, g.base = d, dst, base
	g.panels, g.tail = (dst.Cols+panelCols-1)/panelCols, dst.Cols%panelCols
	g.segs, g.pack, g.keep = g.segs[:0], g.pack[:0], append(g.keep[:0], terms...)
	work := 0
	for i := range g.keep {
		work += g.operand(i, &g.keep[i])
	}
	work *= dst.Rows * dst.Cols
	g.packAll(work < inline)
	g.mc, g.nc = min(blockRows, dst.Rows), min(blockCols, g.panels)
	threads := d.pool.threads
	if work < inline {
		threads = 1
	}
	for threads > 1 && g.tasks() < 4*threads && (g.nc > 1 || g.mc > tileRows) { // enough tasks for all
		if g.nc > 1 && (g.nc > 2 || g.mc <= 2*tileRows) {
			g.nc /= 2
		} else {
			g.mc = (g.mc/2 + tileRows - 1) / tileRows * tileRows
		}
	}
	g.mTasks = (dst.Rows + g.mc - 1) / g.mc
	if threads == 1 {
		for i := range g.tasks() {
			g.task(0, i)
		}
		return
	}
	d.pool.run(g, g.tasks())
}

func (g *gemmJob) tasks() int {
	return (g.dst.Rows + g.mc - 1) / g.mc * ((g.panels + g.nc - 1) / g.nc)
}

// task computes one block of C.
func (g *gemmJob) task(thread, i int) {
	w := &g.d.local[thread]
	b := block{g: g, t: &w.tile, k: &g.d.isa.kernels}
	b.row0, b.p0 = i%g.mTasks*g.mc, i/g.mTasks*g.nc
	b.row1, b.p1 = min(b.row0+g.mc, g.dst.Rows), min(b.p0+g.nc, g.panels)
	b.acc = unsafe.Pointer(unsafe.SliceData(grow(&w.acc, (b.row1-b.row0)*(b.p1-b.p0)*panelCols)))
	b.as = uintptr(b.p1-b.p0) * panelCols * 4
	for s := range g.segs {
		b.seg, b.first, b.last = &g.segs[s], s == 0, s == len(g.segs)-1
		for p := b.p0; p < b.p1; {
			p += b.columns(p)
		}
	}
	if g.tail != 0 && g.tail != panelCols/2 && b.p1 == g.panels {
		b.finish()
	}
	*b.t = tile{}
}

// block is one task at work.
type block struct {
	g           *gemmJob
	t           *tile
	k           *kernelSet
	row0, row1  int
	p0, p1      int
	acc         unsafe.Pointer // accumulators between segments, as rows of stride as
	as          uintptr
	seg         *segment
	first, last bool
}

// columns computes panel p, or several from p on, over one segment, and returns how many.
func (b *block) columns(p int) int {
	g, t, s, rows := b.g, b.t, b.seg, b.row1-b.row0
	t.k, t.rs, t.ks = s.k, s.rs, s.ks
	if g.tail != 0 && p == g.panels-1 {
		t.b, t.bs, t.ahead = s.tail, s.ts, s.ahead
		if g.tail <= panelCols/2 {
			b.tiles(b.row0, p, evenly(rows, halfRows), b.k.half[:])
		} else {
			b.panel(b.row0, p)
		}
		return 1
	}
	t.b, t.bs, t.bp, t.ahead = unsafe.Add(s.b, uintptr(p)*s.bp), s.bs, s.bp, s.ahead
	left := b.p1 - p
	if g.tail != 0 && b.p1 == g.panels {
		left--
	}
	if rows < len(b.k.wide) && b.k.wide[rows] != nil && left >= 4/rows {
		b.place(b.row0, p)
		b.k.wide[rows](t)
		return 4 / rows
	}
	n, from := 1, b.row0
	if b.k.big != nil && left >= 2 && rows >= bigRows {
		n = 2
		for ; b.row1-from >= bigRows; from += bigRows {
			b.place(from, p)
			b.k.big(t)
		}
	}
	if from < b.row1 {
		for q := range n {
			t.b = unsafe.Add(s.b, uintptr(p+q)*s.bp)
			b.panel(from, p+q)
		}
	}
	return n
}

// panel runs kernels of 16 columns down the rows of one panel.
func (b *block) panel(from, p int) {
	if b.k.tall != nil {
		for ; b.row1-from >= bigRows; from += bigRows {
			b.place(from, p)
			b.k.tall(b.t)
		}
	}
	if from < b.row1 {
		b.tiles(from, p, evenly(b.row1-from, tileRows), b.k.one[:])
	}
}

// tiles runs kernels down the rows of one panel.
func (b *block) tiles(from, p, step int, kernels []kernel) {
	for r := from; r < b.row1; r += step {
		b.place(r, p)
		kernels[min(step, b.row1-r)](b.t)
	}
}

// place points the tile at row r and panel p: where A is, where accumulators come from and go to.
func (b *block) place(r, p int) {
	g, t := b.g, b.t
	t.a = unsafe.Add(b.seg.a, uintptr(r)*t.rs)
	acc := unsafe.Add(b.acc, uintptr(r-b.row0)*b.as+uintptr(p-b.p0)*panelCols*4)
	t.in, t.is, t.base = acc, b.as, nil
	if b.first {
		t.in = nil
	}
	if !b.last || g.tail != 0 && g.tail != panelCols/2 && p == g.panels-1 {
		t.out, t.os = acc, b.as
		return
	}
	t.out, t.os = unsafe.Pointer(&g.dst.Data[r*g.dst.Stride+p*panelCols]), uintptr(g.dst.Stride)*4
	if g.base != nil {
		t.base, t.es = unsafe.Pointer(&g.base.Data[r*g.base.Stride+p*panelCols]), uintptr(g.base.Stride)*4
	}
}

// finish adds base to the last panel's columns, which the kernels left in the accumulators.
func (b *block) finish() {
	g, p := b.g, b.g.panels-1
	for r := b.row0; r < b.row1; r++ {
		at := r*g.dst.Stride + p*panelCols
		out := g.dst.Data[at : at+g.tail]
		acc := unsafe.Slice((*float32)(unsafe.Add(b.acc, uintptr(r-b.row0)*b.as+uintptr(p-b.p0)*panelCols*4)), g.tail)
		if g.base == nil {
			copy(out, acc)
			continue
		}
		from := r*g.base.Stride + p*panelCols
		for j, v := range g.base.Data[from : from+g.tail] {
			out[j] = acc[j] + v
		}
	}
}

// transposed computes a narrow C = Aᵀ·B as the transpose of Bᵀ·A, so that the long
// side lies along the panels; multiplication commutes, so the bits are the same.
func (g *gemmJob) transposed(d *Device, dst compute.View, base *compute.View, t *compute.Term) {
	c := compute.Of(grow(&g.swapped, dst.Rows*dst.Cols), dst.Cols, dst.Rows)
	g.oneTerm[0] = compute.Term{A: t.B, TransA: true, B: t.A, Scale: t.Scale}
	g.run(d, c, nil, g.oneTerm[:])
	g.oneTerm[0] = compute.Term{}
	for i := range dst.Rows {
		out := dst.Row(i)
		for j := range out {
			v := c.Data[j*dst.Rows+i]
			if base != nil {
				v += base.Data[i*base.Stride+j]
			}
			out[j] = v
		}
	}
}

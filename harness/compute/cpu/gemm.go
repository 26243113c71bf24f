package cpu

// Products of matrices: C[m,n] = base + Σ_terms A·B. C is cut into tiles of 6 rows
// by 16 columns; a tile is one chain of fused multiply-adds per element, k
// ascending, terms in order, then base. How tiles are grouped into tasks
// therefore changes no bit. After Goto and van de Geijn (2008), with the loops
// arranged for k small enough that a panel of B stays in the second-level cache.

import (
	"unsafe"

	"theriac/harness/compute"
)

const (
	tileRows  = 6
	panelCols = 16
)

// operand is one term as the kernels see it: strides are in bytes.
type operand struct {
	k      int
	a      unsafe.Pointer
	rs, ks uintptr // of A: from row to row, from k to k
	b      unsafe.Pointer
	bs     uintptr // of B: from k to k within a panel
	bp     uintptr // from panel to panel
	tail   unsafe.Pointer
	tailAt int // panels from this one on are read from tail, packed
}

// gemmJob is one product being computed.
type gemmJob struct {
	d       *Device
	dst     compute.View
	base    compute.View
	hasBase bool
	ops     []operand
	panels  int
	mc, nc  int // rows and panels a task
	mTasks  int
	pack    []packJob
	bufs    [][]float32
	swapped []float32
	keep    []compute.Term // keeps the operands reachable
	kernel  kernelSet
	packing int
}

// kernelSet are the micro-kernels for 1..6 rows: c[rows,16] (+)= a·b over k.
type kernelSet [tileRows + 1]func(k int, a unsafe.Pointer, rs, ks uintptr, b unsafe.Pointer, bs uintptr, c unsafe.Pointer, cs uintptr, load int)

// MatMul is compute.Device's.
func (d *Device) MatMul(dst compute.View, base *compute.View, terms ...compute.Term) {
	if dst.Rows == 0 || dst.Cols == 0 {
		return
	}
	g := &d.gemm
	if len(terms) == 1 && dst.Cols < panelCols && dst.Rows > dst.Cols && terms[0].W == nil && terms[0].TransA && !terms[0].TransB {
		g.transposed(d, dst, base, terms[0])
		return
	}
	g.run(d, dst, base, terms)
}

func (g *gemmJob) run(d *Device, dst compute.View, base *compute.View, terms []compute.Term) {
	g.d, g.dst, g.hasBase = d, dst, base != nil
	if base != nil {
		g.base = *base
	}
	g.kernel = kernels
	g.panels = (dst.Cols + panelCols - 1) / panelCols
	g.ops, g.pack, g.keep = g.ops[:0], g.pack[:0], append(g.keep[:0], terms...)
	widest := 1
	for i := range terms {
		op := g.operand(i, &terms[i])
		widest = max(widest, op.k)
		g.ops = append(g.ops, op)
	}
	if len(g.pack) > 0 {
		g.packAll()
	}
	const l2 = 64 << 10 // float32 values of A, and of B, that a task keeps in the second-level cache
	g.mc = max(1, l2/widest/tileRows) * tileRows
	g.nc = max(1, l2/widest/panelCols)
	// Enough tasks for the threads, while no task becomes tiny.
	for t := d.pool.threads; t > 1 && g.tasks() < 4*t && (g.nc > 4 || g.mc > 4*tileRows); {
		if g.nc > 4 {
			g.nc = (g.nc + 1) / 2
		} else {
			g.mc = (g.mc/tileRows + 1) / 2 * tileRows
		}
	}
	g.mTasks = (dst.Rows + g.mc - 1) / g.mc
	if d.pool.threads > 1 && dst.Rows*dst.Cols*widest < 1<<16 {
		for i := range g.tasks() { // too little work to wake anyone
			g.task(0, i)
		}
		return
	}
	d.pool.run(g, g.tasks())
}

func (g *gemmJob) tasks() int {
	return (g.dst.Rows + g.mc - 1) / g.mc * ((g.panels + g.nc - 1) / g.nc)
}

func (g *gemmJob) operand(i int, t *compute.Term) operand {
	m, n := g.dst.Rows, g.dst.Cols
	op := operand{a: unsafe.Pointer(unsafe.SliceData(t.A.Data)), rs: uintptr(t.A.Stride) * 4, ks: 4, k: t.A.Cols, tailAt: g.panels}
	if t.TransA {
		op.rs, op.ks, op.k = 4, uintptr(t.A.Stride)*4, t.A.Rows
	}
	if t.Scale != 0 && t.Scale != 1 {
		g.scaled(i, t, &op)
	}
	if t.W != nil {
		p := t.W.(*matrix).panels(t.TransB)
		if p.n != n || p.k != op.k {
			panic("cpu: a packed matrix of another shape")
		}
		op.b, op.bs, op.bp = unsafe.Pointer(unsafe.SliceData(p.data)), panelCols*4, uintptr(op.k)*panelCols*4
		return op
	}
	if t.TransB || m > 4*tileRows {
		buf := g.buffer(i, g.panels*panelCols*op.k)
		g.pack = append(g.pack, packJob{dst: buf, src: t.B, trans: t.TransB, k: op.k, n: n, to: g.panels})
		op.b, op.bs, op.bp = unsafe.Pointer(unsafe.SliceData(buf)), panelCols*4, uintptr(op.k)*panelCols*4
		return op
	}
	op.b, op.bs, op.bp = unsafe.Pointer(unsafe.SliceData(t.B.Data)), uintptr(t.B.Stride)*4, panelCols*4
	if n%panelCols != 0 {
		buf := g.buffer(i, panelCols*op.k)
		g.pack = append(g.pack, packJob{dst: buf, src: t.B, k: op.k, n: n, from: g.panels - 1, to: g.panels})
		op.tail, op.tailAt = unsafe.Pointer(unsafe.SliceData(buf)), g.panels-1
	}
	return op
}

// scaled copies A with its elements scaled.
func (g *gemmJob) scaled(i int, t *compute.Term, op *operand) {
	buf := alloc(t.A.Rows * t.A.Cols)
	for r := range t.A.Rows {
		for c, v := range t.A.Row(r) {
			buf[r*t.A.Cols+c] = v * t.Scale
		}
	}
	g.keep[i].A = compute.Of(buf, t.A.Rows, t.A.Cols)
	op.a = unsafe.Pointer(unsafe.SliceData(buf))
	if t.TransA {
		op.ks = uintptr(t.A.Cols) * 4
	} else {
		op.rs = uintptr(t.A.Cols) * 4
	}
}

func (g *gemmJob) buffer(i, n int) []float32 {
	for len(g.bufs) <= i {
		g.bufs = append(g.bufs, nil)
	}
	return grow(&g.bufs[i], n)
}

// task computes one block of tiles.
func (g *gemmJob) task(thread, i int) {
	row0, p0 := i%g.mTasks*g.mc, i/g.mTasks*g.nc
	row1, p1 := min(row0+g.mc, g.dst.Rows), min(p0+g.nc, g.panels)
	tile := &g.d.local[thread].tile
	for p := p0; p < p1; p++ {
		cols := min(panelCols, g.dst.Cols-p*panelCols)
		direct := cols == panelCols && !g.hasBase
		for r := row0; r < row1; r += tileRows {
			rows := min(tileRows, row1-r)
			c, cs := unsafe.Pointer(tile), uintptr(panelCols*4)
			if direct {
				c, cs = unsafe.Pointer(&g.dst.Data[r*g.dst.Stride+p*panelCols]), uintptr(g.dst.Stride)*4
			}
			for t := range g.ops {
				op := &g.ops[t]
				b, bs := unsafe.Add(op.b, uintptr(p)*op.bp), op.bs
				if p >= op.tailAt {
					b, bs = op.tail, panelCols*4
				}
				g.kernel[rows](op.k, unsafe.Add(op.a, uintptr(r)*op.rs), op.rs, op.ks, b, bs, c, cs, t)
			}
			if !direct {
				g.finish(tile, r, rows, p*panelCols, cols)
			}
		}
	}
}

// finish adds base to a tile and stores its valid part.
func (g *gemmJob) finish(tile *[tileRows * panelCols]float32, r, rows, col, cols int) {
	for i := range rows {
		t := tile[i*panelCols : i*panelCols+cols]
		at := (r+i)*g.dst.Stride + col
		out := g.dst.Data[at : at+cols]
		if !g.hasBase {
			copy(out, t)
			continue
		}
		from := (r+i)*g.base.Stride + col
		v.add(out, t, g.base.Data[from:from+cols])
	}
}

// transposed computes a narrow C = Aᵀ·B as the transpose of Bᵀ·A, so that the long
// side lies along the panels; multiplication commutes, so the bits are the same.
func (g *gemmJob) transposed(d *Device, dst compute.View, base *compute.View, t compute.Term) {
	c := compute.Of(grow(&g.swapped, dst.Rows*dst.Cols), dst.Cols, dst.Rows)
	g.run(d, c, nil, []compute.Term{{A: t.B, TransA: true, B: t.A, Scale: t.Scale}})
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

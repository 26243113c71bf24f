package cpu

import (
	"unsafe"

	"theriac/harness/compute"
)

// matrix is a frozen matrix packed in panels of 16 columns of the right-hand side: panel p holds, for each k, its 16 values together.
type matrix struct {
	rows, cols int
	byRows     *panels // right-hand side wᵀ [cols, rows]
	byCols     *panels // right-hand side w [rows, cols]
}

type panels struct {
	data []float32
	n, k int
}

func (m *matrix) Shape() (int, int) { return m.rows, m.cols }

func (m *matrix) Bytes() int {
	n := 0
	for _, p := range []*panels{m.byRows, m.byCols} {
		if p != nil {
			n += 4 * len(p.data)
		}
	}
	return n
}

func (m *matrix) Uses() (u compute.Use) {
	if m.byRows != nil {
		u |= compute.ByRows
	}
	if m.byCols != nil {
		u |= compute.ByCols
	}
	return u
}

func (m *matrix) panels(trans bool) *panels {
	p := m.byCols
	if trans {
		p = m.byRows
	}
	if p == nil {
		panic("cpu: a packed matrix used on the side it was not packed for")
	}
	return p
}

// Pack is compute.Device's. It may be called from several goroutines.
func (d *Device) Pack(w []float32, rows, cols int, use compute.Use) compute.Matrix {
	m := &matrix{rows: rows, cols: cols}
	v := compute.Of(w, rows, cols)
	if use&compute.ByRows != 0 {
		m.byRows = d.packPanels(v, true, rows, cols)
	}
	if use&compute.ByCols != 0 {
		m.byCols = d.packPanels(v, false, cols, rows)
	}
	return m
}

func (d *Device) packPanels(v compute.View, trans bool, n, k int) *panels {
	count := (n + panelCols - 1) / panelCols
	p := &panels{data: alloc(count * panelCols * k), n: n, k: k}
	j := packJob{dst: p.data, src: v, trans: trans, k: k, n: n, to: count}
	for i := range count {
		j.panel(i, d.isa)
	}
	return p
}

// packJob copies panels [from, to) of a right-hand side [k, n] (or, transposed,
// [n, k]) into dst; or, by rows, a left-hand side stored as [k, n] into dst [n, k].
type packJob struct {
	dst      []float32
	src      compute.View
	trans    bool
	rows     bool
	k, n     int
	from, to int
}

func (j *packJob) panel(p int, isa *instructionSet) {
	at := p * panelCols
	cols := min(panelCols, j.n-at)
	if j.rows {
		transpose(j.dst[at*j.k:], j.k, j.src.Data[at:], j.src.Stride, j.k, cols, isa)
		return
	}
	out := j.dst[(p-j.from)*panelCols*j.k:][:panelCols*j.k]
	if cols < panelCols {
		clear(out)
	}
	if j.trans {
		transpose(out, panelCols, j.src.Data[at*j.src.Stride:], j.src.Stride, cols, j.k, isa)
		return
	}
	if cols == panelCols && isa.copy16 != nil && j.k > 0 {
		_ = j.src.Data[(j.k-1)*j.src.Stride+at+panelCols-1]
		isa.copy16(pointer(out), pointer(j.src.Data[at:]), uintptr(j.src.Stride)*4, j.k)
		return
	}
	for k := range j.k {
		src := j.src.Data[k*j.src.Stride+at:]
		if cols == panelCols {
			*(*[panelCols]float32)(out[k*panelCols:]) = *(*[panelCols]float32)(src)
		} else {
			copy(out[k*panelCols:], src[:cols])
		}
	}
}

// transpose writes src [rows, cols] as dst [cols, rows].
func transpose(dst []float32, ds int, src []float32, ss, rows, cols int, isa *instructionSet) {
	r := 0
	if n := cols / 8; isa.transpose8 != nil && n > 0 {
		for ; r+8 <= rows; r += 8 {
			isa.transpose8(unsafe.Pointer(&dst[r]), uintptr(ds)*4, unsafe.Pointer(&src[r*ss]), uintptr(ss)*4, n)
			for c := n * 8; c < cols; c++ {
				for i := range 8 {
					dst[c*ds+r+i] = src[(r+i)*ss+c]
				}
			}
		}
	}
	for ; r < rows; r++ {
		for c, v := range src[r*ss : r*ss+cols] {
			dst[c*ds+r] = v
		}
	}
}

// packAll runs the job's packing, in parallel where it is long.
func (g *gemmJob) packAll(alone bool) {
	total, values := 0, 0
	for i := range g.pack {
		p := &g.pack[i]
		total += p.to - p.from
		values += (p.to - p.from) * panelCols * p.k
	}
	if alone || values < 1<<15 {
		for i := range total {
			g.packTask(i)
		}
		return
	}
	g.d.pool.run(packer{g}, total)
}

func (g *gemmJob) packTask(i int) {
	for j := range g.pack {
		p := &g.pack[j]
		if n := p.to - p.from; i >= n {
			i -= n
			continue
		}
		p.panel(p.from+i, g.d.isa)
		return
	}
}

type packer struct{ *gemmJob }

func (p packer) task(_, i int) { p.packTask(i) }

package cpu

import "theriac/harness/compute"

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
		m.byRows = packPanels(v, true, rows, cols)
	}
	if use&compute.ByCols != 0 {
		m.byCols = packPanels(v, false, cols, rows)
	}
	return m
}

func packPanels(v compute.View, trans bool, n, k int) *panels {
	count := (n + panelCols - 1) / panelCols
	p := &panels{data: alloc(count * panelCols * k), n: n, k: k}
	j := packJob{dst: p.data, src: v, trans: trans, k: k, n: n, to: count}
	for i := range count {
		j.panel(i)
	}
	return p
}

// packJob copies panels [from, to) of a right-hand side [k, n] (or, transposed, [n, k]) into dst.
type packJob struct {
	dst      []float32
	src      compute.View
	trans    bool
	k, n     int
	from, to int
}

func (j *packJob) panel(p int) {
	cols := min(panelCols, j.n-p*panelCols)
	out := j.dst[(p-j.from)*panelCols*j.k:][:panelCols*j.k]
	if cols < panelCols {
		clear(out)
	}
	if !j.trans {
		for k := range j.k {
			copy(out[k*panelCols:k*panelCols+cols], j.src.Data[k*j.src.Stride+p*panelCols:])
		}
		return
	}
	for c := range cols {
		row := j.src.Data[(p*panelCols+c)*j.src.Stride:][:j.k]
		o := out[c:]
		for k, v := range row {
			o[k*panelCols] = v
		}
	}
}

// packAll runs the job's packing, in parallel where it is long.
func (g *gemmJob) packAll() {
	total := 0
	for i := range g.pack {
		total += g.pack[i].to - g.pack[i].from
	}
	if g.d.pool.threads == 1 || total < 8 {
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
		p.panel(p.from + i)
		return
	}
}

type packer struct{ *gemmJob }

func (p packer) task(_, i int) { p.packTask(i) }

package cpu

// Operators that work row by row; rows are spread over the threads.

import (
	"math"

	"theriac/harness/compute"
)

// rowJob is one row-wise operator at work.
type rowJob struct {
	d             *Device
	do            func(j *rowJob, w *scratch, row int)
	rows, each    int
	y, x, z, w, u compute.View
	a, b, c       []float32
	ids, argmax   []int32
	adam          *adamConst
	cos, sin      []float32
	f             float32
	n             int
	flag          bool
	key, base     uint64
}

func (j *rowJob) task(thread, i int) {
	for r := i * j.each; r < min((i+1)*j.each, j.rows); r++ {
		j.do(j, &j.d.local[thread], r)
	}
}

// byRow runs j.do for every row; width is the elements a row costs.
func (d *Device) byRow(j rowJob, rows, width int) {
	d.rows = j
	p := &d.rows
	p.d, p.rows, p.each = d, rows, max(1, 8192/max(1, width))
	n := (rows + p.each - 1) / p.each
	if d.pool.threads == 1 || n < 2 {
		for r := range rows {
			p.do(p, &d.local[0], r)
		}
	} else {
		d.pool.run(p, n)
	}
	d.rows = rowJob{}
}

// RMSNorm is compute.Device's.
func (d *Device) RMSNorm(y, x compute.View, g []float32, eps float32, rstd []float32) {
	d.byRow(rowJob{y: y, x: x, a: g, b: rstd, f: eps, do: func(j *rowJob, w *scratch, r int) {
		x := j.x.Row(r)
		w.l = lanes{}
		j.d.isa.vec.dot(x, x, &w.l)
		s := 1 / float32(math.Sqrt(float64(float32(fold(&w.l)/float32(len(x)))+j.f)))
		if j.b != nil {
			j.b[r] = s
		}
		j.d.isa.vec.normal(j.y.Row(r), x, j.a, s)
	}}, x.Rows, x.Cols)
}

// RMSNormBack is compute.Device's.
func (d *Device) RMSNormBack(dx compute.View, base *compute.View, dy, x compute.View, g, rstd, dg []float32) {
	if dg != nil { // over rows, ascending: one thread
		for r := range x.Rows {
			d.isa.vec.mulAcc(dg, dy.Row(r), x.Row(r), rstd[r])
		}
	}
	j := rowJob{y: dx, x: x, z: dy, a: g, b: rstd, do: func(j *rowJob, w *scratch, r int) {
		x, dy, dx := j.x.Row(r), j.z.Row(r), j.y.Row(r)
		w.l = lanes{}
		j.d.isa.vec.dot3(dy, j.a, x, &w.l)
		s := j.b[r]
		c := float32(float32(float32(s*s)*s)*fold(&w.l)) / float32(len(x))
		from := zeros[:len(x)]
		if j.flag {
			from = j.w.Row(r)
		}
		j.d.isa.vec.normalBack(dx, from, dy, x, j.a, s, c)
	}}
	if base != nil {
		j.w, j.flag = *base, true
	} else if x.Cols > len(zeros) {
		zeros = make([]float32, x.Cols)
	}
	d.byRow(j, x.Rows, x.Cols)
}

var zeros = make([]float32, 1<<15)

// Rope is compute.Device's.
func (d *Device) Rope(x compute.View, headDim int, pos []int32, cos, sin []float32, inverse bool) {
	d.byRow(rowJob{x: x, n: headDim, ids: pos, cos: cos, sin: sin, flag: inverse, do: func(j *rowJob, w *scratch, r int) {
		h := j.n / 2
		x, at := j.x.Row(r), int(j.ids[r])*h
		turn := j.d.isa.vec.rotate
		if j.flag {
			turn = j.d.isa.vec.unrotate
		}
		for i := 0; i < len(x); i += j.n {
			turn(x[i:i+h], x[i+h:i+j.n], j.cos[at:at+h], j.sin[at:at+h])
		}
	}}, x.Rows, x.Cols)
}

// SiLUMul is compute.Device's.
func (d *Device) SiLUMul(h, gate, up compute.View) {
	d.byRow(rowJob{y: h, x: gate, z: up, do: func(j *rowJob, w *scratch, r int) { j.d.isa.vec.silu(j.y.Row(r), j.x.Row(r), j.z.Row(r)) }}, h.Rows, 4*h.Cols)
}

// SiLUMulBack is compute.Device's.
func (d *Device) SiLUMulBack(dgate, dup, dh, gate, up compute.View) {
	d.byRow(rowJob{y: dgate, u: dup, w: dh, x: gate, z: up, do: func(j *rowJob, w *scratch, r int) {
		j.d.isa.vec.siluBack(j.y.Row(r), j.u.Row(r), j.w.Row(r), j.x.Row(r), j.z.Row(r))
	}}, dh.Rows, 4*dh.Cols)
}

// CrossEntropy is compute.Device's.
func (d *Device) CrossEntropy(logits compute.View, target []int32, weight, loss []float32, argmax []int32) {
	d.byRow(rowJob{x: logits, ids: target, a: weight, b: loss, argmax: argmax, do: entropyRow}, logits.Rows, 4*logits.Cols)
}

func entropyRow(j *rowJob, w *scratch, r int) {
	x := j.x.Row(r)
	w.m = lowest
	j.d.isa.vec.scaleMax(x, 1, &w.m)
	top := w.m.max()
	if j.argmax != nil {
		j.argmax[r] = int32(min(j.d.isa.vec.find(x, top), len(x)-1))
	}
	at := x[j.ids[r]]
	w.l = lanes{}
	keep := j.a == nil // the logits stay
	if keep {
		j.sumExp(x, top, w)
	} else {
		j.d.isa.vec.expSub(x, x, top, &w.l)
	}
	sum := fold(&w.l)
	if j.b != nil {
		j.b[r] = float32(compute.Log64(float64(sum)) + float64(top-at))
	}
	if !keep {
		j.d.isa.vec.scale(x, x, j.a[r]/sum)
		x[j.ids[r]] -= j.a[r]
	}
}

// sumExp adds exp(x-sub) up without keeping it, in blocks.
func (j *rowJob) sumExp(x []float32, sub float32, w *scratch) {
	buf := grow(&w.s, 1024)
	for len(x) > 0 {
		n := min(len(x), len(buf))
		j.d.isa.vec.expSub(buf[:n], x[:n], sub, &w.l)
		x = x[n:]
	}
}

// Dropout is compute.Device's: SplitMix64 of key and index, 24 bits against p.
func (d *Device) Dropout(y, x compute.View, p float32, key, base uint64) {
	d.byRow(rowJob{y: y, x: x, f: p, key: key, base: base, do: func(j *rowJob, w *scratch, r int) {
		x, y := j.x.Row(r), j.y.Row(r)
		keep := 1 / (1 - j.f)
		limit := uint64(float64(j.f) * (1 << 24))
		at := j.base + uint64(r*j.x.Cols)
		for i, v := range x {
			if mix(j.key+mix(at+uint64(i)))>>40 < limit {
				y[i] = 0
			} else {
				y[i] = v * keep
			}
		}
	}}, x.Rows, 4*x.Cols)
}

// mix is SplitMix64's finaliser.
func mix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// AddBias is compute.Device's.
func (d *Device) AddBias(x compute.View, b []float32) {
	d.byRow(rowJob{x: x, a: b, do: func(j *rowJob, w *scratch, r int) { j.d.isa.vec.add(j.x.Row(r), j.x.Row(r), j.a) }}, x.Rows, x.Cols)
}

// BiasGrad is compute.Device's.
func (d *Device) BiasGrad(db []float32, dy compute.View) {
	for r := range dy.Rows {
		d.isa.vec.add(db, db, dy.Row(r))
	}
}

// Add is compute.Device's.
func (d *Device) Add(y, x compute.View) {
	d.byRow(rowJob{y: y, x: x, do: func(j *rowJob, w *scratch, r int) { j.d.isa.vec.add(j.y.Row(r), j.y.Row(r), j.x.Row(r)) }}, x.Rows, x.Cols)
}

// Copy is compute.Device's.
func (d *Device) Copy(dst, src compute.View) {
	d.byRow(rowJob{y: dst, x: src, do: func(j *rowJob, w *scratch, r int) { copy(j.y.Row(r), j.x.Row(r)) }}, src.Rows, src.Cols)
}

// Gather is compute.Device's.
func (d *Device) Gather(y compute.View, table []float32, ids []int32) {
	d.byRow(rowJob{y: y, a: table, ids: ids, do: func(j *rowJob, w *scratch, r int) {
		copy(j.y.Row(r), j.a[int(j.ids[r])*j.y.Cols:])
	}}, y.Rows, y.Cols)
}

// ScatterAdd is compute.Device's.
func (d *Device) ScatterAdd(table []float32, dy compute.View, ids []int32) {
	for r := range dy.Rows {
		row := table[int(ids[r])*dy.Cols:][:dy.Cols]
		d.isa.vec.add(row, row, dy.Row(r))
	}
}

// Zero is compute.Device's.
func (d *Device) Zero(x []float32) { clear(x) }

const flatBlock = 4096

// blocks runs do over a flat slice in blocks.
func (d *Device) blocks(j rowJob, n int) {
	j.n = n
	d.byRow(j, (n+flatBlock-1)/flatBlock, flatBlock)
}

func chunk(x []float32, i int) []float32 { return x[i*flatBlock : min((i+1)*flatBlock, len(x))] }

// Scale is compute.Device's.
func (d *Device) Scale(x []float32, a float32) {
	d.blocks(rowJob{a: x, f: a, do: func(j *rowJob, w *scratch, i int) { b := chunk(j.a, i); j.d.isa.vec.scale(b, b, j.f) }}, len(x))
}

// SumSquares is compute.Device's.
func (d *Device) SumSquares(x []float32) float64 {
	total := 0.0
	for i := 0; i < len(x); i += flatBlock {
		var l [8]float64
		b := x[i:min(i+flatBlock, len(x))]
		for k := 0; k+8 <= len(b); k += 8 {
			for m := range 8 {
				f := float64(b[k+m])
				l[m] += float64(f * f)
			}
		}
		for k := len(b) &^ 7; k < len(b); k++ {
			f := float64(b[k])
			l[k&7] += float64(f * f)
		}
		total += ((l[0] + l[4]) + (l[2] + l[6])) + ((l[1] + l[5]) + (l[3] + l[7]))
	}
	return total
}

// AdamW is compute.Device's.
func (d *Device) AdamW(p, g, m, w []float32, o compute.AdamW) {
	d.adam = adamConst(o.Constants())
	d.blocks(rowJob{a: p, b: g, c: m, cos: w, adam: &d.adam, do: func(j *rowJob, w *scratch, i int) {
		j.d.isa.vec.adam(chunk(j.a, i), chunk(j.b, i), chunk(j.c, i), chunk(j.cos, i), j.adam)
	}}, len(p))
}

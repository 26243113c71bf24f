package cuda

import (
	"sync"
	"unsafe"

	"theriac/harness/compute"
)

// Device is one queue of work for a GPU.
type Device struct {
	gpu    *GPU
	open   bool
	queue  jobs
	data   []datum    // of the next launch
	mu     sync.Mutex // of chunks and copies
	chunks []*chunk
	pinned []byte // host memory that kernels see
	staged int    // of pinned, since the last synchronisation

	rows  rowArgs // arguments of the launch under way: the heap's, so that they stay where they are
	adam  adamArgs
	gemm  gemmArgs
	attn  attnArgs
	seqs  []seqArgs
	tiles []int32
	stats []float32 // of attention's backward
	tf32  bool
	tile  int // fixes the tile of products, counted from 1; 0: by shape
}

var _ compute.Device = (*Device)(nil)

// New returns a device with a queue and memory of its own.
func (g *GPU) New() (*Device, error) {
	d := &Device{gpu: g, open: true}
	g.change(func(all []*Device) []*Device { return append(all, d) })
	return d, nil
}

// TF32 makes products with frozen weights run on the tensor cores, with factors rounded to TF32 (ten bits) and sums in float32.
// These are numerics of their own: not the CPU's, but the same from run to run, and whatever else runs beside.
func (d *Device) TF32() { d.tf32 = true }

// Class is "cuda", or "cuda-tf32".
func (d *Device) Class() string {
	if d.tf32 {
		return "cuda-tf32"
	}
	return "cuda"
}

// launch puts a kernel on x·y blocks into the queue. args is one of the device's argument structs, filled, of that many bytes.
func (d *Device) launch(name string, args unsafe.Pointer, size uintptr, x, y, shared int) {
	d.put(d.gpu.kernels[name], args, size, x, y, shared, nil)
}

// byRow launches a row operator with a block a row.
func (d *Device) byRow(name string, a rowArgs, rows int) {
	if rows == 0 {
		d.data = d.data[:0]
		return
	}
	d.rows = a
	d.launch(name, unsafe.Pointer(&d.rows), unsafe.Sizeof(d.rows), rows, 1, 0)
}

func blocks(n, each int) int { return (n + each - 1) / each }

const (
	threads  = 256
	normRows = 32 // rows.cuh's NORM_ROWS
)

// RMSNorm is compute.Device's.
func (d *Device) RMSNorm(y, x compute.View, g []float32, eps float32, rstd []float32) {
	v := d.gpu
	d.byRow("rms_norm", rowArgs{y: v.view(y), x: v.view(x), a: v.addr(g), b: v.addr(rstd), f: eps}, blocks(x.Rows, normRows))
}

// RMSNormBack is compute.Device's.
func (d *Device) RMSNormBack(dx compute.View, base *compute.View, dy, x compute.View, g, rstd, dg []float32) {
	v := d.gpu
	a := rowArgs{y: v.view(dx), x: v.view(x), z: v.view(dy), a: v.addr(g), b: v.addr(rstd), c: v.addr(dg)}
	if dg != nil { // before dx, which may lie where dy does
		d.byRow("rms_norm_gain", a, blocks(x.Cols, threads))
	}
	if base != nil {
		a.w, a.flag = v.view(*base), 1
	}
	d.byRow("rms_norm_back", a, blocks(x.Rows, normRows))
}

// Rope is compute.Device's.
func (d *Device) Rope(x compute.View, headDim int, pos []int32, cos, sin []float32, inverse bool) {
	a := rowArgs{x: d.gpu.view(x), a: d.gpu.addr(cos), b: d.gpu.addr(sin), n: int64(headDim)}
	with(d, unsafe.Offsetof(a.ids), pos[:x.Rows])
	if inverse {
		a.flag = 1
	}
	d.byRow("rope", a, x.Rows)
}

// SiLUMul is compute.Device's.
func (d *Device) SiLUMul(h, gate, up compute.View) {
	d.byRow("silu_mul", rowArgs{y: d.gpu.view(h), x: d.gpu.view(gate), z: d.gpu.view(up)}, h.Rows)
}

// SiLUMulBack is compute.Device's.
func (d *Device) SiLUMulBack(dgate, dup, dh, gate, up compute.View) {
	v := d.gpu
	d.byRow("silu_mul_back", rowArgs{y: v.view(dgate), u: v.view(dup), w: v.view(dh), x: v.view(gate), z: v.view(up)}, dh.Rows)
}

// CrossEntropy is compute.Device's.
func (d *Device) CrossEntropy(logits compute.View, target []int32, weight, loss []float32, argmax []int32) {
	if logits.Rows == 0 {
		return
	}
	n := logits.Rows
	d.reserve(4 * (4*n + 64))
	a := rowArgs{x: d.gpu.view(logits)}
	with(d, unsafe.Offsetof(a.ids), target)
	with(d, unsafe.Offsetof(a.a), weight)
	var l []float32
	var m []int32
	if loss != nil {
		l = fetch[float32](d, n)
		a.b = uintptr(unsafe.Pointer(&l[0]))
	}
	if argmax != nil {
		m = fetch[int32](d, n)
		a.argmax = uintptr(unsafe.Pointer(&m[0]))
	}
	d.byRow("cross_entropy", a, n)
	if loss == nil && argmax == nil {
		return
	}
	d.sync()
	copy(loss, l)
	copy(argmax, m)
}

// Dropout is compute.Device's.
func (d *Device) Dropout(y, x compute.View, p float32, key, base uint64) {
	d.byRow("dropout", rowArgs{y: d.gpu.view(y), x: d.gpu.view(x), f: p, key: key, base: base}, x.Rows)
}

// AddBias is compute.Device's.
func (d *Device) AddBias(x compute.View, b []float32) {
	v := d.gpu.view(x)
	d.byRow("add_rows", rowArgs{y: v, x: v, a: d.gpu.addr(b), flag: 1}, x.Rows)
}

// BiasGrad is compute.Device's.
func (d *Device) BiasGrad(db []float32, dy compute.View) {
	d.byRow("bias_grad", rowArgs{x: d.gpu.view(dy), a: d.gpu.addr(db)}, blocks(dy.Cols, threads))
}

// Add is compute.Device's.
func (d *Device) Add(y, x compute.View) {
	v := d.gpu.view(y)
	d.byRow("add_rows", rowArgs{y: v, x: v, z: d.gpu.view(x)}, x.Rows)
}

// Copy is compute.Device's.
func (d *Device) Copy(dst, src compute.View) {
	d.byRow("copy_rows", rowArgs{y: d.gpu.view(dst), x: d.gpu.view(src)}, src.Rows)
}

// Gather is compute.Device's.
func (d *Device) Gather(y compute.View, table []float32, ids []int32) {
	a := rowArgs{y: d.gpu.view(y), a: d.gpu.addr(table)}
	with(d, unsafe.Offsetof(a.ids), ids)
	d.byRow("gather", a, y.Rows)
}

// ScatterAdd is compute.Device's. Rows of one id are added in order by the block of the first of them.
func (d *Device) ScatterAdd(table []float32, dy compute.View, ids []int32) {
	n := dy.Rows
	if n == 0 {
		return
	}
	first, next, last := make([]int32, n), make([]int32, n), make(map[int32]int32, n)
	for t := range int32(n) {
		next[t] = -1
		if p, ok := last[ids[t]]; ok {
			next[p] = t
		} else {
			first[t] = 1
		}
		last[ids[t]] = t
	}
	d.reserve(3*4*n + 3*64)
	a := rowArgs{x: d.gpu.view(dy), a: d.gpu.addr(table)}
	with(d, unsafe.Offsetof(a.ids), ids[:n])
	with(d, unsafe.Offsetof(a.next), next)
	with(d, unsafe.Offsetof(a.argmax), first)
	d.byRow("scatter_add", a, n)
}

// Zero is compute.Device's.
func (d *Device) Zero(x []float32) {
	if len(x) == 0 {
		return
	}
	d.byRow("zero", rowArgs{a: d.gpu.addr(x), n: int64(len(x))}, flat(len(x)))
}

// flat is the number of blocks of an operator over n elements: common.cuh's FLAT to each.
func flat(n int) int { return blocks(n, 1024) }

// Scale is compute.Device's.
func (d *Device) Scale(x []float32, a float32) {
	d.byRow("scale", rowArgs{a: d.gpu.addr(x), n: int64(len(x)), f: a}, flat(len(x)))
}

// SumSquares is compute.Device's.
func (d *Device) SumSquares(x []float32) float64 {
	if len(x) == 0 {
		return 0
	}
	part := fetch[float64](d, blocks(len(x), 4096))
	d.byRow("sum_squares", rowArgs{a: d.gpu.addr(x), n: int64(len(x)), sums: uintptr(unsafe.Pointer(&part[0]))}, len(part))
	d.sync()
	total := 0.0
	for _, p := range part {
		total += p
	}
	return total
}

// AdamW is compute.Device's.
func (d *Device) AdamW(p, g, m, v []float32, o compute.AdamW) {
	if len(p) == 0 {
		return
	}
	a := d.gpu.addr
	d.adam = adamArgs{p: a(p), g: a(g), m: a(m), v: a(v), n: int64(len(p)), k: o.Constants()}
	d.launch("adamw", unsafe.Pointer(&d.adam), unsafe.Sizeof(d.adam), flat(len(p)), 1, 0)
}

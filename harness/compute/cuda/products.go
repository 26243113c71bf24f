package cuda

import (
	"fmt"
	"slices"
	"unsafe"

	"theriac/harness/compute"
)

// MatMul is compute.Device's.
func (d *Device) MatMul(dst compute.View, base *compute.View, terms ...compute.Term) {
	if dst.Rows == 0 || dst.Cols == 0 {
		return
	}
	g := d.gpu
	a := &d.gemm
	a.dst, a.base, a.n = g.view(dst), view{}, int32(len(terms))
	if base != nil {
		a.base = g.view(*base)
	}
	for i := range terms {
		a.terms[i] = g.term(&terms[i])
	}
	name := "gemm"
	if d.tf32 && frozen(terms) {
		name = "gemm_tf32"
	}
	d.launch(name, unsafe.Pointer(a), unsafe.Sizeof(*a), dst.Rows, dst.Cols, 0)
}

// frozen says whether a packed matrix has part in a product. Its rows do not: what a row comes to must not depend on those beside it.
func frozen(terms []compute.Term) bool {
	return slices.ContainsFunc(terms, func(t compute.Term) bool { return t.W != nil })
}

// tiling is a tile that gemm.cuh can cut a product into. rate is how fast a processor works on one.
type tiling struct {
	kernel     string
	rows, cols int
	rate       float64
}

var (
	exact  = []tiling{{"gemm_128x128", 128, 128, 1}, {"gemm_64x64", 64, 64, 0.8}, {"gemm_32x32", 32, 32, 0.4}, {"gemm_64x8", 64, 8, 0.2}, {"gemm_8x64", 8, 64, 0.2}}
	tensor = []tiling{{"gemm_tf32_128x128", 128, 128, 1}, {"gemm_tf32_64x64", 64, 64, 0.6}}
)

func (g *GPU) term(t *compute.Term) term {
	out := term{a: g.addr(t.A.Data), ai: int64(t.A.Stride), ak: 1, k: int32(t.A.Cols), scale: t.Scale}
	if t.TransA {
		out.ai, out.ak, out.k = 1, int64(t.A.Stride), int32(t.A.Rows)
	}
	if out.scale == 0 {
		out.scale = 1
	}
	stride := int64(t.B.Stride)
	if t.W != nil {
		m := t.W.(*matrix)
		out.b, stride = m.dev, int64(m.cols)
	} else {
		out.b = g.addr(t.B.Data)
	}
	out.bk, out.bj = stride, 1
	if t.TransB {
		out.bk, out.bj = 1, stride
	}
	return out
}

const (
	tileRows = 32  // attention.cuh's TILE
	mostDim  = 256 // of a head: attention_back_keys_wide has room for no more
)

// sequences stages seqs and their tiles of so many rows, and gives the number of tiles.
func (d *Device) sequences(seqs []compute.Sequence, rows int) int {
	d.seqs, d.tiles = d.seqs[:0], d.tiles[:0]
	for i, s := range seqs {
		d.seqs = append(d.seqs, seqArgs{k: d.gpu.view(s.K), v: d.gpu.view(s.V), start: int32(s.Start), n: int32(s.N), past: int32(s.Past)})
		for at := 0; at < s.N; at += rows {
			d.tiles = append(d.tiles, int32(i), int32(at))
		}
	}
	n := len(d.tiles) / 2
	if n == 0 {
		return 0
	}
	d.reserve(len(d.seqs)*int(unsafe.Sizeof(seqArgs{})) + 4*len(d.tiles) + 128)
	with(d, unsafe.Offsetof(d.attn.seqs), d.seqs)
	with(d, unsafe.Offsetof(d.attn.tiles), d.tiles)
	return n
}

// headTile is the bytes of a tile of rows of a head in shared memory.
func headTile(dim int) int { return 4 * tileRows * ((dim+3)/4*4 + 4) }

// scores fits tiles of query rows into shared memory: kept tiles of dim values, and sets of scores, a row each of the longest sequence's keys.
func (d *Device) scores(seqs []compute.Sequence, dim, kept, sets int) (rows, shared int) {
	keys := 0
	for _, s := range seqs {
		keys = max(keys, s.Past+s.N)
	}
	if dim > mostDim {
		panic(&compute.Fault{Err: fmt.Errorf("cuda: heads of %d: at most %d are supported; use --device cpu", dim, mostDim)})
	}
	stride := (keys+31)/32*32 + 8 // apart by eight banks
	room := d.gpu.dynamic() - kept*headTile(dim)
	rows = min(tileRows, room/(4*sets*stride)) &^ 1 // the kernels take two at a time
	if rows <= 0 {
		panic(&compute.Fault{Err: fmt.Errorf("cuda: a sequence of %d tokens: this GPU's shared memory holds %d; lower --max-tokens, or use --device cpu", keys, max(0, room/(8*sets)-39))})
	}
	d.attn.rows, d.attn.stride = int32(rows), int32(stride)
	return rows, kept*headTile(dim) + 4*rows*sets*stride
}

func (d *Device) heads(h compute.Heads) {
	a := &d.attn
	a.scale, a.heads, a.kv, a.dim, a.window = h.Scale, int32(h.Q), int32(h.KV), int32(h.Dim), int32(h.Window)
}

// Attention is compute.Device's.
func (d *Device) Attention(o, q compute.View, seqs []compute.Sequence, h compute.Heads, lse []float32) {
	g := d.gpu
	d.attn = attnArgs{o: g.view(o), q: g.view(q), lse: g.addr(lse)}
	d.heads(h)
	rows, shared := d.scores(seqs, h.Dim, 2, 1)
	if n := d.sequences(seqs, rows); n > 0 {
		d.launch("attention", unsafe.Pointer(&d.attn), unsafe.Sizeof(d.attn), n, h.Q, shared)
	}
}

// AttentionBack is compute.Device's.
func (d *Device) AttentionBack(dq, dk, dv, do, q, k, v, o compute.View, seqs []compute.Sequence, h compute.Heads, _ []float32) {
	g := d.gpu
	if n := 3 * q.Rows * h.Q; len(d.stats) < n {
		d.stats = d.Alloc(n + n/4)
	}
	d.attn = attnArgs{o: g.view(o), q: g.view(q), dq: g.view(dq), dk: g.view(dk), dv: g.view(dv), dout: g.view(do), stats: g.addr(d.stats)}
	d.heads(h)
	rows, shared := d.scores(seqs, h.Dim, 3, 2)
	if n := d.sequences(seqs, rows); n > 0 {
		d.launch("attention_back_queries", unsafe.Pointer(&d.attn), unsafe.Sizeof(d.attn), n, h.Q, shared)
	}
	if n := d.sequences(seqs, tileRows); n > 0 {
		name := "attention_back_keys"
		if h.Dim > 64 {
			name = "attention_back_keys_wide"
		}
		d.launch(name, unsafe.Pointer(&d.attn), unsafe.Sizeof(d.attn), n, h.KV, 4*headTile(h.Dim))
	}
}

package cuda

import (
	"fmt"
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
	tile := d.tile
	if tile == 0 { // the largest that still gives every processor a block
		for tile = 8; tile > 1 && blocks(dst.Rows, 16*tile)*blocks(dst.Cols, 16*tile) < g.Processors; tile /= 2 {
		}
	}
	d.launch(gemms[tile], unsafe.Pointer(a), blocks(dst.Rows, 16*tile), blocks(dst.Cols, 16*tile), 0)
}

var gemms = [9]string{1: "gemm1", 2: "gemm2", 4: "gemm4", 8: "gemm8"}

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
	tileRows = 8   // attention.cuh's TILE
	mostDim  = 256 // of a head: attention_back_keys owns 4·256 elements a thread
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
	d.attn.seqs, d.attn.tiles = staged(d, d.seqs), staged(d, d.tiles)
	return n
}

// scores fits tiles of query rows into shared memory: kept rows of dim values, and sets of scores, a row each of the longest sequence's keys.
func (d *Device) scores(seqs []compute.Sequence, dim, kept, sets int) (rows, shared int) {
	keys := 0
	for _, s := range seqs {
		keys = max(keys, s.Past+s.N)
	}
	if dim > mostDim {
		panic(&compute.Fault{Err: fmt.Errorf("cuda: heads of %d: at most %d are supported; use --device cpu", dim, mostDim)})
	}
	d.attn.stride = int32((keys+7)/8*8 + 1)
	room := d.gpu.dynamic()/4 - kept*tileRows*(dim+1)
	for rows = tileRows; rows > 0 && rows*sets*int(d.attn.stride) > room; rows-- {
	}
	if rows == 0 {
		panic(&compute.Fault{Err: fmt.Errorf("cuda: a sequence of %d tokens: this GPU's shared memory holds %d; lower --max-tokens, or use --device cpu", keys, room/sets-8)})
	}
	d.attn.rows = int32(rows)
	return rows, 4 * (kept*tileRows*(dim+1) + rows*sets*int(d.attn.stride))
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
	rows, shared := d.scores(seqs, h.Dim, 1, 1)
	if n := d.sequences(seqs, rows); n > 0 {
		d.launch("attention", unsafe.Pointer(&d.attn), n, h.Q, shared)
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
	rows, shared := d.scores(seqs, h.Dim, 2, 2)
	if n := d.sequences(seqs, rows); n > 0 {
		d.launch("attention_back_queries", unsafe.Pointer(&d.attn), n, h.Q, shared)
	}
	if n := d.sequences(seqs, tileRows); n > 0 {
		d.launch("attention_back_keys", unsafe.Pointer(&d.attn), n, h.KV, 4*2*tileRows*(h.Dim+1))
	}
}

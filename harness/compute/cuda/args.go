package cuda

import "theriac/harness/compute"

// The kernels' arguments; each struct has the layout of its namesake in kernels/*.cuh.

// view is a compute.View on the device.
type view struct {
	p          uintptr
	stride     int64
	rows, cols int32
}

func (g *GPU) view(v compute.View) view {
	return view{g.addr(v.Data), int64(v.Stride), int32(v.Rows), int32(v.Cols)}
}

type rowArgs struct {
	y, x, z, w, u view
	a, b, c, d    uintptr
	ids, next     uintptr
	argmax        uintptr
	sums          uintptr
	key, base     uint64
	n             int64
	f             float32
	flag, width   int32
}

type adamArgs struct {
	p, g, m, v uintptr
	n          int64
	k          compute.AdamWConstants
}

// term is one product: element (i,k) of A is a[i*ai+k*ak], (k,j) of B is b[k*bk+j*bj].
type term struct {
	a, b           uintptr
	ai, ak, bk, bj int64
	k              int32
	scale          float32
}

type gemmArgs struct {
	dst, base view
	terms     [8]term
	n         int32
	_         int32
}

type seqArgs struct {
	k, v           view
	start, n, past int32
	_              int32
}

type attnArgs struct {
	o, q, dq, dk, dv, dout view
	seqs, tiles            uintptr
	lse, stats             uintptr
	scale                  float32
	heads, kv, dim, window int32
	rows, stride           int32
	_                      int32
}

package cpu

// What a micro-kernel is, and its definition in plain Go. A kernel computes one tile
// of C: per element one chain of fused multiply-adds over k.

import "unsafe"

const (
	panelCols = 16 // columns of a packed panel
	tileRows  = 6  // rows of a tile of 16 columns
	halfRows  = 12 // rows of a tile of 8 columns
	bigRows   = 12 // rows of a tile of 32 columns
)

// tile is a kernel's argument. Strides are in bytes. The assembly reads it by offset.
type tile struct {
	k      int            // 0
	a      unsafe.Pointer // 8: A at the tile's first row and the first k
	rs, ks uintptr        // 16, 24: of A, from row to row and from k to k
	b      unsafe.Pointer // 32: B at the first k, 16 columns side by side
	bs, bp uintptr        // 40, 48: of B, from k to k and from panel to panel
	ahead  uintptr        // 56: how far ahead in B to prefetch
	in     unsafe.Pointer // 64: accumulators to go on from, or nil for zero
	is     uintptr        // 72
	base   unsafe.Pointer // 80: what is added at the end, or nil
	es     uintptr        // 88
	out    unsafe.Pointer // 96
	os     uintptr        // 104
}

type kernel func(t *tile)

// kernelSet is one instruction set's kernels.
type kernelSet struct {
	one  [tileRows + 1]kernel // rows x 16
	wide [3]kernel            // 1 x 64 and 2 x 32, or nil: keep more sums going than one panel has
	half [halfRows + 1]kernel // rows x 8
	big  kernel               // 12 x 32 (AVX-512), or nil
	tall kernel               // 12 x 16 (AVX-512), or nil
}

func portableKernels() (s kernelSet) {
	define := func(rows, cols int) kernel { return func(t *tile) { kernelGo(rows, cols, t) } }
	for r := 1; r <= tileRows; r++ {
		s.one[r] = define(r, 16)
	}
	for r := 1; r <= halfRows; r++ {
		s.half[r] = define(r, 8)
	}
	return s
}

func f32(p unsafe.Pointer, off uintptr) *float32 { return (*float32)(unsafe.Add(p, off)) }

// kernelGo defines the kernels.
func kernelGo(rows, cols int, t *tile) {
	for i := range uintptr(rows) {
		for j := range uintptr(cols) {
			var acc float32
			if t.in != nil {
				acc = *f32(t.in, i*t.is+4*j)
			}
			b := j/panelCols*t.bp + j%panelCols*4
			for l := range uintptr(t.k) {
				acc = fma32(*f32(t.a, i*t.rs+l*t.ks), *f32(t.b, l*t.bs+b), acc)
			}
			if t.base != nil {
				acc += *f32(t.base, i*t.es+4*j)
			}
			*f32(t.out, i*t.os+4*j) = acc
		}
	}
}

// evenly is the tile height, at most limit, that cuts rows most evenly.
func evenly(rows, limit int) int {
	n := (rows + limit - 1) / limit
	return (rows + n - 1) / n
}

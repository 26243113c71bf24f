package cpu

import "unsafe"

// kernels are the micro-kernels in use; each platform's init replaces the portable ones.
var kernels = portable()

func portable() (s kernelSet) {
	for rows := 1; rows <= tileRows; rows++ {
		s[rows] = func(k int, a unsafe.Pointer, rs, ks uintptr, b unsafe.Pointer, bs uintptr, c unsafe.Pointer, cs uintptr, load int) {
			kernelGo(rows, k, a, rs, ks, b, bs, c, cs, load)
		}
	}
	return s
}

func f32(p unsafe.Pointer, off uintptr) *float32 { return (*float32)(unsafe.Add(p, off)) }

// kernelGo defines the micro-kernel: c[i,j] = chain over k of fma(a[i,k], b[k,j], ·), from zero or (load) from c.
func kernelGo(rows, k int, a unsafe.Pointer, rs, ks uintptr, b unsafe.Pointer, bs uintptr, c unsafe.Pointer, cs uintptr, load int) {
	for i := range rows {
		for j := range uintptr(panelCols) {
			acc := float32(0)
			out := f32(c, uintptr(i)*cs+4*j)
			if load != 0 {
				acc = *out
			}
			for l := range uintptr(k) {
				acc = fma32(*f32(a, uintptr(i)*rs+l*ks), *f32(b, l*bs+4*j), acc)
			}
			*out = acc
		}
	}
}

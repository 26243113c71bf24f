package cpu

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

//go:generate go run gen_amd64.go

//go:noescape
func kernel1(k int, a unsafe.Pointer, rs, ks uintptr, b unsafe.Pointer, bs uintptr, c unsafe.Pointer, cs uintptr, load int)

//go:noescape
func kernel2(k int, a unsafe.Pointer, rs, ks uintptr, b unsafe.Pointer, bs uintptr, c unsafe.Pointer, cs uintptr, load int)

//go:noescape
func kernel3(k int, a unsafe.Pointer, rs, ks uintptr, b unsafe.Pointer, bs uintptr, c unsafe.Pointer, cs uintptr, load int)

//go:noescape
func kernel4(k int, a unsafe.Pointer, rs, ks uintptr, b unsafe.Pointer, bs uintptr, c unsafe.Pointer, cs uintptr, load int)

//go:noescape
func kernel5(k int, a unsafe.Pointer, rs, ks uintptr, b unsafe.Pointer, bs uintptr, c unsafe.Pointer, cs uintptr, load int)

//go:noescape
func kernel6(k int, a unsafe.Pointer, rs, ks uintptr, b unsafe.Pointer, bs uintptr, c unsafe.Pointer, cs uintptr, load int)

// avx2 says whether the assembly may be used; tests turn it off.
var avx2 = cpu.X86.HasAVX2 && cpu.X86.HasFMA

func init() { choose(avx2) }

// choose selects the assembly or the portable kernels.
func choose(assembly bool) {
	avx2, kernels, v = assembly, portable(), goVec
	if assembly {
		v = avxVec
		kernels = kernelSet{nil, kernel1, kernel2, kernel3, kernel4, kernel5, kernel6}
	}
}

// assembled reports whether assembly runs here.
func assembled() bool { return cpu.X86.HasAVX2 && cpu.X86.HasFMA }
